//! Settings of entities, as `sync_configure()` made them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::identity::{as_owner, role};
use super::object_id::object_id;
use super::session::may_write;
use super::sql::{execute, first, query, value};
use super::{role_name, servers};
use crate::entity::{Entity, Settings, settings};
use crate::error::{Error, Kind, Result};

/// The settings that count for the current role, by entity (or `all`) and server (empty: all).
pub struct Configured(HashMap<(String, String), Settings>);

impl Configured {
    /// Those of a restored dump go by the role's name. In the current transaction.
    pub fn load() -> Result<Self> {
        let sql = "select s.entity, s.server, s.settings::text from erp_sync.setting s
                   where s.role_id = $1 or s.role = $2::name and not erp_sync.is_here(s.role_id)";
        let arguments = [value(object_id(role())), value(role_name()?)];
        let row = |row: &super::sql::Row<'_>| {
            // A setting that a later version took away counts no more.
            let settings: Settings = serde_json::from_str(&row.text(3)?).unwrap_or_default();
            Ok(((row.text(1)?, row.text(2)?), settings))
        };
        let mut all: HashMap<_, Settings> = HashMap::new();
        for (place, settings) in as_owner(|| query(sql, &arguments, row))? {
            let known = all.remove(&place).unwrap_or_default();
            all.insert(place, known.under(settings));
        }
        Ok(Configured(all))
    }

    /// The settings of an entity of a server. A setting for one server overrides one for all servers, and one for the
    /// entity overrides one for `all` entities.
    pub fn of(&self, server: &str, entity: &str) -> Settings {
        if self.0.is_empty() {
            return Settings::default();
        }
        let places = [("all", ""), ("all", server), (entity, ""), (entity, server)];
        let set = places.into_iter().filter_map(|(of, at)| self.0.get(&(of.to_string(), at.to_string())));
        set.fold(Settings::default(), |all, set| all.under(set.clone()))
    }
}

const STORED: &str = "
select s.settings::text from erp_sync.setting s where s.role_id = $1 and s.entity = $2 and s.server = $3";

const STORE: &str = "
insert into erp_sync.setting (role_id, entity, server, settings, role) values ($1, $2, $3, $4::jsonb, $5::name)
on conflict (role_id, entity, server) do update
set settings = excluded.settings, role = excluded.role, set_at = clock_timestamp()";

/// Room for what a role sets.
const SETTINGS_BYTES: usize = 8 << 10;
const SETTINGS: i64 = 5_000;

const COUNT: &str = "select count(*) from erp_sync.setting s where s.role_id = $1";

const FORGET: &str = "delete from erp_sync.setting where role_id = $1 and entity = $2 and server = $3";

/// Works changes into the current role's settings of an entity (`None`: of all), for one server
/// or for all, and gives what is then set. In the current transaction.
pub fn configure(entity: Option<&Entity>, changes: &Value, server: Option<&str>) -> Result<Value> {
    if let Some(name) = server {
        servers::wanted(Some(name))?;
    }
    let name = entity.map_or("all", |entity| entity.name.as_str()).to_string();
    let place = || [object_id(role()), name.clone(), server.unwrap_or_default().to_string()];
    if may_write().is_ok() {
        super::manifests::adopt(true)?;
    }
    let [own, of, at] = place();
    let stored = as_owner(|| first(STORED, &[value(own), value(of), value(at)], |row| row.text(1)))?;
    let stored = stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| json!({}));
    let now = settings::changed(&stored, changes)?;
    if let Some(entity) = entity.filter(|entity| !entity.is_dated() && now.get("initial_range").is_some()) {
        return Err(undated(entity)?);
    }
    if now != stored {
        may_write()?;
        has_room(&now)?;
        let [own, of, at] = place();
        let role = role_name()?;
        let empty = now.as_object().is_some_and(serde_json::Map::is_empty);
        as_owner(|| match empty {
            true => execute(FORGET, &[value(own), value(of), value(at)]),
            false => execute(STORE, &[value(own), value(of), value(at), value(now.to_string()), value(role)]),
        })?;
    }
    Ok(now)
}

fn has_room(settings: &Value) -> Result<()> {
    let own = object_id(role());
    let count = as_owner(|| first(COUNT, &[value(own)], |row| row.int(1)))?.unwrap_or_default();
    if settings.to_string().len() <= SETTINGS_BYTES && count < SETTINGS {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "these are more settings than a role may store")
        .detail(format!("{SETTINGS} places with {SETTINGS_BYTES} bytes each"))
        .hint("set for all servers what is the same for all, and take others back with null"))
}

fn undated(entity: &Entity) -> Result<Error> {
    let dated: Vec<String> =
        super::entities()?.into_iter().filter(Entity::is_dated).map(|entity| entity.name).collect();
    let message = format!("entity \"{}\" has no date by which initial_range could go", entity.name);
    Ok(Error::new(Kind::Usage, message)
        .detail(format!("those that have one: {}", dated.join(", ")))
        .hint("give its stream a \"date\" in the manifest, or leave initial_range out"))
}
