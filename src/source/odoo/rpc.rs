//! One remote call, over whichever protocol is spoken.

use std::time::Instant;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fault::{Asked, Fault};
use super::parts::{Counted, Halt, Shape};
use super::reading::Reading;
use super::settings::{Protocol, Settings};
use super::{jsonrpc, outside, xmlrpc};
use crate::error::{Error, Kind, Result};
use crate::source::http::{Answer, Client, Request, accept};

/// What is called over JSON-RPC and XML-RPC.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    /// `common` or `object`.
    pub(super) service: &'a str,
    /// Method of the service.
    pub(super) method: &'a str,
    /// Its arguments.
    pub(super) args: Vec<Value>,
}

/// The longest answer that becomes a tree of values, which takes up to 80 times as much memory. What is
/// asked for so is a number, a version or one record.
pub(super) const SHORT: usize = 256 * 1024;

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Reply<T = Value> {
    /// The result.
    pub(super) value: T,
    /// The remote's clock, where it shows it.
    pub(super) date: Option<DateTime<Utc>>,
    /// Our own clock when the answer began.
    pub(super) received_at: DateTime<Utc>,
    /// Size of the body.
    pub(super) bytes: usize,
}

/// Why an answer holds no result.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// The remote refused.
    Fault(Fault),
    /// The answer ends in the middle.
    Cut,
    /// Not an answer in this protocol; says what it is instead, without its content.
    Garbage(String),
}

/// Sends calls, one after the other, with the pause between them that the server's options ask for.
pub(super) struct Rpc {
    settings: Settings,
    /// What is spoken, once that is decided.
    pub(super) protocol: Option<Protocol>,
    client: Option<Client>,
    last_id: u64,
    last_call_at: Option<Instant>,
}

impl Rpc {
    /// Does no I/O.
    pub(super) fn new(settings: Settings) -> Self {
        let protocol = settings.protocol;
        Rpc { settings, protocol, client: None, last_id: 0, last_call_at: None }
    }

    /// Whom we speak to, and how.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The most bytes of values that are kept of one answer.
    pub(super) fn page_bytes(&self) -> usize {
        self.settings.way.limits.longest_row()
    }

    /// The longest record. It is there as text beside the page that it is put to, over XML-RPC twice: in XML
    /// and in JSON.
    pub(super) fn record_bytes(&self, protocol: Protocol) -> usize {
        match protocol {
            Protocol::Json2 | Protocol::JsonRpc => self.page_bytes(),
            Protocol::XmlRpc => (self.page_bytes() / 2).max(5 << 20).min(self.page_bytes()),
        }
    }

    /// Calls a method of a service and waits for the short result. `asked` is for messages.
    pub(super) async fn call(&mut self, call: &Call<'_>, asked: Asked<'_>) -> Result<Reply> {
        let protocol = self.protocol().await?;
        self.last_id += 1;
        let id = self.last_id;
        let request = self.request(protocol, call)?;
        let url = request.url.clone();
        let answer = self.exchange(request.at_most(SHORT)).await?;
        let answer = self.accepted(protocol, &url, answer)?;
        let decoded = match protocol {
            Protocol::XmlRpc => xmlrpc::decode(&answer.body),
            Protocol::Json2 | Protocol::JsonRpc => jsonrpc::decode(&answer.body, id),
        };
        self.reply(answer, decoded, asked)
    }

    /// Calls a method of a service and hands the parts of the result on as they arrive.
    pub(super) async fn call_parts(
        &mut self,
        call: &Call<'_>,
        asked: Asked<'_>,
        counted: Counted<'_>,
    ) -> Result<Reply<Shape>> {
        let protocol = self.protocol().await?;
        self.last_id += 1;
        let request = self.request(protocol, call)?;
        let url = request.url.clone();
        let most = counted.longest_answer();
        let mut reading = Reading::new(protocol, self.last_id, counted);
        let answer = self.exchange_parts(request, most, &mut reading).await?;
        let answer = self.accepted(protocol, &url, answer)?;
        self.read(answer, reading, asked)
    }

    fn request(&self, protocol: Protocol, call: &Call<'_>) -> Result<Request> {
        let base = &self.settings.url;
        match protocol {
            Protocol::Json2 => Err(Error::new(Kind::Internal, "JSON-2 has no services")),
            Protocol::JsonRpc => {
                let body = jsonrpc::encode(call, self.last_id);
                Ok(Request::post(format!("{base}/jsonrpc"), "application/json", body))
            }
            Protocol::XmlRpc => {
                let body = xmlrpc::encode(call).ok_or_else(|| self.not_for_xml())?;
                Ok(Request::post(format!("{base}/xmlrpc/2/{}", call.service), "text/xml", body))
            }
        }
    }

