//! A restored dump: the names in it count for the role that owned the tables, and for nobody else.

use erp_sync_tests::cluster::Cluster;
use postgres::Client;

use crate::names::{BOOKS, seen, with_history};
use crate::stage::{Stage, attempt, none};

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

/// A server and a schema that were dropped before the dump: who makes objects of those names in the copy sees nothing.
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
