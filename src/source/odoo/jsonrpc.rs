//! JSON-RPC as Odoo speaks it on `/jsonrpc`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::fault::Fault;
use super::rpc::{Call, Trouble};

/// Body of a request.
pub(super) fn encode(call: &Call<'_>, id: u64) -> Vec<u8> {
    let params = json!({"service": call.service, "method": call.method, "args": call.args});
    json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": id}).to_string().into_bytes()
}

/// The result in a short answer to request `id`. Numbers keep their text. Long ones: `jsonparts.rs`.
pub(super) fn decode(body: &[u8], id: u64) -> Result<Value, Trouble> {
    let Value::Object(mut answer) = parse(body)? else {
        return Err(Trouble::Garbage("JSON, but no object".into()));
    };
    if let Some(error) = answer.get("error") {
        return Err(Trouble::Fault(Fault::from_json(error)));
    }
    if answer.get("id") != Some(&json!(id)) {
        return Err(Trouble::Garbage("the answer to another request".into()));
    }
    // Odoo leaves the member out when the result is None.
    Ok(answer.remove("result").unwrap_or_default())
}

/// Python's JSON.
pub(super) fn parse(body: &[u8]) -> Result<Value, Trouble> {
    let first = serde_json::from_slice(body);
    let mended = match (&first, quote_nan(body)) {
        (Err(_), Cow::Owned(mended)) => serde_json::from_slice(&mended),
        _ => first,
    };
    mended.map_err(|e| broken(&e))
}

/// What an answer is that cannot be read.
pub(super) fn broken(error: &serde_json::Error) -> Trouble {
    match error.is_eof() {
        true => Trouble::Cut,
        false => Trouble::Garbage(format!("no JSON at line {}, column {}", error.line(), error.column())),
    }
}

/// Python writes `NaN`, `Infinity` and `-Infinity`, which JSON does not know. Puts
/// quotes around them: PostgreSQL reads the same words.
pub(super) fn quote_nan(body: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(b"\"") {
            at += string(rest);
            continue;
        }
        let Some(word) = [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|w| rest.starts_with(w))
        else {
            at += 1;
            continue;
        };
        out.extend_from_slice(body.get(copied..at).unwrap_or_default());
        out.extend([b"\"", word, b"\""].concat());
        at += word.len();
        copied = at;
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Length of the string that `text` begins with, its quotes included.
fn string(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        let value =
            decode(br#"{"id": 1, "result": [7.7700000000000005, 1e-05, 12345678901234567890123.10]}"#, 1);
        assert_eq!(value.unwrap().to_string(), "[7.7700000000000005,1e-05,12345678901234567890123.10]");
    }

    #[test]
    fn what_python_writes_for_no_number_becomes_text() {
        let body = br#"{"id": 1, "result": [NaN, -Infinity, Infinity, "NaN \" NaN", 1.0]}"#;
        let expected = json!(["NaN", "-Infinity", "Infinity", "NaN \" NaN", 1.0]);
        assert_eq!(decode(body, 1).unwrap(), expected);
    }

    #[test]
    fn a_cut_answer_is_told_from_garbage() {
        let whole = br#"{"jsonrpc": "2.0", "id": 1, "result": [{"id": 1, "name": "a"}]}"#;
        for end in 1..whole.len() {
            assert_eq!(decode(&whole[..end], 1), Err(Trouble::Cut), "cut at {end}");
        }
        assert!(matches!(decode(b"<html>", 1), Err(Trouble::Garbage(_))));
        assert!(matches!(decode(b"[]", 1), Err(Trouble::Garbage(_))));
        assert!(matches!(decode(&[0xff, 0xfe], 1), Err(Trouble::Garbage(_))));
    }

    #[test]
    fn the_answer_to_another_request_is_refused() {
        assert!(matches!(decode(br#"{"id": 1, "result": 2}"#, 2), Err(Trouble::Garbage(_))));
    }

    #[test]
    fn a_missing_result_is_null() {
        assert_eq!(decode(br#"{"jsonrpc": "2.0", "id": 1}"#, 1), Ok(Value::Null));
    }
}
