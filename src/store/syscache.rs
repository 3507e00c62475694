//! What PostgreSQL's catalog caches tell without a statement, in a transaction, of objects by their OID.

use std::ffi::{CStr, CString, c_char};

use pgrx::{FromDatum, pg_sys};

use crate::entity::quote;
use crate::error::{Error, Kind, Result};

/// The fixed part of a catalog's row; `T` is the struct of that catalog.
fn cached<T: Copy>(cache: pg_sys::SysCacheIdentifier::Type, oid: pg_sys::Oid) -> Option<T> {
    // SAFETY: in a transaction; the row is copied before it is let go.
    unsafe {
        let row = pg_sys::SearchSysCache1(cache as i32, pg_sys::Datum::from(oid));
        let copy = pg_sys::heap_tuple_get_struct::<T>(row).as_ref().copied();
        if !row.is_null() {
            pg_sys::ReleaseSysCache(row);
        }
        copy
    }
}

/// The owner of a relation; `None` when it is not there.
pub(super) fn owner_of(relation: pg_sys::Oid) -> Option<pg_sys::Oid> {
    cached::<pg_sys::FormData_pg_class>(pg_sys::SysCacheIdentifier::RELOID, relation)
        .map(|class| class.relowner)
}

/// Name of a relation; `None` when it is not there.
pub(super) fn name_of(relation: pg_sys::Oid) -> Option<String> {
    // SAFETY: looks into the catalog.
    unsafe { text(pg_sys::get_rel_name(relation)) }
}

/// Name of a relation with its schema, for a message.
pub(super) fn full_name_of(relation: pg_sys::Oid) -> String {
    // SAFETY: looks into the catalog.
    let schema = unsafe { text(pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation))) };
    quote::qualified(&schema.unwrap_or_default(), &name_of(relation).unwrap_or_default())
}

/// Whether an index holds more than columns: values of expressions, or only rows of a condition.
pub(super) fn has_expressions(index: pg_sys::Oid) -> bool {
    // SAFETY: in a transaction; the row is let go of after it was read.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::INDEXRELID as i32;
        let row = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(index));
        if row.is_null() {
            return false;
        }
        let is_there = |at: u32| {
            let mut is_null = true;
            pg_sys::SysCacheGetAttr(cache, row, at as pg_sys::AttrNumber, &mut is_null);
            !is_null
        };
        let found = is_there(pg_sys::Anum_pg_index_indexprs) || is_there(pg_sys::Anum_pg_index_indpred);
        pg_sys::ReleaseSysCache(row);
        found
    }
}

/// The schema of a name; `None` when there is none.
pub(super) fn schema(name: &str) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: looks into the catalog.
    let oid = unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) };
    (oid != pg_sys::Oid::INVALID).then_some(oid)
}

/// The owner of a schema; `None` when it is not there.
pub(super) fn owner_of_schema(schema: pg_sys::Oid) -> Option<pg_sys::Oid> {
    cached::<pg_sys::FormData_pg_namespace>(pg_sys::SysCacheIdentifier::NAMESPACEOID, schema)
        .map(|schema| schema.nspowner)
}

/// Name of a role.
///
/// Errors: [`Kind::Denied`] when it was dropped meanwhile.
pub(super) fn role(role: pg_sys::Oid) -> Result<String> {
    // SAFETY: looks into the catalog.
    unsafe { text(pg_sys::GetUserNameFromId(role, true)) }.ok_or_else(|| {
        Error::new(Kind::Denied, "the role of this run is no longer there")
            .hint("run again as a role that is")
    })
}

/// Whether a role may log in; `None` when it is not there.
pub(super) fn can_log_in(role: pg_sys::Oid) -> Option<bool> {
    cached::<pg_sys::FormData_pg_authid>(pg_sys::SysCacheIdentifier::AUTHOID, role)
        .map(|role| role.rolcanlogin)
}

/// Our foreign data wrappers.
const WRAPPERS: [&str; 2] = ["odoo", "sqlserver"];

/// Whether there is a foreign server of a name and of one of our wrappers that the current role may use.
pub(super) fn may_use_server(name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    // SAFETY: looks into the catalog; no server is null, and a server has a wrapper.
    unsafe {
        let server = pg_sys::GetForeignServerByName(name.as_ptr(), true);
        let wrapper = |server: &pg_sys::ForeignServer| {
            text((*pg_sys::GetForeignDataWrapper(server.fdwid)).fdwname).unwrap_or_default()
        };
        server.as_ref().is_some_and(|server| {
            usage(server.serverid) == pg_sys::AclResult::ACLCHECK_OK
                && WRAPPERS.contains(&wrapper(server).as_str())
        })
    }
}

#[cfg(feature = "pg15")]
unsafe fn usage(server: pg_sys::Oid) -> pg_sys::AclResult::Type {
    // SAFETY: looks into the catalog.
    unsafe { pg_sys::pg_foreign_server_aclcheck(server, pg_sys::GetUserId(), pg_sys::ACL_USAGE) }
}

#[cfg(not(feature = "pg15"))]
unsafe fn usage(server: pg_sys::Oid) -> pg_sys::AclResult::Type {
    let (class, right) = (pg_sys::ForeignServerRelationId, pg_sys::ACL_USAGE.into());
    // SAFETY: looks into the catalog.
    unsafe { pg_sys::object_aclcheck(class, server, pg_sys::GetUserId(), right) }
}

/// Owner and version of an extension; `None` when it is not there. There is no cache of extensions: as
/// `get_extension_oid()` does, this reads the catalog by its index.
pub(super) fn extension(name: &CStr) -> Option<(pg_sys::Oid, String)> {
    // SAFETY: in a transaction; what is opened is closed, and what is kept is copied.
    unsafe {
        let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let catalog = pg_sys::table_open(pg_sys::ExtensionRelationId, lock);
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            pg_sys::Anum_pg_extension_extname as pg_sys::AttrNumber,
            pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
            pg_sys::F_NAMEEQ.into(),
            pg_sys::Datum::from(name.as_ptr()),
        );
        let index = pg_sys::Oid::from(pg_sys::ExtensionNameIndexId);
        let scan = pg_sys::systable_beginscan(catalog, index, true, std::ptr::null_mut(), 1, &mut key);
        let row = pg_sys::systable_getnext(scan);
        let fixed = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_extension>(row).as_ref();
        let found = fixed.map(|fixed| {
            let (mut is_null, at) = (false, pg_sys::Anum_pg_extension_extversion as i32);
            let version = pg_sys::heap_getattr(row, at, (*catalog).rd_att, &mut is_null);
            (fixed.extowner, String::from_datum(version, is_null).unwrap_or_default())
        });
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
        found
    }
}

/// A text of PostgreSQL's; `None` when it is null.
///
/// # Safety
///
/// Null, or a text that ends with a zero.
pub(super) unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller says; the database's encoding is UTF-8.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
