//! Reads XML-RPC answers into the JSON that JSON-RPC gives for the same values.
//!
//! Text stays as it was sent: line ends are not normalised and control characters
//! pass, because Odoo writes them raw and JSON-RPC would show them too.

use std::str::FromStr;

use quick_xml::Error as XmlError;
use quick_xml::Reader;
use quick_xml::errors::IllFormedError;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Number, Value};

use super::fault::Fault;
use super::rpc::Trouble;

/// How deep values may lie in each other: `serde_json`, which reads what is written here, goes down to 127.
/// The reader is recursive.
const MAX_DEPTH: usize = 120;

/// How much of a text is written at once.
const PIECE: usize = 4096;

/// How many times longer JSON may be than the same in XML: a control character takes six bytes.
const GROWTH: usize = 6;

/// The result of a short `methodResponse`, or its fault. Long ones: `xmlparts.rs`.
pub(super) fn response(body: &[u8]) -> Result<Value, Trouble> {
    tree(&result(body)?)
}

/// The result of a `methodResponse` as JSON text, or its fault.
pub(super) fn result(body: &[u8]) -> Result<String, Trouble> {
    let mut parser = Parser::new(body, body.len().saturating_mul(GROWTH))?;
    parser.open("methodResponse")?;
    let first = parser.start()?;
    match first.as_str() {
        "params" => {
            parser.open("param")?;
            parser.whole_value()?;
            parser.close(&["param", "params", "methodResponse"])?;
            parser.json()
        }
        "fault" => {
            parser.whole_value()?;
            parser.close(&["fault", "methodResponse"])?;
            Err(Trouble::Fault(Fault::from_xml(&tree(&parser.json()?)?)))
        }
        other => Err(surprise(&format!("<{other}>"))),
    }
}

/// One `<value>` as JSON text of at most `most` bytes, or `None` where it is longer.
pub(super) fn value(element: &[u8], most: usize) -> Result<Option<String>, Trouble> {
    whole(element, most, |parser| parser.whole_value())
}

/// One `<member>` of a structure, as a structure of its own.
pub(super) fn member(element: &[u8], most: usize) -> Result<Option<String>, Trouble> {
    whole(element, most, |parser| {
        parser.open("member")?;
        parser.out.push(b'{');
        parser.member(0)?;
        parser.out.push(b'}');
        Ok(())
    })
}

