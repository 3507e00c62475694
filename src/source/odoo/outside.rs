//! What stands between us and Odoo: proxies that let only one protocol through, and
//! Odoo Online, which lets programs in by plan.

use url::Url;

use super::settings::{Protocol, Settings};
use crate::error::Error;

/// Odoo's price list: "External API" comes with the plan "Custom" alone. What the others
/// answer is not documented, so it is said beside every refusal of such a host.
const PLAN: &str = "Odoo Online lets programs in only with its Custom plan";

/// The detail of a refusal, with what holds for Odoo Online where that is asked.
pub(super) fn detail(settings: &Settings, detail: &str) -> String {
    let host = Url::parse(&settings.url).ok().and_then(|url| url.host_str().map(str::to_string));
    match host.is_some_and(|host| host.ends_with(".odoo.com")) {
        true => format!("{detail}; {PLAN}"),
        false => detail.to_string(),
    }
}

/// An answer that no Odoo gives: a proxy may keep this protocol out and let another in.
pub(super) fn blocked(settings: &Settings, protocol: Protocol, status: u16, mut error: Error) -> Error {
    if !matches!(status, 401 | 403 | 404 | 405) {
        return error;
    }
    let other = match protocol {
        Protocol::JsonRpc => Protocol::XmlRpc,
        Protocol::XmlRpc | Protocol::Json2 => Protocol::JsonRpc,
    };
    let line = settings.way.set("protocol", other.name());
    let hint = format!("{}; or try another protocol: {line}", error.hint_or_default());
    error.detail = error.detail.map(|seen| detail(settings, &seen));
    error.hint(hint)
}
