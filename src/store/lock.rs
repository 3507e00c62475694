//! Locks of runs, lanes, turns and workers' places. They are locks on objects of the extension, which SQL cannot take:
//! an advisory lock could be taken by anybody who knows its number.

use std::cell::RefCell;

use pgrx::pg_sys;

use super::identity::{as_owner, gone};
use super::sql::{change, first, value};
use crate::error::{Error, Kind, Result};

/// The lock manager's tables (`lock.h`): what is locked in one is not in the other's way.
const DEFAULT_METHOD: u8 = 1;
const USER_METHOD: u8 = 2;

/// What DDL locks objects with; ours are told apart from it.
const SUB_ID: u16 = 1;

/// The first place of a role's workers.
const FIRST_PLACE: u16 = 2;

thread_local! {
    /// Locks that outlive transactions.
    static HELD: RefCell<Vec<(Lock, Mode)>> = const { RefCell::new(Vec::new()) };
}

/// How a lock is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Beside others who share it.
    Shared,
    /// By one alone.
    Exclusive,
}

impl Mode {
    fn number(self) -> pg_sys::LOCKMODE {
        let number = match self {
            Mode::Shared => pg_sys::ShareLock,
            Mode::Exclusive => pg_sys::ExclusiveLock,
        };
        number as pg_sys::LOCKMODE
    }
}

/// Something that can be locked: a table of the extension, a number in it, and which of several locks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Lock {
    class: pg_sys::Oid,
    number: u32,
    sub: u16,
}

impl Lock {
    /// A run, which its workers share: who gets it alone knows that the run has no worker.
    pub(super) fn run(run_id: i64) -> Result<Self> {
        // Runs so far apart are never there together.
        Ok(Lock { class: table(c"run")?, number: run_id as u32, sub: SUB_ID })
    }

    /// The making of tables in a schema, or of the schema: `if not exists` alone races. In the current transaction.
    pub(super) fn ddl(schema: &str) -> Result<Self> {
        Lock::named(&format!("tables of schema {schema}"))
    }

    /// What has a name: a lane, a tenant's turn. In the current transaction.
    pub(super) fn named(name: &str) -> Result<Self> {
        Ok(Lock { class: table(c"lock")?, number: number(name)?, sub: SUB_ID })
    }

    /// One of the places for workers of a role.
    fn place(role: pg_sys::Oid, nth: u16) -> Result<Self> {
        Ok(Lock { class: table(c"lock")?, number: role.to_u32(), sub: FIRST_PLACE + nth })
    }

    fn tag(self, method: u8) -> pg_sys::LOCKTAG {
        pg_sys::LOCKTAG {
            // SAFETY: a plain read.
            locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
            locktag_field2: self.class.to_u32(),
            locktag_field3: self.number,
            locktag_field4: self.sub,
            locktag_type: pg_sys::LockTagType::LOCKTAG_OBJECT as u8,
            locktag_lockmethodid: method,
        }
    }

    fn acquire(self, method: u8, mode: Mode, session: bool, wait: bool) -> bool {
        let tag = self.tag(method);
        // SAFETY: the tag is read; an error of a wait that is cut off is raised as usual.
        let got = unsafe { pg_sys::LockAcquire(&tag, mode.number(), session, !wait) };
        got != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }

    /// Waits for it, at most `lock_timeout`, and keeps it until the transaction ends.
    pub(super) fn wait(self) {
        self.acquire(DEFAULT_METHOD, Mode::Exclusive, false, true);
    }

    /// Tries to take it alone until the transaction ends.
    pub(super) fn is_free(self) -> bool {
        self.acquire(USER_METHOD, Mode::Exclusive, false, false)
    }

    /// Waits for it, at most `lock_timeout`, and keeps it until the process ends.
    pub(super) fn hold_shared(self) {
        self.acquire(USER_METHOD, Mode::Shared, true, true);
        self.note(Mode::Shared);
    }

    /// Tries to take it alone; it is kept until [`Lock::let_go`].
    pub(super) fn take(self) -> bool {
        let got = self.acquire(USER_METHOD, Mode::Exclusive, true, false);
        if got {
            self.note(Mode::Exclusive);
        }
        got
    }

    /// Lets go of what [`Lock::take`] took.
    pub(super) fn let_go(self) {
        HELD.with_borrow_mut(|held| held.retain(|(lock, _)| *lock != self));
        if self.is_held(Mode::Exclusive) {
            let tag = self.tag(USER_METHOD);
            // SAFETY: it is held.
            unsafe { pg_sys::LockRelease(&tag, Mode::Exclusive.number(), true) };
        }
    }

