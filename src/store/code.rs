//! Whose code runs when rows of a table are written: that of its triggers, and of the tables that its foreign keys
//! cascade to. PostgreSQL runs it as the tables' owner, whoever made it: TRIGGER or REFERENCES on a table, granted to a
//! role, is all it takes.

use std::collections::HashSet;

use pgrx::pg_sys;

use super::identity::can_set;
use super::relation::Relation;
use super::sql::{query, value};
use super::syscache::{full_name_of, owner_of, role};
use super::target::ORDINARY;
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// Refuses to write a table that is locked for it, if that would run another role's code. The tables that its foreign
/// keys cascade to are locked likewise, so that it stays as it is until the transaction ends. In the current
/// transaction.
///
/// Errors: [`Kind::Conflict`], with what to type.
pub(super) fn runs_nobody_elses(table: pg_sys::Oid, name: &str) -> Result<()> {
    let (mut seen, mut reached) = (HashSet::from([table]), vec![table]);
    while let Some(oid) = reached.pop() {
        // One that was dropped meanwhile refers to nothing any more.
        let Some(relation) = Relation::of(oid) else { continue };
        let owner = relation.owner();
        if relation.has_triggers() {
            triggers(&relation)?;
        }
        for (other, cascades) in relation.referring() {
            if owner_of(other).is_some_and(|its| its != owner) {
                return Err(refers(other, relation.oid(), name));
            }
            if cascades && seen.insert(other) {
                // SAFETY: in a transaction, which holds the lock until it ends.
                unsafe { pg_sys::LockRelationOid(other, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE) };
                reached.push(other);
            }
        }
    }
    Ok(())
}

/// The cascades of its foreign key, and the triggers they set off, would run as the owner of the other table; what is
/// deferred, as the owner of this one.
fn refers(other: pg_sys::Oid, to: pg_sys::Oid, written: &str) -> Error {
    let (other, to) = (full_name_of(other), full_name_of(to));
    let on_the_way =
        if to == written { String::new() } else { format!(", to which rows of {written} cascade") };
    Error::new(
        Kind::Conflict,
        format!("a foreign key of another role's table {other} refers to table {to}{on_the_way}"),
    )
    .detail(ORDINARY)
    .hint(format!(
        "give both tables to one role, or take the foreign key away: alter table {other} drop constraint NAME"
    ))
}

/// What the triggers of a table call, with whose it is: functions, those of operators, and types.
const CALLED: &str = "
select t.tgname::text, x.called, x.owner
from pg_catalog.pg_trigger t
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_trigger'::regclass and d.objid = t.oid
cross join lateral (
  select 'function ' || f.oid::regprocedure::text as called, f.proowner as owner from pg_catalog.pg_proc f
  where d.refclassid = 'pg_catalog.pg_proc'::regclass and f.oid = d.refobjid
  union all
  select 'function ' || f.oid::regprocedure::text, f.proowner
  from pg_catalog.pg_operator o join pg_catalog.pg_proc f on f.oid = o.oprcode
  where d.refclassid = 'pg_catalog.pg_operator'::regclass and o.oid = d.refobjid
  union all
  select 'type ' || y.oid::regtype::text, y.typowner from pg_catalog.pg_type y
  where d.refclassid = 'pg_catalog.pg_type'::regclass and y.oid = d.refobjid) x
where t.tgrelid = $1 and not t.tgisinternal and x.owner <> $2
order by 1, 2";

/// Fails where a trigger calls what belongs to a role that may not become the table's owner by itself.
fn triggers(relation: &Relation) -> Result<()> {
    let owner = relation.owner();
    let called = query(CALLED, &[value(relation.oid()), value(owner)], |row| {
        let whose = row.get::<pg_sys::Oid>(3)?.unwrap_or(pg_sys::Oid::INVALID);
        Ok((row.text(1)?, row.text(2)?, whose))
    })?;
    let Some((trigger, called, whose)) = called.into_iter().find(|(.., whose)| !can_set(*whose, owner))
    else {
        return Ok(());
    };
    let (name, owner) = (full_name_of(relation.oid()), role(owner)?);
    Err(Error::new(
        Kind::Conflict,
        format!("trigger \"{trigger}\" on table {name} runs {called} of role \"{}\"", role(whose)?),
    )
    .detail("it would run with the rights of the table's owner")
    .hint(format!(
        "take it away with: drop trigger {} on {name}; or, if it is to be trusted: alter {called} owner to {}",
        hint::ident(&trigger),
        hint::ident(&owner)
    )))
}
