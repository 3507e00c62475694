//! What a row holds is in no message that others read; and the validators tell and hide nothing.

use std::time::Duration;

use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{RpcFault, What, When};
use erp_sync_tests::tds::SqlError;
use erp_sync_tests::till;
use serde_json::json;

use crate::stage::{Stage, none};

/// Stands in a record of a test, and nowhere else.
fn canary(name: &str) -> String {
    format!("canary_of_{name}")
}

/// Ways in which PostgreSQL says what a row holds, on a table of contacts whose city is the canary.
const TELLING: [(&str, &str); 6] = [
    ("cast", "create function erp.t() returns trigger language plpgsql as
                $$ declare n integer; begin n := new.city::integer; return new; end $$;
              create trigger t before insert or update on erp.contacts for each row execute function erp.t()"),
    ("raise", "create function erp.t() returns trigger language plpgsql as
                $$ begin raise 'no % here', new.city using detail = new.city, hint = 'not ' || new.city; end $$;
              create trigger t before insert or update on erp.contacts for each row execute function erp.t()"),
    ("check", "alter table erp.contacts add constraint c check (city <> '{canary}') not valid"),
    ("unique", "create unique index u on erp.contacts (city) where city = '{canary}'"),
    ("notnull", "alter table erp.contacts add column must text generated always as
                   (case when city = '{canary}' then null else 'x' end) stored;
                 alter table erp.contacts alter column must set not null"),
    ("enum", "create type erp.kind as enum ('one');
              create function erp.t() returns trigger language plpgsql as
                $$ declare k erp.kind; begin k := new.city::erp.kind; return new; end $$;
              create trigger t before insert or update on erp.contacts for each row execute function erp.t()"),
];

/// Everything that a monitor reads, and what the server logged.
fn heard(stage: &Stage, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    for sql in [
        "select * from erp_sync.run",
        "select * from erp_sync.task",
        "select * from erp_sync.batch",
        "select * from erp_sync.position",
        "select * from erp_sync.history",
        "select * from erp_sync.errors",
        "select * from erp_sync.status",
        "select * from erp_sync.progress",
        "select * from erp_sync.waiting",
        "select * from erp_sync.rejections",
        "select * from erp_sync.differences",
        "select * from sync_status()",
    ] {
        match stage.call("monitor", sql) {
            Ok(rows) if rows.iter().any(|row| row.contains(&canary(what))) => {
                found.push(format!("{what}: a monitor reads it in: {sql}"));
            }
            _ => (),
        }
    }
    found
}

/// What the server's log says of a record.
fn logged(stage: &Stage, what: &str, since: usize) -> Vec<String> {
    let log = stage.shop.cluster.log();
    let lines = log.get(since..).unwrap_or_default().lines();
    lines.filter(|line| line.contains(&canary(what))).map(|line| format!("the log says: {line}")).collect()
}

fn told(name: &str) {
    let (_, sql) = TELLING.iter().find(|(telling, _)| *telling == name).expect("a way of that name");
    let mut stage = Stage::open(&format!("messages_{name}"));
    stage.shop.run("select sync_run('contacts')");
    stage.by("shop", &sql.replace("{canary}", &canary(name)));
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.write("res.partner", &[14, 30], json!({ "city": canary(name) }));
    let since = stage.shop.cluster.log().len();
    unattended(&mut stage, "select sync_run('contacts', wait => false)");
    let mut found = heard(&stage, name);
    found.extend(logged(&stage, name, since));
    none(&found);
}

/// A run that fails while nobody's own session hears of it.
fn unattended(stage: &mut Stage, call: &str) {
    stage.shop.run(call);
    let ended = "select count(*) from erp_sync.run where state in ('queued', 'running')";
    wait_for("the end of the run", Duration::from_secs(20), || stage.look(ended) == ["0"])
        .unwrap_or_else(|error| panic!("{error}"));
    stage.shop.no_worker();
    let failed = stage.look("select state from erp_sync.run order by id desc limit 1");
    assert_eq!(failed, ["failed"], "{call}");
}

#[test]
fn a_value_that_cannot_be_cast() {
    told("cast");
}

#[test]
fn a_trigger_that_raises_it() {
    told("raise");
}

#[test]
fn a_check_that_shows_the_failing_row() {
    told("check");
}

#[test]
fn a_unique_index_that_shows_the_key() {
    told("unique");
}

#[test]
fn a_not_null_that_shows_the_failing_row() {
    told("notnull");
}

#[test]
fn a_value_that_an_enum_does_not_have() {
    told("enum");
}

/// What the owner of the tables reads of the last run's error.
fn read_by_owner(stage: &Stage, what: &str) -> Option<String> {
    let told = "select original_error from erp_sync.errors limit 1";
    let views = [told, "select original_error from erp_sync.history limit 1"];
    let unread =
        |view: &&&str| !stage.call("shop", view).is_ok_and(|rows| rows.concat().contains(&canary(what)));
    views.iter().find(unread).map(|view| format!("{what}: the owner does not read it in: {view}"))
}

#[test]
fn what_odoo_says_of_a_record() {
    let mut stage = Stage::open("messages_odoo");
    stage.shop.run("select sync_run('contacts')");
    let mut found = Vec::new();
    for protocol in ["jsonrpc", "xmlrpc"] {
        stage.by("shop", &format!("alter server odoo_main options (set protocol '{protocol}')"));
        for class in
            ["builtins.ValueError", "odoo.exceptions.UserError", "odoo.exceptions.AccessError", "a {canary}"]
        {
            let (what, class) = ("odoo", class.replace("{canary}", &canary("odoo")));
            let says = RpcFault::new(&class, format!("Partner {} is closed", canary(what)));
            stage.shop.odoo.fault(When::any().model("res.partner").method("search_read"), What::Rpc(says));
            let since = stage.shop.cluster.log().len();
            let failure = stage.call("shop", "select sync_run('contacts')").expect_err("a refusal");
            assert!(failure.message.contains("res.partner"), "{failure:?}");
            found.extend(heard(&stage, what));
            unattended(&mut stage, "select sync_run('contacts', wait => false)");
            found.extend(heard(&stage, what));
            found.extend(read_by_owner(&stage, what));
            for call in [
                "select * from sync_diff('contacts')",
                "select * from sync_discover('odoo_main', 'res.partner')",
            ] {
                let _ = stage.call("shop", call);
            }
            found.extend(logged(&stage, what, since));
            stage.shop.odoo.clear_faults();
        }
    }
    none(&found);
}

#[test]
fn what_sql_server_says_of_a_row() {
    let mut stage = Stage::open("messages_tills");
    let till = till::open(&mut stage.shop, "pos");
    let mut found = Vec::new();
    // A value that cannot be converted, a right, a deadlock, resources, a query that is not understood.
    for number in [245, 229, 1205, 701, 102, 40501] {
        let says = format!("Conversion failed when converting the nvarchar value '{}'", canary("tills"));
        till.refuse(Some(SqlError::new(number, 16, says)));
        let since = stage.shop.cluster.log().len();
        let call = "set erp_sync.max_attempts = 1; select sync_run('sales')";
        let failure = stage.call("shop", call).expect_err("a refusal");
        assert!(failure.detail.contains(&number.to_string()), "{failure:?}");
        found.extend(heard(&stage, "tills"));
        found.extend(read_by_owner(&stage, "tills"));
        found.extend(logged(&stage, "tills", since));
    }
    none(&found);
}

/// A mode or an entity that somebody typed is his own text; a rejected row's content is not a monitor's.
#[test]
fn a_rejected_row_is_not_in_what_a_monitor_reads() {
    let mut stage = Stage::open("messages_rejected");
    stage.shop.run("select sync_run('contacts')");
    stage.shop.odoo.advance(3600);
    let (name, city) = (canary("rejected"), format!("{}\0", canary("rejected")));
    stage.shop.odoo.write("res.partner", &[14], json!({ "city": city, "name": name }));
    let since = stage.shop.cluster.log().len();
    stage.shop.run("select sync_run('contacts')");
    let mut found = heard(&stage, "rejected");
    found.extend(logged(&stage, "rejected", since));
    none(&found);
}

/// The validators are PostgreSQL's to call: whoever calls one himself hides a statement from the log.
#[test]
fn nobody_but_postgresql_calls_the_validators() {
    let stage = Stage::open("messages_validators");
    let mut found = Vec::new();
    for role in ["outsider", "shop", "monitor"] {
        for call in [
            "select erp_sync_odoo_validator('{}', 1417)",
            "select erp_sync_odoo_validator('{url=http://127.0.0.1}', 1417)",
            "select erp_sync_odoo_validator('{nonsense=1}', 1417)",
            "select erp_sync_sqlserver_validator('{}', 1418)",
            "select erp_sync_sqlserver_validator('{nonsense=1}', 1418)",
        ] {
            let since = stage.shop.cluster.log().len();
            let marked = format!("/* {role} */ {call}");
            match stage.call(role, &marked) {
                Err(error) if error.sqlstate == "42501" => (),
                Ok(_) => found.push(format!("{role} may: {call}")),
                Err(error) => {
                    let log = stage.shop.cluster.log();
                    let is_logged = log.get(since..).unwrap_or_default().contains(&marked);
                    let whether = if is_logged { "" } else { ", and the log does not have the statement" };
                    found.push(format!("{role} may: {call}: {}{whether}", error.message));
                }
            }
        }
    }
    none(&found);
    // Through PostgreSQL they work for who may make a server, and a mistyped password is in no log.
    let since = stage.shop.cluster.log().len();
    let sql = format!(
        "alter user mapping for current_user server odoo_main options (add pasword '{}')",
        canary("typo")
    );
    assert!(stage.call("shop", &sql).is_err());
    assert_eq!(logged(&stage, "typo", since), [""; 0]);
}