    fn note(self, mode: Mode) {
        HELD.with_borrow_mut(|held| held.push((self, mode)));
    }

    fn is_held(self, mode: Mode) -> bool {
        let tag = self.tag(USER_METHOD);
        // SAFETY: looks into this process's own table.
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        unsafe {
            pg_sys::LockHeldByMe(&tag, mode.number())
        }
        // SAFETY: looks into this process's own table.
        #[cfg(not(any(feature = "pg15", feature = "pg16")))]
        unsafe {
            pg_sys::LockHeldByMe(&tag, mode.number(), false)
        }
    }
}

/// Takes one of `limit` places for workers of the current role until the process ends; `false` when all are taken.
pub(super) fn take_place(role: pg_sys::Oid, limit: usize) -> Result<bool> {
    for nth in 0..u16::try_from(limit).unwrap_or(u16::MAX - FIRST_PLACE) {
        if Lock::place(role, nth)?.take() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets go of the place that [`take_place`] took; `false` when it took none.
pub(super) fn leave_place() -> bool {
    let places = HELD.with_borrow(|held| {
        held.iter().map(|(lock, _)| *lock).filter(|lock| lock.sub >= FIRST_PLACE).collect::<Vec<_>>()
    });
    let had = !places.is_empty();
    places.into_iter().for_each(Lock::let_go);
    had
}

/// Workers that begin have no place yet, but will ask for one.
const PLACES: &str = "
select greatest(
  (select count(*) from pg_catalog.pg_lock_status() l
   where l.locktype = 'object' and l.classid = $1 and l.objid = $2 and l.objsubid >= $3 and l.database = $4),
  (select count(*) from pg_catalog.pg_stat_get_activity(null) a
   where a.backend_type = 'erp_sync' and a.datid = $4 and a.usesysid = $2))";

/// How many places of the role are taken. In the current transaction.
pub(super) fn places_taken(role: pg_sys::Oid) -> Result<usize> {
    // SAFETY: a plain read.
    let database = unsafe { pg_sys::MyDatabaseId };
    let arguments = [value(table(c"lock")?), value(role), value(i64::from(FIRST_PLACE)), value(database)];
    let count = first(PLACES, &arguments, |row| row.int(1))?.unwrap_or_default();
    Ok(usize::try_from(count).unwrap_or_default())
}

/// An error when a lock that was to outlive transactions is no longer held: `pg_advisory_unlock_all()` in a trigger
/// takes it away. It is taken again, if that is possible, so that what comes next can go on.
pub(super) fn still_held() -> Result<()> {
    let lost = HELD.with_borrow(|held| {
        held.iter().filter(|(lock, mode)| !lock.is_held(*mode)).copied().collect::<Vec<_>>()
    });
    if lost.is_empty() {
        return Ok(());
    }
    for (lock, mode) in lost {
        lock.acquire(USER_METHOD, mode, true, false);
    }
    Err(Error::new(Kind::Local, "the locks of this run were released while rows were written")
        .detail("pg_advisory_unlock_all() does that, in a trigger for example")
        .hint("call pg_advisory_unlock() with the numbers that are meant; then run again"))
}

fn table(name: &std::ffi::CStr) -> Result<pg_sys::Oid> {
    // SAFETY: looks into the catalog, in a transaction.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"erp_sync".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    if oid == pg_sys::Oid::INVALID { Err(gone()) } else { Ok(oid) }
}

/// The number that stands for a name; made when it is asked for the first time.
fn number(name: &str) -> Result<u32> {
    let find = "select l.id::bigint from erp_sync.lock l where l.name = $1";
    let make =
        "insert into erp_sync.lock (name) values ($1) on conflict (name) do nothing returning id::bigint";
    let found = as_owner(|| {
        if let Some(id) = first(find, &[value(name.to_string())], |row| row.int(1))? {
            return Ok(Some(id));
        }
        let made = change(make, &[value(name.to_string())], |row| row.int(1))?.pop();
        match made {
            Some(id) => Ok(Some(id)),
            // Somebody else made it at this moment.
            None => first(find, &[value(name.to_string())], |row| row.int(1)),
        }
    })?;
    let id = found.and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| Error::new(Kind::Locked, format!("the lock \"{name}\" has no number yet")))
}
