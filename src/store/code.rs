//! Whose code runs when rows of a table are written: that of its triggers, constraints, defaults, indexes and types, and
//! of the tables that its foreign keys cascade to. PostgreSQL runs it as the tables' owner, whoever made it: TRIGGER or
//! REFERENCES on a table, granted to a role, is all it takes, or a table that was somebody else's before.

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
        let defined = relation.is_defined_by_code();
        if defined || relation.has_triggers() {
            is_own(&relation, defined)?;
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

/// What a table's triggers call, and with `$2` its constraints, defaults, indexes and types, each with whose that is:
/// functions, those of operators, and types. `$3`: the table's name, `$4`: its owner. Of what PostgreSQL brings there is
/// no dependency, so it is looked for in the expressions: functions that run what somebody writes into a text, and in
/// the condition of a trigger, which who has TRIGGER may write, all that do anything but compute. Beside it the line
/// that takes it away.
const CALLED: &str = "
with recursive types(name, oid) as (
  select a.attname::text, a.atttypid from pg_catalog.pg_attribute a
  where $2 and a.attrelid = $1 and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384
  union
  select y.name, x.oid from types y join pg_catalog.pg_type t on t.oid = y.oid
  cross join lateral (values (t.typbasetype), (t.typelem)) x(oid) where x.oid >= 16384),
code(what, away, tree, class, object, is_trigger) as (
  select format('trigger \"%s\" on table', t.tgname), format('drop trigger %I on %s', t.tgname, $3), t.tgqual::text,
         'pg_catalog.pg_trigger'::regclass, t.oid, true
  from pg_catalog.pg_trigger t where t.tgrelid = $1 and not t.tgisinternal
  union all
  select format('constraint \"%s\" of table', c.conname), format('alter table %s drop constraint %I', $3, c.conname),
         c.conbin::text, 'pg_catalog.pg_constraint'::regclass, c.oid, false
  from pg_catalog.pg_constraint c where $2 and c.conrelid = $1 and c.contype = 'c'
  union all
  select format('column \"%s\" of table', a.attname),
         format('alter table %s alter column %I drop %s', $3, a.attname,
                case a.attgenerated when '' then 'default' else 'expression' end),
         d.adbin::text, 'pg_catalog.pg_attrdef'::regclass, d.oid, false
  from pg_catalog.pg_attrdef d
  join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where $2 and d.adrelid = $1
  union all
  select format('index \"%s\" of table', i.oid::regclass), format('drop index %s', i.oid::regclass),
         concat(x.indexprs::text, x.indpred::text), 'pg_catalog.pg_class'::regclass, i.oid, false
  from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid where $2 and x.indrelid = $1
  union all
  select format('column \"%s\" of table', y.name), format('alter table %s drop column %I', $3, y.name),
         c.conbin::text, 'pg_catalog.pg_constraint'::regclass, c.oid, false
  from types y join pg_catalog.pg_constraint c on c.contypid = y.oid)
select c.what, c.away, x.called, x.owner, false
from code c
join pg_catalog.pg_depend d on d.classid = c.class and d.objid = c.object
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
where x.owner <> $4
union all
select format('column \"%s\" of table', y.name), format('alter table %s drop column %I', $3, y.name),
       'type ' || y.oid::regtype::text, t.typowner, false
from types y join pg_catalog.pg_type t on t.oid = y.oid where t.typowner <> $4
union all
select c.what, c.away, 'function ' || f.oid::regprocedure::text, f.proowner, true
from code c
cross join lateral regexp_matches(c.tree, ':(?:op)?funcid (\\d+)', 'g') m(oid)
join pg_catalog.pg_proc f on f.oid = m.oid[1]::oid
where f.oid < 16384 and (
    f.prorettype = 'xml'::regtype and f.provolatile <> 'i'
    or f.proname in ('ts_rewrite', 'ts_stat') and f.provolatile = 'v'
    or c.is_trigger and f.provolatile = 'v')
  or f.oid >= 16384 and c.is_trigger and f.provolatile <> 'i' and f.proowner <> $4
order by 1, 3";

/// Fails where a trigger, or what defines the table, calls what belongs to a role that may not become the table's
/// owner by itself, or what runs whatever somebody wrote.
fn is_own(relation: &Relation, defined: bool) -> Result<()> {
    let (owner, name) = (relation.owner(), full_name_of(relation.oid()));
    let arguments = [value(relation.oid()), value(defined), value(name.clone()), value(owner)];
    let called = query(CALLED, &arguments, |row| {
        let whose = row.get::<pg_sys::Oid>(4)?.unwrap_or(pg_sys::Oid::INVALID);
        Ok((row.text(1)?, row.text(2)?, row.text(3)?, whose, row.flag(5)?))
    })?;
    let mut called = called.into_iter();
    let Some((what, away, called, whose, by_anybody)) =
        called.find(|(.., whose, by_anybody)| *by_anybody || !can_set(*whose, owner))
    else {
        return Ok(());
    };
    let error = match by_anybody {
        true => Error::new(Kind::Conflict, format!("{what} {name} calls {called}"))
            .detail("it can do what others wrote there with the rights of the table's owner")
            .hint(format!("take it away with: {away}; what a trigger needs it may call in its own function")),
        false => {
            let message = format!("{what} {name} runs {called} of role \"{}\"", role(whose)?);
            let owner = hint::ident(&role(owner)?);
            Error::new(Kind::Conflict, message)
                .detail("it would run with the rights of the table's owner")
                .hint(format!(
                    "take it away with: {away}; or, if it is to be trusted: alter {called} owner to {owner}"
                ))
        }
    };
    Err(error)
}
