//! The hosts that servers may point to.

use std::net::TcpListener;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::{Failure, Shop, setup_as_superuser};

use crate::items;

const LIST: &str = "127.0.0.2, *.example.com, erp.example.net:8069, 192.0.2.0/24";

fn cluster(name: &str) -> Cluster {
    Cluster::options(name).set("erp_sync.allowed_hosts", LIST).start().expect("a cluster")
}

fn is_refused(error: &Failure) {
    assert_eq!(error.sqlstate, "42501", "{error:?}");
    assert!(error.message.ends_with("is no host that this database may connect to"), "{error:?}");
    assert!(error.hint.contains("erp_sync.allowed_hosts"), "{error:?}");
}

#[test]
fn a_server_points_to_allowed_hosts_alone_from_the_beginning() {
    let cluster = cluster("attacks_remote_hosts");
    cluster.create_database("hosts");
    cluster.client("hosts", "postgres").batch_execute(&setup_as_superuser("hosts")).expect("set up");
    let mut shop = cluster.client("hosts", "shop");
    for (at, options) in [
        "odoo options (url 'https://erp.example.com')",
        "odoo options (url 'http://erp.example.net:8069')",
        "sqlserver options (host '127.0.0.2', port '22')",
        "sqlserver options (host '192.0.2.9', instance 'TILL')",
    ]
    .into_iter()
    .enumerate()
    {
        shop.batch_execute(&format!("create server s{at} foreign data wrapper {options}")).expect(options);
    }
    for options in [
        "odoo options (url 'https://erp.example.net')",
        "odoo options (url 'https://example.com')",
        "odoo options (url 'http://2130706433')",
        "odoo options (url 'https://erp.example.com', proxy 'http://127.0.0.1:3128')",
        "sqlserver options (host 'localhost')",
        "sqlserver options (host '::1')",
        "sqlserver options (host '127.1')",
        "sqlserver options (host '198.51.100.1', instance 'TILL')",
    ] {
        let sql = format!("create server other foreign data wrapper {options}");
        is_refused(&erp_sync_tests::shop::failure(&mut shop, &sql));
    }
    let error = erp_sync_tests::shop::failure(&mut shop, "alter server s2 options (set host '127.0.0.1')");
    is_refused(&error);
    let error = erp_sync_tests::shop::failure(&mut shop, "set erp_sync.allowed_hosts = ''");
    assert_eq!(error.sqlstate, "42501");
    let mut admin = cluster.client("hosts", "postgres");
    let error = erp_sync_tests::shop::failure(
        &mut admin,
        "load 'erp_sync'; set erp_sync.allowed_hosts = '10.0.0.0/99'",
    );
    assert!(error.detail.contains("\"10.0.0.0/99\" is no host"), "{error:?}");
}

/// Makes servers while everything is allowed, and then says what is.
#[test]
fn what_is_open_closed_or_absent_is_refused_alike_and_nothing_is_sent() {
    let cluster = Cluster::options("attacks_remote_alike").start().expect("a cluster");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let open = listener.local_addr().expect("an address").port();
    let mut shop = Shop::open(&cluster, "alike", "jsonrpc");
    let tds = items::open(&mut shop);
    shop.run(&items::define(&items::manifest("items", "dbo.items", None)));
    shop.admin.batch_execute(&format!("alter system set erp_sync.allowed_hosts = '{LIST}'")).expect("set");
    shop.admin.batch_execute("select pg_reload_conf()").expect("reloaded");
    let _ = tds.batches();
    let mut seen = Vec::new();
    let addresses = [("127.0.0.1", open), ("127.0.0.1", 1), ("no-such-host.invalid", 80)];
    for (host, port) in addresses {
        // As if it had been made before: the validator would refuse it.
        for (server, old) in [("odoo_main", "url"), ("pos", "host")] {
            let (options, entity) = match server {
                "odoo_main" => (format!("array['url=http://{host}:{port}', 'database=x']"), "contacts"),
                _ => (
                    format!("array['host={host}', 'port={port}', 'database=x', 'encrypt=plaintext']"),
                    "items",
                ),
            };
            let sql =
                format!("update pg_foreign_server set srvoptions = {options} where srvname = '{server}'");
            shop.admin.batch_execute(&sql).unwrap_or_else(|error| panic!("{old}: {error:?}"));
            let error = shop.error(&format!("select sync_run('{entity}', '{server}')"));
            is_refused(&error);
            seen.push((error.detail, error.hint));
            let sql = format!("select detail from sync_check('{server}') where status = 'fail'");
            assert!(
                shop.value(&sql).contains("is no host that"),
                "{:?}",
                shop.rows("select * from sync_check()")
            );
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(listener.accept().is_err(), "somebody connected");
    assert!(tds.batches().is_empty());
}

#[test]
fn a_list_in_the_callers_session_is_not_the_workers() {
    let cluster = cluster("attacks_remote_forged");
    let odoo = Odoo::start();
    cluster.create_database("forged");
    let mut admin = cluster.client("forged", "postgres");
    admin.batch_execute(&setup_as_superuser("forged")).expect("set up");
    admin
        .batch_execute(&format!(
            "load 'erp_sync'; set erp_sync.allowed_hosts = '';
             create server odoo_main foreign data wrapper odoo options (url '{}', database '{}');
             create user mapping for current_user server odoo_main options (username 'admin', password 'admin')",
            odoo.url(),
            odoo.database()
        ))
        .expect("a superuser may in his own session");
    is_refused(&erp_sync_tests::shop::failure(&mut admin, "select sync_run('contacts')"));
}
