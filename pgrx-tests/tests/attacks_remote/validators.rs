//! The validators are PostgreSQL's own: nobody else calls them, and they hide no other statement.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, failure};

#[test]
fn nobody_calls_a_validator_and_everybody_who_may_makes_servers() {
    let mut shop = Shop::open(Cluster::shared(), "validators", "jsonrpc");
    for wrapper in ["odoo", "sqlserver"] {
        let sql = format!("select erp_sync_{wrapper}_validator(array['x=y'], 'pg_foreign_server'::regclass)");
        let error = shop.error(&sql);
        assert_eq!(error.sqlstate, "42501", "{error:?}");
    }
    shop.run("create server another foreign data wrapper odoo options (url 'https://erp.example.com')");
    let error = shop.error("create server third foreign data wrapper odoo options (ulr 'x')");
    assert!(error.message.contains("has no option \"ulr\""), "{error:?}");
}

#[test]
fn a_statement_is_hidden_for_the_one_error_that_may_show_a_password() {
    let cluster = Cluster::options("attacks_remote_validators").start().expect("a cluster");
    let mut shop = Shop::open(&cluster, "hidden", "jsonrpc");
    // Called by a query, by whoever may: the query is logged.
    let sql = "select 'CALLED-BY-HAND', erp_sync_odoo_validator(array['x=y'], 'pg_foreign_server'::regclass)";
    failure(&mut shop.admin, sql);
    // Within a block: neither the statement nor the context is logged for this error; what fails behind
    // it is.
    shop.run(
        "do $$ begin create server x foreign data wrapper odoo options (password 'HIDDEN'); exception when others then null; end $$",
    );
    shop.error("do $$ begin create server x foreign data wrapper odoo options (password 'HIDDEN'); end $$");
    shop.error(
        "do $$ begin
           begin create server x foreign data wrapper odoo options (ulr 'y'); exception when others then null; end;
           perform 1 / 0; -- DEED
         end $$",
    );
    let log = cluster.log();
    assert!(log.contains("CALLED-BY-HAND"), "{log}");
    assert!(log.contains("DEED"), "{log}");
    assert!(!log.contains("HIDDEN"), "{log}");
}
