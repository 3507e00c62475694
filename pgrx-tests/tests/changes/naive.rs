//! The reader everybody writes first: `write_date > the newest I have seen`.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use erp_sync_tests::odoo::{DATABASE, Odoo};
use serde_json::{Value, json};

pub struct Reader {
    model: String,
    newest: String,
    ids: BTreeSet<i64>,
}

impl Reader {
    pub fn new(_odoo: &Odoo, model: &str) -> Reader {
        Reader { model: model.to_owned(), newest: "1970-01-01 00:00:00".to_owned(), ids: BTreeSet::new() }
    }

    /// Reads what is newer than the newest, and remembers.
    pub fn read(&mut self, odoo: &Odoo) {
        for record in ask(odoo, &self.model, json!([["write_date", ">", self.newest]])).as_array().unwrap() {
            self.ids.insert(record["id"].as_i64().unwrap());
            self.newest = record["write_date"].as_str().unwrap().max(&self.newest).to_owned();
        }
    }

    pub fn has(&self, id: i64) -> bool {
        self.ids.contains(&id)
    }
}

fn ask(odoo: &Odoo, model: &str, domain: Value) -> Value {
    let named = json!({"order": "write_date", "context": {"active_test": false}});
    let args = json!([DATABASE, 2, "admin", model, "search_read", [domain, ["write_date"]], named]);
    let params = json!({"service": "object", "method": "execute_kw", "args": args});
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", odoo.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = body.len();
    let head =
        "POST /jsonrpc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json";
    write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    answer["result"].clone()
}
