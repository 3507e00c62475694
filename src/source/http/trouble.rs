//! Why there is no answer: told by the class of the error, never by its text.

use std::error::Error as StdError;
use std::io;

use chrono::DateTime;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use url::Url;

use super::{Way, hint};
use crate::error::{Error, Kind};

/// Host and port of a URL, quoted for a message.
pub(crate) fn host(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    match host {
        Some((host, port)) => format!("\"{host}:{port}\""),
        None => format!("\"{url}\""),
    }
}

/// An error of the HTTP client as one of ours.
pub(super) fn classify(way: &Way, url: &str, error: &reqwest::Error) -> Error {
    if let Some(ours) = find::<Error>(error) {
        return ours.clone();
    }
    let host = host(url);
    if let Some(tls) = find::<rustls::Error>(error) {
        return insecure(way, &host, tls);
    }
    if error.is_timeout() {
        return timeout(way, &host, error.is_connect());
    }
    if error.is_dns() {
        return Error::new(Kind::Unreachable, format!("cannot find {host}: no address for this name"))
            .detail("the name is mistyped, or this machine cannot ask a name server")
            .hint(format!("check the name: {}", way.set("url", "https://...")));
    }
    if error.is_connect() {
        return refused(way, &host, error);
    }
    broken(way, url, &host, error)
}

/// The client itself cannot be made: mostly a machine without trusted authorities.
pub(super) fn unprepared(way: &Way, error: &reqwest::Error) -> Error {
    Error::new(Kind::Tls, "secure connections cannot be prepared on this machine")
        .detail(root(error).to_string())
        .hint(format!("name the authority to trust: {}", way.set("ca", hint::CERTIFICATE)))
}

fn timeout(way: &Way, host: &str, connecting: bool) -> Error {
    if connecting {
        let limit = way.limits.connect_timeout;
        return Error::new(Kind::Timeout, format!("no connection to {host} within {limit:?}"))
            .detail("nothing answered: a wrong port, or a firewall that drops packets")
            .hint(format!("check the address: {}", way.set("url", "https://...")));
    }
    let limit = way.limits.request_timeout;
    Error::new(Kind::Timeout, format!("no whole answer from {host} within {limit:?}"))
        .detail("the connection stood, but the remote is slow, busy, or was asked for too much at once")
        .hint(format!(
            "wait longer: set erp_sync.request_timeout = '5min'; or ask for less: {}",
            way.set("max_page", "200")
        ))
}

fn refused(way: &Way, host: &str, error: &reqwest::Error) -> Error {
    let root = root(error).to_string();
    let (why, detail) = match innermost(error) {
        Some(io::ErrorKind::ConnectionRefused) => {
            ("connection refused", "nothing listens on this port, or a firewall refuses")
        }
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => {
            ("connection reset", "cut at once: by a firewall, or by something that speaks otherwise")
        }
        Some(io::ErrorKind::HostUnreachable) => ("no route to this host", root.as_str()),
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown) => {
            ("network unreachable", root.as_str())
        }
        Some(io::ErrorKind::UnexpectedEof) => {
            ("connection closed while it was made secure", "it may not speak TLS on this port")
        }
        _ => ("no connection", root.as_str()),
    };
    let through = if way.proxy.is_some() { " through the proxy" } else { "" };
    Error::new(Kind::Unreachable, format!("cannot connect to {host}{through}: {why}"))
        .detail(detail)
        .hint(format!("check host and port: {}", way.set("url", "https://...")))
}

/// The kind of the innermost I/O error: the outer ones wrap it as "other".
fn innermost(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut found = None;
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        found = io.map(io::Error::kind).or(found);
        next = match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    found
}

/// The connection stood, and then something happened to request or answer.
fn broken(way: &Way, url: &str, host: &str, error: &reqwest::Error) -> Error {
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        let error = Error::new(Kind::BadAnswer, format!("{host} does not speak HTTP"));
        return match url.starts_with("http:") {
            true => error.detail("perhaps it speaks TLS on this port").hint(super::status::https(way, url)),
            false => error.hint(super::status::check_url(way, None)),
        };
    }
    Error::new(Kind::Unreachable, format!("{host} closed the connection before the answer was whole"))
        .detail(ending(error))
        .hint("when it happens again, look into the remote's own log: a worker over its time or memory limit is killed")
}

/// How far the answer came before the connection was gone.
fn ending(error: &reqwest::Error) -> String {
    match innermost(error) {
        _ if find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message) => {
            "it ended before the answer's content began".into()
        }
        Some(io::ErrorKind::UnexpectedEof) => "it ended within the answer's content".into(),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => "it was reset".into(),
        _ => root(error).to_string(),
    }
}

fn insecure(way: &Way, host: &str, error: &rustls::Error) -> Error {
    let authority = || format!("name its authority: {}", way.set("ca", hint::CERTIFICATE));
    let (why, hint) = match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                "the certificate is for another name",
                format!("use the name in the certificate: {}", way.set("url", "https://...")),
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("the certificate has expired", "renew the certificate on the remote".to_string())
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "the certificate is not valid yet",
                "compare the clocks of this machine and the remote".to_string(),
            ),
            CertificateError::Revoked => {
                ("the certificate was revoked", "renew the certificate on the remote".to_string())
            }
            _ => ("the certificate comes from an unknown authority", authority()),
        },
        rustls::Error::InvalidMessage(_) => (
            "it does not speak TLS on this port",
            format!("when it is meant to be insecure: {}", way.set("url", "http://...")),
        ),
        _ => ("no secure connection could be agreed on", authority()),
    };
    Error::new(Kind::Tls, format!("cannot trust {host}: {why}")).detail(seen(error)).hint(hint)
}

/// What TLS says, but times as dates.
fn seen(error: &rustls::Error) -> String {
    let day = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, 0)
            .map(|moment| moment.format("%Y-%m-%d").to_string())
            .unwrap_or_default()
    };
    match error {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            format!("it was valid until {}", day(not_after))
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            format!("it is valid from {} on", day(not_before))
        }
        other => format!("TLS: {other}"),
    }
}

/// The first error of class `T` in the chain. `source()` of an `io::Error` skips
/// the error it wraps, so that one is looked at apart.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// The innermost error: the outer ones only say "error sending request".
fn root(error: &reqwest::Error) -> &dyn StdError {
    let mut inner: &dyn StdError = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner
}
