//! A relation as PostgreSQL keeps it in memory (`relcache.h`): what is asked of every table in every transaction needs no
//! statement. The lock that was taken before has brought in what others had changed of it.

use std::ffi::CStr;

use pgrx::{PgRelation, pg_sys};

use super::syscache::{has_expressions, name_of, text};

unsafe extern "C-unwind" {
    // pg_inherits.h, which pgrx does not bind.
    fn has_superclass(relation: pg_sys::Oid) -> bool;
    fn find_inheritance_children(parent: pg_sys::Oid, lock: pg_sys::LOCKMODE) -> *mut pg_sys::List;
}

/// What foreign keys do that change nothing in the table that refers.
const ONLY_LOOK: [u32; 4] = [
    pg_sys::F_RI_FKEY_RESTRICT_DEL,
    pg_sys::F_RI_FKEY_RESTRICT_UPD,
    pg_sys::F_RI_FKEY_NOACTION_DEL,
    pg_sys::F_RI_FKEY_NOACTION_UPD,
];

/// A relation that is locked, open until this is dropped.
pub(super) struct Relation(PgRelation);

impl Relation {
    /// `None` when it is no longer there.
    pub(super) fn of(locked: pg_sys::Oid) -> Option<Relation> {
        // SAFETY: in a transaction; null when there is none.
        let relation = unsafe { pg_sys::RelationIdGetRelation(locked) };
        // SAFETY: opened above, and closed when it is dropped; the lock stays.
        (!relation.is_null()).then(|| Relation(unsafe { PgRelation::from_pg_owned(relation) }))
    }

    fn class(&self) -> &pg_sys::FormData_pg_class {
        // SAFETY: as long as the relation is open.
        unsafe { &*self.0.rd_rel }
    }

    /// What kind of relation it is: `pg_class.relkind`.
    pub(super) fn kind(&self) -> u8 {
        self.class().relkind as u8
    }

    /// Whether it outlives the session.
    pub(super) fn lasts(&self) -> bool {
        self.class().relpersistence as u8 != pg_sys::RELPERSISTENCE_TEMP
    }

    /// Its schema.
    pub(super) fn schema(&self) -> pg_sys::Oid {
        self.class().relnamespace
    }

    /// Its owner.
    pub(super) fn owner(&self) -> pg_sys::Oid {
        self.class().relowner
    }

    /// Whether statements on it are rewritten.
    pub(super) fn has_rules(&self) -> bool {
        // SAFETY: null, or there as long as the relation is open.
        unsafe { self.0.rd_rules.as_ref() }.is_some_and(|rules| rules.numLocks > 0)
    }

    /// Whether it has parents or children by inheritance.
    pub(super) fn inherits(&self) -> bool {
        let (oid, nothing) = (self.0.oid(), pg_sys::NoLock as pg_sys::LOCKMODE);
        // SAFETY: reads the catalog, in a transaction.
        let has_children = || unsafe { !find_inheritance_children(oid, nothing).is_null() };
        // That there were children once stays noted when they are gone.
        // SAFETY: as above.
        self.class().relhassubclass && has_children() || unsafe { has_superclass(oid) }
    }

    /// Its OID.
    pub(super) fn oid(&self) -> pg_sys::Oid {
        self.0.oid()
    }

    fn all_triggers(&self) -> &[pg_sys::Trigger] {
        // SAFETY: null, or there as long as the relation is open, with so many triggers.
        unsafe {
            self.0.trigdesc.as_ref().map_or(&[][..], |all| {
                std::slice::from_raw_parts(all.triggers, usize::try_from(all.numtriggers).unwrap_or_default())
            })
        }
    }

    /// Whether it has triggers that somebody made, and not a constraint.
    pub(super) fn has_triggers(&self) -> bool {
        self.all_triggers().iter().any(|trigger| !trigger.tgisinternal)
    }

    /// Whether more than plain values, columns and the present time make up its constraints, defaults, indexes and types.
    pub(super) fn is_defined_by_code(&self) -> bool {
        let all = self.0.tuple_desc();
        let own_type = |column: &pg_sys::FormData_pg_attribute| {
            !column.attisdropped && column.atttypid.to_u32() >= pg_sys::FirstNormalObjectId
        };
        all.iter().any(own_type) || self.has_checks_or_own_defaults() || self.has_index_expressions()
    }

