//! Reads XML-RPC answers into the same values that JSON-RPC gives.
//!
//! Text stays as it was sent: line ends are not normalised and control characters
//! pass, because Odoo writes them raw and JSON-RPC would show them too.

use std::str::FromStr;

use quick_xml::Error as XmlError;
use quick_xml::Reader;
use quick_xml::errors::IllFormedError;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Number, Value};

use super::fault::Fault;
use super::rpc::Trouble;

/// How deep values may lie in each other, as in serde_json. The reader is recursive.
const MAX_DEPTH: usize = 128;

/// The result of a `methodResponse`, or its fault.
pub(super) fn response(body: &[u8]) -> Result<Value, Trouble> {
    let mut parser = Parser::new(body)?;
    parser.open("methodResponse")?;
    let first = parser.start()?;
    match first.as_str() {
        "params" => {
            parser.open("param")?;
            let value = parser.whole_value()?;
            parser.close(&["param", "params", "methodResponse"])?;
            Ok(value)
        }
        "fault" => {
            let fault = parser.whole_value()?;
            parser.close(&["fault", "methodResponse"])?;
            Err(Trouble::Fault(Fault::from_xml(&fault)))
        }
        other => Err(surprise(&format!("<{other}>"))),
    }
}

/// The method and the arguments of a `methodCall`.
#[cfg(test)]
pub(super) fn call(body: &[u8]) -> Result<(String, Vec<Value>), Trouble> {
    let mut parser = Parser::new(body)?;
    parser.open("methodCall")?;
    parser.open("methodName")?;
    let method = parser.text("methodName")?;
    parser.open("params")?;
    let mut args = Vec::new();
    while parser.start_or_end("params")?.is_some() {
        args.push(parser.whole_value()?);
        parser.close(&["param"])?;
    }
    Ok((method, args))
}

fn surprise(what: &str) -> Trouble {
    Trouble::Garbage(format!("no XML-RPC: unexpected {what}"))
}

struct Parser<'a> {
    reader: Reader<&'a [u8]>,
}

impl<'a> Parser<'a> {
    fn new(body: &'a [u8]) -> Result<Self, Trouble> {
        let text = std::str::from_utf8(body).map_err(|e| match e.error_len() {
            None => Trouble::Cut,
            Some(_) => Trouble::Garbage("no UTF-8".into()),
        })?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        Ok(Parser { reader })
    }

    /// The next event that means something. The end of the text is always too early.
    fn next(&mut self) -> Result<Event<'a>, Trouble> {
        loop {
            match self.reader.read_event().map_err(|e| broken(&e))? {
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
                Event::Eof => return Err(Trouble::Cut),
                event => return Ok(event),
            }
        }
    }

    /// The next tag, past white space.
    fn tag(&mut self) -> Result<Event<'a>, Trouble> {
        loop {
            match self.next()? {
                Event::Text(text) if text.trim().is_empty() => {}
                event @ (Event::Start(_) | Event::End(_)) => return Ok(event),
                _ => return Err(surprise("text between tags")),
            }
        }
    }

    /// The name of the start tag that must come next.
    fn start(&mut self) -> Result<String, Trouble> {
        match self.tag()? {
            Event::Start(tag) => Ok(tag.name().as_ref().to_string()),
            _ => Err(surprise("end tag")),
        }
    }

    /// A start tag's name, or `None` for the end of `outer`.
    fn start_or_end(&mut self, outer: &str) -> Result<Option<String>, Trouble> {
        match self.tag()? {
            Event::Start(tag) => Ok(Some(tag.name().as_ref().to_string())),
            Event::End(tag) if tag.name().as_ref() == outer => Ok(None),
            _ => Err(surprise("end tag")),
        }
    }

    fn open(&mut self, name: &str) -> Result<(), Trouble> {
        match self.start()? {
            found if found == name => Ok(()),
            found => Err(surprise(&format!("<{}>", short(&found)))),
        }
    }

    fn close(&mut self, names: &[&str]) -> Result<(), Trouble> {
        for name in names {
            if self.start_or_end(name)?.is_some() {
                return Err(surprise("start tag"));
            }
        }
        Ok(())
    }

    fn whole_value(&mut self) -> Result<Value, Trouble> {
        self.open("value")?;
        self.value(0)
    }

    /// The inside of `<value>` up to its end tag. Bare text is a string.
    fn value(&mut self, depth: usize) -> Result<Value, Trouble> {
        if depth > MAX_DEPTH {
            return Err(surprise("depth of values"));
        }
        let mut bare = String::new();
        loop {
            match self.next()? {
                Event::Start(tag) if bare.trim().is_empty() => {
                    let value = self.typed(tag.name().as_ref(), depth)?;
                    self.close(&["value"])?;
                    return Ok(value);
                }
                Event::End(_) => return Ok(Value::String(bare)),
                event => append(&mut bare, &event)?,
            }
        }
    }

    fn typed(&mut self, kind: &str, depth: usize) -> Result<Value, Trouble> {
        match kind {
            "array" => self.array(depth),
            "struct" => self.structure(depth),
            "nil" | "ex:nil" => self.text(kind).map(|_| Value::Null),
            "string" | "dateTime.iso8601" => self.text(kind).map(Value::String),
            "base64" => self.text(kind).map(|text| Value::String(text.split_whitespace().collect())),
            "boolean" => boolean(self.text(kind)?.trim()),
            "int" | "i1" | "i2" | "i4" | "i8" | "bigint" | "biginteger" => whole(self.text(kind)?.trim()),
            "double" | "float" | "bigdecimal" => decimal(self.text(kind)?.trim()),
            other => Err(surprise(&format!("type <{}>", short(other)))),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Trouble> {
        self.open("data")?;
        let mut items = Vec::new();
        while let Some(tag) = self.start_or_end("data")? {
            must_be(&tag, "value")?;
            items.push(self.value(depth + 1)?);
        }
        self.close(&["array"])?;
        Ok(Value::Array(items))
    }

    fn structure(&mut self, depth: usize) -> Result<Value, Trouble> {
        let mut members = Map::new();
        while let Some(tag) = self.start_or_end("struct")? {
            must_be(&tag, "member")?;
            self.open("name")?;
            let name = self.text("name")?;
            self.open("value")?;
            members.insert(name, self.value(depth + 1)?);
            self.close(&["member"])?;
        }
        Ok(Value::Object(members))
    }

    /// The text up to the end tag of `outer`, which must hold no tag.
    fn text(&mut self, outer: &str) -> Result<String, Trouble> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Event::End(tag) if tag.name().as_ref() == outer => return Ok(text),
                event => append(&mut text, &event)?,
            }
        }
    }
}

