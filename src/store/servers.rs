//! Foreign servers and user mappings.

use std::collections::BTreeMap;

use pgrx::pg_sys;

use super::identity::{as_owner, can_set, role};
use super::session::transaction;
use super::sql::{first, query, value};
use super::syscache;
use super::{digest, files};
use crate::entity::nearest;
use crate::error::{Error, Kind, Result};
use crate::guc::{self, Settings};
use crate::source::{Remote, Sent, hint};

/// A foreign server the current role may use.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its OID.
    pub oid: pg_sys::Oid,
    /// Its name.
    pub name: String,
    /// Its wrapper: `odoo` or `sqlserver`.
    pub kind: String,
    /// Its options.
    pub options: BTreeMap<String, String>,
    /// Whether its owner is a superuser, or a role that the current one may become: what others let everybody use is
    /// no part of what somebody asks for without naming it.
    pub is_trusted: bool,
}

impl Server {
    /// The business its rows belong to.
    pub fn tenant(&self) -> String {
        self.options.get("tenant").cloned().unwrap_or_else(|| "main".into())
    }

    /// Whether a call that names no server means it; `link`: its link, where something was read from it, else 0. What
    /// others let one use counts from the first time it was read.
    pub fn is_meant(&self, link: i64) -> bool {
        self.is_trusted || link != 0
    }

    /// An option as a number.
    pub fn number(&self, option: &str) -> Option<usize> {
        self.options.get(option).and_then(|text| text.parse().ok())
    }

    /// Servers with the same lane are asked by one worker at a time: one remote, as one user of it, for one role. Who
    /// names another user, or a user whose password he does not know, goes through a proxy of his own, or pauses
    /// between requests is in nobody's way.
    pub fn lane(&self, username: &str, role: &str) -> String {
        let through = self.options.get("proxy").map(|proxy| format!(" through {proxy}")).unwrap_or_default();
        let pause = self.number("request_delay_ms").filter(|pause| *pause > 0);
        let pause = pause.map(|pause| format!(", pausing {pause} ms")).unwrap_or_default();
        // Everybody who sees the task sees its lane, but not the mapping.
        let login = digest::of(username);
        format!("{} as login {login:016x} for {role}{through}{pause}", self.address())
    }

    fn address(&self) -> String {
        let url = self.options.get("url").and_then(|url| url::Url::parse(url).ok());
        let from_url = url.and_then(|url| {
            Some(format!("{}:{}", url.host_str()?, url.port_or_known_default().unwrap_or_default()))
        });
        from_url.unwrap_or_else(|| match self.options.get("host") {
            Some(host) => format!("{host}:{}", self.number("port").unwrap_or(1433)),
            None => self.name.clone(),
        })
    }

    /// What else than the manifest decides which rows are read: part of the fingerprint.
    pub fn circumstances(&self, username: &str, schema: &str) -> String {
        let option = |name: &str| self.options.get(name).cloned().unwrap_or_default();
        let (companies, language) = (option("companies"), option("language"));
        let zone = self.options.get("timezone").map(|zone| format!(", timezone {zone}")).unwrap_or_default();
        format!("login {username}, companies {companies}, language {language}, schema {schema}{zone}")
    }
}

/// Servers of our wrappers, with whether the current role may use them, and see how they stand.
const SERVERS: &str = "
select s.srvname::text, w.fdwname::text,
       (select coalesce(jsonb_object_agg(o.option_name, o.option_value), '{}')
        from pg_catalog.pg_options_to_table(s.srvoptions) o)::text,
       pg_catalog.has_server_privilege(s.oid, 'USAGE'),
       pg_catalog.pg_has_role('pg_monitor', 'USAGE'), s.oid, s.srvowner,
       (select o.rolsuper from pg_catalog.pg_roles o where o.oid operator(pg_catalog.=) s.srvowner)
from pg_catalog.pg_foreign_server s
join pg_catalog.pg_foreign_data_wrapper w on w.oid operator(pg_catalog.=) s.srvfdw
where w.fdwname in ('odoo', 'sqlserver')
order by 1";