    fn has_checks_or_own_defaults(&self) -> bool {
        // SAFETY: null, or there as long as the relation is open, with so many defaults.
        let Some(constraints) = (unsafe { (*self.0.rd_att).constr.as_ref() }) else { return false };
        let many = usize::from(constraints.num_defval);
        let defaults = match many {
            0 => &[][..],
            // SAFETY: as above.
            _ => unsafe { std::slice::from_raw_parts(constraints.defval, many) },
        };
        // One node: a value, or the present time. A cast to a domain would be another one around it.
        let is_plain = |default: &pg_sys::AttrDefault| {
            // SAFETY: the text of an expression, as long as the relation is open.
            let tree = unsafe { CStr::from_ptr(default.adbin) }.to_string_lossy();
            let begins = tree.starts_with("{CONST ")
                || tree.starts_with(&format!("{{FUNCEXPR :funcid {} ", pg_sys::F_NOW));
            begins && tree.matches('{').count() == 1
        };
        constraints.num_check > 0 || !defaults.iter().all(is_plain)
    }

    fn has_index_expressions(&self) -> bool {
        self.index_list().iter().any(|index| has_expressions(*index))
    }

    fn index_list(&self) -> Vec<pg_sys::Oid> {
        // SAFETY: null, or a list of OIDs that is made for the caller.
        unsafe {
            pg_sys::RelationGetIndexList(self.0.as_ptr()).as_ref().map_or(Vec::new(), |list| {
                let all = std::slice::from_raw_parts(
                    list.elements,
                    usize::try_from(list.length).unwrap_or_default(),
                );
                all.iter().map(|cell| cell.oid_value).collect()
            })
        }
    }

    /// The tables that refer to this one by a foreign key, with whether rows of theirs are written when rows of this
    /// one are deleted or change.
    pub(super) fn referring(&self) -> impl Iterator<Item = (pg_sys::Oid, bool)> {
        self.all_triggers().iter().filter_map(|key| {
            // SAFETY: tells what one of PostgreSQL's own functions is for.
            let is_referred =
                unsafe { pg_sys::RI_FKey_trigger_type(key.tgfoid) == pg_sys::RI_TRIGGER_PK as i32 };
            is_referred.then(|| (key.tgconstrrelid, !ONLY_LOOK.contains(&key.tgfoid.to_u32())))
        })
    }

    /// Whether row security may hide rows from the owner.
    pub(super) fn hides_rows(&self) -> bool {
        let class = self.class();
        // SAFETY: looks into the catalog, in a transaction.
        let bypasses = || unsafe { pg_sys::has_bypassrls_privilege(class.relowner) };
        class.relrowsecurity && class.relforcerowsecurity && !bypasses()
    }

    /// Name and type of each column.
    pub(super) fn columns(&self) -> Vec<(String, String)> {
        let all = self.0.tuple_desc();
        let there = all.iter().filter(|column| !column.attisdropped);
        there.map(|column| (column.name().to_string(), type_name(column))).collect()
    }

    /// The columns of its primary key in their order; `None` when there is none.
    pub(super) fn key(&self) -> Option<Vec<String>> {
        // Notes which is the primary key's.
        self.index_list();
        let index = self.0.rd_pkindex;
        // SAFETY: it cannot be dropped as long as the table is locked.
        let index = unsafe {
            (index != pg_sys::InvalidOid)
                .then(|| PgRelation::with_lock(index, pg_sys::AccessShareLock as pg_sys::LOCKMODE))
        }?;
        // SAFETY: an index has this for as long as it is open, with so many numbers of columns.
        let numbers = unsafe {
            let index = &*index.rd_index;
            let many = usize::try_from(index.indnkeyatts).unwrap_or_default();
            index.indkey.values.as_slice(many)
        };
        let all = self.0.tuple_desc();
        let name =
            |number: &i16| all.get(usize::try_from(number - 1).ok()?).map(|column| column.name().to_string());
        numbers.iter().map(name).collect()
    }

    /// Names of its indexes.
    pub(super) fn indexes(&self) -> Vec<String> {
        self.index_list().into_iter().filter_map(name_of).collect()
    }
}

fn type_name(column: &pg_sys::FormData_pg_attribute) -> String {
    // SAFETY: a type that a column has is there.
    unsafe { text(pg_sys::format_type_with_typemod(column.atttypid, column.atttypmod)) }.unwrap_or_default()
}