/// quick-xml splits a text at each entity and each CDATA section.
fn append(text: &mut String, event: &Event<'_>) -> Result<(), Trouble> {
    match event {
        Event::Text(part) => text.push_str(part),
        Event::CData(part) => text.push_str(part),
        Event::GeneralRef(entity) => text.push(character(entity)?),
        _ => return Err(surprise("tag in a text")),
    }
    Ok(())
}

fn character(entity: &BytesRef<'_>) -> Result<char, Trouble> {
    match entity.resolve_char_ref() {
        Ok(Some(c)) => return Ok(c),
        Ok(None) => {}
        Err(_) => return Err(surprise("character reference")),
    }
    match &**entity {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(surprise("entity")),
    }
}

fn boolean(text: &str) -> Result<Value, Trouble> {
    match text {
        "0" => Ok(Value::Bool(false)),
        "1" => Ok(Value::Bool(true)),
        _ => Err(surprise("boolean")),
    }
}

/// A whole number of any size: Python writes them all as `<int>`.
fn whole(text: &str) -> Result<Value, Trouble> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(surprise("whole number"));
    }
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    number(&format!("{sign}{digits}"))
}

/// Python's `repr` of a float: its text is kept. No numbers become the words that
/// PostgreSQL reads, as in JSON.
fn decimal(text: &str) -> Result<Value, Trouble> {
    match text {
        "nan" | "NaN" => Ok("NaN".into()),
        "inf" | "Infinity" => Ok("Infinity".into()),
        "-inf" | "-Infinity" => Ok("-Infinity".into()),
        other => number(other.strip_prefix('+').unwrap_or(other)),
    }
}

fn number(text: &str) -> Result<Value, Trouble> {
    Number::from_str(text).map(Value::Number).map_err(|_| surprise("number"))
}

fn must_be(found: &str, wanted: &str) -> Result<(), Trouble> {
    if found == wanted { Ok(()) } else { Err(surprise(&format!("<{}>", short(found)))) }
}

/// A tag's name, as far as it can be one.
fn short(name: &str) -> String {
    name.chars().take(20).collect()
}

/// Every syntax error of quick-xml is an end that comes too early.
fn broken(error: &XmlError) -> Trouble {
    match error {
        XmlError::Syntax(_) | XmlError::IllFormed(IllFormedError::UnclosedReference) => Trouble::Cut,
        _ => Trouble::Garbage("no well-formed XML".into()),
    }
}
