//! How much a role may store and have done, and for how long what is gone is kept.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};

use crate::stage::{Stage, attempt, none};

/// A manifest of a name, with a column for each of so many, and texts of a length.
fn manifest(name: &str, columns: usize, about: usize) -> String {
    let text = "x".repeat(about);
    let columns: Vec<String> = (0..columns)
        .map(|at| format!(r#"{{"name": "c{at}", "type": "text", "about": "{text}"}}"#))
        .chain([r#"{"name": "id", "type": "bigint", "about": "x"}"#.to_owned()])
        .collect();
    format!(
        r#"{{"name": "{name}", "about": "{text}", "source": "odoo", "streams": [{{"table": "{name}", "about": "x",
             "object": "res.currency", "key": ["id"], "cursor": "write_date", "columns": [{}]}}]}}"#,
        columns.join(", ")
    )
}

fn stage(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.admin("grant usage on foreign server odoo_main to reader");
    stage
}

#[test]
fn a_manifest_of_more_than_256_kb_is_refused() {
    let mut stage = stage("quotas_size");
    let mut found = Vec::new();
    for (what, json) in [
        ("one long text", manifest("long_text", 1, 300_000)),
        ("many columns", manifest("many_columns", 1500, 300)),
        (
            "an addition",
            format!(
                r#"{{"extends": "currencies", "about": "{}", "streams": [{{"table": "currencies", "columns": [
                 {{"name": "more", "type": "text", "path": ["name"], "about": "{}"}}]}}]}}"#,
                "x".repeat(200_000),
                "x".repeat(200_000)
            ),
        ),
        ("blanks", manifest("blanks", 1, 1).replace(", ", &format!(",{}", " ".repeat(40_000)))),
    ] {
        match stage.call("reader", &format!("select sync_define('{json}')")) {
            Ok(_) if what == "blanks" => (),
            Ok(_) => found.push(format!("{what} of {} bytes is taken", json.len())),
            Err(error) if error.hint.is_empty() => found.push(format!("{what}: no hint: {}", error.message)),
            Err(error) if error.message.len() + error.detail.len() + error.hint.len() > 5_000 => {
                found.push(format!("{what}: it is told with {} bytes", error.detail.len()));
            }
            Err(_) => (),
        }
    }
    let kept =
        stage.look("select coalesce(sum(pg_column_size(manifest::text)), 0) < 300000 from erp_sync.entity");
    if kept != ["t"] {
        found.push("more is stored than may be".into());
    }
    none(&found);
}

#[test]
fn a_manifest_of_a_useful_size_is_taken() {
    let stage = stage("quotas_useful");
    let outcome = stage.call("reader", &format!("select sync_define('{}')", manifest("useful", 300, 200)));
    assert_eq!(outcome, Ok(vec!["useful".into()]));
}

#[test]
fn a_role_stores_two_hundred_manifests_and_no_more() {
    let stage = stage("quotas_number");
    let mut session = stage.session("reader");
    let mut refused = None;
    for at in 0..220 {
        let name = format!("entity_{at}");
        if let Err(error) = attempt(&mut session, &format!("select sync_define('{}')", manifest(&name, 1, 1)))
        {
            refused = Some((at, error));
            break;
        }
    }
    let Some((at, error)) = refused else { panic!("220 manifests are taken") };
    assert_eq!(at, 200, "{error:?}");
    assert!(!error.hint.is_empty(), "{error:?}");
    // One that is there may be changed, and another role stores its own.
    let outcome = attempt(&mut session, &format!("select sync_define('{}')", manifest("entity_7", 2, 1)));
    assert_eq!(outcome, Ok(vec!["entity_7".into()]));
    let outcome = stage.call("shop", &format!("select sync_define('{}')", manifest("theirs", 1, 1)));
    assert_eq!(outcome, Ok(vec!["theirs".into()]));
    // One taken back makes room.
    assert!(attempt(&mut session, "select sync_undefine('entity_9')").is_ok());
    let outcome = attempt(&mut session, &format!("select sync_define('{}')", manifest("late", 1, 1)));
    assert_eq!(outcome, Ok(vec!["late".into()]));
}