fn whole(
    element: &[u8],
    most: usize,
    read: impl FnOnce(&mut Parser<'_>) -> Result<(), Trouble>,
) -> Result<Option<String>, Trouble> {
    let mut parser = Parser::new(element, most)?;
    match read(&mut parser) {
        Ok(()) => parser.json().map(Some),
        Err(_) if parser.is_full => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn tree(json: &str) -> Result<Value, Trouble> {
    serde_json::from_str(json).map_err(|_| surprise("depth of values"))
}

/// The method and the arguments of a `methodCall`.
#[cfg(test)]
pub(super) fn call(body: &[u8]) -> Result<(String, Vec<Value>), Trouble> {
    let mut parser = Parser::new(body, usize::MAX)?;
    parser.open("methodCall")?;
    parser.open("methodName")?;
    let method = parser.text("methodName")?;
    parser.open("params")?;
    let mut args = Vec::new();
    while parser.start_or_end("params")?.is_some() {
        parser.whole_value()?;
        args.push(tree(std::str::from_utf8(&std::mem::take(&mut parser.out)).unwrap())?);
        parser.close(&["param"])?;
    }
    Ok((method, args))
}

fn surprise(what: &str) -> Trouble {
    Trouble::Garbage(format!("no XML-RPC: unexpected {what}"))
}

/// Writes the values that it reads as JSON.
struct Parser<'a> {
    reader: Reader<&'a [u8]>,
    out: Vec<u8>,
    most: usize,
    /// Whether reading ended because there was more to write than `most` bytes.
    is_full: bool,
}

impl<'a> Parser<'a> {
    fn new(body: &'a [u8], most: usize) -> Result<Self, Trouble> {
        let text = std::str::from_utf8(body).map_err(|e| match e.error_len() {
            None => Trouble::Cut,
            Some(_) => Trouble::Garbage("no UTF-8".into()),
        })?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        Ok(Parser { reader, out: Vec::new(), most, is_full: false })
    }

    fn json(self) -> Result<String, Trouble> {
        String::from_utf8(self.out).map_err(|_| surprise("text"))
    }

    fn write(&mut self, json: &[u8]) -> Result<(), Trouble> {
        if self.out.len() + json.len() > self.most {
            self.is_full = true;
            return Err(surprise("length"));
        }
        self.out.extend_from_slice(json);
        Ok(())
    }

    /// In pieces, for control characters grow sixfold.
    fn write_text(&mut self, text: &str) -> Result<(), Trouble> {
        self.write(b"\"")?;
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            let quoted = serde_json::to_string(piece).map_err(|_| surprise("text"))?;
            self.write(quoted.as_bytes().get(1..quoted.len() - 1).unwrap_or_default())?;
            rest = behind;
        }
        self.write(b"\"")
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

    fn whole_value(&mut self) -> Result<(), Trouble> {
        self.open("value")?;
        self.value(0)
    }

    /// The inside of `<value>` up to its end tag. Bare text is a string.
    fn value(&mut self, depth: usize) -> Result<(), Trouble> {
        if depth > MAX_DEPTH {
            return Err(surprise("depth of values"));
        }
        let mut bare = String::new();
        loop {
            match self.next()? {
                Event::Start(tag) if bare.trim().is_empty() => {
                    self.typed(tag.name().as_ref(), depth)?;
                    return self.close(&["value"]);
                }
                Event::End(_) => return self.write_text(&bare),
                event => append(&mut bare, &event)?,
            }
        }
    }

    fn typed(&mut self, kind: &str, depth: usize) -> Result<(), Trouble> {
        match kind {
            "array" => return self.array(depth),
            "struct" => return self.structure(depth),
            _ => {}
        }
        let text = match kind {
            "nil" | "ex:nil" | "string" | "dateTime.iso8601" | "base64" | "boolean" | "int" | "i1" | "i2"
            | "i4" | "i8" | "bigint" | "biginteger" | "double" | "float" | "bigdecimal" => self.text(kind)?,
            other => return Err(surprise(&format!("type <{}>", short(other)))),
        };
        match kind {
            "nil" | "ex:nil" => self.write(b"null"),
            "string" | "dateTime.iso8601" => self.write_text(&text),
            "base64" => self.write_text(&text.split_whitespace().collect::<String>()),
            "boolean" => self.write(boolean(text.trim())?.as_bytes()),
            "double" | "float" | "bigdecimal" => self.write(decimal(text.trim())?.as_bytes()),
            _ => self.write(integer(text.trim())?.as_bytes()),
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Trouble> {
        self.open("data")?;
        self.write(b"[")?;
        let mut separator: &[u8] = b"";
        while let Some(tag) = self.start_or_end("data")? {
            must_be(&tag, "value")?;
            self.write(separator)?;
            self.value(depth + 1)?;
            separator = b",";
        }
        self.write(b"]")?;
        self.close(&["array"])
    }

    fn structure(&mut self, depth: usize) -> Result<(), Trouble> {
        self.write(b"{")?;
        let mut separator: &[u8] = b"";
        while let Some(tag) = self.start_or_end("struct")? {
            must_be(&tag, "member")?;
            self.write(separator)?;
            self.member(depth)?;
            separator = b",";
        }
        self.write(b"}")
    }

    /// The inside of `<member>` up to its end tag.
    fn member(&mut self, depth: usize) -> Result<(), Trouble> {
        self.open("name")?;
        let name = self.text("name")?;
        self.write_text(&name)?;
        self.write(b":")?;
        self.open("value")?;
        self.value(depth + 1)?;
        self.close(&["member"])
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

fn boolean(text: &str) -> Result<&'static str, Trouble> {
    match text {
        "0" => Ok("false"),
        "1" => Ok("true"),
        _ => Err(surprise("boolean")),
    }
}

/// A whole number of any size: Python writes them all as `<int>`.
fn integer(text: &str) -> Result<String, Trouble> {
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
fn decimal(text: &str) -> Result<String, Trouble> {
    match text {
        "nan" | "NaN" => Ok("\"NaN\"".into()),
        "inf" | "Infinity" => Ok("\"Infinity\"".into()),
        "-inf" | "-Infinity" => Ok("\"-Infinity\"".into()),
        other => number(other.strip_prefix('+').unwrap_or(other)),
    }
}

fn number(text: &str) -> Result<String, Trouble> {
    Number::from_str(text).map(|number| number.to_string()).map_err(|_| surprise("number"))
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
