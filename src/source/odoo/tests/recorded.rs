//! Everything that was recorded from real servers, read by the protocols with an envelope. JSON-2: `json2.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::error::Kind;
use crate::source::odoo::fault::Asked;
use crate::source::odoo::rpc::{Call, Trouble};
use crate::source::odoo::{jsonrpc, xmlread, xmlrpc};

/// The file `kind` of each sample of a version and protocol: name -> content.
pub(super) fn all(version: &str, protocol: &str, kind: &str) -> BTreeMap<String, Vec<u8>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = PathBuf::from(format!("{root}/src/source/odoo/samples/{version}"));
    let mut found = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        let inner = name.strip_prefix(protocol).and_then(|name| name.split_once(&format!(".{kind}.")));
        if let Some((name, _)) = inner {
            found.insert(name.trim_start_matches('_').to_string(), fs::read(&path).unwrap());
        }
    }
    assert!(!found.is_empty(), "no samples of {version} {protocol}");
    found
}

/// What a recorded answer is here: a value, or the kind of its error.
fn meaning(decoded: Result<Value, Trouble>, args: &[Value]) -> Result<Value, Kind> {
    let text = |at: usize| args.get(at).and_then(Value::as_str).unwrap_or("common");
    let asked = Asked { object: text(3), method: text(4) };
    decoded.map_err(|trouble| match trouble {
        Trouble::Fault(fault) => fault.kind(text(0), asked),
        Trouble::Cut => Kind::Unreachable,
        Trouble::Garbage(_) => Kind::BadAnswer,
    })
}

fn json_args(request: &[u8]) -> (u64, Vec<Value>) {
    let request: Value = serde_json::from_slice(request).unwrap_or_default();
    let args = request["params"]["args"].as_array().cloned().unwrap_or_default();
    (request["id"].as_u64().unwrap_or(1), args)
}

/// The meaning of every JSON-RPC sample of a version.
fn by_json(version: &str) -> BTreeMap<String, Result<Value, Kind>> {
    let requests = all(version, "jsonrpc", "request");
    let read = |(name, answer): (String, Vec<u8>)| {
        let (id, args) = json_args(&requests[&name]);
        let meaning = meaning(jsonrpc::decode(&answer, id), &args);
        (name, meaning)
    };
    all(version, "jsonrpc", "response").into_iter().map(read).collect()
}

/// The meaning of every XML-RPC sample of a version.
fn by_xml(version: &str) -> BTreeMap<String, Result<Value, Kind>> {
    let requests = all(version, "xmlrpc", "request");
    let read = |(name, answer): (String, Vec<u8>)| {
        let args = xmlread::call(&requests[&name]).map(|(_, args)| args).unwrap_or_default();
        let meaning = meaning(xmlrpc::decode(&answer), &args);
        (name, meaning)
    };
    all(version, "xmlrpc", "response").into_iter().map(read).collect()
}

fn expected_kind(name: &str) -> Kind {
    match name {
        "access_error" | "access_error_field_group" | "access_rule_record" => Kind::Forbidden,
        "uid_zero_false" | "wrong_password" => Kind::Login,
        "unknown_field" | "unknown_field_domain" | "unknown_field_order" => Kind::NoField,
        "unknown_model" => Kind::NoObject,
        "wrong_db" => Kind::NoDatabase,
        "malformed_json" | "wrong_content_type" => Kind::BadAnswer,
        _ => Kind::Remote,
    }
}

fn check(samples: &BTreeMap<String, Result<Value, Kind>>) {
    for (name, meaning) in samples {
        let wanted = match name.strip_prefix("fault_") {
            Some(fault) => Some(expected_kind(fault)),
            None if name == "authenticate_wrong_db" => Some(Kind::NoDatabase),
            None => None,
        };
        match (wanted, meaning) {
            // JSON-RPC leaves the result out instead of failing.
            (Some(_), Ok(value)) => {
                assert!(name == "fault_none_result" && value.is_null(), "{name}: {value}")
            }
            (Some(wanted), Err(kind)) => assert_eq!(*kind, wanted, "{name}"),
            (None, meaning) => assert!(meaning.is_ok(), "{name}: {meaning:?}"),
        }
    }
}

#[test]
fn every_recorded_answer_means_what_it_should() {
    for version in ["17", "18"] {
        check(&by_json(version));
        check(&by_xml(version));
    }
    check(&by_json("19"));
    check(&by_xml("19"));
}

/// XML-RPC loses control characters: the server drops them before it writes.
fn without_controls(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            text.chars().filter(|c| !c.is_control() || "\t\n\r".contains(*c)).collect::<String>().into()
        }
        Value::Array(items) => items.iter().map(without_controls).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), without_controls(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn both_protocols_give_the_same_values() {
    for version in ["17", "18"] {
        let xml = by_xml(version);
        for (name, by_json) in by_json(version) {
            let Some(by_xml) = xml.get(&name).filter(|_| name != "fault_none_result") else { continue };
            assert_eq!(
                by_json.as_ref().map(without_controls).map_err(|kind| *kind),
                *by_xml,
                "{version} {name}"
            );
        }
    }
}

#[test]
fn what_was_lost_on_the_way_is_only_lost_over_xml() {
    let name = |samples: &BTreeMap<String, Result<Value, Kind>>| {
        samples["search_read_unicode_control"].as_ref().unwrap()[0]["name"].as_str().unwrap().to_string()
    };
    assert_eq!(name(&by_json("17")), "Ctrl \u{1}\u{b}\u{1f} Tab\tNL\nCR\r End — é ü 漢字 😀 <&>\"'");
    assert_eq!(name(&by_xml("17")), "Ctrl  Tab\tNL\nCR\r End — é ü 漢字 😀 <&>\"'");
}

#[test]
fn requests_are_written_as_the_recorded_ones() {
    for (name, recorded) in all("17", "jsonrpc", "request") {
        let Ok(request) = serde_json::from_slice::<Value>(&recorded) else { continue };
        let (Some(service), Some(method)) =
            (request["params"]["service"].as_str(), request["params"]["method"].as_str())
        else {
            continue;
        };
        let (id, args) = json_args(&recorded);
        let written = jsonrpc::encode(&Call { service, method, args }, id);
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), request, "{name}");
    }
    for (name, recorded) in all("17", "xmlrpc", "request") {
        let Ok((method, args)) = xmlread::call(&recorded) else { continue };
        let written =
            xmlrpc::encode(&Call { service: "object", method: &method, args: args.clone() }).unwrap();
        assert_eq!(xmlread::call(&written).unwrap(), (method, args), "{name}");
    }
}

#[test]
fn both_protocols_ask_the_same() {
    let xml = all("17", "xmlrpc", "request");
    for (name, recorded) in all("17", "jsonrpc", "request") {
        let (_, args) = json_args(&recorded);
        let Some(Ok((_, by_xml))) = xml.get(&name).map(|xml| xmlread::call(xml)) else { continue };
        assert_eq!(args, by_xml, "{name}");
    }
}
