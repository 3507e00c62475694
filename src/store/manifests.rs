//! The entities there are for the current role: the built-in ones, and what it has stored.

use serde_json::Value;

use pgrx::pg_sys;

use super::identity::{as_owner, role};
use super::object_id::object_id;
use super::role_name;
use super::sql::{execute, first, look, value};
use crate::entity::{Entity, admit, catalog, define as definition, quote};
use crate::error::{Error, Kind, Result};

/// All entities; one that is stored takes the place of the built-in one of its name. In the
/// current transaction. Errors: [`Kind::Manifest`] for a stored one that is not valid any more.
pub fn entities() -> Result<Vec<Entity>> {
    all_but(None)
}

fn all_but(name: Option<&str>) -> Result<Vec<Entity>> {
    let mut all = catalog::builtin().to_vec();
    for stored in stored()?.into_iter().filter(|s| Some(s.name.as_str()) != name) {
        let mut entity = definition::define(&stored.json).map_err(|error| outdated(error, &stored))?;
        entity.definer = Some(stored.definer);
        match all.iter_mut().find(|known| known.name == entity.name) {
            Some(known) => *known = entity,
            None => all.push(entity),
        }
    }
    Ok(all)
}

/// It was valid when it was stored, perhaps for an earlier version.
fn outdated(error: Error, stored: &Stored) -> Error {
    let Stored { definer, name, .. } = stored;
    error.hint(format!(
        "stored by role \"{definer}\": store the whole again with sync_define, or remove it with: select sync_undefine({})",
        quote::quote_literal(name)
    ))
}

struct Stored {
    definer: String,
    name: String,
    json: String,
}

/// Those of a restored dump go by the role's name, until [`adopt`] has noted who that is here.
const STORED: &str = "
select e.definer::text, e.name, e.manifest::text from erp_sync.entity e
where e.definer_id = $1 or e.definer = $2::name and not erp_sync.is_here(e.definer_id)
order by e.name";

/// The manifests that the current role has stored. Nobody else's count for it: a role could otherwise have others read
/// for it what it may not read itself.
fn stored() -> Result<Vec<Stored>> {
    let arguments = [value(object_id(role())), value(role_name()?)];
    as_owner(|| {
        // One statement may define several, each of which sees those before it.
        look(STORED, &arguments, |row| {
            Ok(Stored { definer: row.text(1)?, name: row.text(2)?, json: row.text(3)? })
        })
    })
}

