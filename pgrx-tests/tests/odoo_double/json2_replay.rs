//! Every recorded request over JSON-2 is sent to the double as 19; its answer must be the recorded one.
//!
//! The double holds the records of 18 under 19's names. Where an answer shows records, these are first made what they
//! were in the recording, so that the answers can be compared byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use serde_json::{Value, json};

use super::client::{Answer, by_name, receive, send_with};

/// What is recorded but cannot be replayed, and why.
const NOT_REPLAYED: &[(&str, &str)] = &[
    ("json2_create", "a sync never writes"),
    ("json2_write", "a sync never writes"),
    ("json2_unlink", "a sync never writes"),
    ("json2_fault_access_rule_record", "writes to res.users: a sync never writes"),
    ("json2_fault_foreign_key", "deletes a country: a sync never writes"),
    ("json2_fault_missing_error", "writes: a sync never does, and reading a deleted id is no error"),
    ("json2_fault_not_null", "creates a category: a sync never writes"),
    ("json2_fault_sql_constraint", "creates a country: a sync never writes"),
    ("json2_fault_user_error", "posts an entry: a sync never writes"),
    (
        "json2_fault_access_error_field_group",
        "employees have their own words for it in 19; replay.rs has those of 17",
    ),
    ("json2_fault_lang_not_active", "res.country is not among the double's models; bad_lang is the same"),
    ("json2_hr_employee_all_fields_plain_user_empty", "the rights on employees are those of 17"),
    ("json2_read_group", "formatted_read_group: no sync uses it"),
];

struct Sample {
    name: String,
    request: Vec<u8>,
    response: Vec<u8>,
    head: String,
}

fn samples() -> Vec<Sample> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/odoo19/wire");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("the samples") {
        let entry = entry.expect("a file");
        files.insert(
            entry.file_name().into_string().expect("a name"),
            fs::read(entry.path()).expect("a sample"),
        );
    }
    let starting = |start: String| {
        files.iter().find(|(name, _)| name.starts_with(&start)).map(|(_, content)| content.clone())
    };
    let names = files.keys().filter_map(|name| name.strip_suffix(".headers"));
    let sample = |name: &str| Sample {
        request: starting(format!("{name}.request.")).unwrap_or_default(),
        response: starting(format!("{name}.response.")).expect("an answer"),
        head: String::from_utf8(files[&format!("{name}.headers")].clone()).expect("a head"),
        name: name.to_owned(),
    };
    names.map(sample).collect()
}

impl Sample {
    fn path(&self) -> &str {
        self.head.split(' ').nth(1).expect("a path")
    }

    fn model(&self) -> String {
        let request: Value = serde_json::from_slice(&self.request).unwrap_or_default();
        let by_place = request["params"]["args"][3].as_str();
        by_place.or_else(|| self.path().split('/').nth(3)).unwrap_or_default().to_owned()
    }

    fn send(&self, odoo: &Odoo) -> Answer {
        let sent = self.head.split("\r\n\r\n").next().unwrap_or_default();
        let headers: Vec<_> = sent.lines().filter_map(|line| line.split_once(": ")).collect();
        let kept: Vec<_> =
            headers.into_iter().filter(|(name, _)| !["Host", "Content-Length"].contains(name)).collect();
        let verb = self.head.split(' ').next().expect("a verb");
        receive(send_with(odoo, verb, self.path(), &kept, &self.request))
    }

    fn recorded(&self) -> Answer {
        let head = self.head.split("\r\n\r\n").nth(1).expect("the answer's head").to_owned();
        Answer { head, body: self.response.clone() }
    }

    /// Makes the double such that this sample's answer is right.
    fn prepare(&self, odoo: &Odoo) {
        if self.name.contains("many_dbs") {
            odoo.offer_further_databases();
        }
        odoo.take_database_down(self.name == "json2_fault_database_down");
        if self.name.starts_with("json2_write_date_") {
            // The row was changed at 10:07:18 and a fraction.
            odoo.write_silently("res.partner", &[11], json!({"write_date": "2026-11-20 10:07:18.514670"}));
            return;
        }
        let answer: Value = serde_json::from_slice(&self.response).unwrap_or_default();
        match answer.get("result").unwrap_or(&answer) {
            Value::Number(count) => fill(odoo, &self.model(), count.as_u64().unwrap_or_default()),
            Value::Array(records) if records.iter().any(Value::is_object) => {
                become_recorded(odoo, &self.model(), records);
            }
            _ => {}
        }
    }

    fn difference(&self) -> Option<String> {
        let odoo = Odoo::start_as(19);
        self.prepare(&odoo);
        let (got, wanted) = (self.send(&odoo), self.recorded());
        let same_members = UNORDERED.contains(&self.name.as_str()) && got.json() == wanted.json();
        let difference = heads(&got, &wanted).or_else(|| bodies(&got, &wanted).filter(|_| !same_members));
        difference.map(|difference| format!("{}: {difference}", self.name))
    }
}

