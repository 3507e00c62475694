//! What a manifest leaves open: columns that are named alone, or left out. The remote says what they are.

use serde_json::Value;

use super::catalog;
use super::shape::SOURCES;

/// What is to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The source: a foreign data wrapper.
    pub source: String,
    /// Streams by their place, each with the remote object.
    pub streams: Vec<(usize, String)>,
}

impl Open {
    /// What the manifest leaves open; `None` when that is nothing, or when it is wrong otherwise, which `define` tells.
    pub fn of(manifest: &Value) -> Option<Self> {
        let base = match manifest.get("extends") {
            Some(name) => {
                Some(catalog::builtin().iter().find(|entity| Some(entity.name.as_str()) == name.as_str())?)
            }
            None => None,
        };
        let source = base.map_or_else(|| manifest["source"].as_str(), |base| Some(base.source.as_str()))?;
        SOURCES.iter().find(|known| **known == source)?;
        let streams = manifest["streams"].as_array()?.iter().enumerate().filter(|(_, stream)| {
            match &stream["columns"] {
                Value::Array(columns) => columns.iter().any(Value::is_string),
                // An extension may be about something else.
                Value::Null => base.is_none(),
                _ => false,
            }
        });
        let object = |stream: &Value| match base {
            None => stream["object"].as_str().map(str::to_string),
            Some(base) => {
                let known = base.streams.iter().find(|known| stream["table"] == *known.table)?;
                Some(known.object.clone())
            }
        };
        let streams: Vec<_> = streams.filter_map(|(at, stream)| Some((at, object(stream)?))).collect();
        (!streams.is_empty()).then(|| Open { source: source.to_string(), streams })
    }
}
