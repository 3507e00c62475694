//! Settings of an entity: what `sync_configure()` takes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::shape;
use crate::error::{Error, Kind, Result};

/// What may be set for an entity; what is not set is as the manifest or the configuration says.
/// Lengths of time are texts such as `30 days`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether `sync_auto()` takes the entity along.
    pub auto: Option<bool>,
    /// How long after its last success `sync_auto()` takes it along again.
    pub interval: Option<String>,
    /// How often a full pass is due.
    pub full_every: Option<String>,
    /// How often all keys are compared.
    pub verify_every: Option<String>,
    /// How far before the position an incremental pass begins.
    pub overlap: Option<String>,
    /// How far back a full pass reads documents.
    pub initial_range: Option<String>,
    /// Whether the whole remote record is kept in the column `raw`.
    pub keep_raw: Option<bool>,
    /// Attempts of one request.
    pub max_attempts: Option<u32>,
}

impl Settings {
    /// Lays `over` over these: what is set there counts.
    pub fn under(self, over: Settings) -> Settings {
        Settings {
            auto: over.auto.or(self.auto),
            interval: over.interval.or(self.interval),
            full_every: over.full_every.or(self.full_every),
            verify_every: over.verify_every.or(self.verify_every),
            overlap: over.overlap.or(self.overlap),
            initial_range: over.initial_range.or(self.initial_range),
            keep_raw: over.keep_raw.or(self.keep_raw),
            max_attempts: over.max_attempts.or(self.max_attempts),
        }
    }
}

/// The settings of stored JSON with changes worked in: a null takes a setting back.
///
/// Errors: [`Kind::Usage`] with one line per mistake.
pub fn changed(stored: &Value, changes: &Value) -> Result<Value> {
    let Value::Object(changes) = changes else {
        return Err(wrong("settings must be an object, such as {\"keep_raw\": true}".into()));
    };
    let mut found = Vec::new();
    // Of what is taken back only the name can be wrong.
    let (taken_back, set): (Map<_, _>, Map<_, _>) =
        changes.clone().into_iter().partition(|(_, value)| value.is_null());
    shape::compare(&shape::SETTINGS, &Value::Object(set.clone()), "$", &mut found);
    shape::unknown(&shape::SETTINGS, &taken_back, "$", &mut found);
    if !found.is_empty() {
        return Err(wrong(found.join("\n")));
    }
    let mut all = stored.as_object().cloned().unwrap_or_default();
    all.extend(set);
    all.retain(|name, _| !taken_back.contains_key(name));
    Ok(Value::Object(all))
}

fn wrong(detail: String) -> Error {
    Error::new(Kind::Usage, "the settings have mistakes")
        .detail(detail)
        .hint(format!("settings are: {}; null takes one back", shape::names(&shape::SETTINGS).join(", ")))
}