#[test]
fn settings_have_a_size_and_a_number_too() {
    let mut stage = stage("quotas_settings");
    let mut found = Vec::new();
    let long =
        format!(r#"select sync_configure('currencies', '{{"interval": "1 day{}"}}')"#, " ".repeat(300_000));
    if stage.call("reader", &long).is_ok() {
        let size = "select max(pg_column_size(settings::text)) < 300000 from erp_sync.setting";
        if stage.look(size) != ["t"] {
            found.push("a setting of 300 kB is stored".into());
        }
    }
    let mut session = stage.session("reader");
    for server in ["odoo_main", "nowhere", &"x".repeat(63)] {
        let _ = attempt(
            &mut session,
            &format!(r#"select sync_configure('all', '{{"auto": true}}', '{server}')"#),
        );
    }
    let rows: i64 = stage.look("select count(*) from erp_sync.setting")[0].parse().expect("a number");
    if rows > 3 {
        found.push(format!("{rows} settings of servers that are not there"));
    }
    none(&found);
}

#[test]
fn a_thousand_runs_of_a_role_may_be_queued_and_no_more() {
    let mut stage = Stage::open("quotas_queued");
    let id = stage.call("shop", "select erp_sync.role_id()").expect("its identity").remove(0);
    // They wait for a worker that nobody has started.
    stage.admin(&format!(
        "insert into erp_sync.run (entity, mode, role, settings, role_id, waits_for_worker)
         select 'currencies', 'incremental', 'shop', '{{}}', '{id}', true from generate_series(1, 1000)"
    ));
    let one_more = "select run_id > 0 from sync_run('currencies', wait => false)";
    let error = stage.call("shop", one_more).expect_err("it is queued");
    assert!(error.message.contains("1000 runs of this role are queued already"), "{error:?}");
    assert!(error.hint.contains("sync_progress()"), "{error:?}");
    stage.admin(
        "delete from erp_sync.run where id = (select min(id) from erp_sync.run where state = 'queued')",
    );
    assert_eq!(stage.call("shop", one_more), Ok(vec!["t".into()]), "the thousandth");
    stage.admin("delete from erp_sync.run where state = 'queued'");
}

#[test]
fn a_superusers_retention_of_removed_rows_counts() {
    let mut stage = Stage::open("quotas_removed");
    stage.shop.run("select sync_run('contacts')");
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.run("select sync_run('contacts', mode => 'full')");
    stage.admin("update erp_sync.removed set removed_at = removed_at - interval '10 days'");
    stage.shop.run("select sync_run('currencies')");
    assert_ne!(stage.look("select count(*) from erp_sync.removed"), ["0"], "90 days are not over");
    stage.admin("set erp_sync.removed_retention = '1d'; select sync_run('currencies')");
    assert_eq!(stage.look("select count(*) from erp_sync.removed"), ["0"]);
}

#[test]
fn a_role_has_as_many_workers_as_the_setting_says() {
    let mut stage = Stage::open("quotas_workers");
    stage.admin("alter database quotas_workers set erp_sync.max_workers_per_role = 1");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    odoo.fault(When::any().model("res.currency"), What::Held);
    let first = Call::start_as(
        &stage.shop,
        "shop",
        "set statement_timeout = '25s'",
        "select state from sync_run('currencies', mode => 'full')",
    );
    wait_for("its request", LIMIT, || {
        first.is_over() || odoo.calls().iter().any(|call| call.model == "res.currency")
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let second = stage.call("shop", "select sync_run('categories')");
    let queued = stage.call("shop", "select state from sync_run('categories', wait => false)");
    let role_alone = stage.call("shop", "select sync_version(); set erp_sync.max_workers_per_role = 9");
    odoo.clear_faults();
    assert_eq!(first.end().outcome, Ok(vec!["succeeded".into()]));
    let error = second.expect_err("a second worker");
    assert!(error.message.contains("this role has 1 workers at work"), "{error:?}");
    assert_eq!(queued, Ok(vec!["queued".into()]));
    assert_eq!(role_alone.expect_err("a role sets its own share").sqlstate, "42501");
    let done = "select state from erp_sync.history where entity = 'categories' order by run_id desc limit 1";
    wait_for("the queued run", LIMIT, || stage.look(done) == ["succeeded"])
        .unwrap_or_else(|error| panic!("{error}"));
}

/// However long a text is that a role hands over, nothing is made of it but an error.
#[test]
fn long_arguments_are_refused_before_anything_is_made_of_them() {
    let mut stage = stage("quotas_long");
    let long = "repeat('all,', 3000000)";
    let json = "(select jsonb_agg(jsonb_build_object('', 0)) from generate_series(1, 200000))";
    let deep = "(repeat('[', 3000) || repeat(']', 3000))::jsonb";
    let mut found = Vec::new();
    for call in [
        format!("sync_ready({long})"),
        format!("sync_require({long})"),
        format!("sync_entity({long})"),
        format!("sync_run({long}, wait => false)"),
        format!("sync_run('all', {long}, wait => false)"),
        format!("sync_run('all', mode => {long})"),
        format!("sync_plan({long})"),
        format!("sync_diff({long})"),
        format!("sync_repair({long})"),
        format!("sync_repair('contacts', {long})"),
        format!("sync_check({long})"),
        format!("sync_discover({long})"),
        format!("sync_discover('odoo_main', {long})"),
        format!("sync_add({long}, 'res.partner')"),
        format!("sync_add('odoo_main', {long})"),
        format!("sync_add('odoo_main', 'res.partner', {long})"),
        format!("sync_add('odoo_main', 'res.partner', key => array[{long}])"),
        format!("sync_add('odoo_main', 'res.partner', cursor => {long})"),
        format!("sync_reset({long})"),
        format!("sync_undefine({long})"),
        format!("sync_schedule({long})"),
        format!("sync_configure('all', '{{}}', {long})"),
        format!("sync_configure('all', {json})"),
        format!("sync_define({json})"),
        format!("sync_configure('all', {deep})"),
        format!("sync_define({deep})"),
    ] {
        let mut session = stage.session("reader");
        session.batch_execute("set statement_timeout = '5s'").expect("a limit");
        match attempt(&mut session, &format!("select * from {call} x")) {
            Err(error)
                if error.sqlstate == "22023"
                    && !error.hint.is_empty()
                    && (error.message.contains("an argument has") || error.message.contains("recursion")) => {
            }
            other => found.push(format!("{call}: {other:?}")),
        }
    }
    none(&found);
    assert_eq!(stage.look("select count(*) from erp_sync.run"), ["0"]);
}

/// However many runs a transaction queues, and however long it stays open, it takes no worker until it commits.
#[test]
fn runs_that_an_open_transaction_queues_take_no_worker() {
    let mut stage = stage("quotas_open");
    let sql = "begin; select sync_run('currencies', 'odoo_main', wait => false) from generate_series(1, 30)";
    let mut open: Vec<_> = (0..3)
        .map(|_| {
            let mut session = stage.session("shop");
            session.batch_execute(sql).expect("they are queued");
            session
        })
        .collect();
    let workers = "select count(*) from pg_stat_activity where backend_type = 'erp_sync' and datname = current_database()";
    assert_eq!(stage.look(workers), ["0"]);
    assert_eq!(stage.call("shop", "select state from sync_run('categories')"), Ok(vec!["succeeded".into()]));
    for session in &mut open {
        session.batch_execute("commit").expect("it commits");
        let most: i64 = stage.look(workers)[0].parse().expect("a count");
        assert!(most <= 12, "{most} workers");
    }
    let left = "select count(*) from erp_sync.run where state in ('queued', 'running')";
    wait_for("all runs", 2 * LIMIT, || stage.look(left) == ["0"]).unwrap_or_else(|error| panic!("{error}"));
    let ended = "select distinct r.state, r.error, t.state, t.error, t.detail from erp_sync.run r
                 left join erp_sync.task t on t.run_id = r.id where r.state <> 'succeeded'";
    assert_eq!(stage.look(ended), [""; 0]);
}
