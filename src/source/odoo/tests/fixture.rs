//! Streams and remotes for tests.

use std::time::Duration;

use serde_json::Value;

use crate::entity::{Column, Stream, Type};
use crate::source::cell::{Cell, Flaw};
use crate::source::hosts::Hosts;
use crate::source::odoo::cell::{self, flaw};
use crate::source::odoo::parts::Parts;
use crate::source::odoo::records::Records;
use crate::source::redact::Sent;
use crate::source::{Ask, Field, Layout, Limits, Page, Remote};

/// The password of every test: it must turn up in no message.
pub(in crate::source::odoo) const CANARY: &str = "canary<&>'\"\\7";

/// A password that has the form of an API key: it must turn up in no message either.
pub(in crate::source::odoo) const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// A remote that answers within half a second.
pub(in crate::source::odoo) fn remote(url: &str) -> Remote {
    let options = [("url", url), ("database", "prod")];
    Remote {
        server: "odoo_main".into(),
        kind: "odoo".into(),
        options: options.map(|(name, value)| (name.to_string(), value.to_string())).into(),
        username: Some("sync@example.com".into()),
        password: Some(CANARY.to_string().into()),
        limits: limits(),
        hosts: Hosts::default(),
        sent: Sent::default(),
    }
}

pub(in crate::source::odoo) fn limits() -> Limits {
    Limits {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(500),
        max_response_bytes: 100_000,
    }
}

pub(in crate::source::odoo) fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.into(),
        kind,
        about: String::new(),
        path: vec![],
        scale: None,
        currency: None,
        optional: false,
        required: false,
        unless: vec![],
        min: None,
        max: None,
    }
}

/// A stream with the column `id` and these; its cursor is `write_date`.
pub(in crate::source::odoo) fn stream(object: &str, columns: &[(&str, Type)]) -> Stream {
    let mut all = vec![column("id", Type::Bigint)];
    all.extend(columns.iter().map(|(name, kind)| column(name, *kind)));
    Stream {
        table: object.replace('.', "_"),
        about: String::new(),
        object: object.into(),
        key: vec!["id".into()],
        cursor: Some("write_date".into()),
        columns: all,
        ..Stream::default()
    }
}

/// Every column from the field of its name.
pub(in crate::source::odoo) fn layout(stream: &Stream) -> Layout {
    let field =
        |(column, c): (usize, &Column)| Field { column, path: c.name.clone(), remote_type: String::new() };
    Layout { columns: stream.columns.iter().enumerate().map(field).collect(), left_out: vec![] }
}

/// The page of a list of records.
pub(in crate::source::odoo) fn page(
    stream: &Stream,
    layout: &Layout,
    ask: &Ask,
    answer: &Value,
) -> Result<Page, String> {
    let mut records = Records::new(stream, layout, ask.raw, 1_000_000);
    for record in answer.as_array().ok_or("the result is no list")? {
        records.part(&record.to_string()).map_err(|halt| format!("{halt:?}"))?;
    }
    records.page(ask)
}

/// One value as one of a column; JSON is always read for flaws before.
pub(in crate::source::odoo) fn cell(kind: Type, remote_type: &str, value: &Value) -> Result<Cell, Flaw> {
    let json = value.to_string();
    assert!(flaw(&json).is_ok(), "{json}");
    cell::read(kind, remote_type, &json)
}
