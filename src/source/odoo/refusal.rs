//! What a person is told when Odoo refuses, where the words do not depend on the fault.

use super::outside;
use super::settings::{Protocol, Settings};
use crate::error::{Error, Kind};
use crate::source::hint;

/// For a method that is for nobody.
pub(super) const OTHER_VERSION: &str =
    "this Odoo may be newer than erp_sync knows, see its version in: select * from sync_check()";

/// For a condition that is none.
pub(super) const BAD_FILTER: &str =
    "mend the filter in the entity's manifest, which is to be seen in: select sync_entity('...')";

/// User name or password is not right: the same error from both ways Odoo says it.
pub(super) fn refused_login(settings: &Settings) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::Login, format!("\"{server}\" refused user \"{username}\""))
        .detail(outside::detail(
            settings,
            "wrong name, password or API key; with two-factor login only an API key works (My Profile, Account Security)",
        ))
        .hint(hint::mapping(server, true, "password"))
}

/// The routes of programs know no session: something makes them ask for one as a browser has it,
/// such as a module that lets sessions time out.
pub(super) fn wants_a_session(settings: &Settings) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::Login, format!("\"{server}\" refused user \"{username}\": session expired"))
        .detail("each request carries the login and needs no session: a module there or a proxy asks for one")
        .hint(format!("try another protocol: {}", settings.way.set("protocol", "xmlrpc")))
}

/// The API key is not right. Odoo answers all the cases alike.
pub(super) fn refused_key(settings: &Settings) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::Login, format!("\"{server}\" refused the API key of user \"{username}\""))
        .detail(outside::detail(
            settings,
            "it is unknown, has expired, was revoked, or is of another scope than rpc; JSON-2 takes no passwords",
        ))
        .hint(format!(
            "make a new key in Odoo (My Profile, Account Security), then: {}",
            hint::mapping(server, true, "password")
        ))
}

/// Odoo's page for a database that it does not offer, and for one that it cannot reach just now.
pub(super) fn no_database(settings: &Settings) -> Error {
    let Settings { server, database, .. } = settings;
    Error::new(
        Kind::Unavailable,
        format!("\"{server}\" does not offer or cannot reach the database \"{database}\""),
    )
    .detail("status 404 with a web page: Odoo shows the same one in both cases")
    .hint(match settings.protocol {
        // An older one has no such page at all, which `auto` would have noticed.
        Some(Protocol::Json2) => {
            let line = settings.way.set("protocol", "auto");
            format!("{}; if this Odoo is older than 19: {line}", perhaps_wrong_database(settings))
        }
        _ => perhaps_wrong_database(settings),
    })
}

/// Odoo does not tell a wrong name from a database that is down.
pub(super) fn perhaps_wrong_database(settings: &Settings) -> String {
    let line = settings.way.set("database", "...");
    format!("try again later; if \"{}\" is the wrong database: {line}", settings.database)
}

/// What to do about a missing right.
pub(super) fn forbidden_hint(settings: &Settings) -> String {
    let right = "give the remote user the right to read, then: select * from sync_check()";
    match settings.companies.is_empty() {
        true => right.to_string(),
        false => format!("{right}; its companies must hold those of the server option companies"),
    }
}

/// The server option names a language that Odoo does not have.
pub(super) fn not_active(settings: &Settings, wanted: &str, active: &[String]) -> Error {
    let codes: Vec<String> = active.iter().map(|code| settings.way.redactor.line(code)).collect();
    let alike = |code: &&String| code.get(..2).is_some() && code.get(..2) == wanted.get(..2);
    let instead = codes.iter().find(alike).map_or("...", String::as_str);
    Error::new(Kind::Config, format!("the language \"{wanted}\" is not active on \"{}\"", settings.server))
        .detail(format!("active are: {}", codes.join(", ")))
        .hint(language_hint(settings, instead))
}

/// What to do about a language that is not active.
pub(super) fn language_hint(settings: &Settings, instead: &str) -> String {
    let line = settings.way.set("language", instead);
    format!("activate it in Odoo (Settings, Translations, Languages), or name one that is active: {line}")
}