/// Manifests and settings of a restored dump, or of a copied database, become those of the roles that are called so
/// now; a role that is made later inherits none. `own`: of the current role alone. What another transaction has in hand
/// is left to it. In the current transaction.
pub(super) fn adopt(own: bool) -> Result<()> {
    let found = "select exists (select from erp_sync.entity t where not erp_sync.is_here(t.definer_id))
                     or exists (select from erp_sync.setting t where not erp_sync.is_here(t.role_id))";
    let whose = if own { Some(role_name()?) } else { None };
    as_owner(|| {
        if first(found, &[], |row| row.flag(1))? != Some(true) {
            return Ok(());
        }
        for (table, name, id, key) in [
            ("entity", "definer", "definer_id", "o.name = t.name"),
            ("setting", "role", "role_id", "o.entity = t.entity and o.server = t.server"),
        ] {
            let free = format!(
                "select f.ctid from erp_sync.{table} f where not erp_sync.is_here(f.{id})
                   and ($1::text is null or f.{name} = $1::name) for update skip locked"
            );
            // Of a role that was dropped and made again the dump may hold both.
            execute(
                &format!(
                    "delete from erp_sync.{table} t where t.ctid = any(array({free})) and exists (
                       select from erp_sync.{table} o where o.{name} = t.{name} and {key}
                         and (o.ctid > t.ctid and not erp_sync.is_here(o.{id}) or erp_sync.is_here(o.{id})))"
                ),
                &[value(whose.clone())],
            )?;
            let sql = format!(
                "update erp_sync.{table} t set {id} = $2 || coalesce(
                   (select r.oid::bigint from pg_roles r where r.rolname = t.{name}), 0)::text
                 where t.ctid = any(array({free}))"
            );
            let here = object_id(pg_sys::Oid::INVALID).trim_end_matches('0').to_string();
            execute(&sql, &[value(whose.clone()), value(here)])?;
        }
        Ok(())
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
insert into erp_sync.entity (definer, name, manifest, definer_id) values ($1::name, $2, $3::jsonb, $4)
on conflict (definer_id, name) do update
set manifest = excluded.manifest, definer = excluded.definer, defined_at = clock_timestamp()";

/// Room for what a role stores.
const MANIFEST_BYTES: usize = 256 << 10;
const MANIFESTS: usize = 200;

/// Stores a manifest for the current role and gives the entity's name. In the current transaction.
///
/// Errors: [`Kind::Usage`] when it is larger, or one more, than a role may store.
pub fn define(json: &str) -> Result<String> {
    if json.len() > MANIFEST_BYTES {
        return Err(too_long(json.len()));
    }
    let entity = definition::define(json)?;
    let before = stored()?.into_iter().find(|stored| stored.name == entity.name);
    let json = match &before {
        Some(before) => definition::together(&before.json, json)?,
        None => json.to_string(),
    };
    if json.len() > MANIFEST_BYTES {
        return Err(too_long(json.len()));
    }
    let entity = definition::define(&json).map_err(|error| match &before {
        Some(before) => outdated(error, before),
        None => error,
    })?;
    if let Some(known) = known(&entity, before.as_ref(), &json)? {
        admit::keeps_objects(&entity, &known)?;
    }
    admit::admit(&entity, &all_but(Some(&entity.name))?)?;
    adopt(true)?;
    if stored()?.iter().filter(|stored| stored.name != entity.name).count() >= MANIFESTS {
        return Err(Error::new(Kind::Usage, format!("this role has stored {MANIFESTS} manifests already"))
            .hint("remove those that are not needed with: select sync_undefine('...')"));
    }
    let arguments =
        [value(role_name()?), value(entity.name.clone()), value(json.to_string()), value(object_id(role()))];
    as_owner(|| execute(STORE, &arguments))?;
    Ok(entity.name)
}

/// The entity that a whole manifest takes the place of; `None` for one that says itself what it extends. A stored one
/// that is not valid any more stands in nobody's way.
fn known(entity: &Entity, before: Option<&Stored>, json: &str) -> Result<Option<Entity>> {
    let extends = serde_json::from_str::<Value>(json).is_ok_and(|value| value.get("extends").is_some());
    if extends {
        return Ok(None);
    }
    let stored = before.and_then(|before| {
        let definer = Some(before.definer.clone());
        definition::define(&before.json).ok().map(|known| Entity { definer, ..known })
    });
    Ok(stored.or_else(|| catalog::builtin().iter().find(|known| known.name == entity.name).cloned()))
}

fn too_long(bytes: usize) -> Error {
    Error::new(Kind::Usage, format!("the manifest has {bytes} bytes"))
        .detail(format!("a manifest has at most {MANIFEST_BYTES} bytes"))
        .hint("leave out columns that nobody reads, or make several entities of it")
}

/// Removes a stored manifest. In the current transaction.
pub fn undefine(name: &str) -> Result<()> {
    let stored = stored()?;
    let Some(found) = stored.iter().find(|stored| stored.name == name) else {
        return Err(not_stored(name, &stored)?);
    };
    adopt(true)?;
    let sql = "delete from erp_sync.entity where definer_id = $1 and name = $2";
    let (own, name) = (object_id(role()), found.name.clone());
    as_owner(|| execute(sql, &[value(own.clone()), value(name.clone())]))?;
    forget(&name, own)
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

/// Lets go of how far an entity of one's own is, in schemas of one's own, so that another may fill its tables.
fn forget(name: &str, own: String) -> Result<()> {
    if catalog::builtin().iter().any(|entity| entity.name == name) {
        return Ok(());
    }
    let role = role_name()?;
    as_owner(|| {
        for table in ["position", "candidate", "reread", "rejected", "waiting_count"] {
            let sql = format!(
                "delete from erp_sync.{table} t using erp_sync.link l, pg_namespace n
                 where t.entity = $1 and l.id = t.link and n.oid = erp_sync.oid_of(l.schema_id)
                   and pg_has_role($2::name, n.nspowner, 'MEMBER')"
            );
            execute(&sql, &[value(name.to_string()), value(role.clone())])?;
        }
        let sql = "delete from erp_sync.setting where entity = $1 and role_id = $2";
        execute(sql, &[value(name.to_string()), value(own)]).map(drop)
    })
}
