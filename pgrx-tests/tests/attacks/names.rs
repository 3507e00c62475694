//! A name is no identity: who makes an object of an old name sees and moves nothing that was another's.

use postgres::Client;

use crate::stage::{Stage, attempt, none};

/// The bookkeeping that has a server, with what tells that something of it is seen.
const SEEN: [&str; 16] = [
    "select 1 from erp_sync.removed",
    "select 1 from erp_sync.rejected",
    "select 1 from erp_sync.rejections",
    "select 1 from erp_sync.position",
    "select 1 from erp_sync.task",
    "select 1 from erp_sync.run",
    "select 1 from erp_sync.batch",
    "select 1 from erp_sync.candidate",
    "select 1 from erp_sync.reread",
    "select 1 from erp_sync.difference",
    "select 1 from erp_sync.history",
    "select 1 from erp_sync.errors",
    "select 1 from erp_sync.differences",
    "select 1 from sync_waiting()",
    "select 1 from sync_status() where state <> 'never' or rows > 0 or rejected > 0 or last_success_at is not null",
    "select 1 where sync_ready('contacts')",
];

/// A shop with removed, rejected and waiting rows.
pub(super) fn with_history(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.shop.run("select sync_run('contacts, currencies')");
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.odoo.write("res.partner", &[14], serde_json::json!({"city": "\0"}));
    stage.shop.run("select sync_run('contacts', mode => 'full')");
    stage.shop.odoo.hide("res.partner", &(40..60).collect::<Vec<_>>());
    let _ = stage.call("shop", "select sync_run('contacts', mode => 'full')");
    stage
}

pub(super) fn seen(client: &mut Client) -> Vec<String> {
    let seen = |sql: &&&str| attempt(client, sql).is_ok_and(|rows| !rows.is_empty());
    SEEN.iter().filter(seen).map(|sql| format!("sees: {sql}")).collect()
}

/// The books of the shop's entities, as a superuser sees them.
pub(super) const BOOKS: &str = "
select 'removed', count(*)::text from erp_sync.removed
union all select 'rejected', count(*)::text from erp_sync.rejected
union all select 'positions', count(*)::text from erp_sync.position
union all select 'candidates', count(*)::text from erp_sync.candidate
union all select 'tasks', count(*)::text from erp_sync.task
union all select 'rows', count(*)::text from erp.contacts";

