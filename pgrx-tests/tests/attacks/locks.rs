//! What an outsider, or the owner's own code, can hold or let go of.

use std::time::Duration;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};
use postgres::Client;

use crate::stage::{Stage, attempt, none};

/// Advisory locks that earlier versions took, by their keys: of runs, of lanes, of making tables, of a tenant's turn.
const KEYS: &str = "
select pg_advisory_lock(1163022419, n) from generate_series(1, 500) n;
select pg_advisory_lock(hashtextextended('erp_sync lane ' || lane, 0)) from unnest(array['{lane}', '127.0.0.1', 'odoo_main']) lane;
select pg_advisory_lock(hashtextextended('erp_sync lane {lane}' || login, 0)) from unnest(array[':admin', '/admin', ' admin']) login;
select pg_advisory_lock(4995143254119809025);
select pg_advisory_lock(hashtextextended('erp_sync derive main', 0))";

/// A run of everything that takes turns: it makes tables, reads in a lane, derives.
fn runs(stage: &Stage) -> Option<String> {
    let call = "set statement_timeout = '15s'; select distinct state from sync_run('currencies, products, stock_moves')";
    match stage.call("shop", call) {
        Ok(rows) if rows == ["succeeded"] => None,
        Ok(rows) => Some(format!("ended {rows:?}")),
        Err(error) => Some(format!("{} {}", error.sqlstate, error.message)),
    }
}

#[test]
fn the_keys_of_earlier_versions_hold_nothing_up() {
    let stage = Stage::open("locks_keys");
    let mut outsider = stage.session("outsider");
    let lane = format!("127.0.0.1:{}", stage.shop.odoo.port());
    outsider.batch_execute(&KEYS.replace("{lane}", &lane)).expect("the locks");
    let found: Vec<String> = runs(&stage).into_iter().collect();
    drop(outsider);
    none(&found);
}

/// Whatever a run holds, it is none that everybody can take: an outsider would only have to be first.
#[test]
fn no_worker_holds_an_advisory_lock() {
    let mut stage = Stage::open("locks_kind");
    let call = held(&stage, "shop", "products", "product.product");
    let locks = stage.look(
        "select l.locktype, l.classid, l.objid, l.mode from pg_locks l join pg_stat_activity a using (pid)
         where a.backend_type = 'erp_sync' and a.datname = current_database() and l.locktype = 'advisory'",
    );
    stage.shop.odoo.clear_faults();
    let _ = call.end();
    none(&locks);
}

/// A run of an entity that waits for the answer to a read of a model.
fn held(stage: &Stage, role: &str, entity: &str, model: &str) -> Call {
    held_after(stage, role, entity, model, 0)
}

fn held_after(stage: &Stage, role: &str, entity: &str, model: &str, pages: usize) -> Call {
    let odoo = &stage.shop.odoo;
    let asked = odoo.count_calls(model, "search_read");
    odoo.fault(When::any().model(model).method("search_read").after(pages), What::Held);
    let run = format!("select state, error from sync_run('{entity}')");
    let call = Call::start_as(&stage.shop, role, "set statement_timeout = '25s'", &run);
    wait_for("the request", LIMIT, || {
        call.is_over() || odoo.count_calls(model, "search_read") > asked + pages
    })
    .unwrap_or_else(|error| panic!("{error}"));
    call
}

#[test]
fn temporary_tables_with_forged_comments_change_nothing() {
    let stage = Stage::open("locks_temporary");
    let mut found = Vec::new();
    for run in ["99999999999999999999999999", "9223372036854775807", "1", "0", "-1"] {
        let mut outsider = stage.session("outsider");
        let sql = format!(
            "create temporary table t (id bigint);
             comment on table t is 'put aside by run {run} of erp_sync';
             create temporary table currencies (id bigint);
             comment on table currencies is 'put aside by run {run} of erp_sync'"
        );
        outsider.batch_execute(&sql).expect("a table");
        found.extend(runs(&stage).map(|what| format!("run {run}: {what}")));
        let lock = "begin; lock table t, currencies in access exclusive mode";
        found.extend(
            attempt(&mut outsider, lock).err().map(|error| format!("his table is gone: {}", error.message)),
        );
        found.extend(runs(&stage).map(|what| format!("run {run}, locked: {what}")));
    }
    none(&found);
}

