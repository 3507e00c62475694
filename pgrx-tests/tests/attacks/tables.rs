//! Requirements on business tables, the locks on them, and limits on the code of their triggers.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;

use crate::stage::{Stage, attempt, none};

/// A run that writes one row at least, where `STALE` came before it.
const RUN: &str = "select state from sync_run('currencies', mode => 'full')";
const STALE: &str = "update erp.currencies set source_updated_at = '2001-01-01'";

/// An object in place of a table, the error of the run, and the statements that put the table back.
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
    let mut stage = Stage::open("tables_plain");
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
    let mut stage = Stage::open("tables_forced");
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
    let mut stage = Stage::open("tables_locked");
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

/// Code of another role that a grant on a table lets in: what is set up by a superuser and the owner, what the peer
/// does then, and what the run says.
const LET_IN: [(&str, &str, &str, &str); 5] = [
    (
        "a trigger",
        "grant usage on schema erp to peer; grant all on erp.currencies to peer",
        "create trigger t before update on erp.currencies for each row execute function traps_peer.spring()",
        "trigger \"t\" on table \"erp\".\"currencies\" runs function traps_peer.spring() of role \"peer\"",
    ),
    (
        "a condition of a trigger",
        "create function erp.calm() returns trigger language plpgsql as $$begin return new; end$$;
         grant usage on schema erp to peer; grant all on erp.currencies to peer;
         grant execute on function erp.calm() to peer",
        "create trigger t before update on erp.currencies for each row when (traps_peer.trap('when'))
           execute function erp.calm()",
        "runs function traps_peer.trap(text) of role \"peer\"",
    ),
    (
        "an operator in a condition",
        "create function erp.calm() returns trigger language plpgsql as $$begin return new; end$$;
         grant usage on schema erp to peer; grant all on erp.currencies to peer",
        "create function traps_peer.same(a text, b text) returns boolean language plpgsql as
           $$begin return traps_peer.trap('operator'); end$$;
         create operator traps_peer.=== (function = traps_peer.same, leftarg = text, rightarg = text);
         create trigger t before update on erp.currencies for each row
           when (new.name operator(traps_peer.===) old.name) execute function erp.calm()",
        "runs function traps_peer.same(text,text) of role \"peer\"",
    ),
    (
        "a trigger where a foreign key cascades to",
        "alter table erp.currencies add constraint u unique (id);
         create table erp.notes (id bigint references erp.currencies (id) on delete cascade on update cascade);
         insert into erp.notes select min(id) from erp.currencies;
         grant usage on schema erp to peer; grant all on erp.notes to peer",
        "create constraint trigger t after delete on erp.notes deferrable initially deferred
           for each row execute function traps_peer.spring()",
        "trigger \"t\" on table \"erp\".\"notes\" runs function traps_peer.spring() of role \"peer\"",
    ),
    (
        "a foreign key where another cascades to",
        "alter table erp.currencies add constraint u unique (id);
         create table erp.notes (id bigint primary key references erp.currencies (id) on delete cascade);
         insert into erp.notes select min(id) from erp.currencies;
         grant usage on schema erp to peer; grant all on erp.notes to peer",
        "create table peer.links (id bigint references erp.notes (id) on delete cascade);
         insert into peer.links select id from erp.notes;
         create constraint trigger t after delete on peer.links deferrable initially deferred
           for each row execute function traps_peer.spring()",
        "a foreign key of another role's table \"peer\".\"links\" refers to table \"erp\".\"notes\"",
    ),
];

