//! XML-RPC as Odoo speaks it at `/xmlrpc/2/...`.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Number, Value};

use super::face::Face;
use super::fault::RpcFault;
use super::reply::{Reply, is_float, is_no_number};

/// Reads a `methodCall` into the method's name and its arguments.
pub(super) fn read(body: &[u8]) -> Result<(String, Vec<Value>), RpcFault> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("not well-formed (invalid token)", body))?;
    let root = Node::parse(text).ok_or_else(|| malformed("no element found", body))?;
    let method = root.child("methodName").map(|node| node.text.clone()).unwrap_or_default();
    let params = root.child("params").map(|node| node.children.as_slice()).unwrap_or_default();
    let args = params.iter().filter_map(|param| param.child("value")).map(value).collect();
    Ok((method, args))
}

fn malformed(message: &str, body: &[u8]) -> RpcFault {
    let line = body.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = body.iter().rev().take_while(|byte| **byte != b'\n').count();
    RpcFault::new("xml.parsers.expat.ExpatError", format!("{message}: line {line}, column {column}"))
}

/// An element; requests are small, so a tree of them is the simple thing.
#[derive(Default)]
struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn parse(text: &str) -> Option<Node> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Node::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => open.push(Node::named(tag.name().as_ref())),
                Event::Empty(tag) => open.last_mut()?.children.push(Node::named(tag.name().as_ref())),
                Event::End(_) => {
                    let node = open.pop()?;
                    open.last_mut()?.children.push(node);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut()?.text.push_str(&text),
                Event::GeneralRef(entity) => {
                    let entity = format!("&{};", &*entity);
                    open.last_mut()?.text.push_str(&quick_xml::escape::unescape(&entity).ok()?);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if open.len() == 1 { open.pop()?.children.pop() } else { None }
    }

    fn named(name: &str) -> Node {
        Node { name: name.to_owned(), ..Node::default() }
    }

    fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|node| node.name == name)
    }
}

fn value(node: &Node) -> Value {
    let Some(typed) = node.children.first() else { return Value::String(node.text.clone()) };
    match typed.name.as_str() {
        "int" | "i4" | "i8" | "double" => number(typed.text.trim()),
        "boolean" => Value::Bool(typed.text.trim() == "1"),
        "nil" => Value::Null,
        "array" => {
            let items = typed.child("data").map(|data| data.children.as_slice()).unwrap_or_default();
            Value::Array(items.iter().map(value).collect())
        }
        "struct" => Value::Object(typed.children.iter().filter_map(member).collect::<Map<_, _>>()),
        _ => Value::String(typed.text.clone()),
    }
}

fn member(node: &Node) -> Option<(String, Value)> {
    Some((node.child("name")?.text.clone(), value(node.child("value")?)))
}

fn number(text: &str) -> Value {
    serde_json::from_str::<Number>(text).map_or(Value::Null, Value::Number)
}

/// The body of an answer: a value, or a fault with Odoo's number.
pub(super) fn answer(face: Face, result: &Result<Reply, RpcFault>) -> Vec<u8> {
    let mut out = format!("{}\n<methodResponse>\n", face.xml_prolog());
    let nil = RpcFault::type_error("cannot marshal None unless allow_none is enabled");
    match result {
        Ok(reply) if !holds_none(reply) => {
            out.push_str("<params>\n<param>\n");
            write(reply, &mut out);
            out.push_str("</param>\n</params>\n");
        }
        Ok(_) => write_fault(&nil, &mut out),
        Err(fault) => write_fault(fault, &mut out),
    }
    out.push_str(face.xml_end());
    out.push_str("</methodResponse>\n");
    out.into_bytes()
}

/// Whether the answer is a fault: also where a value cannot be put into XML.
pub(super) fn is_fault(result: &Result<Reply, RpcFault>) -> bool {
    result.as_ref().map_or(true, holds_none)
}

fn holds_none(reply: &Reply) -> bool {
    match reply {
        Reply::None => true,
        Reply::List(items) => items.iter().any(holds_none),
        Reply::Struct(members) => members.iter().any(|(_, value)| holds_none(value)),
        _ => false,
    }
}

fn write_fault(fault: &RpcFault, out: &mut String) {
    let text = if fault.code() == 1 { fault.traceback() } else { fault.message.clone() };
    out.push_str("<fault>\n");
    let members = vec![
        ("faultCode".to_owned(), Reply::int(fault.code())),
        ("faultString".to_owned(), Reply::Text(text)),
    ];
    write(&Reply::Struct(members), out);
    out.push_str("</fault>\n");
}

fn write(reply: &Reply, out: &mut String) {
    out.push_str("<value>");
    match reply {
        Reply::None => out.push_str("<nil/>"),
        Reply::Bool(flag) => out.push_str(&format!("<boolean>{}</boolean>", u8::from(*flag))),
        Reply::Number(text) if is_no_number(text) => {
            let repr = text.to_lowercase().replace("infinity", "inf");
            out.push_str(&format!("<double>{repr}</double>"));
        }
        Reply::Number(text) if is_float(text) => out.push_str(&format!("<double>{text}</double>")),
        Reply::Number(text) => out.push_str(&format!("<int>{text}</int>")),
        Reply::Text(text) => {
            out.push_str("<string>");
            write_text(text, out);
            out.push_str("</string>");
        }
        Reply::List(items) => {
            out.push_str("<array><data>\n");
            items.iter().for_each(|item| write(item, out));
            out.push_str("</data></array>");
        }
        Reply::Struct(members) => {
            out.push_str("<struct>\n");
            members.iter().for_each(|(name, value)| write_member(name, value, out));
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>\n");
}

fn write_member(name: &str, value: &Reply, out: &mut String) {
    out.push_str("<member>\n<name>");
    write_text(name, out);
    out.push_str("</name>\n");
    write(value, out);
    out.push_str("</member>\n");
}

/// Odoo drops the control characters XML cannot hold, and sends U+FFFE and U+FFFF although it cannot hold them either.
fn write_text(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(character),
            c if (c as u32) < 0x20 => {}
            c => out.push(c),
        }
    }
}
