//! Expressions that run when rows are written, which may name what others wrote: conditions of triggers, and what
//! defines a table that was somebody else's before.

use crate::stage::{Stage, none};

const RUN: &str = "select state from sync_run('currencies', mode => 'full')";
const STALE: &str = "update erp.currencies set source_updated_at = '2001-01-01'";

/// Conditions that do more than compute, with the function that is refused. Everything they name is PostgreSQL's own.
const CONDITIONS: [(&str, &str); 8] = [
    ("query_to_xml('select traps_peer.trap(''query'')', true, true, '') is not null", "query_to_xml"),
    (
        "query_to_xml_and_xmlschema('select traps_peer.trap(''query'')', true, true, '') is not null",
        "query_to_xml_and_xmlschema",
    ),
    ("table_to_xml('traps_peer.seen', true, true, '') is not null", "table_to_xml"),
    ("schema_to_xml('traps_peer', true, true, '') is not null", "schema_to_xml"),
    (
        "ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery where traps_peer.trap(''q'')') is not null",
        "ts_rewrite",
    ),
    ("set_config('erp_sync.target_schema', 'peer', false) <> ''", "set_config"),
    ("new.name <> (case when random() < 2 then pg_read_file('PG_VERSION') end)", "pg_read_file"),
    (
        "array[query_to_xml('select traps_peer.trap(''array'')', true, true, '')::text] <> array['x']",
        "query_to_xml",
    ),
];

#[test]
fn a_condition_of_a_trigger_only_computes() {
    let mut found = Vec::new();
    for (nth, (condition, refused)) in CONDITIONS.into_iter().enumerate() {
        let mut stage = Stage::open(&format!("expressions_{nth}"));
        stage.shop.run("select sync_run('currencies')");
        stage.plant("peer");
        stage.by("peer", "create view traps_peer.seen as select traps_peer.trap('view')");
        stage.shop.run("grant usage on schema erp to peer; grant trigger on erp.currencies to peer");
        stage.by(
            "peer",
            &format!(
                "create trigger w before update on erp.currencies for each row when ({condition})
                 execute function suppress_redundant_updates_trigger()"
            ),
        );
        // What was granted once stays made.
        stage.shop.run("revoke trigger on erp.currencies from peer");
        stage.ran();
        // As if the remote had changed: no update by hand, which would run it rightly.
        stage.shop.odoo.advance(3600);
        stage.shop.odoo.write("res.currency", &[1], serde_json::json!({"full_name": "changed"}));
        for caller in ["shop", "manager", "postgres"] {
            match stage.call(caller, RUN) {
                Err(error)
                    if error.message.contains(&format!("calls function {refused}("))
                        && error.hint.contains("drop trigger w on \"erp\".\"currencies\"") => {}
                other => found.push(format!("{condition}, {caller}: {other:?}")),
            }
        }
        found.extend(stage.ran().iter().map(|said| format!("{condition}: {said}")));
    }
    none(&found);
}

/// What a table of another role is defined by, beside the columns that it must have, and what is refused then.
const DEFINED: [(&str, &str, &str); 9] = [
    ("check (traps_peer.trap('check'))", "", "constraint \"currencies_check\""),
    ("more boolean default traps_peer.trap('default')", "", "column \"more\""),
    ("more boolean generated always as (traps_peer.calm('generated')) stored", "", "column \"more\""),
    ("", "create unique index i on erp.currencies ((traps_peer.calm('index' || id)))", "index \"erp.i\""),
    ("", "create index i on erp.currencies (id) where traps_peer.calm('predicate' || id)", "index \"erp.i\""),
    ("more traps_peer.kind default 'x'", "", "column \"more\""),
    ("more traps_peer.kinds", "", "column \"more\""),
    ("more text default ('x'::traps_peer.kind)::text", "", "column \"more\""),
    (
        "check (query_to_xml('select traps_peer.trap(''query'')', true, true, '') is not null)",
        "",
        "constraint \"currencies_check\"",
    ),
];