/// Answers whose members come in Python's order of declaration, which the recording of the fields does not keep.
const UNORDERED: &[&str] = &["json2_fields_get_filtered", "json2_fields_get_small"];

/// Makes the model have so many records that are not archived.
fn fill(odoo: &Odoo, model: &str, wanted: u64) {
    let found = by_name(odoo, ADMIN_KEY, &format!("{model}/search"), json!({"domain": []})).json();
    let ids: Vec<_> = found.as_array().expect("ids").iter().filter_map(Value::as_i64).collect();
    let wanted = usize::try_from(wanted).expect("a count");
    odoo.hide(model, ids.get(wanted..).unwrap_or_default());
    odoo.import(model, wanted.saturating_sub(ids.len()), |at| json!({"name": format!("Filling {at}")}));
}

/// Makes the records of a model those of the answer, and no others.
fn become_recorded(odoo: &Odoo, model: &str, records: &[Value]) {
    let id = |record: &Value| record["id"].as_i64().expect("an id");
    let others = odoo.records(model).iter().map(id).collect::<Vec<_>>();
    let shown: Vec<_> = records.iter().map(id).collect();
    let hidden: Vec<_> = others.into_iter().filter(|id| !shown.contains(id)).collect();
    odoo.hide(model, &hidden);
    let allfields: Vec<_> = records[0].as_object().expect("a record").keys().collect();
    let asked = json!({"allfields": allfields, "attributes": ["relation"]});
    let about = by_name(odoo, ADMIN_KEY, &format!("{model}/fields_get"), asked).json();
    for record in records {
        odoo.create(model, record.clone());
        for (field, value) in record.as_object().expect("a record") {
            let (Some(target), Some(name)) = (value[0].as_i64(), value[1].as_str()) else { continue };
            rename(odoo, about[field]["relation"].as_str().expect("a relation"), target, name);
        }
    }
}

/// The target's name shows where the double holds it.
fn rename(odoo: &Odoo, model: &str, id: i64, name: &str) {
    let held = ["res.partner", "res.company", "res.currency", "product.category", "uom.uom"];
    if held.contains(&model) && odoo.records(model).iter().any(|record| record["id"] == json!(id)) {
        odoo.write_silently(model, &[id], json!({"display_name": name}));
    }
}

/// The status and all headers but the date, the length (tracebacks are shorter here) and the dated cookie.
fn heads(got: &Answer, wanted: &Answer) -> Option<String> {
    let facts = |answer: &Answer| -> BTreeMap<String, String> {
        let named = answer.head.lines().filter_map(|line| line.split_once(": "));
        let kept = named.filter(|(name, _)| !["Date", "Content-Length"].contains(name));
        let undated = |name: &str, value: &str| match name {
            "Set-Cookie" => value.split(';').next().unwrap_or_default().to_owned(),
            _ => value.to_owned(),
        };
        kept.map(|(name, value)| (name.to_owned(), undated(name, value))).collect()
    };
    let same = got.status() == wanted.status() && facts(got) == facts(wanted);
    (!same).then(|| format!("head\n{}\ninstead of\n{}", got.head, wanted.head))
}

/// Byte by byte; of exceptions all but the traceback and the groups that a message lists.
fn bodies(got: &Answer, wanted: &Answer) -> Option<String> {
    let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
    let parsed: Option<Value> = serde_json::from_slice(&wanted.body).ok();
    let same = match parsed.filter(|recorded| recorded.get("debug").is_some()) {
        Some(recorded) => exception(&got.json()) == exception(&recorded),
        None => got.body == wanted.body,
    };
    (!same).then(|| format!("\n{}\ninstead of\n{}", text(got), text(wanted)))
}

fn exception(body: &Value) -> Vec<Value> {
    let line = |value: &Value| match value.as_str() {
        Some(text) => json!(text.lines().next()),
        None => value.clone(),
    };
    let members: Vec<_> = body.as_object().expect("an exception").keys().collect();
    let arguments: Vec<_> = body["arguments"].as_array().expect("arguments").iter().map(line).collect();
    vec![
        json!(members),
        body["name"].clone(),
        line(&body["message"]),
        json!(arguments),
        body["context"].clone(),
    ]
}

#[test]
fn every_recorded_request_gets_the_recorded_answer() {
    let samples = samples();
    assert_eq!(samples.len(), 78);
    for (name, _) in NOT_REPLAYED {
        assert!(samples.iter().any(|sample| sample.name == *name), "{name} is no sample");
    }
    let is_replayed = |sample: &&Sample| NOT_REPLAYED.iter().all(|(name, _)| *name != sample.name);
    let replayed: Vec<_> = samples.iter().filter(is_replayed).collect();
    let differences: Vec<_> = replayed.iter().filter_map(|sample| sample.difference()).collect();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n\n"));
    assert_eq!(replayed.len(), samples.len() - NOT_REPLAYED.len());
}
