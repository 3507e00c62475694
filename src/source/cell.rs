//! One value as a column takes it, and why another one cannot be taken: the same for every source.

/// A value as a column takes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// None.
    Null,
    /// A whole number.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// Anything else, as PostgreSQL reads it.
    Text(String),
}

/// Why a value cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flaw {
    /// Name of the rule, as views show it.
    pub(crate) rule: &'static str,
    /// For a person; never the value.
    pub(crate) why: &'static str,
}

/// A value of another type than the column's.
pub(crate) const fn wrong(why: &'static str) -> Flaw {
    Flaw { rule: "type", why }
}
