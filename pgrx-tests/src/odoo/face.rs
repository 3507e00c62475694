//! What differs between the versions of Odoo that the double can pretend to be.

use std::collections::BTreeSet;

/// A version, by its first number: 17, 18 or 19.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Face(pub(super) u32);

impl Face {
    /// As `common.version` names the recorded builds.
    pub(super) fn version(self) -> &'static str {
        match self.0 {
            // No recorded ones: a version too old and one too new.
            16 => "16.0",
            20 => "20.0",
            ..18 => "17.0-20240709",
            18 => "18.0-20250702",
            _ => "19.0",
        }
    }

    /// Its place among the recorded versions.
    pub(super) fn place(self) -> usize {
        match self.0 {
            ..18 => 0,
            18 => 1,
            _ => 2,
        }
    }

    /// The languages that were installed beside English.
    pub(super) fn languages(self) -> BTreeSet<String> {
        if self.0 < 19 { BTreeSet::from(["fr_FR".to_owned()]) } else { BTreeSet::new() }
    }

    /// The one database there is.
    pub(super) fn database(self) -> String {
        format!("odoo{}", self.0)
    }

    pub(super) fn xml_prolog(self) -> &'static str {
        if self.0 < 18 { "<?xml version='1.0'?>" } else { "<?xml version=\"1.0\"?>" }
    }

    /// What stands before the end tag of an XML-RPC answer.
    pub(super) fn xml_end(self) -> &'static str {
        if self.0 < 18 { "" } else { "\n" }
    }

    /// `error.code` of a JSON-RPC answer.
    pub(super) fn error_code(self) -> i32 {
        if self.0 < 19 { 200 } else { 0 }
    }

    /// Whether methods are called `'model.method'` in messages, and some public ones may not be called remotely.
    pub(super) fn has_private_methods(self) -> bool {
        self.0 >= 18
    }

    /// Whether an unknown language and an order by what is not stored are errors; before, both are passed over.
    pub(super) fn is_strict(self) -> bool {
        self.0 >= 18
    }

    /// Whether a domain compares datetimes by whole seconds, and which checks come with the ORM that does so.
    pub(super) fn is_19(self) -> bool {
        self.0 >= 19
    }
}
