//! Passwords are planted everywhere a password can be, and looked for everywhere one could end up.

use std::time::Duration;

use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{RpcFault, What, When};
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::{PASSWORD, SqlError, USER};
use erp_sync_tests::till;

/// A password with everything that JSON, XML, URLs and Python write in their own way.
const RIGHT: &str = r#"CANARY-r<&>"'\ %+/ä-end"#;
const WRONG: &str = r#"CANARY-w<&>"'\ %+/ö-end"#;

/// What no spelling changes.
const SEED: &str = "CANARY";

#[test]
fn a_password_is_nowhere_to_be_read() {
    let cluster = Cluster::options("secrets").set("log_min_messages", "debug1").start().unwrap();
    for protocol in ["jsonrpc", "xmlrpc"] {
        let mut shop = Shop::open(&cluster, &format!("secrets_{protocol}"), protocol);
        shop.odoo.set_password("admin", RIGHT);
        set_password(&mut shop, RIGHT);
        shop.run("select sync_run('all')");
        shop.run("select * from sync_check()");
        set_password(&mut shop, WRONG);
        let mut seen = vec![format!("{:?}", shop.error("select sync_run('all')"))];
        seen.extend(shop.rows("select * from sync_check()"));
        set_password(&mut shop, RIGHT);
        // Odoo's own errors quote the arguments of a call.
        let json = serde_json::to_string(RIGHT).unwrap();
        let xml = RIGHT.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let quoting =
            format!("execute_kw('odoo17', 2, {json}, {}, {xml}) {RIGHT}", json.replace('ä', "\\u00e4"));
        shop.odoo.fault(When::any().model("res.partner"), What::Rpc(RpcFault::value_error(quoting)));
        seen.push(format!("{:?}", shop.error("select sync_run('contacts')")));
        shop.odoo.clear_faults();
        seen.extend(activity_of_a_worker(&mut shop));
        for table in shop.rows(TABLES) {
            seen.extend(admin(&mut shop, &format!("select * from {table}")));
        }
        let found: Vec<&String> = seen.iter().filter(|text| text.contains(SEED)).collect();
        assert!(found.is_empty(), "{protocol}: {found:#?}");
    }
    let found = of_a_till(&cluster);
    assert!(found.is_empty(), "of a till: {found:#?}");
    for seed in [SEED, OF_TILLS] {
        assert!(!cluster.log().contains(seed), "in the log: {}", lines_with(&cluster.log(), seed));
    }
    assert!(cluster.log().contains("DEBUG:"), "the log is as talkative as was asked");
}

/// What no spelling changes of the password that tills take.
const OF_TILLS: &str = "sswrd-of-till";

/// Places where a SQL Server's password, right or wrong, can be read.
fn of_a_till(cluster: &Cluster) -> Vec<String> {
    let mut shop = Shop::open(cluster, "secrets_till", "jsonrpc");
    let tds = till::open(&mut shop, "pos");
    let set = |shop: &mut Shop<'_>, password: &str| {
        let quoted = password.replace('\'', "''");
        shop.run(&format!(
            "alter user mapping for current_user server pos options (set password '{quoted}')"
        ));
    };
    let right = format!("{PASSWORD} {OF_TILLS}");
    tds.set_password(USER, &right);
    set(&mut shop, &right);
    shop.run("select sync_run('sales', 'pos')");
    let mut seen = shop.rows("select * from sync_check('pos')");
    set(&mut shop, &format!("{OF_TILLS} wrong"));
    seen.push(format!("{:?}", shop.error("select sync_run('sales', 'pos')")));
    seen.extend(shop.rows("select * from sync_check('pos')"));
    set(&mut shop, &right);
    // A server may repeat what it was sent.
    tds.refuse(Some(SqlError::new(50_000, 16, format!("refused: {right}"))));
    seen.push(format!("{:?}", shop.error("select sync_run('sales', 'pos')")));
    tds.refuse(None);
    for table in shop.rows(TABLES) {
        seen.extend(admin(&mut shop, &format!("select * from {table}")));
    }
    seen.retain(|text| text.contains(SEED) || text.contains(OF_TILLS));
    seen
}

const TABLES: &str = "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
                      where n.nspname in ('erp_sync', 'erp') and c.relkind in ('r', 'v')";

#[test]
fn an_option_mistyped_beside_a_password_does_not_log_it() {
    let cluster = Cluster::options("mistyped").start().unwrap();
    let mut shop = Shop::open(&cluster, "mistyped", "jsonrpc");
    for statement in [
        "create user mapping for public server odoo_main options (username 'me', passwrd 'CANARY')",
        "create user mapping for public server odoo_main options (user 'me', password 'CANARY')",
        "alter user mapping for current_user server odoo_main options (set password 'CANARY', add usrname 'me')",
        "create server other foreign data wrapper odoo options (url 'https://me:CANARY@erp.example.com')",
        "create server other foreign data wrapper odoo options (ulr 'https://erp.example.com', password 'CANARY')",
        "create server other foreign data wrapper sqlserver options (host 'h', passwort 'CANARY')",
    ] {
        let error = shop.error(statement);
        assert!(!format!("{error:?}").contains(SEED), "{error:?}");
    }
    let log = cluster.log();
    assert_eq!(log.matches("ERROR:").count(), 6, "{log}");
    assert!(!log.contains(SEED), "{}", lines_with(&log, SEED));
}

/// Sets it the way PostgreSQL does not log by default.
fn set_password(shop: &mut Shop<'_>, password: &str) {
    let quoted = password.replace('\'', "''");
    shop.run(&format!(
        "alter user mapping for current_user server odoo_main options (set password '{quoted}')"
    ));
}

/// What everybody can see of a worker while it works.
fn activity_of_a_worker(shop: &mut Shop<'_>) -> Vec<String> {
    shop.odoo.fault(When::any().model("res.partner").method("search_read"), What::Silent);
    shop.run("select sync_run('contacts', wait => false)");
    let sql = "select * from pg_stat_activity where backend_type = 'erp_sync' and query ~ 'contacts'";
    let mut rows = Vec::new();
    let seen = wait_for("a worker at work", Duration::from_secs(20), || {
        rows = shop.admin.simple_query(sql).unwrap().iter().map(|message| format!("{message:?}")).collect();
        rows.len() > 1
    });
    shop.odoo.clear_faults();
    seen.unwrap();
    rows
}

fn admin(shop: &mut Shop<'_>, sql: &str) -> Vec<String> {
    erp_sync_tests::shop::rows(&mut shop.admin, sql)
}

fn lines_with<'a>(text: &'a str, word: &str) -> String {
    text.lines().filter(|line| line.contains(word)).collect::<Vec<&'a str>>().join("\n")
}