fn all(which: impl Fn(bool, bool) -> bool) -> Result<Vec<Server>> {
    let servers = query(SERVERS, &[], |row| {
        let options = serde_json::from_str(&row.text(3)?).unwrap_or_default();
        let oid = row.get::<pg_sys::Oid>(6)?.unwrap_or(pg_sys::Oid::INVALID);
        let owner = row.get::<pg_sys::Oid>(7)?.unwrap_or(pg_sys::Oid::INVALID);
        let is_trusted = row.flag(8)? || can_set(role(), owner);
        let server = Server { oid, name: row.text(1)?, kind: row.text(2)?, options, is_trusted };
        Ok(which(row.flag(4)?, row.flag(5)?).then_some(server))
    })?;
    Ok(servers.into_iter().flatten().collect())
}

/// The servers the current role may use, by name. In the current transaction.
pub fn usable() -> Result<Vec<Server>> {
    all(|usage, _| usage)
}

/// The servers the current role may see the state of, by name. In the current transaction.
pub fn visible() -> Result<Vec<Server>> {
    all(|usage, monitor| usage || monitor)
}

/// The servers a call means: one by name, or all.
pub fn wanted(name: Option<&str>) -> Result<Vec<Server>> {
    let all = usable()?;
    let Some(name) = name else { return some(all) };
    let names: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
    let found: Vec<Server> = all.into_iter().filter(|s| s.name == name).collect();
    match found.is_empty() {
        true => Err(not_to_be_had(name, &names)?),
        false => Ok(found),
    }
}

const EXISTS: &str = "
select exists (select from pg_catalog.pg_foreign_server s where s.srvname operator(pg_catalog.=) $1)";

/// Why a server cannot be used: it is not for this role, or not there at all.
fn not_to_be_had(name: &str, usable: &[String]) -> Result<Error> {
    let known = if usable.is_empty() { "none".into() } else { usable.join(", ") };
    if first(EXISTS, &[value(name.to_string())], |row| row.flag(1))?.unwrap_or(false) {
        let role = role_name()?;
        let (server, to) = (hint::ident(name), hint::ident(&role));
        return Ok(Error::new(Kind::Denied, format!("role \"{role}\" may not use server \"{name}\""))
            .detail(format!("servers it may use: {known}"))
            .hint(format!("its owner lets you with: grant usage on foreign server {server} to {to}")));
    }
    let error = Error::new(Kind::Usage, format!("there is no server \"{name}\""))
        .detail(format!("servers are: {known}"));
    Ok(match nearest::nearest(name, usable.iter().map(String::as_str)) {
        Some(word) => error.hint(format!("did you mean \"{word}\"?")),
        None => error.hint("see all servers with: select srvname from pg_foreign_server"),
    })
}

fn some(servers: Vec<Server>) -> Result<Vec<Server>> {
    if !servers.is_empty() {
        return Ok(servers);
    }
    let error = Error::new(Kind::Usage, "there is no server that this role may use");
    let role = role_name()?;
    Err(match all(|_, _| true)?.is_empty() {
        false => error.detail("the servers that are there are for other roles").hint(format!(
            "the owner of one lets you with: grant usage on foreign server NAME to {}",
            hint::ident(&role)
        )),
        true => error.hint(
            "create server odoo_main foreign data wrapper odoo options (url 'https://erp.example.com', database 'prod')",
        ),
    })
}

const MAPPING: &str = "
select (select coalesce(jsonb_object_agg(o.option_name, o.option_value), '{}')
        from pg_catalog.pg_options_to_table(m.umoptions) o)::text, m.umuser operator(pg_catalog.=) 0
from pg_catalog.pg_user_mapping m
where m.umserver operator(pg_catalog.=) $1 and m.umuser in ($2, 0)
order by m.umuser desc limit 1";

