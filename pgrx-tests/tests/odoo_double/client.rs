//! The plainest HTTP client: it sends bytes, and shows the bytes that come back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use erp_sync_tests::odoo::Odoo;
use serde_json::{Value, json};

/// No answer of the double takes as long as this.
const LIMIT: Duration = Duration::from_secs(10);

pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn status(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Sends a request without waiting for its answer.
pub fn send(odoo: &Odoo, verb: &str, path: &str, content_type: &str, body: &[u8]) -> TcpStream {
    send_with(odoo, verb, path, &[("Content-Type", content_type)], body)
}

/// The same with any headers.
pub fn send_with(odoo: &Odoo, verb: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", odoo.port())).expect("the double listens");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    let length = body.len();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head =
        format!("{verb} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the head is sent");
    stream.write_all(body).expect("the body is sent");
    stream
}

/// Everything until the server closes the connection, cut at the blank line.
pub fn receive(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer within the limit");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let body = bytes.split_off(end);
    Answer { head: String::from_utf8(bytes).expect("a head in UTF-8"), body }
}

/// Calls a model's method as a user, over JSON-RPC, and returns the whole answer.
pub fn ask(odoo: &Odoo, user: (i64, &str), model: &str, method: &str, args: Value, kwargs: Value) -> Answer {
    let params = json!({
        "service": "object",
        "method": "execute_kw",
        "args": [odoo.database(), user.0, user.1, model, method, args, kwargs],
    });
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}).to_string();
    receive(send(odoo, "POST", "/jsonrpc", "application/json", body.as_bytes()))
}

pub const ADMIN: (i64, &str) = (2, "admin");
pub const PLAIN: (i64, &str) = (8, "plain");
pub const BUYER: (i64, &str) = (9, "buyer");

/// As `ask` for the administrator, and only the result.
pub fn call(odoo: &Odoo, model: &str, method: &str, args: Value, kwargs: Value) -> Value {
    let answer = ask(odoo, ADMIN, model, method, args, kwargs).json();
    answer.get("result").unwrap_or_else(|| panic!("no result: {answer}")).clone()
}

/// Calls a model's method over JSON-2 with somebody's key.
pub fn by_name(odoo: &Odoo, key: &str, call: &str, named: Value) -> Answer {
    let (bearer, database) = (format!("bearer {key}"), odoo.database());
    let headers = [
        ("Authorization", bearer.as_str()),
        ("X-Odoo-Database", database.as_str()),
        ("Content-Type", "application/json"),
    ];
    let body = named.to_string();
    receive(send_with(odoo, "POST", &format!("/json/2/{call}"), &headers, body.as_bytes()))
}

/// The exception's name and its message.
pub fn fault(answer: &Answer) -> (String, String) {
    let data = &answer.json()["error"]["data"];
    let text = |name| data[name].as_str().unwrap_or_default().to_owned();
    (text("name"), text("message"))
}

/// The ids a domain finds among all rows, archived ones too, by id.
pub fn ids(odoo: &Odoo, model: &str, domain: Value) -> Vec<i64> {
    let kwargs = json!({"order": "id", "context": {"active_test": false}});
    let found = call(odoo, model, "search", json!([domain]), kwargs);
    found.as_array().expect("ids").iter().filter_map(Value::as_i64).collect()
}

/// The ids of the records that a plain Rust condition picks.
pub fn plainly(odoo: &Odoo, model: &str, condition: impl Fn(&Value) -> bool) -> Vec<i64> {
    let records = odoo.records(model);
    records.iter().filter(|record| condition(record)).filter_map(|record| record["id"].as_i64()).collect()
}
