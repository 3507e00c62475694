//! Finds the parts of a result in an XML-RPC answer that is still arriving.
//!
//! Only tags and their nesting are looked at here. Each part is read strictly when it is whole, and in what
//! remains of the answer, its frame, an empty element stands for each part: the frame is read strictly as
//! well, so that nothing passes that is no XML-RPC.

use super::parts::{Counted, ENVELOPE, Halt, Long, Shape, put};
use super::rpc::Trouble;
use super::xmlread;

/// Where the items of a list lie, and where the members of a structure do.
const LIST: [&[u8]; 6] = [b"methodResponse", b"params", b"param", b"value", b"array", b"data"];
const STRUCTURE: [&[u8]; 5] = [b"methodResponse", b"params", b"param", b"value", b"struct"];

pub(super) struct XmlParts<'p> {
    counted: Counted<'p>,
    frame: Vec<u8>,
    part: Vec<u8>,
    /// The part that is being read, with the depth of its own tag.
    inside: Option<(Shape, usize)>,
    depth: usize,
    /// How many of the open elements are those of [`LIST`], and of [`STRUCTURE`], from the outermost on.
    in_list: usize,
    in_structure: usize,
    /// Where the tag, comment or section that is being read began, in what it is kept in.
    markup: Option<usize>,
    /// The quote that a value of an attribute is in.
    quote: Option<u8>,
}

impl<'p> XmlParts<'p> {
    pub(super) fn new(counted: Counted<'p>) -> Self {
        let (frame, part) = (Vec::new(), Vec::new());
        let (inside, markup, quote) = (None, None, None);
        XmlParts { counted, frame, part, inside, depth: 0, in_list: 0, in_structure: 0, markup, quote }
    }

    /// The next bytes of the answer.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = match self.markup {
                None => rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len()),
                Some(_) => rest.iter().position(|byte| self.may_end(*byte)).map_or(rest.len(), |at| at + 1),
            };
            let (run, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            self.keep(run)?;
            rest = behind;
            match self.markup {
                None if !rest.is_empty() => {
                    self.markup = Some(self.kept().len());
                    self.keep(b"<")?;
                    rest = rest.get(1..).unwrap_or_default();
                }
                None => {}
                Some(from) => self.look_for_the_end(from)?,
            }
        }
        Ok(())
    }

    fn may_end(&self, byte: u8) -> bool {
        matches!(byte, b'>' | b'"' | b'\'')
    }

    fn kept(&self) -> &Vec<u8> {
        if self.inside.is_some() { &self.part } else { &self.frame }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        match self.inside {
            Some(_) => self.counted.extend(&mut self.part, bytes),
            None => put(&mut self.frame, bytes, Long::Frame, ENVELOPE),
        }
    }

    /// Looks at the markup that began at `from`, of which the last byte may be the end.
    fn look_for_the_end(&mut self, from: usize) -> Result<(), Halt> {
        let markup = self.kept().get(from..).unwrap_or_default();
        let Some(&last) = markup.last() else { return Ok(()) };
        let end: &[u8] = match markup {
            // The end begins behind the beginning.
            [b'<', b'!', b'-', b'-', ..] if markup.len() < 7 => return Ok(()),
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', b'[', ..] => b"]]>",
            [b'<', b'?', ..] => b"?>",
            _ => return self.look_for_the_end_of_a_tag(from, last),
        };
        if markup.ends_with(end) {
            self.markup = None;
        }
        Ok(())
    }

    fn look_for_the_end_of_a_tag(&mut self, from: usize, last: u8) -> Result<(), Halt> {
        match (self.quote, last) {
            (None, b'"' | b'\'') => self.quote = Some(last),
            (Some(quote), byte) if quote == byte => self.quote = None,
            (None, b'>') => {
                self.markup = None;
                return self.tag(from);
            }
            _ => {}
        }
        Ok(())
    }

    /// A tag is whole.
    fn tag(&mut self, from: usize) -> Result<(), Halt> {
        let tag = self.kept().get(from..).unwrap_or_default();
        match tag {
            [b'<', b'!', ..] => Ok(()),
            [b'<', b'/', ..] => self.closed(),
            [b'<', name @ ..] => {
                let is_empty = tag.ends_with(b"/>");
                let end = name.iter().position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte));
                let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default().to_vec();
                self.opened(from, &name)?;
                if is_empty { self.closed() } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn opened(&mut self, from: usize, name: &[u8]) -> Result<(), Halt> {
        if self.inside.is_none() {
            let shape = match name {
                b"value" if self.depth == LIST.len() && self.in_list == LIST.len() => Some(Shape::List),
                b"member" if self.depth == STRUCTURE.len() && self.in_structure == STRUCTURE.len() => {
                    Some(Shape::Structure)
                }
                _ => None,
            };
            match shape {
                Some(shape) => self.begin(shape, from)?,
                None => {
                    self.in_list += usize::from(leads_on(&LIST, self.depth, self.in_list, name));
                    self.in_structure +=
                        usize::from(leads_on(&STRUCTURE, self.depth, self.in_structure, name));
                }
            }
        }
        self.depth += 1;
        Ok(())
    }

    /// Takes the part's tag out of the frame.
    fn begin(&mut self, shape: Shape, from: usize) -> Result<(), Halt> {
        self.counted.begin()?;
        let tag = self.frame.split_off(from.min(self.frame.len()));
        self.inside = Some((shape, self.depth));
        self.keep(&tag)
    }

    fn closed(&mut self) -> Result<(), Halt> {
        self.depth = self.depth.saturating_sub(1);
        match self.inside {
            Some((shape, depth)) if depth == self.depth => self.end(shape),
            Some(_) => Ok(()),
            None => {
                self.in_list = self.in_list.min(self.depth);
                self.in_structure = self.in_structure.min(self.depth);
                Ok(())
            }
        }
    }

    fn end(&mut self, shape: Shape) -> Result<(), Halt> {
        self.inside = None;
        let most = self.counted.longest();
        let (json, instead): (_, &[u8]) = match shape {
            Shape::Structure => (xmlread::member(&self.part, most), b"<member><name/><value/></member>"),
            _ => (xmlread::value(&self.part, most), b"<value/>"),
        };
        let json = json.map_err(whole)?.ok_or(Halt::TooLong(Long::Record, most))?;
        put(&mut self.frame, instead, Long::Frame, ENVELOPE)?;
        self.part.clear();
        self.counted.end(&json)
    }

    /// The answer is whole: what its result is, unless it is a fault.
    pub(super) fn finish(self) -> Result<Shape, Trouble> {
        xmlread::result(&self.frame).map(|json| Shape::of(&json))
    }
}

/// An element whose end came is not cut off, whatever its reader misses.
fn whole(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Cut => Trouble::Garbage("no well-formed XML".into()),
        other => other,
    }
}

/// Whether the element opens the next place of a way whose first `known` ones are open.
fn leads_on(way: &[&[u8]], depth: usize, known: usize, name: &[u8]) -> bool {
    depth == known && way.get(known) == Some(&name)
}
