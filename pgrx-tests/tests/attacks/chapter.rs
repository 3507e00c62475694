//! What the README's chapter on security says and no attack showed.

use crate::stage::Stage;

#[test]
fn nobody_makes_a_server_until_a_superuser_lets_him() {
    let mut stage = Stage::open("chapter_servers");
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
fn a_thousand_runs_of_a_role_may_be_queued_and_no_more() {
    let mut stage = Stage::open("chapter_queued");
    let id = stage.call("shop", "select erp_sync.role_id()").expect("its identity").remove(0);
    stage.admin(&format!(
        "insert into erp_sync.run (entity, mode, role, settings, role_id, waits_for_worker)
         select 'currencies', 'incremental', 'shop', '{{}}', '{id}', true from generate_series(1, 999)"
    ));
    let one_more = "select run_id from sync_run('currencies', wait => false)";
    // The thousandth, unless it has begun by now.
    stage.call("shop", one_more).expect("it is queued");
    stage.admin(&format!(
        "insert into erp_sync.run (entity, mode, role, settings, role_id, waits_for_worker)
         select 'currencies', 'incremental', 'shop', '{{}}', '{id}', true"
    ));
    let error = stage.call("shop", one_more).expect_err("it is queued");
    assert!(error.message.contains("runs of this role are queued already"), "{error:?}");
    assert!(error.hint.contains("sync_progress()"), "{error:?}");
    stage.admin("delete from erp_sync.run where state = 'queued'");
}

#[test]
fn the_extension_may_lie_in_a_schema_of_a_superuser() {
    let mut stage = Stage::open("chapter_schema");
    stage.admin(
        "drop extension erp_sync cascade; create schema tools; create extension erp_sync schema tools",
    );
    stage.admin("grant usage on schema tools to shop; grant usage on foreign data wrapper odoo to shop");
    let kept = stage.call("shop", "select count(*) > 0 from tools.sync_entities()").expect("it is called");
    assert_eq!(kept, ["t"]);
    let jobs = stage.look("select count(*) from pg_proc where oid = 'erp_sync.sync_auto'::regproc");
    assert_eq!(jobs, ["1"], "what jobs call is not in that schema");
}

#[test]
fn a_warning_of_a_trigger_of_ones_own_is_in_the_servers_log() {
    let stage = Stage::open("chapter_log");
    stage.call("shop", "select * from sync_run('currencies')").expect("a first run");
    stage.by(
        "shop",
        "create function erp.says() returns trigger language plpgsql as
           $$begin raise warning 'a word of the owner'; return new; end$$;
         create trigger says before update on erp.currencies for each row execute function erp.says();
         update erp.currencies set name = 'changed here'",
    );
    let before = stage.shop.cluster.log().len() as u64;
    stage.call("shop", "select * from sync_run('currencies', mode => 'full')").expect("it runs");
    let (log, _) = stage.shop.cluster.log_behind(before);
    assert!(log.contains("a word of the owner"), "{log}");
}