fn count(line: &str) -> i64 {
    line.split('|').nth(1).and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// An odoo server of the old name, by somebody with USAGE on a wrapper.
fn taken_over(stage: &mut Stage, wrapper: &str, options: &str) -> Vec<String> {
    stage.admin(&format!("grant usage on foreign data wrapper {wrapper} to outsider"));
    stage.by("shop", "drop server odoo_main cascade");
    let mut before = stage.look(BOOKS);
    stage.by(
        "outsider",
        &format!(
            "create server odoo_main foreign data wrapper {wrapper} options ({options});
             create user mapping for current_user server odoo_main options (username 'admin', password 'admin')"
        ),
    );
    let mut found = seen(&mut stage.session("outsider"));
    for call in [
        "select sync_reset('contacts', 'odoo_main')",
        "select sync_reset('contacts', 'odoo_main', true)",
        "select sync_reset('all')",
        "select sync_run('contacts', 'odoo_main')",
        "select sync_run('contacts', 'odoo_main', 'full', confirm => true)",
        "set erp_sync.target_schema = 'outsider'; select sync_run('contacts', 'odoo_main')",
        "select * from sync_plan('contacts', 'odoo_main')",
    ] {
        let _ = stage.call("outsider", call);
        let after = stage.look(BOOKS);
        // His own runs may add to them; what was there is there.
        for (before, after) in
            before.iter().zip(&after).filter(|(before, after)| count(after) < count(before))
        {
            found.push(format!("{call}: {before}, then {after}"));
        }
        before = after;
    }
    found
}

#[test]
fn a_server_of_an_old_name_shows_and_moves_nothing_of_the_old_ones() {
    let mut stage = with_history("names_server");
    let options = format!("url '{}', database 'odoo17'", stage.shop.odoo.url());
    none(&taken_over(&mut stage, "odoo", &options));
}

/// The owner of the tables goes on where the server he has made again reads the same remote.
#[test]
fn a_server_that_the_tables_owner_makes_again_goes_on() {
    let mut stage = with_history("names_again");
    let url = stage.shop.odoo.url();
    stage.shop.run(&format!(
        "drop server odoo_main cascade;
         create server odoo_main foreign data wrapper odoo options (url '{url}', database 'odoo17');
         create user mapping for current_user server odoo_main options (username 'admin', password 'admin')"
    ));
    let ended = stage.call("shop", "select state, inserted, updated from sync_run('currencies')");
    assert_eq!(ended, Ok(vec!["succeeded|0|0".to_owned()]));
    assert_eq!(
        stage.shop.value("select mode from erp_sync.history where entity = 'currencies' limit 1"),
        "incremental"
    );
    assert_ne!(stage.shop.value("select count(*) from erp_sync.removed"), "0");
}

#[test]
fn a_server_of_an_old_name_of_the_other_wrapper_shows_and_moves_nothing() {
    let mut stage = with_history("names_wrapper");
    none(&taken_over(&mut stage, "sqlserver", "host '127.0.0.1', database 'POS'"));
}

/// A wrapper of somebody else's, with the options that are read.
#[test]
fn a_server_of_an_old_name_of_a_foreign_wrapper_shows_nothing() {
    let mut stage = with_history("names_foreign");
    stage.admin("create foreign data wrapper other; grant usage on foreign data wrapper other to outsider");
    none(&taken_over(&mut stage, "other", "host 'x'"));
}

/// USAGE on the server, but no way to become the tables' owner: counts at most.
#[test]
fn who_may_use_a_server_and_not_become_the_tables_owner_sees_no_record() {
    let mut stage = with_history("names_reader");
    stage.shop.run("grant usage on foreign server odoo_main to reader");
    let mut reader = stage.session("reader");
    let mut found = Vec::new();
    for sql in [
        "select record from erp_sync.removed",
        "select record from erp_sync.rejected",
        "select record from erp_sync.rejections",
        "select key from erp_sync.candidate",
        "select key from erp_sync.difference",
        "select key from erp_sync.differences",
        "select key from sync_waiting()",
        "select key from erp_sync.waiting",
    ] {
        match attempt(&mut reader, sql) {
            Ok(rows) if !rows.is_empty() => found.push(format!("{} rows of: {sql}", rows.len())),
            _ => (),
        }
    }
    none(&found);
}

/// A server renamed keeps what is its own; one renamed into an old name does not get the old one's.
#[test]
fn a_renamed_server_keeps_its_identity() {
    let mut stage = with_history("names_renamed");
    stage.by("shop", "alter server odoo_main rename to odoo_new");
    let mut found = Vec::new();
    match stage.call("shop", "select state, inserted, updated from sync_run('currencies', 'odoo_new')") {
        Ok(rows) if rows == ["succeeded|0|0"] => (),
        other => found.push(format!("the renamed one does not go on: {other:?}")),
    }
    let mode = "select mode from erp_sync.history where entity = 'currencies' limit 1";
    if stage.shop.rows(mode) != ["incremental"] {
        found.push("the renamed one begins anew".into());
    }
    let url = stage.shop.odoo.url();
    stage.admin("grant usage on foreign data wrapper odoo to outsider");
    let sql =
        format!("create server odoo_main foreign data wrapper odoo options (url '{url}', database 'odoo17')");
    stage.by("outsider", &sql);
    found.extend(seen(&mut stage.session("outsider")));
    none(&found);
}

#[test]
fn a_role_of_an_old_name_inherits_no_manifest_and_no_setting() {
    let mut stage = Stage::open("names_role");
    stage.admin("create role passing login; grant usage on foreign server odoo_main to passing");
    stage.by(
        "passing",
        r#"select sync_define('{"name": "old_entity", "about": "x", "source": "odoo", "streams": [{"table": "old_table",
             "about": "x", "object": "res.users", "key": ["id"], "cursor": "write_date",
             "columns": [{"name": "id", "type": "bigint", "about": "x"}]}]}');
           select sync_configure('contacts', '{"auto": false}')"#,
    );
    stage.admin(
        "drop owned by passing; drop role passing; create role passing login;
                 grant usage on foreign server odoo_main to passing",
    );
    let mut passing = stage.session("passing");
    let mut found = Vec::new();
    for sql in [
        "select entity from sync_entities() where definer is not null",
        "select sync_entity('old_entity')",
        "select * from erp_sync.entity",
        "select * from erp_sync.setting",
        "select sync_configure('contacts', '{}') where sync_configure('contacts', '{}')::text like '%auto%'",
        "select entity from sync_status() where entity = 'old_entity'",
    ] {
        match attempt(&mut passing, sql) {
            Ok(rows) if !rows.is_empty() => found.push(format!("{sql}: {rows:?}")),
            _ => (),
        }
    }
    drop(passing);
    stage.admin("drop owned by passing; drop role passing");
    none(&found);
}

/// Neither does a run that an old role has queued or left come to a new one of its name.
#[test]
fn a_role_of_an_old_name_does_not_see_the_old_ones_runs() {
    let mut stage = Stage::open("names_runs");
    stage.admin("create role fleeting login; grant usage on foreign server odoo_main to fleeting");
    let _ = stage.call("fleeting", "select sync_run('currencies')");
    stage.admin("drop owned by fleeting; drop role fleeting; create role fleeting login");
    let mut found = Vec::new();
    for sql in
        ["select * from erp_sync.run", "select * from erp_sync.history", "select * from erp_sync.errors"]
    {
        match stage.call("fleeting", sql) {
            Ok(rows) if !rows.is_empty() => found.push(format!("{sql}: {rows:?}")),
            _ => (),
        }
    }
    stage.admin("drop role fleeting");
    none(&found);
}

/// A peer makes the dropped server's name his own and lets the shop use it: what the shop does then shows him nothing.
#[test]
fn a_server_of_an_old_name_that_others_are_let_use_is_not_taken_for_the_old_one() {
    let mut stage = with_history("names_lent");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.shop.run("drop server odoo_main cascade");
    stage.settle("peer", "odoo_main", &odoo, ", tenant 'lent'");
    stage.by("peer", "grant usage on foreign server odoo_main to public");
    let mut found = Vec::new();
    for sql in [
        "select sync_run('contacts')",
        "select sync_run('contacts', 'odoo_main')",
        "create user mapping for current_user server odoo_main options (username 'admin', password 'admin');
         select sync_run('contacts', 'odoo_main')",
        "select sync_run('contacts')",
    ] {
        let _ = stage.call("shop", sql);
        let records = stage.call(
            "peer",
            "select count(*) from erp_sync.removed where tenant = 'main'
             union all select count(*) from erp_sync.rejected where tenant = 'main'
             union all select count(*) from erp_sync.position where tenant = 'main'
             union all select count(*) from erp_sync.candidate",
        );
        if records != Ok(["0"; 4].map(str::to_owned).to_vec()) {
            found.push(format!("after {sql}: {records:?}"));
        }
    }
    none(&found);
}
