//! Every object that a person meets says what it is.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, rows};

#[test]
fn every_object_of_the_extension_has_a_comment() {
    let mut shop = Shop::open(Cluster::shared(), "comments", "jsonrpc");
    let all = rows(
        &mut shop.admin,
        "select pg_describe_object(d.classid, d.objid, 0)
         from pg_depend d join pg_extension e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass
         where e.extname = 'erp_sync' and d.deptype = 'e'",
    );
    assert!(all.len() > 30, "{all:#?}");
    let silent = rows(
        &mut shop.admin,
        "select pg_describe_object(d.classid, d.objid, 0)
         from pg_depend d join pg_extension e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass
         left join pg_type t on d.classid = 'pg_type'::regclass and t.oid = d.objid
         left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
         where e.extname = 'erp_sync' and d.deptype = 'e'
           and coalesce(c.relkind, 'r') not in ('i', 'S')
           and not (t.oid is not null and (t.typrelid <> 0 or t.typcategory = 'A'))
           and coalesce(obj_description(d.objid, (select relname from pg_class where oid = d.classid)), '') = ''
         union all
         select pg_describe_object('pg_policy'::regclass, p.oid, 0) from pg_policy p
         where p.polrelid in (select oid from pg_class where relnamespace = 'erp_sync'::regnamespace)
           and coalesce(obj_description(p.oid, 'pg_policy'), '') = ''
         order by 1",
    );
    assert_eq!(silent, [""; 0], "without a comment");
}

#[test]
fn every_column_of_the_bookkeeping_and_its_views_has_a_comment() {
    let mut shop = Shop::open(Cluster::shared(), "columns", "jsonrpc");
    shop.run("select sync_run('all')");
    let silent = rows(
        &mut shop.admin,
        "select a.attrelid::regclass || '.' || a.attname
         from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace in ('erp_sync'::regnamespace, 'erp'::regnamespace) and c.relkind in ('r', 'v')
           and a.attnum > 0 and not a.attisdropped
           and coalesce(col_description(a.attrelid, a.attnum), '') = ''
         order by a.attrelid::regclass::text, a.attnum",
    );
    assert_eq!(silent, [""; 0], "without a comment");
}

#[test]
fn every_table_is_dumped_and_every_policy_is_for_reading() {
    let mut shop = Shop::open(Cluster::shared(), "catalog", "jsonrpc");
    let left_out = rows(
        &mut shop.admin,
        "select relname from pg_class where relnamespace = 'erp_sync'::regnamespace and relkind in ('r', 'S')
         and oid not in (select unnest(extconfig) from pg_extension where extname = 'erp_sync') order by 1",
    );
    assert_eq!(
        left_out,
        ["home", "leftover", "lock", "lock_id_seq", "transaction"],
        "what means nothing in a copy"
    );
    let open = rows(
        &mut shop.admin,
        "select oid::regclass from pg_class
         where relnamespace = 'erp_sync'::regnamespace and relkind = 'r' and not relrowsecurity
         union all
         select polrelid::regclass from pg_policy
         where polrelid in (select oid from pg_class where relnamespace = 'erp_sync'::regnamespace) and polcmd <> 'r'",
    );
    assert_eq!(open, [""; 0], "open to more than reading one's own rows");
}