/// Nor does a table that looks like one of a session, or a whole schema of them.
#[test]
fn other_forged_leftovers_change_nothing() {
    let mut stage = Stage::open("locks_forged");
    stage
        .admin("grant create on database locks_forged to outsider; alter database locks_forged owner to dbo");
    let mut found = Vec::new();
    for role in ["outsider", "dbo", "peer"] {
        let mut session = stage.session(role);
        let sql = "create temporary sequence s; comment on sequence s is 'put aside by run 1 of erp_sync';
                   create temporary view v as select 1; comment on view v is 'put aside by run 2 of erp_sync';
                   create temporary table erp_sync_seen (id bigint); create temporary table seen (id bigint);
                   create temporary table aside (id bigint); begin;
                   lock table erp_sync_seen, seen, aside in access exclusive mode";
        session.batch_execute(sql).expect("made");
        found.extend(runs(&stage).map(|what| format!("{role}: {what}")));
    }
    none(&found);
}

/// Statements that fail for lack of rights, some after they have asked for a lock.
const RUDE: [&str; 18] = [
    "drop extension erp_sync",
    "drop extension erp_sync cascade",
    "alter extension erp_sync set schema pg_catalog",
    "alter extension erp_sync update",
    "comment on extension erp_sync is 'x'",
    "comment on table erp_sync.run is 'x'",
    "comment on schema erp_sync is 'x'",
    "comment on server odoo_main is 'x'",
    "security label on table erp_sync.run is 'x'",
    "security label for dummy on table erp_sync.task is 'x'",
    "drop schema erp_sync cascade",
    "drop table erp_sync.run, erp_sync.task, erp_sync.position cascade",
    "drop server odoo_main cascade",
    "drop foreign data wrapper odoo cascade",
    "drop function sync_run cascade",
    "drop role shop",
    "truncate erp_sync.task",
    "lock table erp_sync.run, erp_sync.task, erp_sync.position in access exclusive mode",
];

/// Where the outsider may lock, he does: what everybody may read, everybody may share.
const SHARED: &str =
    "begin; select count(*) from erp_sync.run, erp_sync.task, erp_sync.position, erp_sync.removed;
  lock table erp_sync.run, erp_sync.task, erp_sync.batch in access share mode";

