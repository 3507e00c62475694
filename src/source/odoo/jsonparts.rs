//! Finds the parts of a result in a JSON answer that is still arriving.
//!
//! Only brackets, commas and quotes are looked at here. Each part is read strictly by whoever takes it, and
//! in what remains of the answer, its frame, a `0` stands for each part: the frame is read strictly as well,
//! so that nothing passes that is no JSON.

use serde_json::value::RawValue;

use super::fault::Fault;
use super::jsonrpc::{broken, quote_nan};
use super::parts::{Counted, ENVELOPE, Halt, Long, Shape, put};
use super::raw;
use super::rpc::Trouble;

/// The member of the envelope that holds the result.
const RESULT: &[u8] = b"\"result\"";

pub(super) struct JsonParts<'p> {
    counted: Counted<'p>,
    /// Whether the result lies in an envelope, else it is the answer itself.
    has_envelope: bool,
    frame: Vec<u8>,
    part: Vec<u8>,
    depth: usize,
    place: Place,
    in_string: bool,
    /// Whether the next character of the string is escaped.
    escaped: bool,
    /// Where the last string of the envelope begins and ends in the frame.
    last_string: (usize, usize),
    /// Whether something looks like a word that only Python writes.
    has_words: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    /// Within the list or structure whose parts are handed on; its parts lie at this depth.
    Inside {
        depth: usize,
        is_structure: bool,
    },
    Behind,
}

impl<'p> JsonParts<'p> {
    pub(super) fn new(counted: Counted<'p>, has_envelope: bool) -> Self {
        JsonParts {
            counted,
            has_envelope,
            frame: Vec::new(),
            part: Vec::new(),
            depth: 0,
            place: Place::Before,
            in_string: false,
            escaped: false,
            last_string: (0, 0),
            has_words: false,
        }
    }

    /// The next bytes of the answer.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        let mut rest = bytes;
        while let Some((&first, behind)) = rest.split_first() {
            let plain = rest.iter().position(|byte| self.has_meaning(*byte)).unwrap_or(rest.len());
            if let Some((run, behind)) = rest.split_at_checked(plain).filter(|(run, _)| !run.is_empty()) {
                self.keep(run)?;
                rest = behind;
                continue;
            }
            match self.in_string {
                true => self.in_string(first)?,
                false => self.token(first)?,
            }
            rest = behind;
        }
        Ok(())
    }

    fn has_meaning(&self, byte: u8) -> bool {
        match self.in_string {
            true => self.escaped || matches!(byte, b'"' | b'\\'),
            false => matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b'N' | b'I'),
        }
    }

    fn in_string(&mut self, byte: u8) -> Result<(), Halt> {
        self.keep(&[byte])?;
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_string = false;
                self.last_string.1 = self.frame.len();
            }
            _ => {}
        }
        Ok(())
    }

    fn token(&mut self, byte: u8) -> Result<(), Halt> {
        match byte {
            b'"' => {
                self.in_string = true;
                self.last_string.0 = self.frame.len();
            }
            b'N' | b'I' => self.has_words = true,
            b'{' | b'[' => {
                self.depth += 1;
                if self.opens_the_result()? {
                    self.frame(&[byte])?;
                    self.place = Place::Inside { depth: self.depth, is_structure: byte == b'{' };
                    return Ok(());
                }
            }
            b',' if self.is_between_parts() => {
                self.end_part()?;
                return self.frame(b",");
            }
            b'}' | b']' => {
                if self.is_between_parts() {
                    self.end_part()?;
                    self.place = Place::Behind;
                }
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        self.keep(&[byte])
    }

    /// Whether the bracket that was just counted begins the result.
    fn opens_the_result(&self) -> Result<bool, Halt> {
        let before = self.frame.trim_ascii_end();
        let name = self.frame.get(self.last_string.0..self.last_string.1);
        let is_result = match self.has_envelope {
            true => self.depth == 2 && before.ends_with(b":") && name == Some(RESULT),
            false => self.depth == 1,
        };
        match self.place {
            Place::Inside { .. } => Ok(false),
            Place::Behind if is_result => Err(Trouble::Garbage("two results".into()).into()),
            _ => Ok(is_result),
        }
    }

    fn is_between_parts(&self) -> bool {
        matches!(self.place, Place::Inside { depth, .. } if depth == self.depth)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        if !matches!(self.place, Place::Inside { .. }) {
            return self.frame(bytes);
        }
        if !self.part.is_empty() {
            return self.counted.extend(&mut self.part, bytes);
        }
        // Narrower than `trim_ascii_start`: a form feed is no space of JSON.
        let space = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        let Some(bytes) = bytes.get(space..).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        self.counted.begin()?;
        if matches!(self.place, Place::Inside { is_structure: true, .. }) {
            self.part.push(b'{');
        }
        self.counted.extend(&mut self.part, bytes)
    }

    /// Puts more to the frame. Of what is too long it matters whether it is JSON at all.
    fn frame(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        let halt = match put(&mut self.frame, bytes, Long::Frame, ENVELOPE) {
            Ok(()) => return Ok(()),
            Err(halt) => halt,
        };
        match serde_json::from_slice::<&RawValue>(&self.frame).map_err(|e| broken(&e)) {
            Err(Trouble::Garbage(why)) => Err(Trouble::Garbage(why).into()),
            _ => Err(halt),
        }
    }

    fn end_part(&mut self) -> Result<(), Halt> {
        let Place::Inside { is_structure, .. } = self.place else { return Ok(()) };
        if self.part.is_empty() {
            return Ok(());
        }
        if is_structure {
            self.part.push(b'}');
        }
        self.frame(if is_structure { b"\"\":0" } else { b"0" })?;
        let part = if self.has_words { quote_nan(&self.part) } else { self.part.as_slice().into() };
        let text = std::str::from_utf8(&part).map_err(|_| Trouble::Garbage("no UTF-8".into()))?;
        self.counted.end(text)?;
        self.part.clear();
        Ok(())
    }

    /// The answer is whole: what its result is, unless it holds an error or is that to another request.
    pub(super) fn finish(self, id: u64) -> Result<Shape, Trouble> {
        let frame = if self.has_words { quote_nan(&self.frame) } else { self.frame.as_slice().into() };
        let whole: &RawValue = serde_json::from_slice(&frame).map_err(|e| broken(&e))?;
        raw::check(whole.get()).map_err(|e| broken(&e))?;
        if !self.has_envelope {
            return Ok(Shape::of(whole.get()));
        }
        result(whole.get(), id)
    }
}

/// What the result of an envelope is.
fn result(envelope: &str, id: u64) -> Result<Shape, Trouble> {
    if Shape::of(envelope) != Shape::Structure {
        return Err(Trouble::Garbage("JSON, but no object".into()));
    }
    let (mut error, mut answers, mut shape) = (None, false, Shape::Other);
    let read = raw::members(envelope, |name, value| match &*name {
        "error" => error = Some(value),
        "id" => answers = value == id.to_string(),
        "result" => shape = Shape::of(value),
        _ => {}
    });
    read.map_err(|e| broken(&e))?;
    match error {
        Some(error) => Err(Trouble::Fault(Fault::from_text(error))),
        None if !answers => Err(Trouble::Garbage("the answer to another request".into())),
        None => Ok(shape),
    }
}
