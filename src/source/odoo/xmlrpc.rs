//! XML-RPC requests as Odoo's `/xmlrpc/2/` routes read them. Answers: `xmlread.rs`.

use serde_json::Value;

use super::rpc::{Call, Trouble};
use super::xmlread;

/// Body of a request, or `None` where it holds a character that XML cannot carry.
pub(super) fn encode(call: &Call<'_>) -> Option<Vec<u8>> {
    let mut out = String::from("<?xml version='1.0'?>\n<methodCall>\n<methodName>");
    text(&mut out, call.method)?;
    out.push_str("</methodName>\n<params>\n");
    for arg in &call.args {
        out.push_str("<param>\n");
        value(&mut out, arg)?;
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    Some(out.into_bytes())
}

/// The result in an answer.
pub(super) fn decode(body: &[u8]) -> Result<Value, Trouble> {
    xmlread::response(body)
}

/// Writes one `<value>`.
pub(super) fn value(out: &mut String, value: &Value) -> Option<()> {
    out.push_str("<value>");
    match value {
        // Python's reader takes it, although its writer does not send it.
        Value::Null => out.push_str("<nil/>"),
        Value::Bool(flag) => element(out, "boolean", if *flag { "1" } else { "0" })?,
        Value::Number(number) => {
            let number = number.to_string();
            let kind = if number.contains(['.', 'e', 'E']) { "double" } else { "int" };
            element(out, kind, &number)?;
        }
        Value::String(string) => element(out, "string", string)?,
        Value::Array(items) => array(out, items)?,
        Value::Object(members) => structure(out, members)?,
    }
    out.push_str("</value>\n");
    Some(())
}

fn array(out: &mut String, items: &[Value]) -> Option<()> {
    out.push_str("<array><data>\n");
    for item in items {
        value(out, item)?;
    }
    out.push_str("</data></array>");
    Some(())
}

fn structure(out: &mut String, members: &serde_json::Map<String, Value>) -> Option<()> {
    out.push_str("<struct>\n");
    for (name, member) in members {
        out.push_str("<member>\n");
        element(out, "name", name)?;
        value(out, member)?;
        out.push_str("</member>\n");
    }
    out.push_str("</struct>");
    Some(())
}

fn element(out: &mut String, name: &str, content: &str) -> Option<()> {
    out.push_str(&format!("<{name}>"));
    text(out, content)?;
    out.push_str(&format!("</{name}>"));
    Some(())
}

fn text(out: &mut String, content: &str) -> Option<()> {
    for c in content.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A reader turns a bare one into a line feed (XML 1.0, 2.11).
            '\r' => out.push_str("&#13;"),
            c if is_xml(c) => out.push(c),
            _ => return None,
        }
    }
    Some(())
}

/// XML 1.0, production 2.
fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
