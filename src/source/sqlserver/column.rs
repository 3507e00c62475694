//! The columns of a remote object, and what their types are good for.

use crate::entity::Type;

/// What a type of SQL Server is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Bit,
    Integer,
    Decimal,
    /// `money`: sent as a float, so it is asked for as a decimal.
    Money,
    Float,
    /// Text of any kind and code page.
    Char,
    /// `text`, `ntext`: cannot be compared.
    LongText,
    Guid,
    Binary,
    Rowversion,
    Date,
    Time,
    DateTime,
    SmallDateTime,
    DateTime2,
    DateTimeOffset,
    Xml,
    Variant,
    /// `geography`, `hierarchyid`, types of the user's own .NET code: asked for as their text.
    Other,
}

/// A column as the remote describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// In the remote's own upper and lower case.
    pub(super) name: String,
    /// The type with its length: `nvarchar(50)`, `decimal(18,4)`.
    pub(super) kind: String,
}

impl Column {
    pub(super) fn family(&self) -> Family {
        family(&self.kind)
    }
}

/// The family of a type, by its name without what stands in parentheses.
pub(super) fn family(kind: &str) -> Family {
    match kind.split('(').next().unwrap_or_default() {
        "bit" => Family::Bit,
        "tinyint" | "smallint" | "int" | "bigint" => Family::Integer,
        "decimal" | "numeric" => Family::Decimal,
        "money" | "smallmoney" => Family::Money,
        "real" | "float" => Family::Float,
        "char" | "varchar" | "nchar" | "nvarchar" | "sysname" => Family::Char,
        "text" | "ntext" => Family::LongText,
        "uniqueidentifier" => Family::Guid,
        "binary" | "varbinary" | "image" => Family::Binary,
        "timestamp" | "rowversion" => Family::Rowversion,
        "date" => Family::Date,
        "time" => Family::Time,
        "datetime" => Family::DateTime,
        "smalldatetime" => Family::SmallDateTime,
        "datetime2" => Family::DateTime2,
        "datetimeoffset" => Family::DateTimeOffset,
        "xml" => Family::Xml,
        "sql_variant" => Family::Variant,
        _ => Family::Other,
    }
}

impl Family {
    /// Whether it says when, day and time together.
    pub(super) fn is_moment(self) -> bool {
        matches!(self, Family::DateTime | Family::SmallDateTime | Family::DateTime2 | Family::DateTimeOffset)
    }

    /// Whether its values can be stored in a column of this type. Everything has a text.
    pub(super) fn fits(self, kind: Type) -> bool {
        match kind {
            Type::Text => true,
            Type::Bigint => matches!(self, Family::Integer | Family::Decimal),
            Type::Numeric => {
                matches!(self, Family::Integer | Family::Decimal | Family::Money | Family::Float)
            }
            Type::Boolean => self == Family::Bit,
            Type::Date => self == Family::Date,
            Type::Timestamptz => self.is_moment() || self == Family::Date,
            Type::Jsonb => matches!(self, Family::Char | Family::LongText),
            Type::BigintArray | Type::TextArray => false,
        }
    }

    /// Whether a row can be asked for by it again: its text, as it is stored here, gives the
    /// remote's value back exactly.
    pub(super) fn can_be_key(self, kind: Type) -> bool {
        match self {
            Family::Integer | Family::Decimal | Family::Money => {
                matches!(kind, Type::Bigint | Type::Numeric | Type::Text)
            }
            Family::Date => matches!(kind, Type::Date | Type::Text),
            Family::Char | Family::Guid | Family::Binary | Family::Rowversion => kind == Type::Text,
            // As a moment here it has six digits and another zone.
            Family::DateTime | Family::SmallDateTime | Family::DateTime2 => kind == Type::Text,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_with_its_length() {
        assert_eq!(family("nvarchar(max)"), Family::Char);
        assert_eq!(family("decimal(38,10)"), Family::Decimal);
        assert_eq!(family("timestamp"), Family::Rowversion);
        assert_eq!(family("geography"), Family::Other);
    }

    #[test]
    fn a_moment_is_no_day_and_a_float_is_no_key() {
        assert!(!Family::DateTime.fits(Type::Date) && Family::Date.fits(Type::Timestamptz));
        assert!(!Family::Float.can_be_key(Type::Numeric) && !Family::DateTime2.can_be_key(Type::Timestamptz));
        assert!(Family::Money.fits(Type::Numeric) && !Family::Money.fits(Type::Bigint));
        assert!(Family::Char.fits(Type::Jsonb) && !Family::Xml.fits(Type::Jsonb));
    }
}
