//! Two tenants in one database: each tries everything, and sees and hears nothing of the other.

use std::collections::HashSet;
use std::time::Duration;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{Odoo, What, When};
use postgres::fallible_iterator::FallibleIterator;
use serde_json::json;

use crate::calls::{About, calls, looks};
use crate::stage::{Outcome, Stage, attempt, none};

/// The tenants: role, server, tenant, and a word that stands in their data.
const TENANTS: [(&str, &str, &str, &str); 2] = [
    ("peer", "peer_main", "peertenant", "peerword"),
    ("reader", "reader_main", "readertenant", "readerword"),
];

/// Each has a server that reads a remote of its own.
fn two(name: &str) -> (Stage, Vec<Odoo>) {
    let mut stage = Stage::open(name);
    let mut remotes = Vec::new();
    for (role, server, tenant, word) in TENANTS {
        let odoo = Odoo::start();
        odoo.write("res.partner", &[14, 30, 33], json!({"name": word, "city": word}));
        stage.settle(role, server, &odoo, &format!(", tenant '{tenant}'"));
        let path = format!("alter role {role} in database {name} set erp_sync.target_schema = '{role}'");
        stage.admin(&path);
        remotes.push(odoo);
    }
    (stage, remotes)
}

/// Both have synced, and have removed, rejected and waiting rows, failures, differences, manifests and settings.
fn with_history(stage: &Stage, remotes: &[Odoo]) {
    for ((role, server, _, word), odoo) in TENANTS.into_iter().zip(remotes) {
        stage.by(role, "select sync_run('contacts, currencies, products, stock_moves')");
        odoo.advance(3600);
        odoo.delete("res.partner", &[30]);
        odoo.write("res.partner", &[14], json!({"city": format!("{word}\0")}));
        let _ = stage.call(role, "select sync_run('contacts', mode => 'full')");
        odoo.hide("res.partner", &(40..60).collect::<Vec<_>>());
        let _ = stage.call(role, "select sync_run('contacts', mode => 'full')");
        let _ = stage.call(role, "select sync_run('contacts', mode => 'verify')");
        let _ = stage.call(role, &format!("select sync_run('{word}')"));
        odoo.set_password("admin", "changed");
        let _ = stage.call(role, "select sync_run('currencies')");
        odoo.set_password("admin", "admin");
        stage.by(
            role,
            &format!(
                r#"select sync_define('{{"name": "{word}", "source": "odoo", "streams": [{{"table": "{word}",
                     "object": "res.currency", "about": "{word}", "key": ["id"], "cursor": "write_date",
                     "columns": [{{"name": "id", "type": "bigint", "about": "{word}"}}]}}], "about": "{word}"}}');
                   select sync_configure('contacts', '{{"interval": "3 hours"}}', '{server}')"#
            ),
        );
    }
}

/// What of the other tenant stands in an outcome that the caller did not write himself.
fn told(outcome: &Outcome, sql: &str, other: usize) -> Vec<String> {
    let (role, server, tenant, word) = TENANTS[other];
    let text = match outcome {
        Ok(rows) => rows.join("\n"),
        Err(failure) => format!("{} {} {}", failure.message, failure.detail, failure.hint),
    };
    let named = |name: &&str| text.contains(*name) && !sql.contains(*name);
    [server, tenant, word, role]
        .into_iter()
        .filter(named)
        .map(|name| format!("{sql}: names \"{name}\""))
        .collect()
}

#[test]
fn every_table_view_and_function_shows_nothing_of_another_tenant() {
    let (mut stage, remotes) = two("tenants_all");
    with_history(&stage, &remotes);
    let mut found = Vec::new();
    for (mine, (role, server, _, word)) in TENANTS.into_iter().enumerate() {
        let other = 1 - mine;
        let run = stage
            .look(&format!("select max(run_id) from erp_sync.history where server = '{}'", TENANTS[other].1))
            [0]
        .clone();
        let mut statements = looks(&mut stage);
        // About what is one's own; about the other's server; about the other's run; about names that are not there.
        for (entity, server) in
            [("contacts", server), ("contacts", TENANTS[other].1), (word, server), ("contact", "peer_man")]
        {
            statements.extend(calls(&mut stage, &About { entity, server, run: run.clone() }));
        }
        let mut known = HashSet::new();
        statements.retain(|sql| known.insert(sql.clone()));
        let mut session = stage.session(role);
        for sql in &statements {
            let outcome = attempt(&mut session, sql);
            found.extend(told(&outcome, sql, other).into_iter().map(|what| format!("{role}: {what}")));
        }
        println!("{role}: {} statements", statements.len());
    }
    none(&found);
}

#[test]
fn a_notification_carries_the_id_of_a_run_and_nothing_else_once() {
    let (stage, _remotes) = two("tenants_notify");
    let mut listener = stage.session("outsider");
    listener.batch_execute("listen erp_sync").expect("a listener");
    for (role, server, _, _) in TENANTS {
        let _ = stage.call(role, &format!("select state from sync_run('currencies', '{server}')"));
        let _ = stage.call(role, "select state from sync_run('nothing of that name')");
        let _ = stage.call(role, "select state from sync_run('contacts', mode => 'full')");
    }
    let mut payloads = Vec::new();
    let mut notifications = listener.notifications();
    let mut coming = notifications.timeout_iter(Duration::from_millis(500));
    while let Ok(Some(heard)) = coming.next() {
        payloads.push(heard.payload().to_owned());
    }
    let mut found: Vec<String> = payloads
        .iter()
        .filter(|payload| payload.is_empty() || !payload.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|payload| format!("a notification says: {payload}"))
        .collect();
    let count = payloads.len();
    payloads.sort();
    payloads.dedup();
    if payloads.len() < count {
        found.push("a run was told twice".into());
    }
    if count < 4 {
        found.push(format!("four runs ended, {count} notifications came"));
    }
    none(&found);
}

/// The other's run can be neither looked into nor stopped.
#[test]
fn a_run_of_another_tenant_cannot_be_stopped_or_followed() {
    let (mut stage, remotes) = two("tenants_cancel");
    let (role, server, _, _) = TENANTS[0];
    remotes[0].fault(When::any().model("res.currency"), What::Held);
    let asks = || remotes[0].calls().iter().filter(|call| call.model == "res.currency").count();
    let before = asks();
    let run = format!("select state from sync_run('currencies', '{server}')");
    let call = Call::start_as(&stage.shop, role, "set statement_timeout = '20s'", &run);
    wait_for("its request", LIMIT, || call.is_over() || asks() > before)
        .unwrap_or_else(|error| panic!("{error}"));
    let run = stage.look("select max(id) from erp_sync.run")[0].clone();
    let mut found = Vec::new();
    for sql in
        ["select * from sync_progress()", "select * from erp_sync.progress", "select * from erp_sync.run"]
    {
        let outcome = stage.call(TENANTS[1].0, sql);
        found.extend(told(&outcome, sql, 0));
    }
    if stage.call(TENANTS[1].0, &format!("select sync_cancel({run})")).is_ok() {
        found.push("stopped".into());
    }
    remotes[0].clear_faults();
    if call.end().outcome.is_err() {
        found.push("the run did not go on".into());
    }
    none(&found);
}
