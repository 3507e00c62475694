//! The schema that rows go to, and the business tables in it as one transaction sees them: found by name once, locked,
//! and looked at before any statement names them. What users own may be a view, may have been put into another's place,
//! and may have columns whose types run somebody's code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;

use pgrx::pg_sys;

use super::identity::{as_looking_owner, as_tables_owner, may_become, role};
use super::relation::Relation;
use super::servers::{line_to_become, role_name};
use super::sql::{execute, query, value};
use super::{code, syscache};
use crate::entity::quote::{qualified, quote_ident};
use crate::entity::{Stream, ddl};
use crate::error::{Error, Kind, Result};
use crate::source::hint;

/// A schema that the current role may write to as its owner.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) oid: pg_sys::Oid,
    pub(super) owner: pg_sys::Oid,
    pub(super) owner_name: String,
}

impl Target {
    /// The schema of a name; `None` when there is none. In the current transaction.
    ///
    /// Errors: [`Kind::Denied`] when the current role may not become its owner.
    pub(super) fn find(schema: &str) -> Result<Option<Target>> {
        if reserved(schema) {
            return Err(Error::new(
                Kind::Conflict,
                format!("schema \"{schema}\" is not for business tables"),
            )
            .hint("choose another with: set erp_sync.target_schema = 'erp'"));
        }
        syscache::role(role())?;
        let Some(oid) = syscache::schema(schema) else { return Ok(None) };
        let Some(owner) = syscache::owner_of_schema(oid) else { return Ok(None) };
        let target = Target { oid, owner, owner_name: syscache::role(owner)? };
        if target.owner_name == "pg_database_owner" {
            let role = role_name()?;
            return Err(Error::new(
                Kind::Denied,
                format!(
                    "schema \"{schema}\" belongs to whoever owns the database, which is no role of its own"
                ),
            )
            .hint(format!(
                "choose another with: set erp_sync.target_schema = 'erp'; or: alter schema {} owner to {}",
                hint::ident(schema),
                hint::ident(&role)
            )));
        }
        if !may_become(target.owner) {
            let (role, owner) = (role_name()?, &target.owner_name);
            return Err(Error::new(
                Kind::Denied,
                format!("schema \"{schema}\" belongs to role \"{owner}\", not to \"{role}\""),
            )
            .detail("only a role that may become the owner of a schema may sync into it")
            // SAFETY: looks into the catalog, in a transaction.
            .hint(match unsafe { pg_sys::superuser_arg(target.owner) } {
                // Nobody should become one for this.
                true => format!(
                    "a superuser types: alter schema {} owner to {}",
                    hint::ident(schema),
                    hint::ident(&role)
                ),
                false => format!("run as {}, or: {}", hint::ident(owner), line_to_become(owner)?),
            }));
        }
        Ok(Some(target))
    }

    /// Runs `body` as the owner.
    pub(super) fn run<R>(&self, body: impl FnOnce() -> Result<R>) -> Result<R> {
        as_tables_owner(self.owner, &self.owner_name, body)
    }

    /// Whether this is still what the name means. Nothing keeps a schema's name from being changed.
    fn is_called(&self, schema: &str) -> bool {
        syscache::schema(schema) == Some(self.oid)
    }
}

fn reserved(schema: &str) -> bool {
    schema.is_empty()
        || schema.starts_with("pg_")
        || ["information_schema", "erp_sync", "cron"].contains(&schema)
}

/// What a table is opened for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Its rows are read.
    Read,
    /// Its rows are written, or columns are added.
    Write,
}

impl Use {
    fn lock(self) -> pg_sys::LOCKMODE {
        let mode = match self {
            Use::Read => pg_sys::AccessShareLock,
            // Nobody can begin to refer to the table, or give it a trigger, from here on.
            Use::Write => pg_sys::RowExclusiveLock,
        };
        mode as pg_sys::LOCKMODE
    }
}

/// The tables that the current transaction has opened.
#[derive(Default)]
pub(super) struct Tables(RefCell<Opened>);

