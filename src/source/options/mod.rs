//! The options of servers and user mappings: which there are and what they may hold.
//!
//! Nothing is ever required here: an ordinary user's `pg_dump` leaves the options
//! of user mappings out, and such a dump must load. No message shows a value: the
//! wrong option may hold the right password.

mod check;
mod table;

use std::collections::BTreeMap;

pub(crate) use check::flag;
pub(crate) use table::LONGEST_DELAY_MS;
use table::{ODOO, Row, SQLSERVER, USER_MAPPING};

use crate::error::{Error, Kind, Result};

/// What kind of object options belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catalog {
    /// `CREATE FOREIGN DATA WRAPPER`: takes no options.
    Wrapper,
    /// `CREATE SERVER`.
    Server,
    /// `CREATE USER MAPPING`.
    UserMapping,
}

impl Catalog {
    fn name(self) -> &'static str {
        match self {
            Catalog::Wrapper => "foreign data wrapper",
            Catalog::Server => "server",
            Catalog::UserMapping => "user mapping",
        }
    }
}

/// Who may have the database server read a file, besides superusers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Nobody: the content is sent to a remote.
    Superusers,
    /// Members of `pg_read_server_files`.
    FileReaders,
}

/// Who may set this option; `None`: anybody. Those that are not for anybody name a file.
pub fn readers(option: &str) -> Option<Readers> {
    match option {
        "password_file" => Some(Readers::Superusers),
        "ca_file" => Some(Readers::FileReaders),
        _ => None,
    }
}

/// What servers with these options connect to: the option and its host and port.
pub fn hosts<'a>(options: impl Fn(&str) -> Option<&'a str>) -> Vec<(&'static str, String, u16)> {
    let of_url = |option: &'static str| {
        let url = url::Url::parse(options(option)?).ok()?;
        Some((option, url.host_str()?.to_string(), url.port_or_known_default()?))
    };
    let of_host = || {
        let port = options("port").and_then(|port| port.trim().parse().ok());
        // The port of an instance is asked of the browser there.
        let port = port.unwrap_or(if options("instance").is_some() { 1434 } else { 1433 });
        Some(("host", options("host")?.to_string(), port))
    };
    [of_url("url"), of_url("proxy"), of_host()].into_iter().flatten().collect()
}

/// Names and descriptions of the options an object of this wrapper takes, in the order to show them.
pub fn known(wrapper: &str, catalog: Catalog) -> Vec<(&'static str, &'static str)> {
    rows(wrapper, catalog).iter().map(|row| (row.name, row.about)).collect()
}

/// Checks the options of one object as a whole. Errors are [`Kind::Config`].
pub fn validate(wrapper: &str, catalog: Catalog, options: &[(String, String)]) -> Result<()> {
    for (name, value) in options {
        let Some(row) = rows(wrapper, catalog).iter().find(|row| row.name == name) else {
            return Err(unknown(wrapper, catalog, name));
        };
        row.check.run(value).map_err(|why| {
            Error::new(Kind::Config, format!("option \"{name}\" of a {} {why}", catalog.name()))
                .hint(in_a_host(wrapper, name, value).unwrap_or_else(|| format!("{name}: {}", row.about)))
        })?;
    }
    together(&options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
}

/// The options that a host is to be parted into, as other programs write it: `HOST\INSTANCE`, `HOST,1433`, `HOST:1433`,
/// `tcp:HOST`.
fn in_a_host(wrapper: &str, name: &str, value: &str) -> Option<String> {
    if (wrapper, name) != ("sqlserver", "host") {
        return None;
    }
    let rest = value.trim();
    let rest = rest.strip_prefix("tcp:").or_else(|| rest.strip_prefix("TCP:")).unwrap_or(rest);
    let (rest, port) = match rest.rsplit_once([',', ':']) {
        Some((rest, port)) => (rest.trim(), Some(port.trim())),
        None => (rest, None),
    };
    let (host, instance) = match rest.split_once('\\') {
        Some((host, instance)) => (host, Some(instance)),
        None => (rest, None),
    };
    let is_plain =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "._-$".contains(c));
    if ![Some(host), instance, port].into_iter().flatten().all(is_plain) {
        return None;
    }
    let parts = [("host", Some(host)), ("instance", instance), ("port", port)];
    let parts = parts.into_iter().filter_map(|(option, value)| Some(format!("{option} '{}'", value?)));
    Some(format!("write it in parts: options ({})", parts.collect::<Vec<_>>().join(", ")))
}