#[test]
fn statements_an_outsider_has_no_rights_for_hold_no_run_up() {
    let stage = Stage::open("locks_rude");
    stage.by("shop", "select sync_run('contacts')");
    let call = held(&stage, "shop", "products", "product.product");
    // Each in a session of its own: one that waits for a lock stands before others in the queue.
    let rude: Vec<Call> = RUDE
        .iter()
        .map(|sql| {
            let mut client = stage.session("outsider");
            client.batch_execute("set statement_timeout = 0; begin").expect("a transaction");
            Call::of(client, sql)
        })
        .collect();
    let mut shared = stage.session("outsider");
    shared.batch_execute(SHARED).expect("a share");
    // Each has failed, or waits for a lock.
    let mut admin = stage.session("postgres");
    wait_for("the rude statements", LIMIT, || {
        rude.iter().all(|call| {
            let waits = format!("select 1 from pg_locks where pid = {} and not granted", call.pid);
            call.is_over() || attempt(&mut admin, &waits).is_ok_and(|rows| !rows.is_empty())
        })
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let waiting: Vec<&str> =
        RUDE.iter().zip(&rude).filter(|(_, call)| !call.is_over()).map(|(sql, _)| *sql).collect();
    println!("waiting meanwhile: {waiting:?}");
    let mut found = Vec::new();
    if let Err(error) = attempt(&mut stage.session("shop"), "select * from sync_status(), sync_progress()") {
        found.push(format!("a look: {error:?}"));
    }
    // Another lane: it must not wait either.
    stage.shop.odoo.clear_faults();
    let ended = call.end();
    if ended.outcome.as_ref().is_ok_and(|rows| rows.iter().all(|row| row.starts_with("succeeded"))) {
        found.extend(runs(&stage).map(|what| format!("the next run: {what}")));
    } else {
        found.push(format!("the run: {:?}", ended.outcome));
    }
    for (sql, call) in RUDE.iter().zip(rude) {
        if call.end().outcome.is_ok() {
            found.push(format!("an outsider may: {sql}"));
        }
    }
    none(&found);
}

/// Calls on a model so far.
fn asked(stage: &Stage, model: &str) -> usize {
    stage.shop.odoo.calls().iter().filter(|call| call.model == model).count()
}

/// Waits until the run has written a batch behind the one that was there, or has ended.
fn written(stage: &mut Stage, call: &Call) {
    let batches =
        "select count(*) >= 2 from erp_sync.batch where run_id = (select max(id) from erp_sync.run)";
    let _ =
        wait_for("two batches", Duration::from_secs(5), || call.is_over() || stage.look(batches) == ["t"]);
}

/// While the first run goes on in its lane, a second of the same lane asks the remote nothing, and nobody takes the
/// first for dead; or the first has ended with an error that says so.
fn alone(stage: &mut Stage, first: Call, model: &str) -> Vec<String> {
    let before = asked(stage, "res.currency");
    let second = Call::start_as(
        &stage.shop,
        "shop",
        "set statement_timeout = '25s'",
        "select state from sync_run('currencies')",
    );
    let mut found = Vec::new();
    let _ = wait_for("a second run in the same lane", Duration::from_secs(3), || {
        asked(stage, "res.currency") > before
    });
    if asked(stage, "res.currency") > before && !first.is_over() {
        found.push(format!("two runs ask one remote at a time, the first for {model}"));
    }
    let taken = "select state || ': ' || coalesce(error, '') from erp_sync.history
                 where entity <> 'currencies' and error_kind(error) order by run_id desc";
    let taken = taken.replace("error_kind(error)", "error like 'interrupted%'");
    let dead = stage.look(&taken);
    let was_alive = !first.is_over();
    stage.shop.odoo.clear_faults();
    let ended = first.end();
    if was_alive && !dead.is_empty() && ended.outcome.is_ok() {
        found.push(format!("a run that goes on was taken for dead: {dead:?}"));
    }
    if let Err(error) = &ended.outcome
        && error.hint.is_empty()
    {
        found.push(format!("it ended without a word: {error:?}"));
    }
    match second.end().outcome {
        Ok(rows) if rows == ["succeeded"] => (),
        other => found.push(format!("the second run: {other:?}")),
    }
    found
}

#[test]
fn unlocking_everything_in_a_trigger_lets_no_second_run_into_the_lane() {
    let mut stage = Stage::open("locks_unlock");
    stage.shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    stage.shop.run(
        "select sync_run('contacts, currencies'); delete from erp.contacts;
         create function erp.let_go() returns trigger language plpgsql as
           $$ begin perform pg_advisory_unlock_all(); return new; end $$;
         create trigger t before insert or update on erp.contacts for each row execute function erp.let_go()",
    );
    let first = held_after(&stage, "shop", "contacts", "res.partner", 3);
    written(&mut stage, &first);
    none(&alone(&mut stage, first, "res.partner"));
}

/// In a deferred trigger it happens last, when everything was asked already.
#[test]
fn unlocking_everything_in_a_deferred_trigger_lets_no_second_run_into_the_lane() {
    let mut stage = Stage::open("locks_deferred");
    stage.shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    stage.shop.run(
        "select sync_run('contacts, currencies'); delete from erp.contacts;
         create function erp.let_go() returns trigger language plpgsql as
           $$ begin perform pg_advisory_unlock_all(); return null; end $$;
         create constraint trigger t after insert or update on erp.contacts deferrable initially deferred
           for each row execute function erp.let_go()",
    );
    let first = held_after(&stage, "shop", "contacts", "res.partner", 3);
    written(&mut stage, &first);
    none(&alone(&mut stage, first, "res.partner"));
}

#[test]
fn a_batch_that_was_aborted_lets_no_second_run_into_the_lane() {
    let mut stage = Stage::open("locks_aborted");
    stage.shop.run(
        "select sync_run('categories, contacts, currencies'); delete from erp.categories;
         create function erp.refuse() returns trigger language plpgsql as
           $$ begin raise 'not now' using hint = 'later'; end $$;
         create trigger t before insert on erp.categories for each row execute function erp.refuse()",
    );
    let first = held(&stage, "shop", "categories, contacts", "res.partner");
    none(&alone(&mut stage, first, "res.partner"));
}

/// A session of the owner takes what its run wants, in the order that makes a deadlock.
#[test]
fn a_table_locked_by_its_owner_ends_the_run_in_time_with_a_hint() {
    let stage = Stage::open("locks_owner");
    stage.by("shop", "select sync_run('currencies')");
    let mut owner: Client = stage.session("shop");
    owner.batch_execute("begin; lock table erp.currencies in share row exclusive mode").expect("a lock");
    stage.by("shop", "set lock_timeout = 0; select count(*) from sync_status()");
    let run = "set erp_sync.retry_base = '100ms'; select state from sync_run('currencies', mode => 'full')";
    let ended = stage.call("shop", run);
    let found: Vec<String> = crate::stage::complaint("run", &ended).into_iter().collect();
    drop(owner);
    none(&found);
}

/// The note that schedules of a database are meant for it.
#[test]
fn a_role_that_is_about_to_schedule_holds_no_other_up() {
    let mut stage = Stage::open("locks_home");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.settle("peer", "peer_main", &odoo, ", tenant 'peer'");
    let mut peer = stage.session("peer");
    let here = "select sync_schedule(elsewhere => true)";
    attempt(&mut peer, &format!("begin; {here}")).expect("an open change");
    assert_eq!(stage.call("shop", here), Ok(vec![String::new()]));
    attempt(&mut peer, "rollback").expect("undone");
    assert_eq!(stage.look("select count(*) from erp_sync.home"), ["1"]);
}
