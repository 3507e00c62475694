//! What a SQL Server says when it refuses.

/// An error as the wire carries it.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlError {
    /// As in `sys.messages`.
    pub number: i32,
    /// Severity: from 20 on the connection is lost.
    pub class: u8,
    /// The text.
    pub message: String,
}

/// What a statement comes to.
pub type Result<T> = std::result::Result<T, SqlError>;

impl SqlError {
    /// An error of a statement, or worse.
    pub fn new(number: i32, class: u8, message: impl Into<String>) -> Self {
        SqlError { number, class, message: message.into() }
    }
}

/// 102: the parser stumbled.
pub fn syntax(near: &str) -> SqlError {
    SqlError::new(102, 15, format!("Incorrect syntax near '{near}'."))
}

/// 207.
pub fn no_column(name: &str) -> SqlError {
    SqlError::new(207, 16, format!("Invalid column name '{name}'."))
}

/// 208.
pub fn no_object(name: &str) -> SqlError {
    SqlError::new(208, 16, format!("Invalid object name '{name}'."))
}

/// 8114: a value does not fit a type.
pub fn no_conversion(to: &str) -> SqlError {
    SqlError::new(8114, 16, format!("Error converting data type nvarchar to {to}."))
}
