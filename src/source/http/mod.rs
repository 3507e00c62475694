//! HTTP as the sources need it: one request, a bounded answer, classified errors.

mod status;
mod trouble;

#[cfg(test)]
pub(crate) mod double;
#[cfg(test)]
mod lying;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    CONNECTION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Certificate, Proxy, Response, redirect};

use super::hosts::Hosts;
use super::redact::Redactor;
use super::{Limits, hint, options};
use crate::error::{Error, Kind, Result};

/// How much of the body of an answer other than 200 is read: enough for any message with its traceback.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// How one remote is reached.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Name of the foreign server: for messages and hints.
    pub(crate) server: String,
    /// Time and size of one request.
    pub(crate) limits: Limits,
    /// The only proxy that is used: the postmaster's environment must not decide.
    pub(crate) proxy: Option<String>,
    /// Certificates of the authorities that are trusted instead of the system's, as PEM.
    pub(crate) ca: Option<String>,
    /// The hosts that may be connected to.
    pub(crate) hosts: Hosts,
    /// Whether certificates are verified.
    pub(crate) verify_tls: bool,
    /// Names of the server's options that are set: hints say `set` for them, else `add`.
    pub(crate) present: BTreeSet<String>,
    /// Keeps the password out of messages.
    pub(crate) redactor: Redactor,
}

impl Way {
    /// The line that gives an option of the server another value.
    pub(crate) fn set(&self, option: &str, value: &str) -> String {
        hint::server(&self.server, self.present.contains(option), option, value)
    }
}

/// A client for one remote. Keeps its connections open where the remote does.
pub(crate) struct Client {
    way: Way,
    inner: reqwest::Client,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Where it goes.
    pub(crate) url: String,
    headers: HeaderMap,
    /// A request without one is a GET.
    body: Option<Vec<u8>>,
    /// Longest answer, where it is less than what the limits allow.
    most: Option<usize>,
}

impl Request {
    /// A GET.
    pub(crate) fn get(url: String) -> Self {
        Request { url, headers: HeaderMap::new(), body: None, most: None }
    }

    /// A POST.
    pub(crate) fn post(url: String, content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Request { url, headers, body: Some(body), most: None }
    }

    /// Accepts no longer answer than this, unpacked.
    pub(crate) fn at_most(mut self, bytes: usize) -> Self {
        self.most = Some(bytes);
        self
    }

    /// Adds a header, or gives `None` where HTTP cannot carry its value. What is debugged does not show it.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Option<Self> {
        let mut value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Some(self)
    }
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Header `Content-Type`, in lower case.
    pub(crate) content_type: String,
    /// Header `Date`: the remote's clock.
    pub(crate) date: Option<DateTime<Utc>>,
    /// Our own clock when the answer's head arrived.
    pub(crate) received_at: DateTime<Utc>,
    /// Header `Retry-After` as sent.
    pub(crate) retry_after: Option<String>,
    /// Header `Location` as sent.
    pub(crate) location: Option<String>,
    /// Whether the remote closes the connection, so that its end may be a broken off one.
    pub(crate) closing: bool,
    /// The body, unpacked; empty where it went elsewhere as it arrived.
    pub(crate) body: Vec<u8>,
    /// Length of the body, unpacked, as far as it was read.
    pub(crate) bytes: usize,
}

impl Client {
    /// Does no I/O.
    pub(crate) fn new(way: Way) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("erp_sync/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(way.limits.connect_timeout)
            .timeout(way.limits.request_timeout)
            .no_proxy()
            .tls_danger_accept_invalid_certs(!way.verify_tls);
        if let Some(url) = &way.proxy {
            builder =
                builder.proxy(Proxy::all(url).map_err(|_| unusable(&way, "proxy", "is no URL of a proxy"))?);
        }
        if let Some(pem) = &way.ca {
            builder = builder.tls_certs_only(certificates(&way, pem)?);
        }
        if way.hosts.bounds_addresses() {
            builder = builder.dns_resolver(Bounded(way.hosts.clone()));
        }
        let inner = builder.build().map_err(|e| trouble::unprepared(&way, &e))?;
        Ok(Client { way, inner })
    }

    /// Sends the request and reads the whole answer, at most as much of it as is allowed.
    ///
    /// Any status is an answer, for a protocol may give it a meaning: what is left goes to [`accept`].
    pub(crate) async fn send(&self, request: Request) -> Result<Answer> {
        let mut body = Vec::new();
        let mut take = |bytes: &[u8]| {
            body.extend_from_slice(bytes);
            ControlFlow::Continue(())
        };
        let mut answer = self.read(request, true, &mut take).await?;
        if !body.is_empty() {
            answer.body = body;
        }
        Ok(answer)
    }

