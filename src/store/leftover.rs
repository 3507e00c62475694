//! Tables of its session that a killed worker has left behind: nobody can read them, and they stay
//! until autovacuum comes by. They are known from a list that the store alone writes, whatever other tables of
//! sessions say of themselves.

use pgrx::pg_sys;

use super::identity::as_owner;
use super::lock::Lock;
use super::sql::{execute, first, query, value};
use crate::error::Result;

const MARK: &str = "
insert into erp_sync.leftover (relation, name, run_id)
select c.oid, c.relname, $2 from pg_class c
where c.relnamespace = pg_my_temp_schema() and c.relname = $1
on conflict (relation) do update set name = excluded.name, run_id = excluded.run_id";

/// Notes which run's worker a table of this session belongs to. In the current transaction.
pub(super) fn mark(table: &str, run_id: i64) -> Result<()> {
    as_owner(|| execute(MARK, &[value(table.to_string()), value(run_id)])).map(drop)
}

/// Forgets the tables of a run's workers, which end with them. In the current transaction.
pub(super) fn forget(run_id: i64) -> Result<()> {
    as_owner(|| execute("delete from erp_sync.leftover where run_id = $1", &[value(run_id)])).map(drop)
}

/// Whether a table is still what was noted. Those of living sessions are nobody's leftovers.
const IS_THERE: &str = "
select exists (select from pg_class c where c.oid = $1 and c.relname = $2::name and c.relkind = 'r'
  and c.relpersistence = 't' and c.relnamespace <> pg_my_temp_schema())";

/// Drops what belongs to runs that have no worker any more; what somebody holds stays for another time. In the current
/// transaction.
pub(super) fn drop_all() -> Result<()> {
    let sql = "select l.run_id, l.relation, l.name::text from erp_sync.leftover l";
    let left = as_owner(|| {
        query(sql, &[], |row| Ok((row.int(1)?, row.get::<pg_sys::Oid>(2)?.unwrap_or_default(), row.text(3)?)))
    })?;
    for (run_id, relation, name) in left {
        let is_there = first(IS_THERE, &[value(relation), value(name)], |row| row.flag(1))?;
        if !Lock::run(run_id)?.is_free() || is_there == Some(true) && !dropped(relation) {
            continue;
        }
        as_owner(|| execute("delete from erp_sync.leftover where relation = $1", &[value(relation)]))?;
    }
    Ok(())
}

/// Drops a table by its OID, as autovacuum does with tables of sessions that are gone.
fn dropped(relation: pg_sys::Oid) -> bool {
    // SAFETY: in a transaction; the table is locked first, and the lock is kept to its end.
    unsafe {
        if !pg_sys::ConditionalLockRelationOid(relation, pg_sys::AccessExclusiveLock as i32) {
            return false;
        }
        let object =
            pg_sys::ObjectAddress { classId: pg_sys::RelationRelationId, objectId: relation, objectSubId: 0 };
        let how = pg_sys::PERFORM_DELETION_INTERNAL | pg_sys::PERFORM_DELETION_QUIETLY;
        pg_sys::performDeletion(&object, pg_sys::DropBehavior::DROP_CASCADE, how as i32);
        true
    }
}
