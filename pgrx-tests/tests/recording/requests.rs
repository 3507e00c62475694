//! What a sync asks of 19 over JSON-2 has the shape of the recorded requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use erp_sync_tests::odoo::{ADMIN_KEY, Heard};
use serde_json::Value;

use super::synced;

/// What a method was asked with, where the answer was a good one.
#[derive(Default)]
struct Recorded {
    requests: usize,
    /// By name, the kinds of value that it took.
    arguments: BTreeMap<String, BTreeSet<&'static str>>,
}

/// The recorded calls by method, and the recorded pages by path.
#[derive(Default)]
struct Samples {
    calls: BTreeMap<String, Recorded>,
    /// What was in the context of any method.
    context: BTreeMap<String, BTreeSet<&'static str>>,
    pages: BTreeSet<String>,
}

#[test]
fn every_request_of_a_sync_has_the_shape_of_a_recorded_one() {
    let samples = Samples::load();
    let mut shop = synced(19, "requests", "");
    shop.odoo.write("account.move", &[1], serde_json::json!({}));
    for again in ["'all'", "'all', mode => 'full'"] {
        shop.run(&format!("select sync_run({again})"));
    }
    shop.run("select sync_check()");
    let heard = shop.odoo.heard();
    let methods: BTreeSet<String> = heard.iter().filter_map(|request| samples.judge(request)).collect();
    let wanted = ["context_get", "fields_get", "has_access", "search_count", "search_read"];
    assert_eq!(methods.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    println!("{} requests of {} methods are as recorded", heard.len(), methods.len());
}

impl Samples {
    fn load() -> Samples {
        let folder = format!("{}/fixtures/odoo19/wire", env!("CARGO_MANIFEST_DIR"));
        let mut samples = Samples::default();
        for entry in fs::read_dir(&folder).expect("the samples") {
            let file = entry.expect("a file").file_name().into_string().expect("a name");
            let Some(name) = file.strip_suffix(".headers") else { continue };
            let head = fs::read_to_string(format!("{folder}/{file}")).expect("a head");
            let body = fs::read(format!("{folder}/{name}.request.json")).unwrap_or_default();
            if head.contains("HTTP/1.1 200 OK") {
                samples.add(&head, &body);
            }
        }
        samples
    }

    fn add(&mut self, head: &str, body: &[u8]) {
        let words: Vec<&str> = head.split(' ').take(2).collect();
        match words.as_slice() {
            ["GET", path] => _ = self.pages.insert((*path).to_owned()),
            ["POST", path] if path.starts_with("/json/2/") => {
                let method = self.calls.entry(method(path).to_owned()).or_default();
                method.requests += 1;
                for (name, value) in arguments(body) {
                    let known = if is_context(&name) { &mut self.context } else { &mut method.arguments };
                    known.entry(name).or_default().insert(kind(&value));
                }
            }
            _ => {}
        }
    }

    /// Holds a request against the samples; returns the method it calls.
    fn judge(&self, request: &Heard) -> Option<String> {
        let Heard { verb, path, body, .. } = request;
        if verb == "GET" {
            assert!(self.pages.contains(path), "{path}");
            assert_eq!((header(request, "authorization"), header(request, "cookie")), (None, None), "{path}");
            return None;
        }
        assert_eq!((verb.as_str(), path.matches('/').count()), ("POST", 4), "{path}");
        judge_headers(request);
        let called = method(path);
        let recorded = self.calls.get(called).unwrap_or_else(|| panic!("{path} was never recorded"));
        for (name, value) in arguments(body) {
            let known = if is_context(&name) { &self.context } else { &recorded.arguments };
            let kinds = known.get(&name);
            let kinds = kinds.unwrap_or_else(|| panic!("{path}: {name} is in none of {}", recorded.requests));
            assert!(kinds.contains(kind(&value)), "{path}: {name} is {value}");
        }
        Some(called.to_owned())
    }
}

/// As in every sample: the key as a bearer, the database by its name, JSON, a length; and no cookie.
fn judge_headers(request: &Heard) {
    let path = &request.path;
    let key = format!("bearer {ADMIN_KEY}");
    let length = request.body.len().to_string();
    let wanted = [
        ("authorization", key.as_str()),
        ("x-odoo-database", "odoo19"),
        ("content-type", "application/json"),
        ("content-length", length.as_str()),
    ];
    for (name, value) in wanted {
        assert_eq!(header(request, name), Some(value), "{path}: {name}");
    }
    let known: BTreeSet<&str> = wanted.iter().map(|(name, _)| *name).chain(["host", "user-agent"]).collect();
    // What any client of HTTP may say of itself besides.
    let further = ["accept", "accept-encoding", "connection"];
    let is_known = |name: &str| known.contains(name) || further.contains(&name);
    assert!(request.headers.iter().all(|(name, _)| is_known(name)), "{path}: {:?}", request.headers);
}

fn header<'a>(request: &'a Heard, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
}

fn method(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// By name; of the context each entry too.
fn arguments(body: &[u8]) -> Vec<(String, Value)> {
    let named: Value = serde_json::from_slice(body).unwrap_or_default();
    let context = named["context"].as_object().cloned().unwrap_or_default();
    let context = context.into_iter().map(|(name, value)| (format!("context.{name}"), value));
    named.as_object().cloned().unwrap_or_default().into_iter().chain(context).collect()
}

/// Any method takes one, whatever its own arguments are.
fn is_context(name: &str) -> bool {
    name == "context" || name.starts_with("context.")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
