//! What the README's chapter on security says and no attack showed.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{Odoo, What, When};
use serde_json::json;

use crate::stage::{Stage, attempt, none};

/// A run that writes one row at least, where `STALE` came before it.
const RUN: &str = "select state from sync_run('currencies', mode => 'full')";
const STALE: &str = "update erp.currencies set source_updated_at = '2001-01-01'";

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

/// What stands in the place of a table, what the run says of it, and what puts the table back.
const NO_PLAIN_TABLES: [(&str, &str, &str, &str); 8] = [
    (
        "a view",
        "alter table erp.currencies rename to kept; create view erp.currencies as select * from erp.kept",
        "is a view, not an ordinary table",
        "drop view erp.currencies; alter table erp.kept rename to currencies",
    ),
    (
        "a foreign table",
        "alter table erp.currencies rename to kept;
         create foreign table erp.currencies (tenant text, id bigint) server nowhere",
        "is a foreign table, not an ordinary table",
        "drop foreign table erp.currencies; alter table erp.kept rename to currencies",
    ),
    (
        "a partitioned table",
        "alter table erp.currencies rename to kept;
         create table erp.currencies (like erp.kept) partition by list (tenant)",
        "is a partitioned table, not an ordinary table",
        "drop table erp.currencies; alter table erp.kept rename to currencies",
    ),
    (
        "a rule",
        "create rule r as on delete to erp.currencies do also select 1",
        "has rules",
        "drop rule r on erp.currencies",
    ),
    (
        "a child",
        "create table erp.child () inherits (erp.currencies)",
        "has parents or children by inheritance",
        "drop table erp.child",
    ),
    (
        "a parent",
        "create table erp.parent (name text); alter table erp.currencies inherit erp.parent",
        "has parents or children by inheritance",
        "alter table erp.currencies no inherit erp.parent; drop table erp.parent",
    ),
    (
        "a foreign key of another role's table",
        "alter table erp.currencies add constraint u unique (id);
         reset role; create table peer.theirs (id bigint references erp.currencies (id));
         alter table peer.theirs owner to peer",
        "a foreign key of another role's table",
        "drop table peer.theirs; alter table erp.currencies drop constraint u",
    ),
    (
        "forced policies",
        "create policy p on erp.currencies using (true); alter table erp.currencies enable row level security;
         alter table erp.currencies force row level security",
        "row security of table",
        "alter table erp.currencies no force row level security",
    ),
];

#[test]
fn what_is_no_plain_table_is_refused_until_it_is_one_again() {
    let mut stage = Stage::open("chapter_plain");
    stage.shop.run("select sync_run('currencies')");
    stage.admin(
        "create foreign data wrapper nothing; create server nowhere foreign data wrapper nothing;
                 grant usage on foreign server nowhere to shop; create schema peer authorization peer",
    );
    let mut found = Vec::new();
    for (what, sql, says, back) in NO_PLAIN_TABLES {
        stage.admin(&format!("set role shop; {sql}; reset role"));
        for caller in ["shop", "postgres"] {
            match stage.call(caller, RUN) {
                Err(error) if error.message.contains(says) && !error.hint.is_empty() => (),
                other => found.push(format!("{what}, {caller}: {other:?}")),
            }
        }
        stage.admin(back);
        match stage.call("shop", RUN) {
            Ok(rows) if rows == ["succeeded"] => (),
            other => found.push(format!("{what}, put back: {other:?}")),
        }
    }
    none(&found);
}