#[derive(Default)]
struct Opened {
    target: Option<Target>,
    tables: HashMap<String, (Option<pg_sys::Oid>, Use)>,
    /// Whether one was opened for writing.
    written: bool,
}

impl Tables {
    /// Forgets what another transaction opened.
    pub(super) fn forget(&self) {
        *self.0.borrow_mut() = Opened::default();
    }

    /// The schema; the same one for the whole transaction.
    pub(super) fn target(&self, schema: &str) -> Result<Target> {
        if let Some(target) = &self.0.borrow().target {
            return Ok(target.clone());
        }
        let target = Target::find(schema)?.ok_or_else(|| no_schema(schema))?;
        self.0.borrow_mut().target = Some(target.clone());
        Ok(target)
    }

    /// Opens a table: locks it until the transaction ends, and refuses what is no plain table of the schema's owner.
    /// `false` when it is not there. `shape`: how its columns are to be, where that is known.
    pub(super) fn open(&self, schema: &str, table: &str, to: Use, shape: Option<&Stream>) -> Result<bool> {
        let known = self.0.borrow().tables.get(table).copied();
        if let Some((oid, _)) = known.filter(|(oid, had)| *had >= to || oid.is_none()) {
            return Ok(oid.is_some());
        }
        let target = self.target(schema)?;
        let oid = as_looking_owner(target.owner, || lock(schema, table, to))?;
        // Also what was opened for reading before: while this lock was waited for, others could change the table.
        if let Some(oid) = oid {
            looked_at(&target, schema, table, oid, shape)?;
            if to == Use::Write {
                code::runs_nobody_elses(oid, &qualified(schema, table))?;
            }
        }
        let mut opened = self.0.borrow_mut();
        opened.tables.insert(table.into(), (oid, to));
        opened.written |= to == Use::Write;
        Ok(oid.is_some())
    }

    /// A table, opened for reading; `None` when it is not there.
    pub(super) fn relation(
        &self,
        schema: &str,
        table: &str,
        shape: Option<&Stream>,
    ) -> Result<Option<Relation>> {
        self.open(schema, table, Use::Read, shape)?;
        let oid = self.0.borrow().tables.get(table).and_then(|(oid, _)| *oid);
        Ok(oid.and_then(Relation::of))
    }

    /// The table was made or changed in this transaction: it is looked at again.
    pub(super) fn changed(&self, table: &str) {
        self.0.borrow_mut().tables.remove(table);
    }

    /// Fires what was deferred to the end of the transaction now, as the owner: whatever it does is seen before the
    /// commit.
    pub(super) fn settle(&self) -> Result<()> {
        let opened = self.0.borrow();
        match &opened.target {
            Some(target) if opened.written => {
                target.run(|| execute("set constraints all immediate", &[]).map(drop))
            }
            _ => Ok(()),
        }
    }

    /// An error when a name means something else by now: its schema was renamed, and another put in its place.
    pub(super) fn unchanged(&self, schema: &str) -> Result<()> {
        let opened = self.0.borrow();
        match &opened.target {
            Some(target) if !target.is_called(schema) => Err(Error::new(
                Kind::Altered,
                format!("schema \"{schema}\" was renamed while its tables were written"),
            )
            .hint("run again: nothing of this batch was stored")),
            _ => Ok(()),
        }
    }
}

fn no_schema(schema: &str) -> Error {
    Error::new(Kind::Altered, format!("schema \"{schema}\" is no longer there"))
        .hint(format!("make it again with: create schema {}; then run again", hint::ident(schema)))
}

/// Locks a table by its name, as the schema's owner. What was renamed meanwhile is looked up again.
fn lock(schema: &str, table: &str, to: Use) -> Result<Option<pg_sys::Oid>> {
    let c =
        |text: &str| CString::new(text).map_err(|_| Error::new(Kind::Usage, "a name holds a zero character"));
    let (schema, table) = (c(schema)?, c(table)?);
    // SAFETY: the names are read during the call; in a transaction.
    let oid = unsafe {
        let name = pg_sys::makeRangeVar(schema.as_ptr().cast_mut(), table.as_ptr().cast_mut(), -1);
        let missing_ok = pg_sys::RVROption::RVR_MISSING_OK;
        pg_sys::RangeVarGetRelidExtended(name, to.lock(), missing_ok, None, std::ptr::null_mut())
    };
    Ok(Some(oid).filter(|oid| *oid != pg_sys::Oid::INVALID))
}

