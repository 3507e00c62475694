//! Settings of entities, as `sync_configure()` made them.

use serde_json::{Value, json};

use super::manifests::OWN;
use super::session::{as_owner, may_write};
use super::sql::{execute, first, query, value};
use super::{role_name, servers};
use crate::entity::{Entity, Settings, settings};
use crate::error::{Error, Kind, Result};

/// The settings that count for the current role.
pub struct Configured(Vec<Row>);

struct Row {
    own: bool,
    entity: String,
    server: String,
    settings: Settings,
}

impl Configured {
    /// In the current transaction.
    pub fn load() -> Result<Self> {
        let sql = format!(
            "with recursive {OWN}
             select s.role = $1::name, s.entity, s.server, s.settings::text
             from erp_sync.setting s join pg_roles r on r.rolname = s.role join own on own.oid = r.oid
             order by s.role"
        );
        let arguments = [value(role_name()?)];
        let row = |row: &super::sql::Row<'_>| {
            // A setting that a later version took away counts no more.
            let settings = serde_json::from_str(&row.text(4)?).unwrap_or_default();
            Ok(Row { own: row.flag(1)?, entity: row.text(2)?, server: row.text(3)?, settings })
        };
        let mut rows = as_owner(|| query(&sql, &arguments, row))?;
        // The nearest last: what is set for the server over what is set for all, the
        // entity's over that of all, one's own over a group's.
        rows.sort_by_key(|row| (row.own, row.entity != "all", !row.server.is_empty()));
        Ok(Configured(rows))
    }

    /// What is set for an entity of a server.
    pub fn of(&self, server: &str, entity: &str) -> Settings {
        let meant = |row: &&Row| {
            (row.entity == "all" || row.entity == entity) && (row.server.is_empty() || row.server == server)
        };
        let rows = self.0.iter().filter(meant);
        rows.fold(Settings::default(), |all, row| all.under(row.settings.clone()))
    }
}

const STORED: &str = "
select s.settings::text from erp_sync.setting s where s.role = $1::name and s.entity = $2 and s.server = $3";

const STORE: &str = "
insert into erp_sync.setting (role, entity, server, settings) values ($1::name, $2, $3, $4::jsonb)
on conflict (role, entity, server) do update set settings = excluded.settings, set_at = clock_timestamp()";

const FORGET: &str = "delete from erp_sync.setting where role = $1::name and entity = $2 and server = $3";

/// Works changes into the current role's settings of an entity (`None`: of all), for one server
/// or for all, and gives what is then set. In the current transaction.
pub fn configure(entity: Option<&Entity>, changes: &Value, server: Option<&str>) -> Result<Value> {
    if let Some(name) = server {
        servers::wanted(Some(name))?;
    }
    let name = entity.map_or("all", |entity| entity.name.as_str()).to_string();
    let place = || -> Result<_> { Ok([role_name()?, name.clone(), server.unwrap_or_default().to_string()]) };
    let [role, of, at] = place()?;
    let stored = as_owner(|| first(STORED, &[value(role), value(of), value(at)], |row| row.text(1)))?;
    let stored = stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| json!({}));
    let now = settings::changed(&stored, changes)?;
    if let Some(entity) = entity.filter(|entity| !entity.is_dated() && now.get("initial_range").is_some()) {
        return Err(undated(entity)?);
    }
    if now != stored {
        may_write()?;
        let [role, of, at] = place()?;
        let empty = now.as_object().is_some_and(serde_json::Map::is_empty);
        as_owner(|| match empty {
            true => execute(FORGET, &[value(role), value(of), value(at)]),
            false => execute(STORE, &[value(role), value(of), value(at), value(now.to_string())]),
        })?;
    }
    Ok(now)
}

fn undated(entity: &Entity) -> Result<Error> {
    let dated: Vec<String> =
        super::entities()?.into_iter().filter(Entity::is_dated).map(|entity| entity.name).collect();
    let message = format!("entity \"{}\" has no date by which initial_range could go", entity.name);
    Ok(Error::new(Kind::Usage, message)
        .detail(format!("those that have one: {}", dated.join(", ")))
        .hint("give its stream a \"date\" in the manifest, or leave initial_range out"))
}