/// Rules about several options.
fn together(options: &BTreeMap<&str, &str>) -> Result<()> {
    let number = |name| options.get(name).and_then(|value| value.trim().parse::<u32>().ok());
    if let (Some(min), Some(max)) = (number("min_page"), number("max_page"))
        && min > max
    {
        return Err(Error::new(Kind::Config, "option \"min_page\" is greater than option \"max_page\"")
            .hint("set both in one statement: alter server ... options (set min_page '...', set max_page '...')"));
    }
    exclusive(options, "password", "password_file", "alter user mapping ... options (drop password)")?;
    exclusive(options, "ca", "ca_file", "alter server ... options (drop ca_file)")?;
    secure_routing(options)
}

fn exclusive(options: &BTreeMap<&str, &str>, one: &str, other: &str, line: &str) -> Result<()> {
    match options.contains_key(one) && options.contains_key(other) {
        true => {
            Err(Error::new(Kind::Config, format!("options \"{one}\" and \"{other}\" exclude each other"))
                .hint(format!("drop one of them: {line}")))
        }
        false => Ok(()),
    }
}

/// The host that the login is sent on to must show who it is.
fn secure_routing(options: &BTreeMap<&str, &str>) -> Result<()> {
    let on = |name: &str| options.get(name).is_some_and(|value| flag(value) == Some(true));
    let verified = options.get("encrypt").is_none_or(|word| *word == "require") && !on("trust_certificate");
    match on("follow_routing") && !verified {
        true => Err(Error::new(Kind::Config, "option \"follow_routing\" needs a verified connection")
            .detail("else the password could be sent on to anybody")
            .hint("keep encrypt at require, and leave trust_certificate out")),
        false => Ok(()),
    }
}

fn rows(wrapper: &str, catalog: Catalog) -> &'static [Row] {
    match (catalog, wrapper) {
        (Catalog::Server, "odoo") => ODOO,
        (Catalog::Server, "sqlserver") => SQLSERVER,
        (Catalog::UserMapping, _) => USER_MAPPING,
        (Catalog::Wrapper | Catalog::Server, _) => &[],
    }
}

fn unknown(wrapper: &str, catalog: Catalog, name: &str) -> Error {
    let message = match catalog {
        Catalog::Wrapper => format!("foreign data wrapper \"{wrapper}\" takes no options"),
        _ => format!("a {} of wrapper \"{wrapper}\" has no option \"{name}\"", catalog.name()),
    };
    Error::new(Kind::Config, message).hint(advice(wrapper, catalog, name))
}

/// What was probably meant, else what there is.
fn advice(wrapper: &str, catalog: Catalog, name: &str) -> String {
    let elsewhere = [Catalog::Server, Catalog::UserMapping]
        .into_iter()
        .find(|other| *other != catalog && rows(wrapper, *other).iter().any(|row| row.name == name));
    if let Some(other) = elsewhere {
        return format!("\"{name}\" is an option of the {}", other.name());
    }
    let names: Vec<&str> = rows(wrapper, catalog).iter().map(|row| row.name).collect();
    if names.is_empty() {
        return format!("a {} takes no options: give them to the server", catalog.name());
    }
    let list = format!("options: {}", names.join(", "));
    match nearest(name, &names) {
        Some(near) => format!("did you mean \"{near}\"? {list}"),
        None => list,
    }
}

/// The most similar name, when it is at most two typing errors away.
fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    names
        .iter()
        .map(|candidate| (distance(&name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((y, up), diagonal) in b.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            let left = next.last().copied().unwrap_or(i + 1);
            next.push((up + 1).min(left + 1).min(diagonal + usize::from(x != *y)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
