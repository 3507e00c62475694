//! Which version the remote has, and so which protocol is spoken.

use serde_json::Value;

use super::fault::Asked;
use super::jsonrpc;
use super::rpc::{Reply, Rpc, SHORT};
use super::settings::{Protocol, Settings};
use crate::error::{Error, Kind, Result};
use crate::source::http::{Answer, Request, accept};

/// Tells the version from 19 on, without key and database; older ones have no such page.
const PATH: &str = "/json/version";

/// The first version with JSON-2.
const FIRST: u64 = 19;

/// The versions whose answers were recorded.
const TESTED: [u64; 3] = [17, 18, 19];

impl Rpc {
    /// What is spoken. Where the option leaves it open, that is decided once, by the
    /// server's version: JSON-2 wherever it can be had. JSON-RPC is what every version
    /// speaks up to 21, so a password, which JSON-2 does not take, needs no question.
    pub(super) async fn protocol(&mut self) -> Result<Protocol> {
        if let Some(protocol) = self.protocol {
            return Ok(protocol);
        }
        let protocol = match self.settings().has_key() && self.has_json2().await? {
            true => Protocol::Json2,
            false => Protocol::JsonRpc,
        };
        self.protocol = Some(protocol);
        Ok(protocol)
    }

    /// Whether the server is new enough. One that is out of order has to be asked again:
    /// the answer is kept.
    async fn has_json2(&mut self) -> Result<bool> {
        let (url, answer) = self.version_answer().await?;
        if matches!(answer.status, 429 | 500..=599) {
            accept(&self.settings().way, &url, answer)?;
            return Ok(false);
        }
        Ok(answer.status == 200 && major(&answer).is_some_and(|major| major >= FIRST))
    }

    /// The version as a server with JSON-2 tells it.
    pub(super) async fn version_page(&mut self) -> Result<Reply> {
        let (url, answer) = self.version_answer().await?;
        if matches!(answer.status, 303 | 404) {
            return Err(too_old(self.settings(), answer.status));
        }
        let answer = accept(&self.settings().way, &url, answer)?;
        let decoded = jsonrpc::parse(&answer.body);
        self.reply(answer, decoded, Asked { object: "json", method: "version" })
    }

    async fn version_answer(&mut self) -> Result<(String, Answer)> {
        let url = format!("{}{PATH}", self.settings().url);
        let answer = self.exchange(Request::get(url.clone()).at_most(SHORT)).await?;
        Ok((url, answer))
    }
}

/// The first part of the version: `19`, or `saas~19` where Odoo hosts it.
pub(super) fn major(answer: &Answer) -> Option<u64> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    match body.get("version_info")?.get(0)? {
        Value::String(name) => leading(name),
        number => number.as_u64(),
    }
}

/// The first number of `17.0-20240709`, `saas~17.4` or `saas-17`.
fn leading(version: &str) -> Option<u64> {
    let number = version.trim_start_matches("saas").trim_start_matches(['~', '-']);
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What a person should know about a version whose answers were never recorded.
pub(super) fn doubt(version: &str) -> Option<String> {
    let tested = TESTED.map(|version| version.to_string()).join(", ");
    match leading(version) {
        Some(major) if TESTED.contains(&major) => None,
        Some(major) => Some(format!("Odoo {major} was not tested with erp_sync; tested are {tested}")),
        None => Some(format!("this is no version number of Odoo; tested are {tested}")),
    }
}

fn too_old(settings: &Settings, status: u16) -> Error {
    let Settings { server, way, .. } = settings;
    Error::new(Kind::BadAnswer, format!("\"{server}\" does not speak JSON-2"))
        .detail(format!("status {status} for {PATH}, which Odoo has from version {FIRST} on"))
        .hint(way.set("protocol", "auto"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_that_was_never_recorded_is_doubted() {
        for tested in
            ["17.0-20240709", "17.0+e-20240709", "saas~17.4+e", "18.0-20250702", "19.0", "saas~19.1"]
        {
            assert_eq!(doubt(tested), None, "{tested}");
        }
        for (other, major) in [("16.0-20231205", "16"), ("20.0", "20"), ("saas-15", "15"), ("7.saas~3", "7")]
        {
            let told = format!("Odoo {major} was not tested with erp_sync; tested are 17, 18, 19");
            assert_eq!(doubt(other), Some(told));
        }
        assert!(doubt("").is_some() && doubt("master").is_some());
    }
}
