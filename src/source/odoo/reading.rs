//! Reads the result of a call while the answer arrives, over whichever protocol is spoken.

use std::ops::ControlFlow;

use super::jsonparts::JsonParts;
use super::parts::{Counted, Halt, Shape};
use super::settings::Protocol;
use super::xmlparts::XmlParts;

/// One answer that is being read.
pub(super) struct Reading<'p> {
    parts: ByProtocol<'p>,
    /// The request that it must be the answer to.
    id: u64,
    halt: Option<Halt>,
}

enum ByProtocol<'p> {
    Json(JsonParts<'p>),
    Xml(XmlParts<'p>),
}

impl<'p> Reading<'p> {
    pub(super) fn new(protocol: Protocol, id: u64, counted: Counted<'p>) -> Self {
        let parts = match protocol {
            Protocol::Json2 => ByProtocol::Json(JsonParts::new(counted, false)),
            Protocol::JsonRpc => ByProtocol::Json(JsonParts::new(counted, true)),
            Protocol::XmlRpc => ByProtocol::Xml(XmlParts::new(counted)),
        };
        Reading { parts, id, halt: None }
    }

    /// The next bytes of the answer. Says when enough was read.
    pub(super) fn take(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let taken = match &mut self.parts {
            ByProtocol::Json(parts) => parts.take(bytes),
            ByProtocol::Xml(parts) => parts.take(bytes),
        };
        self.halt = taken.err();
        if self.halt.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What the result is as a whole.
    pub(super) fn finish(self) -> Result<Shape, Halt> {
        if let Some(halt) = self.halt {
            return Err(halt);
        }
        Ok(match self.parts {
            ByProtocol::Json(parts) => parts.finish(self.id)?,
            ByProtocol::Xml(parts) => parts.finish()?,
        })
    }
}
