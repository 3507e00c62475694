//! What the options of an `odoo` server and its user mapping say.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::error::Result;
use crate::source::http::Way;
use crate::source::redact::Redactor;
use crate::source::{Channel, Remote, authority, options};

/// How requests are written and answers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `POST /json/2/...`, from Odoo 19 on and with an API key only.
    Json2,
    /// `POST /jsonrpc`.
    JsonRpc,
    /// `POST /xmlrpc/2/...`.
    XmlRpc,
}

impl Protocol {
    /// The option's value.
    pub(super) fn name(self) -> &'static str {
        match self {
            Protocol::Json2 => "json2",
            Protocol::JsonRpc => "jsonrpc",
            Protocol::XmlRpc => "xmlrpc",
        }
    }
}

/// One Odoo database and the user that reads it.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Name of the foreign server: for messages and hints.
    pub(super) server: String,
    /// Scheme, host, port and path, without a final slash.
    pub(super) url: String,
    pub(super) database: String,
    pub(super) username: String,
    pub(super) password: SecretString,
    /// `None`: whatever is best for the version that the server has.
    pub(super) protocol: Option<Protocol>,
    /// Pause between two requests.
    pub(super) delay: Duration,
    /// Companies whose rows are read; empty: all of the user's.
    pub(super) companies: Vec<i64>,
    /// Language of translated texts.
    pub(super) language: Option<String>,
    /// How the server is reached.
    pub(super) way: Way,
}

impl Settings {
    /// Errors are [`Kind::Config`] and name the option that is missing or wrong.
    pub(super) fn new(remote: Remote) -> Result<Self> {
        let way = way(&remote)?;
        let url = normalized(&remote, remote.required("url", "https://...")?)?;
        Ok(Settings {
            url,
            database: remote.required("database", "...")?.to_string(),
            username: remote.credential("username", remote.username.clone())?,
            password: remote.credential("password", remote.password.clone())?,
            protocol: protocol(&remote)?,
            delay: delay(&remote)?,
            companies: companies(&remote)?,
            language: remote.options.get("language").cloned(),
            way,
            server: remote.server,
        })
    }
}

impl Settings {
    /// Whether the password has the form of an API key: Odoo makes them of 20 random bytes.
    pub(super) fn has_key(&self) -> bool {
        let password = self.password.expose_secret();
        password.len() == 40 && password.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// What would let fewer people read along.
    pub(super) fn safer(&self) -> Option<String> {
        let line = match self.channel() {
            Channel::Unverified => "drop the option verify_tls, and name the certificate's authority with ca",
            Channel::Plain => "use https in the server option url",
            _ => return None,
        };
        Some(line.to_string())
    }

    /// Who can read along.
    pub(super) fn channel(&self) -> Channel {
        let url = Url::parse(&self.url).ok();
        let loopback = url.as_ref().and_then(Url::host).is_some_and(|host| match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        });
        match (url.is_some_and(|url| url.scheme() == "https"), self.way.verify_tls) {
            (true, true) => Channel::Verified,
            (true, false) => Channel::Unverified,
            (false, _) if loopback => Channel::Loopback,
            (false, _) => Channel::Plain,
        }
    }
}

fn way(remote: &Remote) -> Result<Way> {
    let verify_tls = match remote.options.get("verify_tls") {
        Some(value) => options::flag(value).ok_or_else(|| remote.wrong("verify_tls", "true"))?,
        None => true,
    };
    Ok(Way {
        server: remote.server.clone(),
        limits: remote.limits.clone(),
        proxy: remote.options.get("proxy").cloned(),
        ca: authority::of(remote)?,
        hosts: remote.hosts.clone(),
        verify_tls,
        present: remote.options.keys().cloned().collect(),
        redactor: Redactor::new(remote),
    })
}

/// One spelling for one address: it tells remotes apart.
fn normalized(remote: &Remote, url: &str) -> Result<String> {
    match Url::parse(url) {
        Ok(url) if url.has_host() => {
            Ok(format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/')))
        }
        _ => Err(remote.wrong("url", "https://...")),
    }
}

fn protocol(remote: &Remote) -> Result<Option<Protocol>> {
    match remote.options.get("protocol").map(String::as_str) {
        None | Some("auto") => Ok(None),
        Some("json2") => Ok(Some(Protocol::Json2)),
        Some("jsonrpc") => Ok(Some(Protocol::JsonRpc)),
        Some("xmlrpc") => Ok(Some(Protocol::XmlRpc)),
        Some(_) => Err(remote.wrong("protocol", "auto")),
    }
}

fn delay(remote: &Remote) -> Result<Duration> {
    match remote.options.get("request_delay_ms").map(|value| value.trim().parse()) {
        None => Ok(Duration::ZERO),
        // A server may have been made when more was allowed.
        Some(Ok(ms)) => Ok(Duration::from_millis(u64::from(options::LONGEST_DELAY_MS).min(ms))),
        Some(Err(_)) => Err(remote.wrong("request_delay_ms", "0")),
    }
}

fn companies(remote: &Remote) -> Result<Vec<i64>> {
    let Some(list) = remote.options.get("companies") else { return Ok(Vec::new()) };
    list.split(',').map(|id| id.trim().parse().map_err(|_| remote.wrong("companies", "1,2"))).collect()
}