    /// Sends a request, after the pause that is due, and waits for the answer, whatever its status.
    pub(super) async fn exchange(&mut self, request: Request) -> Result<Answer> {
        let answer = self.client().await?.send(request).await;
        self.last_call_at = Some(Instant::now());
        answer
    }

    /// The same, of an answer that is read as it arrives.
    pub(super) async fn exchange_parts(
        &mut self,
        request: Request,
        most: Option<usize>,
        reading: &mut Reading<'_>,
    ) -> Result<Answer> {
        let request = match most {
            Some(most) => request.at_most(most),
            None => request,
        };
        let answer = self.client().await?.stream(request, &mut |bytes| reading.take(bytes)).await;
        self.last_call_at = Some(Instant::now());
        answer
    }

    /// The client, after the pause that is due.
    async fn client(&mut self) -> Result<&Client> {
        self.pause().await;
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::new(self.settings.way.clone())?,
        };
        Ok(self.client.insert(client))
    }

    /// The answer, unless it comes from something in front of Odoo.
    pub(super) fn accepted(&self, protocol: Protocol, url: &str, answer: Answer) -> Result<Answer> {
        let status = answer.status;
        let accepted = accept(&self.settings.way, url, answer);
        accepted.map_err(|error| outside::blocked(&self.settings, protocol, status, error))
    }

    async fn pause(&self) {
        let Some(last) = self.last_call_at else { return };
        let rest = self.settings.delay.saturating_sub(last.elapsed());
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }

    fn not_for_xml(&self) -> Error {
        Error::new(Kind::Config, "the request holds a character that XML cannot carry")
            .detail("in the database name, the user name, the password or a filter")
            .hint(self.settings.way.set("protocol", "jsonrpc"))
    }

    /// What an answer is of which the parts were handed on.
    pub(super) fn read(
        &self,
        answer: Answer,
        reading: Reading<'_>,
        asked: Asked<'_>,
    ) -> Result<Reply<Shape>> {
        match reading.finish() {
            Ok(shape) => self.reply(answer, Ok(shape), asked),
            Err(Halt::Trouble(trouble)) => self.reply(answer, Err(trouble), asked),
            Err(halt) => Err(halt.into_error(&self.settings)),
        }
    }

    /// What an answer of status 200 is here.
    pub(super) fn reply<T>(
        &self,
        answer: Answer,
        decoded: Result<T, Trouble>,
        asked: Asked<'_>,
    ) -> Result<Reply<T>> {
        match decoded {
            Ok(value) => {
                let Answer { date, received_at, bytes, .. } = answer;
                Ok(Reply { value, date, received_at, bytes })
            }
            Err(Trouble::Fault(fault)) => Err(fault.into_error(&self.settings, asked)),
            Err(Trouble::Cut) if !is_page(&answer) => Err(self.cut(answer.bytes)),
            Err(Trouble::Cut) => Err(self.garbage(&answer, "its end is missing")),
            Err(Trouble::Garbage(why)) => Err(self.garbage(&answer, &why)),
        }
    }

    /// Without a length in its head a broken off answer looks like a whole one
    /// (Odoo's workers answer with HTTP/1.0).
    fn cut(&self, bytes: usize) -> Error {
        let message = format!("the answer of \"{}\" ends in the middle", self.settings.server);
        Error::new(Kind::Unreachable, message).detail(format!("after {bytes} bytes"))
    }

    fn garbage(&self, answer: &Answer, why: &str) -> Error {
        let what = if is_page(answer) { "a web page" } else { "something else" };
        let Settings { server, way, .. } = &self.settings;
        let expected = self.protocol.map_or("an answer", Protocol::name);
        let message = format!("\"{server}\" answered with {what} where {expected} was expected");
        Error::new(Kind::BadAnswer, message)
            .detail(format!("content type \"{}\": {why}", way.redactor.line(&answer.content_type)))
            .hint(format!(
                "name Odoo itself, no login page or proxy in front: {}",
                way.set("url", "https://...")
            ))
    }
}

/// Whether a browser is meant to read it.
pub(super) fn is_page(answer: &Answer) -> bool {
    answer.content_type.starts_with("text/html")
}
