//! What column types are called, here and by PostgreSQL.

use super::Type;

impl Type {
    /// All of them, in the order they are listed for a person.
    pub const ALL: [Type; 9] = [
        Type::Bigint,
        Type::Numeric,
        Type::Text,
        Type::Boolean,
        Type::Date,
        Type::Timestamptz,
        Type::Jsonb,
        Type::BigintArray,
        Type::TextArray,
    ];

    /// The name in SQL, which is also the word in a manifest.
    pub fn sql(self) -> &'static str {
        match self {
            Type::Bigint => "bigint",
            Type::Numeric => "numeric",
            Type::Text => "text",
            Type::Boolean => "boolean",
            Type::Date => "date",
            Type::Timestamptz => "timestamptz",
            Type::Jsonb => "jsonb",
            Type::BigintArray => "bigint[]",
            Type::TextArray => "text[]",
        }
    }

    /// The type with this name, if it is one of ours.
    pub fn from_sql(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|kind| kind.sql() == name)
    }

    /// How values of this type travel to a statement: `bigint[]`, `boolean[]`,
    /// and `text[]` for all others, which are cast one by one (`unnest` would
    /// flatten an array of arrays).
    pub fn wire(self) -> &'static str {
        match self {
            Type::Bigint => "bigint[]",
            Type::Boolean => "boolean[]",
            _ => "text[]",
        }
    }

    /// Whether a column that PostgreSQL describes like this (`format_type`) is of
    /// this type. `numeric(10,2)` is not `numeric`: it would round or refuse.
    pub fn is_called(self, existing: &str) -> bool {
        let name = match existing {
            "timestamp with time zone" => "timestamptz",
            "int8" => "bigint",
            "bool" => "boolean",
            other => other,
        };
        name == self.sql()
    }

    /// Whether rows can be told apart by it.
    pub fn can_be_key(self) -> bool {
        matches!(self, Type::Bigint | Type::Numeric | Type::Text | Type::Date | Type::Timestamptz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_a_manifest_is_the_name_in_sql() {
        for kind in Type::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.sql());
            assert_eq!(Type::from_sql(kind.sql()), Some(kind));
        }
    }

    #[test]
    fn a_narrower_type_is_another_type() {
        assert!(Type::Numeric.is_called("numeric"));
        assert!(!Type::Numeric.is_called("numeric(10,2)"));
        assert!(!Type::Bigint.is_called("integer"));
        assert!(Type::Timestamptz.is_called("timestamp with time zone"));
        assert!(!Type::Timestamptz.is_called("timestamp without time zone"));
        assert!(!Type::Text.is_called("character varying(40)"));
    }
}