#[test]
fn the_hint_on_forced_row_security_is_the_line_to_type() {
    let mut stage = Stage::open("chapter_forced");
    stage.shop.run("select sync_run('currencies'); create policy p on erp.currencies using (false)");
    stage.shop.run(
        "alter table erp.currencies enable row level security; alter table erp.currencies force row level security",
    );
    let error = stage.call("shop", RUN).expect_err("rows are missed");
    assert_eq!(error.hint, r#"alter table "erp"."currencies" no force row level security"#);
    stage.by("shop", &error.hint);
    // Policies that are not forced on the owner hide nothing from a run: no row is taken for a new one.
    let counts = "select state, inserted, removed from sync_run('currencies', mode => 'full')";
    for caller in ["shop", "postgres"] {
        assert_eq!(stage.call(caller, counts), Ok(vec!["succeeded|0|0".into()]), "{caller}");
    }
}

#[test]
fn a_table_that_a_batch_writes_is_locked_until_the_batch_is_stored() {
    let mut stage = Stage::open("chapter_locked");
    stage.shop.run("select sync_run('currencies'); create table erp.gate as select 1 as id");
    stage.shop.run(
        "create function erp.waits() returns trigger language plpgsql as
           $$begin update erp.gate set id = 2; return new; end$$;
         create trigger waits before update on erp.currencies for each statement execute function erp.waits()",
    );
    // The trigger is not for this one.
    stage.admin(&format!("set session_replication_role = replica; {STALE}; reset session_replication_role"));
    let mut gate = stage.session("shop");
    gate.batch_execute("begin; update erp.gate set id = 3").expect("the gate is closed");
    let call = Call::start_as(&stage.shop, "shop", "set statement_timeout = '25s'", RUN);
    let waits = "select count(*) from pg_stat_activity where backend_type = 'erp_sync'
                 and datname = current_database() and wait_event_type = 'Lock'";
    wait_for("the batch", LIMIT, || call.is_over() || stage.look(waits) == ["1"])
        .unwrap_or_else(|error| panic!("{error}"));
    let swap = "set lock_timeout = '200ms'; alter table erp.currencies rename to others";
    let swapped = stage.call("shop", swap);
    gate.batch_execute("rollback").expect("the gate is open");
    assert_eq!(swapped.expect_err("it was swapped").sqlstate, "55P03");
    assert_eq!(call.end().outcome, Ok(vec!["succeeded".into()]));
}

/// What only the owner's own session may do, in triggers.
const OWNERS_ALONE: [(&str, &str); 3] = [
    (
        "temporary",
        "create function erp.t() returns trigger language plpgsql as
           $$begin create temporary table if not exists scratch (id bigint) on commit drop; return null; end$$;
         create trigger t after update on erp.currencies for each statement execute function erp.t()",
    ),
    (
        "deferred",
        "create function erp.t() returns trigger language plpgsql as $$begin return null; end$$;
         create constraint trigger t after update on erp.currencies deferrable initially deferred
           for each row execute function erp.t()",
    ),
    (
        "role",
        "create function erp.t() returns trigger language plpgsql as $$begin set role shop; return null; end$$;
         create trigger t after update on erp.currencies for each statement execute function erp.t()",
    ),
];

#[test]
fn what_only_the_owner_may_do_in_a_trigger_is_refused_with_the_hint_to_run_as_the_owner() {
    let mut found = Vec::new();
    for (what, sql) in OWNERS_ALONE {
        let mut stage = Stage::open(&format!("chapter_owner_{what}"));
        stage.shop.run("select sync_run('currencies')");
        stage.shop.run(STALE);
        stage.shop.run(sql);
        for caller in ["manager", "postgres"] {
            match stage.call(caller, RUN) {
                Err(error) if error.hint == "run as the owner: set role shop" => (),
                other => found.push(format!("{what}, {caller}: {other:?}")),
            }
        }
        if what == "role" {
            // Another role is not even for the owner.
            match stage.call("shop", RUN) {
                Err(error) if error.message.contains("42501") => (),
                other => found.push(format!("{what}, shop: {other:?}")),
            }
            continue;
        }
        // The line is one that the caller himself may type.
        let mut session = stage.session("manager");
        session.batch_execute("set role shop").expect("a member may");
        match attempt(&mut session, RUN) {
            Ok(rows) if rows == ["succeeded"] => (),
            other => found.push(format!("{what}, manager as the owner: {other:?}")),
        }
    }
    none(&found);
}

/// Where a superuser owns the tables, another superuser may become the owner, and the owner the other.
#[test]
fn roles_that_may_each_become_the_other_run_with_all_that_the_owner_may() {
    let mut stage = Stage::open("chapter_equals");
    stage.admin(
        "create role chapter_equal superuser; create schema equal authorization chapter_equal;
                 alter database chapter_equals set erp_sync.target_schema = 'equal'",
    );
    stage.call("postgres", RUN).expect("a first run");
    let sql = OWNERS_ALONE[0].1.replace("erp.", "equal.");
    stage.admin(&format!("{}; set role chapter_equal; {sql}; reset role", STALE.replace("erp.", "equal.")));
    assert_eq!(stage.call("postgres", RUN), Ok(vec!["succeeded".into()]));
    assert_eq!(
        stage.look("select tableowner from pg_tables where tablename = 'currencies'"),
        ["chapter_equal"]
    );
}

/// Nothing that a look could run is run, not even as its owner.
#[test]
fn a_status_a_plan_and_a_gate_run_no_code_of_the_tables() {
    let mut stage = Stage::open("chapter_looks");
    stage.shop.run("select sync_run('currencies'); grant usage on schema erp to public");
    stage.plant("shop");
    let mut found = Vec::new();
    for planted in [
        "create policy p on erp.currencies using (traps_shop.trap('policy'));
         alter table erp.currencies enable row level security; grant select on erp.currencies to public",
        "alter table erp.currencies rename to kept; grant select on erp.kept to public;
         create view erp.currencies as select * from erp.kept where traps_shop.trap('view');
         grant select on erp.currencies to public",
        "create view erp.waiting as select 'odoo_main'::text as server from erp.kept where traps_shop.trap('waiting');
         grant select on erp.waiting to public",
    ] {
        stage.shop.run(planted);
        stage.ran();
        for caller in ["shop", "manager", "monitor", "postgres"] {
            for call in [
                "select * from sync_status()",
                "select * from erp_sync.status",
                "select * from erp_sync.waiting",
                "select * from sync_plan('currencies', 'odoo_main')",
                "select sync_ready('currencies', 'odoo_main')",
            ] {
                let _ = stage.call(caller, call);
                found.extend(stage.ran().iter().map(|said| format!("{caller}: {call}: {said}")));
            }
        }
    }
    none(&found);
}

#[test]
fn rows_that_wait_are_listed_for_who_may_become_the_owner_and_counted_for_a_monitor() {
    let mut stage = Stage::open("chapter_waiting");
    stage.shop.run("select sync_run('products, warehouses, stock_moves')");
    let place = |usage: &str| format!("select min(id) from erp.locations where usage = '{usage}'");
    let mut id = |usage: &str| stage.look(&place(usage))[0].parse::<i64>().expect("a location");
    let (from, to) = (id("supplier"), id("internal"));
    stage.shop.odoo.create(
        "stock.move",
        json!({"name": "made up", "state": "done", "product_id": 9001, "product_uom": 1, "quantity": 7.0,
               "product_uom_qty": 7.0, "location_id": from, "location_dest_id": to,
               "date": "2026-11-20 09:00:00", "company_id": 1, "reference": "WH/TEST"}),
    );
    stage.shop.run("select sync_run('stock_moves'); grant usage on foreign server odoo_main to reader");
    let listed = "select count(*) from sync_waiting() where value = '9001'";
    let counted = "select waiting from sync_status() where entity = 'stock_moves' and server = 'odoo_main'";
    for (role, rows) in
        [("shop", "1"), ("manager", "1"), ("postgres", "1"), ("monitor", "0"), ("reader", "0")]
    {
        assert_eq!(stage.call(role, listed), Ok(vec![rows.into()]), "{role}");
    }
    assert_eq!(stage.call("monitor", counted), Ok(vec!["1".into()]));
}

#[test]
fn the_owner_of_a_server_sees_its_bookkeeping_whoever_owns_the_tables() {
    let mut stage = Stage::open("chapter_lent");
    stage.shop.run("select sync_run('currencies')");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.settle("peer", "lent_main", &odoo, ", tenant 'lent'");
    stage.by("peer", "grant usage on foreign server lent_main to shop");
    let mapping =
        "create user mapping for current_user server lent_main options (username 'admin', password 'admin')";
    stage.shop.run(mapping);
    stage.shop.run("select sync_run('currencies', 'lent_main')");
    for table in ["task", "position", "batch"] {
        let seen = stage.call("peer", &format!("select distinct server from erp_sync.{table}"));
        assert_eq!(seen, Ok(vec!["lent_main".into()]), "{table}");
    }
}

#[test]
fn a_schema_of_an_old_name_shows_and_moves_nothing_of_the_old_ones() {
    let mut stage = Stage::open("chapter_schema_again");
    stage.shop.run("select sync_run('contacts, currencies')");
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.run("select sync_run('contacts', mode => 'full'); drop schema erp cascade");
    stage.shop.run("grant usage on foreign server odoo_main to outsider");
    stage.admin("grant create on database chapter_schema_again to outsider");
    stage.by("outsider", "create schema erp");
    let books = "select (select count(*) from erp_sync.removed r where r.link = l.id),
                   (select count(*) from erp_sync.position p where p.link = l.id)
                 from erp_sync.link l order by l.id limit 1";
    let before = stage.look(books);
    assert!(!before[0].starts_with("0|") && !before[0].ends_with("|0"), "{before:?}");
    let seen = "select (select count(*) from erp_sync.removed), (select count(*) from erp_sync.position),
                  (select count(*) from erp_sync.task), (select count(*) from erp_sync.run)";
    assert_eq!(stage.call("outsider", seen), Ok(vec!["0|0|0|0".into()]));
    for call in [
        "select sync_reset('contacts', 'odoo_main')",
        "select sync_reset('all', 'odoo_main', true)",
        "select sync_run('currencies', 'odoo_main')",
        "select sync_run('contacts', 'odoo_main', 'full', confirm => true)",
    ] {
        let _ = stage.call("outsider", call);
        assert_eq!(stage.look(books), before, "{call}");
        assert_eq!(
            stage.call("outsider", "select count(*) from erp_sync.removed"),
            Ok(vec!["0".into()]),
            "{call}"
        );
    }
}

#[test]
fn a_server_made_again_for_another_remote_does_not_go_on() {
    let mut stage = Stage::open("chapter_other_remote");
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
fn a_superusers_retention_of_removed_rows_counts() {
    let mut stage = Stage::open("chapter_removed");
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
    let mut stage = Stage::open("chapter_workers");
    stage.admin("alter database chapter_workers set erp_sync.max_workers_per_role = 1");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    odoo.fault(When::any().model("res.currency"), What::Held);
    let first = Call::start_as(&stage.shop, "shop", "set statement_timeout = '25s'", RUN);
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

#[test]
fn all_servers_are_ones_own_those_of_roles_one_may_become_and_superusers() {
    let mut stage = Stage::open("chapter_all");
    stage.admin("create role chapter_team; grant chapter_team to shop");
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
        "grant usage on foreign data wrapper odoo to chapter_team, peer;
         alter server team_main owner to chapter_team; alter server lent_main owner to peer;
         grant usage on foreign server lent_main to shop",
    );
    let all = "select server from sync_run('currencies') order by 1";
    assert_eq!(
        stage.call("shop", all),
        Ok(["boss_main", "odoo_main", "team_main"].map(str::to_owned).to_vec())
    );
}

/// The owner of the database owns `public`, but neither a superuser's schema nor `erp_sync`.
#[test]
fn the_databases_owner_puts_functions_beside_ours_in_public_alone() {
    let mut stage = Stage::open("chapter_beside");
    stage.admin("alter database chapter_beside owner to dbo");
    let beside = |schema: &str, name: &str| {
        format!("create function {schema}.{name}(text, integer) returns integer language sql as 'select 1'")
    };
    stage.by("dbo", &beside("public", "sync_run"));
    let refused = stage.call("dbo", &beside("erp_sync", "sync_auto")).expect_err("it is made");
    assert_eq!(refused.sqlstate, "42501", "{refused:?}");
    stage.admin(
        "drop extension erp_sync cascade; create schema tools; create extension erp_sync schema tools",
    );
    let refused = stage.call("dbo", &beside("tools", "sync_run")).expect_err("it is made");
    assert_eq!(refused.sqlstate, "42501", "{refused:?}");
}

#[test]
fn a_password_is_shown_to_its_role_and_for_everybodys_mapping_to_the_servers_owner() {
    let mut stage = Stage::open("chapter_mappings");
    stage.shop.run("grant usage on foreign server odoo_main to reader");
    stage.admin(
        "create user mapping for reader server odoo_main options (username 'plain', password 'plain')",
    );
    let shown = "select usename from pg_user_mappings where srvname = 'odoo_main' and umoptions::text like '%password=%'
                 order by usename::text collate \"C\"";
    let mut found = Vec::new();
    for (role, mappings) in [
        ("shop", &["public", "shop"][..]),
        ("manager", &["public"]),
        ("reader", &["reader"]),
        ("outsider", &[]),
        ("monitor", &[]),
        ("postgres", &["public", "reader", "shop"]),
    ] {
        match stage.call(role, shown) {
            Ok(rows) if rows == mappings => (),
            other => found.push(format!("{role}: {other:?}")),
        }
    }
    none(&found);
}

#[test]
fn postgresql_logs_a_statement_that_sets_a_password_where_it_is_told_to() {
    let mut stage = Stage::open("chapter_logged");
    for (setting, value) in [("log_statement", "ddl"), ("log_min_duration_statement", "0")] {
        stage.admin(&format!("alter database chapter_logged set {setting} = '{value}'"));
        let before = stage.shop.cluster.log().len() as u64;
        let canary = format!("canary_of_{setting}");
        stage.by(
            "shop",
            &format!(
                "alter user mapping for current_user server odoo_main options (set password '{canary}')"
            ),
        );
        let (log, _) = stage.shop.cluster.log_behind(before);
        assert!(log.contains(&canary), "{setting}: {log}");
        stage.admin(&format!("alter database chapter_logged reset {setting}"));
    }
}

#[test]
fn the_statement_that_sets_a_password_is_shown_until_the_session_runs_the_next_one() {
    let mut stage = Stage::open("chapter_shown");
    let mut session = stage.session("shop");
    let sql = "alter user mapping for current_user server odoo_main options (set password 'canary_shown')";
    session.batch_execute(sql).expect("it is set");
    let shown = "select count(*) from pg_stat_activity where datname = current_database()
                 and pid <> pg_backend_pid() and query like '%canary\\_shown%'";
    // A member of the role and one of pg_monitor see it too.
    for (role, rows) in
        [("postgres", "1"), ("shop", "1"), ("manager", "1"), ("monitor", "1"), ("outsider", "0")]
    {
        assert_eq!(stage.call(role, shown), Ok(vec![rows.into()]), "{role}");
    }
    session.batch_execute("select 1").expect("another statement");
    assert_eq!(stage.look(shown), ["0"]);
}

/// An address that is not one of loopback, though the machine takes it for its own.
#[test]
fn a_check_warns_of_a_connection_that_is_not_encrypted() {
    let mut stage = Stage::open("chapter_plain_text");
    let port = stage.shop.odoo.port();
    stage.shop.run(&format!("alter server odoo_main options (set url 'http://0.0.0.0:{port}')"));
    let told = stage.shop.rows("select status, detail, hint from sync_check() where aspect = 'tls'");
    let line = "warn|not encrypted: the password can be read on the way|use https in the server option url";
    assert_eq!(told, [line]);
}
