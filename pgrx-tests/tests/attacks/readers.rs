//! A role that may use a server, and not become the owner of the tables that are synced from it.

use std::time::Duration;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};

use crate::stage::{Stage, none};

/// A stage where `reader` has USAGE on the server, a login of its own there, and a schema.
fn stage(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.shop.run("grant usage on foreign server odoo_main to reader");
    stage.admin(&format!(
        "create schema reader authorization reader;
         alter role reader in database {name} set erp_sync.target_schema = 'reader';
         create user mapping for reader server odoo_main options (username 'plain', password 'plain')"
    ));
    stage.shop.run("select sync_run('contacts, currencies')");
    stage.shop.odoo.advance(3600);
    stage
}

/// What the owner's next run would do.
const PLAN: &str = "select stream, mode, rows from sync_plan('contacts, currencies', 'odoo_main') order by 1";

#[test]
fn a_reader_moves_no_position_of_the_owner() {
    let mut stage = stage("readers_moves");
    let before = stage.shop.rows(PLAN);
    let mut found = Vec::new();
    for call in [
        "select sync_reset('contacts', 'odoo_main')",
        "select sync_reset('all')",
        "select sync_reset('currencies', 'odoo_main', true)",
        "set erp_sync.target_schema = 'erp'; select sync_reset('currencies', 'odoo_main', true)",
        "select * from sync_run('currencies')",
        "select * from sync_run('contacts', mode => 'full', confirm => true)",
        "select * from sync_run('contacts', mode => 'verify', confirm => true)",
        "set erp_sync.target_schema = 'erp'; select * from sync_run('contacts')",
        "set erp_sync.target_schema = 'erp'; select * from sync_run('currencies', mode => 'full')",
    ] {
        let _ = stage.call("reader", call);
        let after = stage.shop.rows(PLAN);
        if after != before {
            found.push(format!("{call}: the plan was {before:?}, is {after:?}"));
            stage.by("shop", "select sync_run('contacts, currencies', mode => 'full')");
        }
    }
    let last = stage.call(
        "shop",
        "select entity, state, inserted, updated from sync_run('contacts, currencies') order by 1",
    );
    if last != Ok(vec!["contacts|succeeded|0|0".to_owned(), "currencies|succeeded|0|0".into()]) {
        found.push(format!("the owner's next run: {last:?}"));
    }
    none(&found);
}

#[test]
fn a_reader_neither_stops_nor_holds_up_a_run_of_the_owner() {
    let mut stage = stage("readers_stops");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    let mut found = Vec::new();

    odoo.forget_calls();
    odoo.fault(When::any().model("res.currency"), What::Held);
    let owners = Call::start(&stage.shop, "select state from sync_run('currencies')");
    wait_for("the owner's request", LIMIT, || odoo.calls().iter().any(|call| call.model == "res.currency"))
        .unwrap_or_else(|error| panic!("{error}"));
    let run = stage.look("select max(id) from erp_sync.run")[0].clone();
    if stage.call("reader", &format!("select sync_cancel({run})")) == Ok(vec!["t".to_owned()]) {
        found.push("a reader stopped the owner's run".into());
    }
    odoo.clear_faults();
    if owners.end().outcome != Ok(vec!["succeeded".to_owned()]) {
        found.push("the owner's run ended otherwise".into());
    }

    // A reader's run of the same entity goes into another table: the owner's is not left out for it.
    odoo.forget_calls();
    odoo.fault(When::any().model("res.currency"), What::Held);
    let theirs = Call::start_as(
        &stage.shop,
        "reader",
        "set statement_timeout = '25s'",
        "select state from sync_run('currencies', mode => 'full')",
    );
    let _ = wait_for("the reader's request", Duration::from_secs(5), || {
        theirs.is_over() || odoo.calls().iter().any(|call| call.model == "res.currency")
    });
    let call = Call::start_as(
        &stage.shop,
        "shop",
        "set statement_timeout = '20s'",
        "select state, error from sync_run('contacts, currencies')",
    );
    let _ = wait_for("the owner's request", LIMIT, || {
        call.is_over() || odoo.calls().iter().any(|call| call.model == "res.partner")
    });
    odoo.clear_faults();
    match call.end().outcome {
        Ok(rows) if rows.iter().all(|row| row.starts_with("succeeded")) => (),
        other => found.push(format!("the owner's run beside a reader's: {other:?}")),
    }
    let _ = theirs.end();
    none(&found);
}

/// PUBLIC's mapping lets everybody read with its login: still nobody sees what the owner's tables had.
#[test]
fn a_reader_is_told_counts_at_most() {
    let mut stage = stage("readers_told");
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.odoo.write(
        "res.partner",
        &[14],
        serde_json::json!({"city": "\0", "name": "canary_of_readers"}),
    );
    stage.shop.run("select sync_run('contacts', mode => 'full')");
    let gone = stage
        .look("select record ->> 'name' from erp_sync.removed where record ->> 'name' is not null")[0]
        .clone();
    let views = "select format('%I.%I', relnamespace::regnamespace, relname) from pg_class
                 where relnamespace = 'erp_sync'::regnamespace and relkind in ('r', 'v')";
    let mut found = Vec::new();
    for relation in stage.look(views) {
        if let Ok(rows) = stage.call("reader", &format!("select * from {relation}")) {
            let text = rows.join("\n");
            let tells = ["canary_of_readers", gone.as_str()].into_iter().filter(|word| text.contains(word));
            found.extend(tells.map(|word| format!("{relation} tells {word}")));
        }
    }
    none(&found);
}
