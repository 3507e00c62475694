//! The columns of a remote object, and what their types are good for.

use tiberius::ColumnType;

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
    /// Whether it may have no value, as far as the remote says.
    pub(super) is_nullable: bool,
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

/// The longest text of a type that has a length, in characters: a longer one has no end that is known.
const LONGEST: usize = 4000;

/// How many characters the text of a value has at most; `None`: nobody knows.
pub(super) fn text_length(kind: &str) -> Option<usize> {
    let declared = || {
        let length = kind.split_once('(')?.1.trim_end_matches(')').parse::<usize>().ok()?;
        Some(length).filter(|length| *length <= LONGEST)
    };
    match family(kind) {
        Family::Char => declared(),
        Family::Binary => Some(2 + 2 * declared()?),
        Family::Rowversion | Family::Float => Some(18),
        Family::LongText | Family::Xml | Family::Other | Family::Variant => None,
        // The longest number has 38 digits, a sign and a point.
        _ => Some(40),
    }
}

/// A type with its length, from what `sys.columns` says of it: bytes (-1: `max`), digits, and digits behind the point.
pub(super) fn sized(name: &str, bytes: i128, precision: i128, scale: i128) -> String {
    let length = |unit: i128| match bytes {
        -1 => format!("{name}(max)"),
        _ => format!("{name}({})", bytes / unit),
    };
    match name {
        "nchar" | "nvarchar" => length(2),
        "char" | "varchar" | "binary" | "varbinary" => length(1),
        "decimal" | "numeric" => format!("{name}({precision},{scale})"),
        "time" | "datetime2" | "datetimeoffset" => format!("{name}({scale})"),
        _ => name.to_string(),
    }
}

/// A type as the wire names it: without length, which is taken to be the longest.
pub(super) fn of_wire(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Bit | ColumnType::Bitn => "bit",
        ColumnType::Int1 => "tinyint",
        ColumnType::Int2 => "smallint",
        ColumnType::Int4 => "int",
        ColumnType::Int8 | ColumnType::Intn => "bigint",
        ColumnType::Datetime4 => "smalldatetime",
        ColumnType::Datetime | ColumnType::Datetimen => "datetime",
        ColumnType::Float4 => "real",
        ColumnType::Float8 | ColumnType::Floatn => "float",
        ColumnType::Money => "money",
        ColumnType::Money4 => "smallmoney",
        ColumnType::Guid => "uniqueidentifier",
        ColumnType::Decimaln | ColumnType::Numericn => "decimal",
        ColumnType::Daten => "date",
        ColumnType::Timen => "time(7)",
        ColumnType::Datetime2 => "datetime2(7)",
        ColumnType::DatetimeOffsetn => "datetimeoffset(7)",
        ColumnType::BigVarBin | ColumnType::BigBinary => "varbinary(max)",
        ColumnType::BigVarChar | ColumnType::BigChar => "varchar(8000)",
        ColumnType::NVarchar | ColumnType::NChar => "nvarchar(4000)",
        ColumnType::Xml => "xml",
        ColumnType::Text => "text",
        ColumnType::NText => "ntext",
        ColumnType::Image => "image",
        ColumnType::SSVariant => "sql_variant",
        ColumnType::Udt | ColumnType::Null => "unknown",
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
            Family::Bit | Family::Time => kind == Type::Text,
            // As a moment here it has six digits and another zone.
            Family::DateTime | Family::SmallDateTime | Family::DateTime2 | Family::DateTimeOffset => {
                kind == Type::Text
            }
            // No text of a float gives it back for certain; the others cannot be compared, or not by their text.
            Family::Float | Family::LongText | Family::Xml | Family::Variant | Family::Other => false,
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
    fn a_type_of_the_catalog_has_its_length_in_characters() {
        let kinds = [("nvarchar", 100, 0, 0), ("varchar", 100, 0, 0), ("nchar", -1, 0, 0), ("int", 4, 10, 0)];
        let kinds = kinds.map(|(name, bytes, precision, scale)| sized(name, bytes, precision, scale));
        assert_eq!(kinds, ["nvarchar(50)", "varchar(100)", "nchar(max)", "int"]);
        assert_eq!(sized("decimal", 9, 18, 4), "decimal(18,4)");
        assert_eq!(sized("datetime2", 8, 27, 7), "datetime2(7)");
    }

    #[test]
    fn a_text_is_as_long_as_its_type_lets_it_be() {
        let lengths =
            ["nvarchar(50)", "char(8)", "varbinary(16)", "float", "datetimeoffset(7)"].map(text_length);
        assert_eq!(lengths, [Some(50), Some(8), Some(34), Some(18), Some(40)]);
        for kind in ["nvarchar(max)", "varchar(8000)", "text", "xml", "geography", "varbinary(max)"] {
            assert_eq!(text_length(kind), None, "{kind}");
        }
    }

    #[test]
    fn a_moment_is_no_day_and_a_float_is_no_key() {
        assert!(!Family::DateTime.fits(Type::Date) && Family::Date.fits(Type::Timestamptz));
        assert!(!Family::Float.can_be_key(Type::Numeric) && !Family::DateTime2.can_be_key(Type::Timestamptz));
        for exact in [Family::Bit, Family::Time, Family::DateTimeOffset, Family::DateTime2, Family::Guid] {
            assert!(exact.can_be_key(Type::Text) && !exact.can_be_key(Type::Timestamptz), "{exact:?}");
        }
        assert!(Family::Money.fits(Type::Numeric) && !Family::Money.fits(Type::Bigint));
        assert!(Family::Char.fits(Type::Jsonb) && !Family::Xml.fits(Type::Jsonb));
    }
}
