//! A name is no identity: who makes an object of an old name sees and moves nothing that was another's.

use erp_sync_tests::cluster::Cluster;
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
fn with_history(name: &str) -> Stage {
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

fn seen(client: &mut Client) -> Vec<String> {
    let seen = |sql: &&&str| attempt(client, sql).is_ok_and(|rows| !rows.is_empty());
    SEEN.iter().filter(seen).map(|sql| format!("sees: {sql}")).collect()
}

/// The books of the shop's entities, as a superuser sees them.
const BOOKS: &str = "
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

/// A copy of a database under another name, by pg_dump and psql as a superuser.
fn restored(stage: &Stage, name: &str) -> Client {
    let cluster = Cluster::shared();
    let dumped = cluster.dump(&stage.shop.database, "postgres", &[]);
    cluster.create_database(name);
    let restored = cluster.psql(name, "postgres", &dumped);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    cluster.client(name, "postgres")
}

#[test]
fn after_a_restore_the_owner_goes_on() {
    let stage = with_history("names_dumped");
    stage.shop.odoo.unhide("res.partner");
    let _admin = restored(&stage, "names_restored");
    let mut owner = Cluster::shared().client("names_restored", "shop");
    let ended = attempt(&mut owner, "select state, inserted, updated from sync_run('currencies')");
    assert_eq!(ended, Ok(vec!["succeeded|0|0".to_owned()]));
    let mode = "select mode from erp_sync.history where entity = 'currencies' limit 1";
    assert_eq!(attempt(&mut owner, mode), Ok(vec!["incremental".to_owned()]));
    assert_ne!(attempt(&mut owner, "select count(*) from erp_sync.removed"), Ok(vec!["0".to_owned()]));
}

/// Until then the names that the dump has are all that is known.
#[test]
fn after_a_restore_names_count_until_the_owner_has_synced() {
    let stage = with_history("names_by_name");
    stage.shop.odoo.unhide("res.partner");
    let mut admin = restored(&stage, "names_restored_by_name");
    let mut owner = Cluster::shared().client("names_restored_by_name", "shop");
    let records = "select count(*) > 0 from erp_sync.removed";
    let manifests = "select manifest is not null from erp_sync.entity";
    attempt(&mut owner, manifests).expect("its manifests");
    assert_eq!(attempt(&mut owner, records), Ok(vec!["t".to_owned()]), "by the names of server and schema");
    let identified = "select count(*) from erp_sync.link where erp_sync.is_here(server_id)";
    assert_eq!(attempt(&mut admin, identified), Ok(vec!["0".to_owned()]));
    attempt(&mut owner, "select sync_run('currencies')").expect("the owner syncs");
    assert_eq!(attempt(&mut admin, identified), Ok(vec!["1".to_owned()]));
    // From then on a name alone is nothing.
    attempt(&mut owner, "alter server odoo_main rename to renamed").expect("it is renamed");
    assert_eq!(attempt(&mut owner, records), Ok(vec!["t".to_owned()]), "the server is the same");
}

/// What was gone before the dump was made is nobody's in the copy, whoever makes the names.
#[test]
fn after_a_restore_who_makes_names_that_were_gone_sees_nothing() {
    let mut stage = with_history("names_gone_before");
    stage.shop.run("drop server odoo_main cascade; drop schema erp cascade");
    let mut admin = restored(&stage, "names_gone");
    attempt(
        &mut admin,
        "grant create on database names_gone to outsider; grant usage on foreign data wrapper odoo to outsider",
    )
    .expect("granted");
    let mut outsider = Cluster::shared().client("names_gone", "outsider");
    let url = stage.shop.odoo.url();
    let sql = format!(
        "create schema erp;
         create server odoo_main foreign data wrapper odoo options (url '{url}', database 'odoo17');
         create user mapping for current_user server odoo_main options (username 'admin', password 'admin')"
    );
    attempt(&mut outsider, &sql).expect("the names");
    let mut found = seen(&mut outsider);
    let books = "select count(*) from erp_sync.removed";
    let before = attempt(&mut admin, books);
    for call in ["select sync_reset('all', truncate => true)", "select sync_run('contacts')"] {
        let _ = attempt(&mut outsider, call);
    }
    if attempt(&mut outsider, "select count(*) from erp_sync.removed where record::text like '%name%'")
        != Ok(vec!["0".to_owned()])
    {
        found.push("records of the old one's".into());
    }
    assert_eq!(attempt(&mut admin, books), before);
    none(&found);
}

/// A role that keeps a change of its manifests open holds up no other.
#[test]
fn after_a_restore_an_open_transaction_holds_nobody_up() {
    let stage = with_history("names_open");
    stage.shop.odoo.unhide("res.partner");
    for role in ["shop", "peer"] {
        stage.by(role, r#"select sync_configure('all', '{"overlap": "20 minutes"}')"#);
    }
    let _admin = restored(&stage, "names_open_restored");
    let mut peer = Cluster::shared().client("names_open_restored", "peer");
    let open = r#"begin; select sync_configure('all', '{"overlap": "30 minutes"}')"#;
    attempt(&mut peer, open).expect("an open change");
    let mut owner = Cluster::shared().client("names_open_restored", "shop");
    attempt(&mut owner, "set statement_timeout = '10s'").expect("a limit");
    let ended = attempt(&mut owner, "select state from sync_run('currencies')");
    assert_eq!(ended, Ok(vec!["succeeded".to_owned()]));
    attempt(&mut owner, r#"select sync_configure('all', '{"overlap": "40 minutes"}')"#).expect("its own");
    attempt(&mut peer, "commit").expect("it commits");
}

/// In the copy a server was lost, or made anew by somebody else before the owner came.
#[test]
fn after_a_restore_an_outsider_who_makes_a_server_of_the_old_name_sees_nothing() {
    let stage = with_history("names_dumped_twice");
    let mut admin = restored(&stage, "names_lost");
    let url = stage.shop.odoo.url();
    attempt(
        &mut admin,
        "drop server odoo_main cascade; grant usage on foreign data wrapper odoo to outsider",
    )
    .expect("dropped");
    let mut outsider = Cluster::shared().client("names_lost", "outsider");
    let sql = format!(
        "create server odoo_main foreign data wrapper odoo options (url '{url}', database 'odoo17');
         create user mapping for current_user server odoo_main options (username 'admin', password 'admin')"
    );
    attempt(&mut outsider, &sql).expect("a server");
    let mut found = seen(&mut outsider);
    let before = attempt(&mut admin, BOOKS).expect("books");
    for call in [
        "select sync_reset('contacts', 'odoo_main')",
        "select sync_reset('all')",
        "select sync_run('contacts')",
        "select * from sync_status()",
    ] {
        let _ = attempt(&mut outsider, call);
    }
    found.extend(seen(&mut outsider).into_iter().filter(|what| {
        !what.contains("erp_sync.run")
            && !what.contains("history")
            && !what.contains("errors")
            && !what.contains("task")
    }));
    let after = attempt(&mut admin, BOOKS).expect("books");
    for (before, after) in before.iter().zip(&after).filter(|(before, _)| !before.starts_with("tasks")) {
        if before != after {
            found.push(format!("{before}, then {after}"));
        }
    }
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