/// Why statements must not touch a relation, with the line to type.
fn refused(found: &Relation, name: &str) -> Option<(String, String)> {
    if found.kind() != pg_sys::RELKIND_RELATION || !found.lasts() {
        let what = format!("{name} is {}, not an ordinary table", kind(found));
        return Some((what, "choose another schema with: set erp_sync.target_schema = '...'".into()));
    }
    if found.has_rules() {
        let line = "see them with: select rulename from pg_rules; take them away with: drop rule NAME on";
        return Some((format!("table {name} has rules"), format!("{line} {name}")));
    }
    if found.inherits() {
        return Some((
            format!("table {name} has parents or children by inheritance"),
            format!(
                "take it out with: alter table {name} no inherit PARENT, or alter table CHILD no inherit {name}"
            ),
        ));
    }
    if found.hides_rows() {
        let line = format!("alter table {name} no force row level security");
        return Some((
            format!("row security of table {name} is forced on its owner, who could miss rows"),
            line,
        ));
    }
    None
}

fn kind(found: &Relation) -> &'static str {
    match found.kind() {
        pg_sys::RELKIND_RELATION => "a temporary table",
        pg_sys::RELKIND_VIEW => "a view",
        pg_sys::RELKIND_MATVIEW => "a materialized view",
        pg_sys::RELKIND_FOREIGN_TABLE => "a foreign table",
        pg_sys::RELKIND_PARTITIONED_TABLE => "a partitioned table",
        pg_sys::RELKIND_SEQUENCE => "a sequence",
        pg_sys::RELKIND_COMPOSITE_TYPE => "a type",
        pg_sys::RELKIND_INDEX | pg_sys::RELKIND_PARTITIONED_INDEX => "an index",
        _ => "something else",
    }
}

/// Why other tables are refused.
pub(super) const ORDINARY: &str =
    "erp_sync writes ordinary tables only, which run nobody's code but their owner's";

fn looked_at(
    target: &Target,
    schema: &str,
    table: &str,
    oid: pg_sys::Oid,
    shape: Option<&Stream>,
) -> Result<()> {
    let name = qualified(schema, table);
    let Some(found) = Relation::of(oid).filter(|found| found.schema() == target.oid) else {
        return Err(Error::new(Kind::Altered, format!("table {name} was replaced while it was opened"))
            .hint("run again: nothing of this batch was stored"));
    };
    if let Some((message, hint)) = refused(&found, &name) {
        return Err(Error::new(Kind::Conflict, message).detail(ORDINARY).hint(hint));
    }
    if found.owner() != target.owner {
        return Err(several_owners(target, schema, &name, &syscache::role(found.owner())?)?);
    }
    shape.map_or(Ok(()), |shape| ddl::fits(shape, schema, &found.columns()))
}

const FOREIGN: &str = "
select c.relname::text from pg_catalog.pg_class c
where c.relnamespace = $1 and c.relowner <> $2 and c.relkind = 'r' order by 1 limit 40";

/// All tables of a schema belong to the schema's owner, because one statement reads and writes several.
fn several_owners(target: &Target, schema: &str, name: &str, owner: &str) -> Result<Error> {
    let wanted = &target.owner_name;
    let others = query(FOREIGN, &[value(target.oid), value(target.owner)], |row| row.text(1))?;
    let lines = others
        .iter()
        .map(|table| format!("alter table {} owner to {}", qualified(schema, table), hint::ident(wanted)));
    Ok(Error::new(
        Kind::Denied,
        format!("table {name} belongs to role \"{owner}\", its schema to \"{wanted}\""),
    )
    .detail("a schema and the business tables in it belong to one role")
    .hint(format!(
        "{}; or, if all tables belong to {owner}: alter schema {} owner to {}",
        lines.collect::<Vec<_>>().join("; "),
        quote_ident(schema),
        hint::ident(owner)
    )))
}