#[test]
fn a_table_that_was_somebody_elses_runs_none_of_his_code() {
    let mut found = Vec::new();
    for (nth, (columns, then, says)) in DEFINED.into_iter().enumerate() {
        let mut stage = Stage::open(&format!("expressions_defined_{nth}"));
        stage.shop.run("select sync_run('contacts'); grant create, usage on schema erp to peer");
        stage.plant("peer");
        stage.by(
            "peer",
            "create domain traps_peer.kind as text check (traps_peer.trap('domain'));
             create domain traps_peer.kinds as traps_peer.kind",
        );
        let more = if columns.is_empty() { String::new() } else { format!(", {columns}") };
        stage.by(
            "peer",
            &format!(
                "create table erp.currencies (tenant text, id bigint, primary key (tenant, id){more}); {then}"
            ),
        );
        // As the hint of a run proposes.
        stage.admin("alter table erp.currencies owner to shop");
        stage.ran();
        for caller in ["shop", "manager", "postgres"] {
            match stage.call(caller, RUN) {
                Err(error)
                    if error.message.starts_with("currencies from odoo_main: ")
                        && error.message.contains(says) => {}
                other => found.push(format!("{columns}{then}, {caller}: {other:?}")),
            }
        }
        found.extend(stage.ran().iter().map(|said| format!("{columns}{then}: {said}")));
    }
    none(&found);
}

#[test]
fn what_an_honest_owner_defines_runs() {
    let mut stage = Stage::open("expressions_honest");
    stage.shop.run(
        "select sync_run('currencies');
         create domain erp.word as text check (length(value) < 1000);
         create function erp.stamp() returns trigger language plpgsql as $$ begin new.stamped := now(); new.path := current_setting('search_path'); return new; end $$;
         create function erp.half(n numeric) returns numeric language sql immutable as $$ select n / 2 $$;
         alter table erp.currencies add column stamped timestamptz, add column path text, add column mark uuid default gen_random_uuid(),
           add column kind erp.word default 'x', add column half numeric generated always as (erp.half(id)) stored,
           add check (length(name) > 1);
         create index by_half on erp.currencies (erp.half(id)) where name <> '';
         create trigger t before update on erp.currencies for each row
           when (old.synced_at is distinct from new.synced_at and pg_trigger_depth() = 0 and current_setting('application_name') <> '')
           execute function erp.stamp()",
    );
    stage.shop.run(STALE);
    for caller in ["shop", "manager", "postgres"] {
        assert_eq!(stage.call(caller, RUN), Ok(vec!["succeeded".into()]), "{caller}");
    }
    let stamped = "select count(*) > 0 from erp.currencies where stamped is not null and mark is not null";
    assert_eq!(stage.shop.value(stamped), "t");
    // Whoever syncs: triggers write the schema before what they name.
    let path = "select distinct path from erp.currencies where stamped is not null";
    assert_eq!(stage.shop.value(path), "pg_catalog, pg_temp");
}

/// What a server's owner sees of a peer who reads it into tables of his own: states, and no records.
#[test]
fn a_servers_owner_reads_no_record_of_anothers_tables() {
    let mut stage = Stage::open("expressions_sight");
    stage.admin("create schema peer authorization peer");
    stage.shop.run("grant usage on foreign server odoo_main to peer");
    let set = "set erp_sync.target_schema = 'peer';";
    stage.by(
        "peer",
        "create table peer.private (x text); insert into peer.private values ('a canary');
         create function peer.f() returns trigger language plpgsql as
           $$ begin raise 'no: %', (select x from peer.private); end $$",
    );
    stage.by("peer", set);
    let run = |stage: &Stage, call: &str| stage.call("peer", &format!("{set} {call}"));
    run(&stage, "select sync_run('contacts', 'odoo_main')").expect("it is synced");
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.odoo.write("res.partner", &[14], serde_json::json!({"city": "\0"}));
    run(&stage, "select sync_run('contacts', 'odoo_main', mode => 'full')")
        .expect("one is gone, one rejected");
    stage.by(
        "peer",
        "create trigger z before insert or update on peer.contacts for each row execute function peer.f()",
    );
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.write("res.partner", &[15], serde_json::json!({"city": "changed"}));
    run(&stage, "select sync_run('contacts', 'odoo_main')").expect_err("the trigger");
    for (table, peers) in [("removed", "t"), ("rejected", "t"), ("rejections", "t"), ("original_error", "t")]
    {
        let seen = format!("select count(*) > 0 from erp_sync.{table}");
        assert_eq!(stage.call("peer", &seen), Ok(vec![peers.into()]), "{table}");
        assert_eq!(stage.call("shop", &seen), Ok(vec!["f".into()]), "{table}");
    }
    let said = "select count(*) from erp_sync.history where original_error is not null";
    assert_eq!(stage.call("shop", said), Ok(vec!["0".into()]));
    assert_eq!(stage.call("peer", said), Ok(vec!["1".into()]));
    let states = "select count(*) from erp_sync.history";
    assert_eq!(stage.call("shop", states), Ok(vec!["3".into()]));
}
