//! Every object of the extension, with every property that it has in the catalogs.

use std::collections::BTreeSet;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::rows;
use postgres::Client;

/// In a database that holds nothing else: what was not there from the beginning is the extension's. Each line names
/// its object and says one thing about it; OIDs and places in files are left out.
const CATALOG: [(&str, &str); 17] = [
    (
        "extension",
        "select extname, extversion, extowner::regrole, extnamespace::regnamespace, extrelocatable
         from pg_extension where extname = 'erp_sync'",
    ),
    (
        "member",
        "select o.type, o.identity from pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) o
         where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
           and d.refobjid = (select oid from pg_extension where extname = 'erp_sync')",
    ),
    (
        "dumped",
        "select c.oid::regclass, c.condition
         from pg_extension, unnest(extconfig, extcondition) c (oid, condition) where extname = 'erp_sync'",
    ),
    (
        "comment",
        "select o.type, o.identity, d.description
         from pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o
         where d.objoid >= 16384 and d.classoid <> 'pg_extension'::regclass",
    ),
    (
        "first rights",
        "select o.type, o.identity, array(select a::text from unnest(p.initprivs) a order by 1)
         from pg_init_privs p, pg_identify_object(p.classoid, p.objoid, p.objsubid) o where p.objoid >= 16384",
    ),
    (
        "schema",
        "select nspname, nspowner::regrole, array(select a::text from unnest(nspacl) a order by 1)
         from pg_namespace where oid >= 16384",
    ),
    (
        "relation",
        "select oid::regclass, relkind, relpersistence, relowner::regrole, relrowsecurity, relforcerowsecurity,
           relreplident, reloptions, array(select a::text from unnest(relacl) a order by 1)
         from pg_class where oid >= 16384 and relnamespace <> 'pg_toast'::regnamespace",
    ),
    (
        "column",
        "select a.attrelid::regclass, a.attname, row_number() over (partition by a.attrelid order by a.attnum),
           format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull, a.attidentity,
           a.attgenerated, a.attstorage, a.attcompression, nullif(a.attstattarget, -1),
           pg_get_expr(d.adbin, d.adrelid), array(select x::text from unnest(a.attacl) x order by 1)
         from pg_attribute a left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         join pg_class c on c.oid = a.attrelid
         where c.oid >= 16384 and c.relnamespace <> 'pg_toast'::regnamespace and a.attnum > 0 and not a.attisdropped",
    ),
    (
        "constraint",
        "select coalesce(nullif(conrelid, 0)::regclass::text, nullif(contypid, 0)::regtype::text), conname, contype,
           condeferrable, condeferred, convalidated, conislocal, connoinherit, pg_get_constraintdef(oid)
         from pg_constraint where oid >= 16384",
    ),
    (
        "index",
        "select pg_get_indexdef(indexrelid), indisunique, indisprimary, indisclustered, indisvalid, indisreplident
         from pg_index where indexrelid >= 16384 and indrelid >= 16384
           and indrelid not in (select oid from pg_class where relnamespace = 'pg_toast'::regnamespace)",
    ),
    (
        "policy",
        "select polrelid::regclass, polname, polcmd, polpermissive, array(select pg_get_userbyid(r) from unnest(polroles) r),
           pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
         from pg_policy",
    ),
    (
        "trigger",
        "select pg_get_triggerdef(oid), tgenabled from pg_trigger where not tgisinternal and oid >= 16384",
    ),
    (
        "rule",
        "select ev_class::regclass, rulename, ev_enabled, pg_get_ruledef(oid) from pg_rewrite where oid >= 16384",
    ),
    (
        "sequence",
        "select seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
           (select string_agg(d.refobjid::regclass || '.' || d.refobjsubid || ' ' || d.deptype::text, ', ')
            from pg_depend d where d.objid = seqrelid and d.deptype in ('a', 'i'))
         from pg_sequence where seqrelid >= 16384",
    ),
    (
        "function",
        "select oid::regprocedure, proowner::regrole, prokind, pg_get_function_result(oid), pg_get_function_arguments(oid),
           case when prokind in ('f', 'p') then pg_get_functiondef(oid) end,
           array(select a::text from unnest(proacl) a order by 1)
         from pg_proc where oid >= 16384",
    ),
    (
        "type",
        "select t.oid::regtype, t.typtype, t.typowner::regrole, t.typnotnull, t.typdefault, t.typbasetype::regtype,
           array(select e.enumlabel from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder),
           array(select a::text from unnest(t.typacl) a order by 1)
         from pg_type t where t.oid >= 16384 and t.typnamespace <> 'pg_toast'::regnamespace",
    ),
    (
        "wrapper",
        "select fdwname, fdwowner::regrole, fdwhandler::regproc, fdwvalidator::regprocedure, fdwoptions,
           array(select a::text from unnest(fdwacl) a order by 1)
         from pg_foreign_data_wrapper where oid >= 16384",
    ),
];

/// What the catalogs of a database say, a line each.
fn catalog(client: &mut Client) -> BTreeSet<String> {
    client.batch_execute("set search_path = pg_catalog").expect("a path");
    CATALOG
        .iter()
        .flat_map(|(what, sql)| {
            let found = rows(client, sql);
            found.into_iter().map(move |line| format!("{what}: {line}"))
        })
        .collect()
}

/// A new database in which a superuser has run these statements.
fn after(cluster: &Cluster, name: &str, statements: &str) -> BTreeSet<String> {
    cluster.create_database(name);
    let mut admin = cluster.client(name, "postgres");
    admin.batch_execute(statements).unwrap_or_else(|error| panic!("{statements}: {error:?}"));
    catalog(&mut admin)
}

fn are_alike(fresh: &BTreeSet<String>, updated: &BTreeSet<String>) {
    assert!(fresh.len() > 300, "only {} lines", fresh.len());
    let missing: Vec<&String> = fresh.difference(updated).collect();
    let extra: Vec<&String> = updated.difference(fresh).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "an update does not make: {missing:#?}\nan update makes, or leaves there: {extra:#?}"
    );
}

#[test]
fn a_new_installation_and_an_updated_one_have_the_same_catalog() {
    let cluster = Cluster::shared();
    let fresh = after(cluster, "fresh", "create extension erp_sync");
    let update = "create extension erp_sync version '0.1.0'; alter extension erp_sync update";
    are_alike(&fresh, &after(cluster, "updated", update));
}

#[test]
fn so_they_have_in_a_schema_of_another_name() {
    let cluster = Cluster::shared();
    let fresh = after(
        cluster,
        "fresh_elsewhere",
        r#"create schema "Odd Name"; create extension erp_sync schema "Odd Name""#,
    );
    let update = r#"create schema "Odd Name"; create extension erp_sync schema "Odd Name" version '0.1.0';
                    alter extension erp_sync update"#;
    are_alike(&fresh, &after(cluster, "updated_elsewhere", update));
}
