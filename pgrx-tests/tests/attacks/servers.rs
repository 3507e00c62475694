//! Which roles may create servers, and whose servers a call reads that names none.

use erp_sync_tests::odoo::Odoo;
use serde_json::json;

use crate::stage::Stage;

#[test]
fn nobody_makes_a_server_until_a_superuser_lets_him() {
    let mut stage = Stage::open("servers_servers");
    for wrapper in ["odoo", "sqlserver"] {
        let sql =
            format!("create server theirs foreign data wrapper {wrapper} options (host 'erp.example.com')");
        let error = stage.call("outsider", &sql).expect_err("it is made");
        assert_eq!(error.sqlstate, "42501", "{error:?}");
    }
    let granted = stage.look(
        "select w.fdwname from pg_foreign_data_wrapper w,
           aclexplode(coalesce(w.fdwacl, acldefault('F', w.fdwowner))) a where a.grantee = 0",
    );
    assert_eq!(granted, [""; 0]);
}

#[test]
fn all_servers_are_ones_own_those_of_roles_one_may_become_and_superusers() {
    let mut stage = Stage::open("servers_all");
    stage.admin("create role servers_team; grant servers_team to shop");
    let (url, database) = (stage.shop.odoo.url(), stage.shop.odoo.database());
    for server in ["team_main", "boss_main", "lent_main"] {
        stage.admin(&format!(
            "create server {server} foreign data wrapper odoo
               options (url '{url}', database '{database}', tenant '{server}');
             create user mapping for public server {server} options (username 'admin', password 'admin');
             grant usage on foreign server {server} to shop"
        ));
    }
    stage.admin(
        "grant usage on foreign data wrapper odoo to servers_team, peer;
         alter server team_main owner to servers_team; alter server lent_main owner to peer;
         grant usage on foreign server lent_main to shop",
    );
    let all = "select server from sync_run('currencies') order by 1";
    assert_eq!(
        stage.call("shop", all),
        Ok(["boss_main", "odoo_main", "team_main"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_server_made_again_for_another_remote_does_not_go_on() {
    let mut stage = Stage::open("servers_other_remote");
    stage.shop.run("select sync_run('currencies')");
    let other = Odoo::start();
    let (url, database) = (other.url(), other.database());
    stage.shop.run(&format!(
        "drop server odoo_main cascade;
         create server odoo_main foreign data wrapper odoo options (url '{url}', database '{database}');
         create user mapping for current_user server odoo_main options (username 'admin', password 'admin')"
    ));
    let rows = "select * from erp.currencies order by id";
    let before = stage.look(rows);
    let error = stage.call("shop", "select sync_run('currencies')").expect_err("it goes on");
    assert!(error.message.contains("was read from another remote"), "{error:?}");
    assert!(error.hint.contains("sync_reset("), "{error:?}");
    assert_eq!(stage.look(rows), before);
}

#[test]
fn who_makes_a_server_decides_what_its_rows_say() {
    let mut stage = Stage::open("servers_lent");
    let other = Odoo::start();
    other.write_silently("res.currency", &[1], json!({"name": "ZZZ"}));
    stage.shop.run("select sync_run('currencies')");
    let own = stage.look("select name from erp.currencies where id = 1");
    stage.settle("peer", "lent_main", &other, ", tenant 'lent'");
    stage.by("peer", "grant usage on foreign server lent_main to shop");
    stage.shop.run(
        "create user mapping for current_user server lent_main options (username 'admin', password 'admin')",
    );
    stage.shop.run("select sync_run('currencies', 'lent_main')");
    let names = "select tenant, name from erp.currencies where id = 1 order by 1";
    assert_eq!(stage.look(names), ["lent|ZZZ".to_owned(), format!("main|{}", own[0])]);
}

/// With the mapping for everybody, into a schema of his own.
#[test]
fn who_may_use_a_server_reads_whatever_its_login_may() {
    let mut stage = Stage::open("servers_used");
    stage.shop.run("select sync_run('contacts')");
    stage.admin(
        "create schema reader authorization reader;
         alter role reader in database servers_used set erp_sync.target_schema = 'reader'",
    );
    let run = "select state from sync_run('contacts', 'odoo_main')";
    let refused = stage.call("reader", run).expect_err("without USAGE");
    assert!(refused.message.contains("odoo_main"), "{refused:?}");
    stage.shop.run("grant usage on foreign server odoo_main to reader");
    assert_eq!(stage.call("reader", run), Ok(vec!["succeeded".into()]));
    let differs = "select count(*) from (table reader.contacts except table erp.contacts) d";
    let columns = stage.look(
        "select string_agg(format('%I', attname), ', ' order by attnum) from pg_attribute
         where attrelid = 'erp.contacts'::regclass and attnum > 0 and attname not like '\\_%'
           and attname not in ('synced_at', 'run_id')",
    );
    let differs = differs
        .replace("table reader.contacts", &format!("select {} from reader.contacts", columns[0]))
        .replace("table erp.contacts", &format!("select {} from erp.contacts", columns[0]));
    assert_eq!(stage.look(&differs), ["0"]);
    assert_ne!(stage.look("select count(*) from reader.contacts"), ["0"]);
}

/// A server that somebody lets everybody use, and that nobody reads.
#[test]
fn a_server_that_others_let_one_use_is_in_nobodys_way() {
    let mut stage = Stage::open("servers_evil");
    stage.shop.run("select sync_run('contacts, currencies')");
    stage.admin("grant usage on foreign data wrapper odoo to peer");
    stage.by(
        "peer",
        "create server evil foreign data wrapper odoo options (url 'http://127.0.0.1:9', database 'x', tenant 'main');
         create user mapping for public server evil options (username 'x', password 'x');
         grant usage on foreign server evil to public",
    );
    assert_eq!(stage.call("shop", "select sync_ready('contacts')"), Ok(vec!["t".into()]));
    assert_eq!(stage.call("shop", "select sync_require('contacts')"), Ok(vec![String::new()]));
    let servers = "select string_agg(distinct server, ' ') from";
    assert_eq!(stage.call("shop", &format!("{servers} sync_check()")), Ok(vec!["odoo_main".into()]));
    assert_eq!(stage.call("shop", &format!("{servers} sync_status()")), Ok(vec!["odoo_main".into()]));
    assert_eq!(
        stage.call("shop", &format!("{servers} sync_run('currencies')")),
        Ok(vec!["odoo_main".into()])
    );
}

/// Whatever tenant its owner gives it.
#[test]
fn a_server_of_others_that_takes_ones_tenant_is_left_out_and_told() {
    let mut stage = Stage::open("servers_tenant");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.shop.run("select sync_run('currencies')");
    stage.settle("peer", "peer_main", &odoo, ", tenant 'theirs'");
    stage.by("peer", "grant usage on foreign server peer_main to shop");
    stage.shop.run(
        "create user mapping for current_user server peer_main options (username 'admin', password 'admin')",
    );
    stage.shop.run("select sync_run('currencies', 'peer_main')");
    let both = "select server, state from sync_run('currencies') order by 1";
    let all = ["odoo_main|succeeded", "peer_main|succeeded"].map(str::to_owned).to_vec();
    assert_eq!(stage.call("shop", both), Ok(all));
    stage.by("peer", "alter server peer_main options (set tenant 'main')");
    let told = "select server, state, error from sync_run('currencies') order by 1";
    let told = stage.call("shop", told).expect("its own is read");
    assert_eq!(told[0], "odoo_main|succeeded|");
    assert!(told[1].starts_with("peer_main|skipped|another role's server, which feeds tenant"), "{told:?}");
    let (_, line) = told[1].split_once("let go of it with: ").expect("a line");
    stage.by("shop", line);
    let left = Ok(vec!["odoo_main|succeeded".into()]);
    assert_eq!(stage.call("shop", both), left);
}