    /// Whether remote and proxy are hosts that may be connected to.
    fn admit(&self, url: &str) -> Result<()> {
        let way = &self.way;
        let options = |name: &str| match name {
            "url" => Some(url),
            "proxy" => way.proxy.as_deref(),
            _ => None,
        };
        options::hosts(options).iter().try_for_each(|(_, host, port)| way.hosts.admit(host, *port))
    }

    /// Sends the request and hands the body of a 200 answer on as it arrives, unpacked, until `take` has
    /// enough. The body of another answer is read in part.
    pub(crate) async fn stream(&self, request: Request, take: Take<'_>) -> Result<Answer> {
        self.read(request, false, take).await
    }

    async fn read(&self, request: Request, any_success: bool, take: Take<'_>) -> Result<Answer> {
        let Request { url, headers, body, most } = request;
        self.admit(&url)?;
        let limit = self.way.limits.max_response_bytes;
        let budget = Budget { url: &url, most: most.map_or(limit, |most| most.min(limit)) };
        let request = match body {
            Some(body) => self.inner.post(&url).body(body),
            None => self.inner.get(&url),
        };
        let response = request.headers(headers).send().await;
        let response = response.map_err(|e| trouble::classify(&self.way, &url, &e))?;
        let mut answer = head(&response);
        if answer.status == 200 || any_success && response.status().is_success() {
            answer.bytes = self.body(budget, response, take).await?;
        } else {
            answer.body = beginning(response).await;
            answer.bytes = answer.body.len();
        }
        Ok(answer)
    }

    /// Reads a body within its budget; gives how many bytes were read. What is announced says little: a
    /// packed body announces what it is packed, one in chunks nothing.
    async fn body(&self, budget: Budget<'_>, mut response: Response, take: Take<'_>) -> Result<usize> {
        if response.content_length().is_some_and(|announced| announced > budget.most as u64) {
            return Err(self.too_large(budget));
        }
        let mut read = 0;
        while let Some(chunk) =
            response.chunk().await.map_err(|e| trouble::classify(&self.way, budget.url, &e))?
        {
            read += chunk.len();
            if read > budget.most {
                return Err(self.too_large(budget));
            }
            if take(&chunk).is_break() {
                break;
            }
        }
        Ok(read)
    }

    /// Where the limit is not the one that people set, no remote of the right kind gets there.
    fn too_large(&self, budget: Budget<'_>) -> Error {
        let Budget { url, most } = budget;
        let kind = match most == self.way.limits.max_response_bytes {
            true => Kind::TooLarge,
            false => Kind::BadAnswer,
        };
        Error::new(kind, format!("the answer of {} is longer than {most} bytes", trouble::host(url)))
            .detail("the rest was not read")
    }
}

/// Takes a body piece by piece.
pub(crate) type Take<'t> = &'t mut dyn FnMut(&[u8]) -> ControlFlow<()>;

/// How long an answer may be, and of whom.
#[derive(Clone, Copy)]
struct Budget<'a> {
    url: &'a str,
    most: usize,
}

/// Refuses what is not a plain 200 answer of the remote itself.
pub(crate) fn accept(way: &Way, url: &str, answer: Answer) -> Result<Answer> {
    match status::refusal(way, url, &answer) {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

/// The first bytes of an error page; what happens to the rest does not matter.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_ERROR_BODY - body.len();
        body.extend(chunk.iter().take(room));
        if chunk.len() >= room {
            break;
        }
    }
    body
}

fn head(response: &Response) -> Answer {
    let headers = response.headers();
    Answer {
        status: response.status().as_u16(),
        content_type: text(headers, &CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase(),
        date: text(headers, &DATE).and_then(|date| moment(&date)),
        received_at: SystemTime::now().into(),
        retry_after: text(headers, &RETRY_AFTER),
        location: text(headers, &LOCATION),
        closing: text(headers, &CONNECTION).is_some_and(|c| c.eq_ignore_ascii_case("close")),
        body: Vec::new(),
        bytes: 0,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_string)
}

/// An HTTP date (RFC 9110, 5.6.7): `Fri, 20 Nov 2026 09:11:49 GMT`.
fn moment(date: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}

/// Looks names up, and gives the addresses that may be connected to.
struct Bounded(Hosts);

impl Resolve for Bounded {
    fn resolve(&self, name: Name) -> Resolving {
        let hosts = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted: Addrs = Box::new(hosts.admitted(name.as_str(), found)?.into_iter());
            Ok(admitted)
        })
    }
}

fn certificates(way: &Way, pem: &str) -> Result<Vec<Certificate>> {
    let certificates = Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
    if certificates.is_empty() {
        return Err(unusable(way, "ca", "holds no certificate in PEM form"));
    }
    Ok(certificates)
}

fn unusable(way: &Way, option: &str, why: &str) -> Error {
    Error::new(Kind::Config, format!("option \"{option}\" of server \"{}\" {why}", way.server))
        .hint(way.set(option, "..."))
}
