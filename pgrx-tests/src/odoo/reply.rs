//! What a call answers, before it is put into a protocol.

use serde_json::Value;

/// An answer's value. Unlike `serde_json::Value` it keeps the order of members (Odoo sends them as asked for)
/// and tells "no result" from a value: XML-RPC has no nil and JSON-RPC then leaves `result` out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    None,
    Bool(bool),
    /// The text of a number, as it is to be sent; with a point or an exponent it is a float.
    Number(String),
    Text(String),
    List(Vec<Reply>),
    Struct(Vec<(String, Reply)>),
}

impl Reply {
    pub(super) fn int(number: impl Into<i128>) -> Self {
        Self::Number(number.into().to_string())
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn ids(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::List(ids.into_iter().map(Self::int).collect())
    }
}

/// Whether a number's text is a Python float's.
pub(super) fn is_float(text: &str) -> bool {
    text.contains(['.', 'e', 'E']) || is_no_number(text)
}

/// What a Python float may be beside a number, as JSON calls it.
pub(super) fn is_no_number(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

impl From<&Value> for Reply {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Struct(members.iter().map(|(name, value)| (name.clone(), Self::from(value))).collect())
            }
        }
    }
}

impl Reply {
    /// The same as a JSON value, for tests that compare.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Number(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
            Self::Text(text) => Value::String(text),
            Self::List(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Struct(members) => {
                members.into_iter().map(|(name, value)| (name, value.into_value())).collect()
            }
        }
    }
}