#[test]
fn a_grant_on_a_table_lets_no_code_of_another_role_in() {
    let mut found = Vec::new();
    for (nth, (what, owners, peers, says)) in LET_IN.into_iter().enumerate() {
        let mut stage = Stage::open(&format!("tables_let_in_{nth}"));
        stage.admin("create schema peer authorization peer");
        stage.shop.run("select sync_run('currencies')");
        stage.plant("peer");
        stage.shop.run(owners);
        stage.by("peer", peers);
        stage.shop.run(STALE);
        stage.ran();
        let gone: i64 = stage.look("select min(id) from erp.currencies")[0].parse().expect("an id");
        stage.shop.odoo.delete("res.currency", &[gone]);
        for caller in ["shop", "manager", "postgres"] {
            match stage.call(caller, RUN) {
                Err(error) if error.message.contains(says) && !error.hint.is_empty() => (),
                other => found.push(format!("{what}, {caller}: {other:?}")),
            }
        }
        match stage.call("shop", "select sync_reset('currencies', truncate => true)") {
            Err(error) if error.message.contains(says) => (),
            other => found.push(format!("{what}, reset: {other:?}")),
        }
        found.extend(stage.ran().iter().map(|said| format!("{what}: {said}")));
    }
    none(&found);
}

/// Foreign keys to a table are checked again once the lock for writing is granted.
#[test]
fn a_foreign_key_that_is_added_while_the_lock_is_waited_for_is_seen() {
    let mut stage = Stage::open("tables_race");
    stage.admin("create schema peer authorization peer");
    stage.shop.run("select sync_run('currencies'); alter table erp.currencies add constraint u unique (id)");
    stage.shop.run("grant usage on schema erp to peer; grant references, select on erp.currencies to peer");
    stage.plant("peer");
    stage.by(
        "peer",
        "create table peer.links (id bigint); insert into peer.links select min(id) from erp.currencies;
         create constraint trigger t after delete on peer.links deferrable initially deferred
           for each row execute function traps_peer.spring()",
    );
    let gone: i64 = stage.look("select min(id) from erp.currencies")[0].parse().expect("an id");
    stage.shop.odoo.delete("res.currency", &[gone]);
    stage.shop.run(STALE);
    stage.ran();
    let mut peer = stage.session("peer");
    peer.batch_execute(
        "begin; alter table peer.links add foreign key (id) references erp.currencies (id) on delete cascade",
    )
    .expect("an open change");
    let call = Call::start_as(&stage.shop, "shop", "set statement_timeout = '25s'", RUN);
    let waits = "select count(*) from pg_locks where relation = 'erp.currencies'::regclass and not granted";
    wait_for("the run", LIMIT, || call.is_over() || stage.look(waits) != ["0"])
        .unwrap_or_else(|error| panic!("{error}"));
    peer.batch_execute("commit").expect("the change");
    let failure = call.end().failure();
    assert!(failure.message.contains("a foreign key of another role's table"), "{failure:?}");
    none(&stage.ran());
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
fn what_only_the_owner_may_do_in_a_trigger_is_refused_and_told() {
    let mut found = Vec::new();
    for (what, sql) in OWNERS_ALONE {
        let mut stage = Stage::open(&format!("tables_owner_{what}"));
        stage.shop.run("select sync_run('currencies')");
        stage.shop.run(STALE);
        stage.shop.run(sql);
        for caller in ["manager", "postgres"] {
            match stage.call(caller, RUN) {
                Err(error)
                    if error.detail.contains("becomes no other role")
                        && error.hint.contains("original_error from erp_sync.errors")
                        && error.hint.ends_with("run as the owner: set role shop") => {}
                other => found.push(format!("{what}, {caller}: {other:?}")),
            }
        }
        if what == "role" {
            // Another role is not even for the owner, who is not told to run as the owner.
            match stage.call("shop", RUN) {
                Err(error) if error.message.contains("42501") && !error.hint.contains("as the owner") => (),
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
    let mut stage = Stage::open("tables_equals");
    stage.admin(
        "create role tables_equal superuser; create schema equal authorization tables_equal;
                 alter database tables_equals set erp_sync.target_schema = 'equal'",
    );
    stage.call("postgres", RUN).expect("a first run");
    let sql = OWNERS_ALONE[0].1.replace("erp.", "equal.");
    stage.admin(&format!("{}; set role tables_equal; {sql}; reset role", STALE.replace("erp.", "equal.")));
    assert_eq!(stage.call("postgres", RUN), Ok(vec!["succeeded".into()]));
    assert_eq!(
        stage.look("select tableowner from pg_tables where tablename = 'currencies'"),
        ["tables_equal"]
    );
}
