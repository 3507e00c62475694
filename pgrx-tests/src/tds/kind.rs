//! Types as columns are declared with.

use super::error::{Result, SqlError};

/// A declared type. Lengths are in characters or bytes; `None` is `max`.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Bit,
    /// 1, 2, 4 or 8 bytes.
    Int(u8),
    Decimal(u8, u8),
    /// 4 or 8 bytes.
    Money(u8),
    Real,
    Float,
    Char {
        national: bool,
        fixed: bool,
        length: Option<u16>,
        collation: String,
    },
    /// `text` and `ntext`.
    LongText {
        national: bool,
    },
    Binary {
        fixed: bool,
        length: Option<u16>,
    },
    Image,
    RowVersion,
    Guid,
    Date,
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    Offset(u8),
    Xml,
    Variant,
}

/// What every column has that names no other.
pub const DEFAULT_COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";

impl Kind {
    /// `nvarchar(n)`.
    pub fn nvarchar(length: Option<u16>) -> Kind {
        Kind::Char { national: true, fixed: false, length, collation: DEFAULT_COLLATION.into() }
    }

    /// From its name and what stood in parentheses.
    pub fn new(name: &str, arguments: &[String]) -> Result<Kind> {
        let number =
            |at: usize, default: u8| arguments.get(at).map_or(Ok(default), |text| text.parse::<u8>());
        let scale = || number(0, 7).ok().filter(|scale| *scale <= 7);
        let length = |default: u16| match arguments.first().map(|text| text.to_ascii_lowercase()) {
            None => Some(Some(default)),
            Some(text) if text == "max" => Some(None),
            Some(text) => text.parse().ok().map(Some),
        };
        let text = |national, fixed| {
            let collation = DEFAULT_COLLATION.to_string();
            length(1).map(|length| Kind::Char { national, fixed, length, collation })
        };
        let kind = match name.to_ascii_lowercase().as_str() {
            "bit" => Some(Kind::Bit),
            "tinyint" => Some(Kind::Int(1)),
            "smallint" => Some(Kind::Int(2)),
            "int" | "integer" => Some(Kind::Int(4)),
            "bigint" => Some(Kind::Int(8)),
            "decimal" | "numeric" => match (number(0, 18), number(1, 0)) {
                (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
                    Some(Kind::Decimal(precision, scale))
                }
                _ => None,
            },
            "money" => Some(Kind::Money(8)),
            "smallmoney" => Some(Kind::Money(4)),
            "real" => Some(Kind::Real),
            "float" => Some(Kind::Float),
            "char" => text(false, true),
            "varchar" => text(false, false),
            "nchar" => text(true, true),
            "nvarchar" => text(true, false),
            "sysname" => Some(Kind::nvarchar(Some(128))),
            "text" => Some(Kind::LongText { national: false }),
            "ntext" => Some(Kind::LongText { national: true }),
            "binary" => length(1).map(|length| Kind::Binary { fixed: true, length }),
            "varbinary" => length(1).map(|length| Kind::Binary { fixed: false, length }),
            "image" => Some(Kind::Image),
            "rowversion" | "timestamp" => Some(Kind::RowVersion),
            "uniqueidentifier" => Some(Kind::Guid),
            "date" => Some(Kind::Date),
            "time" => scale().map(Kind::Time),
            "datetime" => Some(Kind::DateTime),
            "smalldatetime" => Some(Kind::SmallDateTime),
            "datetime2" => scale().map(Kind::DateTime2),
            "datetimeoffset" => scale().map(Kind::Offset),
            "xml" => Some(Kind::Xml),
            "sql_variant" => Some(Kind::Variant),
            _ => None,
        };
        kind.ok_or_else(|| SqlError::new(2715, 16, format!("Cannot find data type {name}.")))
    }

    /// As `system_type_name` writes it.
    pub fn name(&self) -> String {
        let sized = |name: &str, length: &Option<u16>| match length {
            Some(length) => format!("{name}({length})"),
            None => format!("{name}(max)"),
        };
        match self {
            Kind::Bit => "bit".into(),
            Kind::Int(1) => "tinyint".into(),
            Kind::Int(2) => "smallint".into(),
            Kind::Int(4) => "int".into(),
            Kind::Int(_) => "bigint".into(),
            Kind::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
            Kind::Money(4) => "smallmoney".into(),
            Kind::Money(_) => "money".into(),
            Kind::Real => "real".into(),
            Kind::Float => "float".into(),
            Kind::Char { national, fixed, length, .. } => {
                let name = if *fixed { "char" } else { "varchar" };
                sized(&format!("{}{name}", if *national { "n" } else { "" }), length)
            }
            Kind::LongText { national } => if *national { "ntext" } else { "text" }.into(),
            Kind::Binary { fixed, length } => sized(if *fixed { "binary" } else { "varbinary" }, length),
            Kind::Image => "image".into(),
            Kind::RowVersion => "timestamp".into(),
            Kind::Guid => "uniqueidentifier".into(),
            Kind::Date => "date".into(),
            Kind::Time(scale) => format!("time({scale})"),
            Kind::DateTime => "datetime".into(),
            Kind::SmallDateTime => "smalldatetime".into(),
            Kind::DateTime2(scale) => format!("datetime2({scale})"),
            Kind::Offset(scale) => format!("datetimeoffset({scale})"),
            Kind::Xml => "xml".into(),
            Kind::Variant => "sql_variant".into(),
        }
    }

    /// The collation of a text.
    pub fn collation(&self) -> &str {
        match self {
            Kind::Char { collation, .. } => collation,
            _ => DEFAULT_COLLATION,
        }
    }
}
