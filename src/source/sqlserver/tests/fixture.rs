//! Streams and settings for tests.

use std::time::Duration;

use serde_json::{Value, json};

use crate::entity::Stream;
use crate::source::hosts::Hosts;
use crate::source::redact::Sent;
use crate::source::sqlserver::settings::Settings;
use crate::source::{Limits, Remote};

/// The password of every test: it must turn up in no message.
pub(in crate::source::sqlserver) const CANARY: &str = "canary<&>'\"\\7";

/// A remote with nothing but what is needed.
pub(in crate::source::sqlserver) fn remote() -> Remote {
    let options = [("host", "pos.example.com"), ("database", "POS")];
    Remote {
        server: "pos".into(),
        kind: "sqlserver".into(),
        options: options.map(|(name, value)| (name.to_string(), value.to_string())).into(),
        username: Some("reader".into()),
        password: Some(CANARY.to_string().into()),
        limits: Limits {
            connect_timeout: Duration::from_secs(1),
            request_timeout: Duration::from_secs(1),
            max_response_bytes: 1_000_000,
        },
        hosts: Hosts::default(),
        sent: Sent::default(),
    }
}

/// Its settings.
pub(in crate::source::sqlserver) fn settings() -> Settings {
    Settings::new(remote()).unwrap()
}

/// A stream with this key and these columns (name and type, from the remote column of the name).
pub(in crate::source::sqlserver) fn stream(object: &str, key: &[&str], columns: &[(&str, &str)]) -> Stream {
    let column = |(name, kind): &(&str, &str)| json!({"name": name, "type": kind, "about": name});
    let columns: Vec<Value> = columns.iter().map(column).collect();
    let stream = json!({"table": "t", "about": "t", "object": object, "key": key, "columns": columns});
    serde_json::from_value(stream).unwrap()
}
