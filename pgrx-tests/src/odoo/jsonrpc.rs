//! JSON-RPC 2.0 as Odoo speaks it at `/jsonrpc`.

use serde_json::Value;

use super::face::Face;
use super::fault::RpcFault;
use super::reply::Reply;

/// A request's envelope; `call` is what it asks for, or what is wrong with its `params`.
pub(super) struct Envelope {
    pub(super) id: Value,
    pub(super) call: Result<Rpc, RpcFault>,
}

/// One call of a service, of either protocol.
pub(super) struct Rpc {
    pub(super) service: String,
    pub(super) method: String,
    pub(super) args: Vec<Value>,
}

/// Reads a request; `None` is a body that is no JSON object.
pub(super) fn read(body: &[u8]) -> Option<Envelope> {
    let request: Value = serde_json::from_slice(body).ok()?;
    let request = request.as_object()?;
    let id = request.get("id").cloned().unwrap_or(Value::Null);
    Some(Envelope { id, call: params(request.get("params")) })
}

fn params(params: Option<&Value>) -> Result<Rpc, RpcFault> {
    let get = |name: &str| params.and_then(|params| params.get(name));
    let missing: Vec<_> =
        ["service", "method", "args"].into_iter().filter(|name| get(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(missing_params(&missing));
    }
    let text = |name: &str| get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let args = get("args").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Rpc { service: text("service"), method: text("method"), args })
}

fn missing_params(names: &[&str]) -> RpcFault {
    let quoted: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
    let list = match quoted.as_slice() {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        _ => format!("{}, and {}", quoted[..quoted.len() - 1].join(", "), quoted[quoted.len() - 1]),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    let count = names.len();
    RpcFault::type_error(format!(
        "RPC.jsonrpc() missing {count} required positional argument{plural}: {list}"
    ))
}

/// The body of an answer. A method that returns nothing has no `result` member.
pub(super) fn answer(face: Face, id: &Value, result: &Result<Reply, RpcFault>) -> Vec<u8> {
    let mut members = vec![("jsonrpc".to_owned(), Reply::text("2.0")), ("id".to_owned(), Reply::from(id))];
    match result {
        Ok(Reply::None) => {}
        Ok(reply) => members.push(("result".to_owned(), reply.clone())),
        Err(fault) => members.push(("error".to_owned(), error(face, fault))),
    }
    let mut out = String::new();
    write(&Reply::Struct(members), &mut out);
    out.into_bytes()
}

fn error(face: Face, fault: &RpcFault) -> Reply {
    let object = |members: Vec<(&str, Reply)>| {
        Reply::Struct(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let data = object(vec![
        ("name", Reply::text(&fault.name)),
        ("debug", Reply::text(fault.traceback())),
        ("message", Reply::text(&fault.message)),
        ("arguments", Reply::List(vec![Reply::text(&fault.message)])),
        ("context", object(Vec::new())),
    ]);
    object(vec![
        ("code", Reply::int(face.error_code())),
        ("message", Reply::text("Odoo Server Error")),
        ("data", data),
    ])
}

/// Writes as Python's `json.dumps(ensure_ascii=False)` does: blanks after `,` and `:`, control characters escaped.
pub(super) fn write(reply: &Reply, out: &mut String) {
    match reply {
        Reply::None => out.push_str("null"),
        Reply::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Reply::Number(text) => out.push_str(text),
        Reply::Text(text) => write_text(text, out),
        Reply::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Reply::Struct(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write_text(name, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