/// A server with the credentials of the current role: its own mapping, else PUBLIC's.
/// In the current transaction.
pub fn remote(server: &Server, settings: &Settings) -> Result<Remote> {
    let arguments = [value(server.oid), value(role())];
    let mapping = as_owner(|| first(MAPPING, &arguments, |row| Ok((row.text(1)?, row.flag(2)?))))?;
    let Some((mapping, of_all)) = mapping else {
        return Err(Error::new(
            Kind::Config,
            format!("role \"{}\" has no user mapping for server \"{}\"", role_name()?, server.name),
        )
        .hint(hint::new_mapping(&server.name)));
    };
    let mut options: BTreeMap<String, String> = serde_json::from_str(&mapping).unwrap_or_default();
    if options.is_empty() && !server.options.is_empty() {
        return Err(emptied(server, of_all));
    }
    let password = match options.remove("password_file") {
        Some(file) => Some(files::password(&file, &server.name)?),
        None => options.remove("password"),
    };
    if server.options.contains_key("ca_file") {
        files::owner_reads_files(&server.name)?;
    }
    Ok(Remote {
        server: server.name.clone(),
        kind: server.kind.clone(),
        options: server.options.clone(),
        username: options.remove("username"),
        password: password.map(Into::into),
        limits: settings.limits(),
        hosts: guc::allowed_hosts(),
        sent: Sent::default(),
    })
}

/// A dump leaves out the options of mappings that are not the dumping role's own.
fn emptied(server: &Server, of_all: bool) -> Error {
    let whose = if of_all { "public" } else { "current_user" };
    Error::new(Kind::Config, format!("the user mapping for server \"{}\" has no options", server.name))
        .detail("a dump by a role that may not see them leaves them out")
        .hint(format!(
            "alter user mapping for {whose} server {} options (add username '...', add password '...')",
            hint::ident(&server.name)
        ))
}

/// Name of the current role. In the current transaction.
pub fn role_name() -> Result<String> {
    syscache::role(role())
}

/// What to type so that the current role may become an owner. In the current transaction.
pub fn line_to_become(owner: &str) -> Result<String> {
    let sql = "select pg_has_role($1, 'MEMBER')";
    let member = first(sql, &[value(owner.to_string())], |row| row.flag(1))?.unwrap_or(false);
    let (owner, role) = (hint::ident(owner), hint::ident(&role_name()?));
    // Only from 16 on is there a member that may not become what it is a member of.
    let with = if member { " with set true" } else { "" };
    Ok(format!("grant {owner} to {role}{with}"))
}

/// As whom a worker of the current role logs in: as that role, or where it may not log in as the session's user, who
/// may become it. In the current transaction.
///
/// Errors: [`Kind::Denied`] when neither may.
pub fn login() -> Result<pg_sys::Oid> {
    // SAFETY: a plain read.
    let (own, user) = (role(), unsafe { pg_sys::GetSessionUserId() });
    let name = role_name()?;
    if syscache::can_log_in(own) == Some(true) {
        return Ok(own);
    }
    if syscache::can_log_in(user) == Some(true) && can_set(user, own) {
        return Ok(user);
    }
    Err(Error::new(Kind::Denied, format!("role \"{name}\" may not log in, so no worker can act as it"))
        .hint(format!("alter role {} login, or call it as a role that may log in", hint::ident(&name))))
}

/// The servers of a check with their remotes.
pub fn to_check(settings: &Settings, name: Option<&str>) -> Result<Vec<(Server, Result<Remote>)>> {
    transaction(|| {
        Ok(wanted(name)?
            .into_iter()
            .map(|server| {
                let remote = remote(&server, settings);
                (server, remote)
            })
            .collect())
    })
}

/// A server by its name, with its remote.
pub fn to_discover(settings: &Settings, name: &str) -> Result<(Server, Remote)> {
    transaction(|| {
        let server = wanted(Some(name))?.into_iter().next();
        let server = server.ok_or_else(|| Error::new(Kind::Internal, "there is no such server"))?;
        let remote = remote(&server, settings)?;
        Ok((server, remote))
    })
}

/// The current database, for messages.
pub fn database() -> pg_sys::Oid {
    // SAFETY: a plain read.
    unsafe { pg_sys::MyDatabaseId }
}
