//! Looks into JSON text without making a tree of it: a tree takes up to 80 times the bytes of its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Text that is no JSON.
pub(super) type Broken = serde_json::Error;

/// A structure's members in their order: name, and the text of the value without white space around it.
pub(super) fn members<'a>(text: &'a str, each: impl FnMut(Cow<'a, str>, &'a str)) -> Result<(), Broken> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(Members(each))?;
    reader.end()
}

/// A list's items in their order, as text without white space around it.
pub(super) fn items<'a>(text: &'a str, each: impl FnMut(&'a str)) -> Result<(), Broken> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_seq(Items(each))?;
    reader.end()
}

/// The whole value, without white space around it.
pub(super) fn value(text: &str) -> Result<&str, Broken> {
    serde_json::from_str::<&RawValue>(text).map(RawValue::get)
}

/// The text that a JSON string stands for, or `None` where `text` is none or holds half a surrogate pair.
/// Needs no second buffer, for a value may be long.
pub(super) fn string(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.to_string());
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let (character, behind) = escaped(escape)?;
        out.push(character);
        rest = behind;
    }
    out.push_str(rest);
    out.shrink_to_fit();
    Some(out)
}

/// The character of an escape behind its backslash, and what follows.
fn escaped(text: &str) -> Option<(char, &str)> {
    let (letter, rest) = text.split_at_checked(1)?;
    let character = match letter {
        "\"" | "\\" | "/" => letter.chars().next()?,
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return unicode(rest),
        _ => return None,
    };
    Some((character, rest))
}

/// Four hexadecimal digits, or twice as many for what lies beyond 16 bits.
fn unicode(text: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(text)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, rest));
    }
    let (second, rest) = unit(rest.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = if is_hex { u16::from_str_radix(digits, 16).ok() } else { None };
    unit.map(|unit| (unit, rest))
}

/// The text without white space between its tokens.
pub(super) fn compact(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let stays = |c: &char| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' | '\n' | '\r' => return quoted,
            _ => {}
        }
        true
    };
    text.chars().filter(stays).collect()
}

struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a structure")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            (self.0)(name, map.next_value::<&RawValue>()?.get());
        }
        Ok(())
    }
}

struct Items<F>(F);

impl<'de, F: FnMut(&'de str)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            (self.0)(item.get());
        }
        Ok(())
    }
}

/// A member's name, which is part of the text unless something in it is escaped.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_string())))
    }
}

/// What a walk through a whole value finds: every text and every number.
pub(super) trait Seen {
    /// A text, or the name of a member.
    fn text(&mut self, text: &str);
    /// A number as it is written.
    fn number(&mut self, number: &str);
}

/// Reads a value to its end, nested at most as deep as `serde_json` reads.
pub(super) fn walk(text: &str, seen: &mut dyn Seen) -> Result<(), Broken> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_any(Walk(seen))?;
    reader.end()
}

/// Fails where a value is no JSON that `serde_json` would read.
pub(super) fn check(text: &str) -> Result<(), Broken> {
    walk(text, &mut Nothing)
}

struct Nothing;

impl Seen for Nothing {
    fn text(&mut self, _: &str) {}

    fn number(&mut self, _: &str) {}
}

/// Under this name `serde_json` hands out a number that keeps its text.
const NUMBER: &str = "$serde_json::private::Number";

struct Walk<'s>(&'s mut dyn Seen);

impl<'de> serde::de::DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.number(&number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.number(&number.to_string());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            if name == NUMBER {
                // A member of this name that holds no number is no value for `serde_json` either.
                let number: String = map.next_value()?;
                if number.parse::<serde_json::Number>().is_err() {
                    return Err(A::Error::custom("no number"));
                }
                self.0.number(&number);
                continue;
            }
            self.0.text(&name);
            map.next_value_seed(Walk(&mut *self.0))?;
        }
        Ok(())
    }
}
