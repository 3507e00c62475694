//! Takes a result apart while it arrives, so that no answer is ever held as a whole.

use super::rpc::Trouble;
use super::settings::Settings;
use crate::error::{Error, Kind};

/// The most bytes of an answer besides its records: the envelope, or the text of a fault.
pub(super) const ENVELOPE: usize = 1024 * 1024;

/// What to do about a record that is too long.
const LARGE: &str =
    "set erp_sync.max_response_bytes = '128MB', or leave its large column out of the manifest";

/// Takes the parts of a result, one after the other, as JSON text: the items of a list, or the members of
/// a structure, each as a structure of its own.
pub(super) trait Parts {
    /// One part.
    fn part(&mut self, json: &str) -> Result<(), Halt>;
}

impl<F: FnMut(&str) -> Result<(), Halt>> Parts for F {
    fn part(&mut self, json: &str) -> Result<(), Halt> {
        self(json)
    }
}

/// How much a result may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Bytes of the whole answer, unpacked, where it is less than `erp_sync.max_response_bytes`.
    pub(super) answer: Option<usize>,
    /// Bytes of one part.
    pub(super) part: usize,
    /// Number of parts.
    pub(super) parts: usize,
}

impl Allowance {
    /// For what a remote tells about itself: the largest real ones have some 1,500 parts in 300 KB.
    pub(super) const LISTING: Allowance =
        Allowance { answer: Some(8 * 1024 * 1024), part: 64 * 1024, parts: 20_000 };
}

/// Why reading stopped before the end of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Halt {
    /// The answer is none.
    Trouble(Trouble),
    /// There are more parts than this, which were asked for.
    TooMany(usize),
    /// Something is longer than so many bytes.
    TooLong(Long, usize),
}

/// What can be too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Long {
    /// What stands around the records.
    Frame,
    Record,
    /// What has to be kept of all records.
    Page,
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        Halt::Trouble(trouble)
    }
}

/// What a result is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    List,
    Structure,
    Other,
}

impl Shape {
    /// By the first character of its JSON text.
    pub(super) fn of(json: &str) -> Self {
        match json.trim_start().chars().next() {
            Some('[') => Shape::List,
            Some('{') => Shape::Structure,
            _ => Shape::Other,
        }
    }
}

/// Hands parts on and sees to it that they stay within what is allowed.
pub(super) struct Counted<'p> {
    parts: &'p mut dyn Parts,
    allowance: Allowance,
    begun: usize,
}

impl<'p> Counted<'p> {
    pub(super) fn new(parts: &'p mut dyn Parts, allowance: Allowance) -> Self {
        Counted { parts, allowance, begun: 0 }
    }

    /// The longest answer, where it is less than what the settings allow.
    pub(super) fn longest_answer(&self) -> Option<usize> {
        self.allowance.answer
    }

    /// A further part begins.
    pub(super) fn begin(&mut self) -> Result<(), Halt> {
        if self.begun >= self.allowance.parts {
            return Err(Halt::TooMany(self.allowance.parts));
        }
        self.begun += 1;
        Ok(())
    }

    /// Puts more bytes to a part.
    pub(super) fn extend(&self, part: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Halt> {
        put(part, bytes, Long::Record, self.allowance.part)
    }

    /// The longest part.
    pub(super) fn longest(&self) -> usize {
        self.allowance.part
    }

    /// A part is whole.
    pub(super) fn end(&mut self, json: &str) -> Result<(), Halt> {
        self.parts.part(json)
    }
}

/// Puts bytes to what may hold `most`.
pub(super) fn put(out: &mut Vec<u8>, bytes: &[u8], what: Long, most: usize) -> Result<(), Halt> {
    if out.len() + bytes.len() > most {
        return Err(Halt::TooLong(what, most));
    }
    out.extend_from_slice(bytes);
    Ok(())
}

impl Halt {
    /// The error a person sees.
    pub(super) fn into_error(self, settings: &Settings) -> Error {
        let server = &settings.server;
        let too_long = |kind, what: &str, most: usize| {
            Error::new(kind, format!("{what} of \"{server}\" is longer than {most} bytes"))
                .detail("the rest was not read")
        };
        match self {
            Halt::Trouble(_) => Error::new(Kind::BadAnswer, format!("the answer of \"{server}\" is none")),
            Halt::TooMany(most) if most == Allowance::LISTING.parts => {
                Error::new(Kind::BadAnswer, format!("\"{server}\" sent a list of more than {most} parts"))
                    .detail("the rest was not read")
            }
            Halt::TooMany(asked) => Error::new(
                Kind::BadAnswer,
                format!("\"{server}\" sent more than the {asked} rows that were asked for"),
            )
            .detail("the rest was not read"),
            Halt::TooLong(Long::Frame, most) => {
                too_long(Kind::BadAnswer, "what stands around the records in an answer", most)
            }
            Halt::TooLong(Long::Record, most) => too_long(Kind::TooLarge, "a record", most).hint(LARGE),
            Halt::TooLong(Long::Page, most) => too_long(Kind::TooLarge, "a page", most),
        }
    }
}
