//! The entities there are for the current role: the built-in ones, and what it or a role it
//! is a member of has stored.

use serde_json::Value;

use super::role_name;
use super::session::as_owner;
use super::sql::{change, execute, first, query, value};
use crate::entity::{Entity, admit, catalog, define as definition};
use crate::error::{Error, Kind, Result};

/// The role `$1` and those it is a member of, as it was granted: a superuser is not taken for
/// a member of all, else everybody's manifests would count for its runs.
pub(super) const OWN: &str = "
own(oid) as (
  select r.oid from pg_roles r where r.rolname = $1::name
  union
  select m.roleid from pg_auth_members m join own on own.oid = m.member)";

/// All entities; one that is stored takes the place of the built-in one of its name. In the
/// current transaction. Errors: [`Kind::Manifest`] for a stored one that is not valid any more.
pub fn entities() -> Result<Vec<Entity>> {
    all_but(None)
}

fn all_but(name: Option<&str>) -> Result<Vec<Entity>> {
    let mut all = catalog::builtin().to_vec();
    for Stored { definer, json, .. } in stored()?.into_iter().filter(|s| Some(s.name.as_str()) != name) {
        let mut entity = definition::define(&json).map_err(|error| outdated(error, &definer))?;
        entity.definer = Some(definer);
        match all.iter_mut().find(|known| known.name == entity.name) {
            // The nearest comes first.
            Some(known) if known.definer.is_some() => (),
            Some(known) => *known = entity,
            None => all.push(entity),
        }
    }
    Ok(all)
}

/// It was valid when it was stored, perhaps for an earlier version.
fn outdated(error: Error, definer: &str) -> Error {
    error.hint(format!(
        "stored by role \"{definer}\": store it again with sync_define, or remove it with sync_undefine"
    ))
}

struct Stored {
    definer: String,
    name: String,
    json: String,
}

/// The stored manifests that count for the current role, its own first.
fn stored() -> Result<Vec<Stored>> {
    let sql = format!(
        "with recursive {OWN}
         select e.definer::text, e.name, e.manifest::text
         from erp_sync.entity e join pg_roles r on r.rolname = e.definer join own on own.oid = r.oid
         order by e.definer <> $1::name, e.definer, e.name"
    );
    let arguments = [value(role_name()?)];
    as_owner(|| {
        query(&sql, &arguments, |row| {
            Ok(Stored { definer: row.text(1)?, name: row.text(2)?, json: row.text(3)? })
        })
    })
}

/// The manifest of a stored entity as its definer wrote it; `None` for a built-in one. In the current
/// transaction.
pub fn written(entity: &Entity) -> Result<Option<Value>> {
    let ours =
        |stored: &Stored| stored.name == entity.name && Some(&stored.definer) == entity.definer.as_ref();
    Ok(stored()?.into_iter().find(ours).and_then(|stored| serde_json::from_str(&stored.json).ok()))
}

const STORE: &str = "
insert into erp_sync.entity (definer, name, manifest) values ($1::name, $2, $3::jsonb)
on conflict (definer, name) do update set manifest = excluded.manifest, defined_at = clock_timestamp()";

/// Stores a manifest for the current role and gives the entity's name. In the current transaction.
pub fn define(json: &str) -> Result<String> {
    let entity = definition::define(json)?;
    admit::admit(&entity, &all_but(Some(&entity.name))?)?;
    let arguments = [value(role_name()?), value(entity.name.clone()), value(json.to_string())];
    as_owner(|| execute(STORE, &arguments))?;
    Ok(entity.name)
}

/// Removes a stored manifest. In the current transaction.
pub fn undefine(name: &str) -> Result<()> {
    let stored = stored()?;
    let Some(found) = stored.iter().find(|stored| stored.name == name) else {
        return Err(not_stored(name, &stored)?);
    };
    let sql = "delete from erp_sync.entity where definer = $1::name and name = $2 returning 1::bigint";
    as_owner(|| {
        change(sql, &[value(found.definer.clone()), value(name.to_string())], |row| row.int(1))?;
        forget(name)
    })
}

fn not_stored(name: &str, stored: &[Stored]) -> Result<Error> {
    let role = role_name()?;
    let names: Vec<&str> = stored.iter().map(|stored| stored.name.as_str()).collect();
    let names = if names.is_empty() { "none".into() } else { names.join(", ") };
    let error = Error::new(Kind::Usage, format!("role \"{role}\" has stored no manifest \"{name}\""))
        .detail(format!("it has stored: {names}"));
    Ok(match catalog::find(name, catalog::builtin()) {
        Some(_) => error.hint(format!(
            "what is built in cannot be removed; to sync less, name entities in sync_run, or turn one off with: \
             select sync_configure('{name}', '{{\"auto\": false}}')"
        )),
        None => error.hint("look at: select * from sync_entities() where definer is not null"),
    })
}

/// Lets go of how far an entity is that nobody has a manifest of any more, so that another
/// may fill its tables. As the extension's owner.
fn forget(name: &str) -> Result<()> {
    let sql = "select exists (select from erp_sync.entity where name = $1)";
    let known = first(sql, &[value(name.to_string())], |row| row.flag(1))?.unwrap_or(false);
    if known || catalog::builtin().iter().any(|entity| entity.name == name) {
        return Ok(());
    }
    for table in ["position", "candidate", "reread", "rejected"] {
        execute(&format!("delete from erp_sync.{table} where entity = $1"), &[value(name.to_string())])?;
    }
    execute("delete from erp_sync.setting where entity = $1", &[value(name.to_string())]).map(drop)
}
