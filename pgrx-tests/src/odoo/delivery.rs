//! How an answer reaches the client, or does not.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::http::{Answer, Request};
use super::proxy;
use super::reply::Reply;
use super::route::Protocol;
use super::server::Shared;
use super::trouble::{Verdict, What};

/// One request's way back.
pub(super) struct Delivery<'a> {
    pub(super) shared: &'a Shared,
    pub(super) stream: &'a TcpStream,
    pub(super) request: &'a Request,
}

impl Delivery<'_> {
    /// Sends the answer as the rules want it; tells whether it was a whole one. It is worked out after the sleep,
    /// as a slow Odoo would.
    pub(super) fn send(
        &self,
        verdict: Verdict,
        protocol: &Protocol,
        answer: impl FnOnce() -> Answer,
    ) -> io::Result<bool> {
        self.pause(verdict.sleep);
        let date = self.shared.company().clock.http_date();
        match verdict.what {
            None | Some(What::Sleep(_)) => self.whole(answer(), &date),
            Some(What::Held) => {
                self.wait_for_clearing();
                self.whole(answer(), &date)
            }
            Some(What::Rpc(fault)) => self.whole(protocol.answer(self.shared.face, &Err(fault)), &date),
            Some(What::OverLong(bytes)) => {
                self.whole(protocol.answer(self.shared.face, &Ok(Reply::Text("x".repeat(bytes)))), &date)
            }
            Some(What::Garbage) => {
                let mut answer = answer();
                answer.body = b"\x00\xff{[<not an answer".to_vec();
                self.whole(answer, &date)
            }
            Some(What::Status { code, headers, body }) => {
                let answer = Answer { code, headers, body: body.into_bytes(), is_proxied: false };
                answer.write(self.stream, &date).map(|()| false)
            }
            Some(spoilt) => self.spoilt(&spoilt, answer, &date).map(|()| false),
        }
    }

    fn whole(&self, answer: Answer, date: &str) -> io::Result<bool> {
        self.dressed(answer).write(self.stream, date).map(|()| true)
    }

    fn dressed(&self, answer: Answer) -> Answer {
        if self.shared.is_behind_proxy { proxy::pass_on(answer, self.request.accepts_gzip) } else { answer }
    }

    /// Answers of which something is missing.
    fn spoilt(&self, what: &What, answer: impl FnOnce() -> Answer, date: &str) -> io::Result<()> {
        let mut stream = self.stream;
        match what {
            What::Silent => {
                self.wait_for_clearing();
                Ok(())
            }
            What::CutHead => {
                let head = self.dressed(answer()).head(date);
                stream.write_all(&head.as_bytes()[..head.len() / 2])
            }
            What::CutBody(bytes) => {
                let answer = self.dressed(answer());
                stream.write_all(answer.head(date).as_bytes())?;
                stream.write_all(&answer.body[..(*bytes).min(answer.body.len().saturating_sub(1))])
            }
            What::Drip { bytes, every } => self.drip(&self.dressed(answer()), date, *bytes, *every),
            // Not a byte.
            _ => Ok(()),
        }
    }

    fn drip(&self, answer: &Answer, date: &str, bytes: usize, every: Duration) -> io::Result<()> {
        let mut stream = self.stream;
        stream.set_nodelay(true)?;
        stream.write_all(answer.head(date).as_bytes())?;
        for piece in answer.body.chunks(bytes.max(1)) {
            stream.write_all(piece)?;
            self.pause(every);
        }
        Ok(())
    }

    fn wait_for_clearing(&self) {
        let cleared = self.shared.rules().cleared;
        self.shared.wait(|| self.shared.rules().cleared != cleared);
    }

    fn pause(&self, time: Duration) {
        let over_at = Instant::now() + time;
        self.shared.wait(|| Instant::now() >= over_at);
    }
}
