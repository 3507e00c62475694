//! What the options of a `sqlserver` server and its user mapping say.

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono_tz::Tz;
use secrecy::SecretString;

use crate::error::{Error, Kind, Result};
use crate::source::hosts::Hosts;
use crate::source::redact::Redactor;
use crate::source::{Channel, Limits, Remote, authority, hint, options};

/// The port of a default instance.
const PORT: u16 = 1433;

/// How much of the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encrypt {
    /// All of it, or there is none.
    Require,
    /// The login; the rows are not, unless the remote insists.
    LoginOnly,
    /// Nothing, unless the remote insists.
    Plaintext,
}

/// One SQL Server database and the login that reads it.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Name of the foreign server: for messages and hints.
    pub(super) server: String,
    pub(super) host: String,
    /// `None`: the instance's, which the SQL Server Browser knows.
    pub(super) port: Option<u16>,
    pub(super) instance: Option<String>,
    pub(super) database: String,
    pub(super) username: String,
    pub(super) password: SecretString,
    pub(super) encrypt: Encrypt,
    pub(super) trust_certificate: bool,
    /// Authorities that are trusted beside the system's, as PEM.
    pub(super) ca: Option<String>,
    /// Whether a gateway may send the login on to another host.
    pub(super) follow_routing: bool,
    /// The hosts that may be connected to.
    pub(super) hosts: Hosts,
    pub(super) application_name: String,
    /// Of times without one.
    pub(super) zone: Tz,
    pub(super) limits: Limits,
    pub(super) redactor: Redactor,
    /// Names of the server's options that are set.
    present: BTreeSet<String>,
}

impl Settings {
    /// Errors are [`Kind::Config`] and name the option that is missing or wrong.
    pub(super) fn new(remote: Remote) -> Result<Self> {
        let optional = |name: &str| remote.options.get(name).cloned();
        let trust_certificate = flag(&remote, "trust_certificate")?;
        let instance = optional("instance");
        let port = match (port(&remote)?, &instance) {
            (None, None) => Some(PORT),
            (given, _) => given,
        };
        Ok(Settings {
            host: remote.required("host", "...")?.to_string(),
            port,
            instance,
            database: remote.required("database", "...")?.to_string(),
            username: remote.credential("username", remote.username.clone())?,
            password: remote.credential("password", remote.password.clone())?,
            encrypt: encrypt(&remote)?,
            // A certificate that is not looked at needs no authority.
            ca: if trust_certificate { None } else { authority::of(&remote)? },
            trust_certificate,
            follow_routing: flag(&remote, "follow_routing")?,
            hosts: remote.hosts.clone(),
            application_name: optional("application_name").unwrap_or_else(|| "erp_sync".into()),
            zone: zone(&remote)?,
            limits: remote.limits.clone(),
            redactor: Redactor::new(&remote),
            present: remote.options.keys().cloned().collect(),
            server: remote.server,
        })
    }

    /// The line that gives an option of the server another value.
    pub(super) fn set(&self, option: &str, value: &str) -> String {
        hint::server(&self.server, self.present.contains(option), option, value)
    }

    /// Whether whoever answers has shown who it is.
    pub(super) fn is_verified(&self) -> bool {
        self.encrypt == Encrypt::Require && !self.trust_certificate
    }

    /// The remote's address, quoted for a message.
    pub(super) fn address(&self) -> String {
        match (self.port, &self.instance) {
            (Some(port), _) => format!("\"{}:{port}\"", self.host),
            (None, instance) => format!("\"{}\\{}\"", self.host, instance.as_deref().unwrap_or_default()),
        }
    }

    /// What tells this database from another, in one spelling: SQL Server knows no upper and lower case here.
    pub(super) fn identity(&self) -> String {
        let address = self.address();
        format!("{}/{}", address.trim_matches('"'), self.database).to_lowercase()
    }

    /// The line that lets fewer people read along.
    pub(super) fn safer(&self) -> Option<String> {
        match self.channel() {
            Channel::Unverified => Some(format!(
                "drop the option trust_certificate, and name the certificate's authority: {}",
                self.set("ca", hint::CERTIFICATE)
            )),
            Channel::Plain | Channel::LoginOnly => Some(self.set("encrypt", "require")),
            _ => None,
        }
    }

    /// Who can read along.
    pub(super) fn channel(&self) -> Channel {
        let loopback = match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        };
        match (self.encrypt, self.trust_certificate) {
            (Encrypt::Require, false) => Channel::Verified,
            (Encrypt::Require, true) => Channel::Unverified,
            _ if loopback => Channel::Loopback,
            (Encrypt::LoginOnly, _) => Channel::LoginOnly,
            (Encrypt::Plaintext, _) => Channel::Plain,
        }
    }
}

fn flag(remote: &Remote, option: &str) -> Result<bool> {
    match remote.options.get(option) {
        Some(value) => options::flag(value).ok_or_else(|| remote.wrong(option, "false")),
        None => Ok(false),
    }
}

fn port(remote: &Remote) -> Result<Option<u16>> {
    let Some(port) = remote.options.get("port") else { return Ok(None) };
    port.trim().parse().map(Some).map_err(|_| remote.wrong("port", "1433"))
}

fn encrypt(remote: &Remote) -> Result<Encrypt> {
    match remote.options.get("encrypt").map(String::as_str) {
        None | Some("require") => Ok(Encrypt::Require),
        Some("login-only") => Ok(Encrypt::LoginOnly),
        Some("plaintext") => Ok(Encrypt::Plaintext),
        Some(_) => Err(remote.wrong("encrypt", "require")),
    }
}

fn zone(remote: &Remote) -> Result<Tz> {
    let Some(name) = remote.options.get("timezone") else { return Ok(Tz::UTC) };
    name.trim().parse().map_err(|_| {
        Error::new(
            Kind::Config,
            format!("option \"timezone\" of server \"{}\" is no time zone: \"{name}\"", remote.server),
        )
        .detail("it is the zone in which the remote writes its datetime and datetime2 columns")
        .hint(hint::server(&remote.server, true, "timezone", "Asia/Dubai"))
    })
}
