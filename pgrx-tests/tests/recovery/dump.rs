//! Dumped here and restored in another cluster: what comes along, and what has to be given again.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::{Shop, failure, rows};
use postgres::Client;

use super::{exact, told};

/// What is to be the same in the copy.
const KEPT: [&str; 12] = [
    "select t::text from erp_sync.run t order by 1",
    "select t::text from erp_sync.task t order by 1",
    "select t::text from erp_sync.batch t order by 1",
    "select t::text from erp_sync.position t order by 1",
    "select t::text from erp_sync.removed t order by 1",
    "select t::text from erp_sync.entity t order by 1",
    "select t::text from erp_sync.setting t order by 1",
    "select t::text from erp.contacts t order by 1",
    "select count(*), sum(on_hand) from erp.product_stock",
    "select * from erp.towns order by 1",
    "select * from erp.large_towns order by 1",
    "select * from erp.counted order by 1",
];

fn kept(client: &mut Client) -> Vec<Vec<String>> {
    KEPT.iter().map(|sql| rows(client, sql)).collect()
}

/// A shop with all that a dump is to bring along: history, a pass in the middle, removed rows, a
/// manifest and settings of its own, and views on its tables.
fn lived_in<'a>(cluster: &'a Cluster, name: &str) -> Shop<'a> {
    let mut shop = Shop::open(cluster, name, "jsonrpc");
    shop.run("select * from sync_run('products, contacts')");
    shop.run(
        r#"create view erp.towns as select city, count(*) as contacts from erp.contacts group by city;
           create view erp.large_towns as select * from erp.towns where contacts > 2;
           create materialized view erp.counted as select count(*) as contacts from erp.contacts;
           select sync_define('{"extends": "contacts", "streams": [{"table": "contacts", "columns": [
             {"name": "colour", "type": "bigint", "path": ["color"], "about": "Of its card"}]}]}');
           select sync_configure('contacts', '{"overlap": "20 minutes"}');
           select sync_schedule(elsewhere => true)"#,
    );
    shop.odoo.advance(3600);
    shop.odoo.delete("res.partner", &[30]);
    shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    let later = When::any().model("res.partner").method("search_read").after(4);
    shop.odoo.fault(later, What::Rpc(erp_sync_tests::odoo::RpcFault::access_denied()));
    told(shop.error("select * from sync_run('contacts')"));
    shop.odoo.clear_faults();
    assert_ne!(shop.value("select pass ->> 'after' from erp_sync.position where stream = 'contacts'"), "");
    shop
}

fn restore(cluster: &Cluster, name: &str, roles: &[&str], dump: &str) {
    let mut admin = cluster.client("postgres", "postgres");
    let made: String = roles.iter().map(|role| format!("create role {role} login; ")).collect();
    admin.batch_execute(&made).expect("roles");
    cluster.create_database(name);
    let restored = cluster.psql(name, "postgres", dump);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
}

#[test]
fn a_copy_in_another_cluster_has_the_state_and_the_views_and_goes_on_in_the_middle_of_the_pass() {
    let mut shop = lived_in(Cluster::shared(), "dumped");
    let other = Cluster::options("dumped_to").own_identity().start().expect("another cluster");
    restore(&other, "copy", &["shop"], &shop.cluster.dump(&shop.database, "postgres", &[]));
    let before = kept(&mut shop.admin);
    let mut shop = Shop { cluster: &other, database: "copy".into(), ..shop };
    shop.reconnect();
    assert_eq!(kept(&mut shop.admin), before);

    let paused = told(shop.error("call sync_auto()"));
    assert!(paused.message.starts_with("schedules are paused"), "{paused:?}");
    assert_eq!(shop.value("select next_due_at from sync_status() where entity = 'contacts'"), "");
    assert_eq!(shop.value("select sync_configure('contacts', '{}')"), r#"{"overlap": "20 minutes"}"#);

    let behind = shop.value("select pass ->> 'after' from erp_sync.position where stream = 'contacts'");
    shop.odoo.forget_calls();
    shop.run("select * from sync_run('contacts')");
    let pages =
        shop.odoo.calls().into_iter().filter(|c| c.model == "res.partner" && c.method == "search_read");
    let first = pages
        .map(|call| serde_json::to_string(&call.args).unwrap_or_default())
        .find(|args| args.contains("\">\""));
    println!("the pass stood behind {behind}, the copy asked for {first:?}");
    let id = behind.trim_matches(['[', ']']);
    assert!(first.is_some_and(|args| args.contains(&format!("[\"id\",\">\",{id}]"))));
    assert_eq!(shop.value("select count(*) filter (where colour is not null) > 0 from erp.contacts"), "t");
    exact(&mut shop);

    shop.run("select sync_schedule(elsewhere => true)");
    shop.run("call sync_auto()");
}

#[test]
fn what_a_dump_without_secrets_leaves_out_is_listed_by_the_check_with_the_lines_to_type() {
    let mut shop = lived_in(Cluster::shared(), "unsecret");
    shop.admin
        .batch_execute(
            "create role bookkeeper login; grant usage on foreign server odoo_main to bookkeeper;
             create user mapping for bookkeeper server odoo_main options (username 'admin', password 'admin')",
        )
        .expect("another role");
    let other = Cluster::options("unsecret_to").own_identity().start().expect("another cluster");
    // As an ordinary role dumps: others' secrets are not in it.
    let dump = shop.cluster.dump(&shop.database, "shop", &["--enable-row-security"]);
    assert_eq!(dump.matches("password 'admin'").count(), 1, "one's own");
    restore(&other, "copy", &["shop", "bookkeeper"], &dump);
    let mut copy = other.client("copy", "shop");
    let shown = "select server, aspect, status, detail, hint from sync_check() where status = 'fail'";
    assert_eq!(rows(&mut copy, shown), [""; 0]);
    let mut bookkeeper = other.client("copy", "bookkeeper");
    let lacks = rows(&mut bookkeeper, shown);
    println!("{lacks:#?}");
    assert!(
        matches!(lacks.as_slice(), [line] if line.contains("|fail|") && line.contains("add username '...'"))
    );

    rows(&mut copy, "drop server odoo_main cascade");
    let lacks = rows(&mut copy, shown);
    println!("{lacks:#?}");
    assert!(
        matches!(lacks.as_slice(), [line] if line.contains("create server odoo_main foreign data wrapper odoo"))
    );
    rows(
        &mut copy,
        "create server other foreign data wrapper odoo options (url 'http://127.0.0.1:1', database 'x')",
    );
    rows(&mut copy, "select sync_reset('all', 'odoo_main')");
    assert_eq!(
        rows(&mut copy, "select server, aspect from sync_check() where server = 'odoo_main'"),
        [""; 0]
    );
    failure(&mut bookkeeper, "select * from sync_check()");
}
