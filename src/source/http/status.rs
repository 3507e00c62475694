//! What an answer's status says when it is not the remote itself that speaks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use super::{Answer, Way, moment};
use crate::error::{Error, Kind};
use crate::source::http::trouble::host;

/// Longest wait that a remote is granted: a year in `Retry-After` must not end the sync.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The error an answer stands for, unless it is a plain answer with a body.
pub(super) fn refusal(way: &Way, url: &str, answer: &Answer) -> Option<Error> {
    let host = host(url);
    match answer.status {
        200 if answer.body.is_empty() && answer.bytes == 0 => Some(empty(way, &host, answer)),
        200 => None,
        300..=399 => Some(redirected(way, &host, answer)),
        429 => Some(throttled(way, &host, answer)),
        // What an application says with 5xx was understood before: it is a proxy in front that does.
        500..=599 if answer.retry_after.is_some() => Some(throttled(way, &host, answer)),
        500..=599 => Some(unavailable(&host, answer.status)),
        _ => Some(unexpected(way, url, &host, answer)),
    }
}

/// A server that dies after its answer's head closes the connection; without a
/// length that cannot be told from an empty answer.
fn empty(way: &Way, host: &str, answer: &Answer) -> Error {
    if answer.closing {
        return Error::new(Kind::Unreachable, format!("{host} closed the connection without an answer"))
            .detail("status 200, empty body, Connection: close");
    }
    Error::new(Kind::BadAnswer, format!("{host} sent an empty answer"))
        .detail("status 200, empty body")
        .hint(check_url(way, None))
}

fn redirected(way: &Way, host: &str, answer: &Answer) -> Error {
    let location = answer.location.as_deref().unwrap_or_default();
    // One that repeats the password or is endless is not shown at all.
    let is_fit = |target: &String| {
        way.redactor.line(target) == *target && origin(&way.redactor.clean(location)).as_ref() == Some(target)
    };
    let target = origin(location).filter(is_fit);
    let message = match &target {
        Some(target) => format!("{host} redirects to {target}"),
        None => format!("{host} redirects to another page"),
    };
    Error::new(Kind::BadAnswer, message)
        .detail(format!(
            "status {}; redirects are not followed: they would take the password along",
            answer.status
        ))
        .hint(check_url(way, target.as_deref()))
}

/// Where a redirect leads, without path and query. A relative one has no origin.
fn origin(location: &str) -> Option<String> {
    let url = Url::parse(location).ok()?;
    url.host_str().map(|_| url.origin().ascii_serialization())
}

fn throttled(way: &Way, host: &str, answer: &Answer) -> Error {
    let wait = answer.retry_after.as_deref().and_then(|text| wait(text, answer.received_at));
    let detail = match wait {
        Some(wait) => format!("status {}, Retry-After {} s", answer.status, wait.as_secs()),
        None => format!("status {}", answer.status),
    };
    Error::new(Kind::Throttled, format!("{host} asks for fewer requests"))
        .detail(detail)
        .hint(format!("ask more slowly: {}", way.set("request_delay_ms", "200")))
        .retry_after(wait)
}

/// `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3).
fn wait(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (moment(text)? - now).to_std().unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

fn unavailable(host: &str, status: u16) -> Error {
    let why = match status {
        502 => "bad gateway",
        503 => "service unavailable",
        504 => "gateway timeout",
        _ => "server error",
    };
    Error::new(Kind::Unavailable, format!("{host} is out of order: {why}")).detail(format!("status {status}"))
}

fn unexpected(way: &Way, url: &str, host: &str, answer: &Answer) -> Error {
    let path = Url::parse(url).map(|url| url.path().to_string()).unwrap_or_default();
    let (is_plain, is_page) = (url.starts_with("http:"), answer.content_type.starts_with("text/html"));
    let message = match answer.status {
        // nginx and Apache answer so what comes in plain to their port for TLS.
        400 if is_plain && is_page => format!("{host} does not take plain HTTP on this port"),
        401 | 403 => format!("{host} refuses requests to {path} before they reach the application"),
        404 | 405 => format!("{host} has no {path}"),
        status => format!("{host} answered {path} with status {status}"),
    };
    Error::new(Kind::BadAnswer, message)
        .detail(format!(
            "status {}, content type \"{}\"",
            answer.status,
            way.redactor.line(&answer.content_type)
        ))
        .hint(match answer.status {
            400 if is_plain && is_page => https(way, url),
            _ => check_url(way, None),
        })
}

/// The line that speaks TLS to the same address.
pub(crate) fn https(way: &Way, url: &str) -> String {
    let url = Url::parse(&url.replacen("http:", "https:", 1)).map(|url| url.origin().ascii_serialization());
    format!("speak TLS: {}", way.set("url", url.as_deref().unwrap_or("https://...")))
}

/// The line that sets another address.
pub(crate) fn check_url(way: &Way, target: Option<&str>) -> String {
    let line = way.set("url", target.unwrap_or("https://..."));
    format!("name the application itself, without a path: {line}")
}
