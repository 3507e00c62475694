//! What the caller puts in the way never runs as the extension's owner.

use super::{as_admin, synced};

/// Functions that statements of the extension call, with what they return.
const FUNCTIONS: [(&str, &str); 16] = [
    ("clock_timestamp()", "timestamptz"),
    ("now()", "timestamptz"),
    ("current_setting(text, boolean)", "text"),
    ("has_server_privilege(oid, text)", "boolean"),
    ("has_schema_privilege(oid, text)", "boolean"),
    ("pg_has_role(oid, text)", "boolean"),
    ("to_regclass(text)", "regclass"),
    ("make_interval(mins integer)", "interval"),
    ("hashtextextended(text, bigint)", "bigint"),
    ("pg_try_advisory_xact_lock(integer, integer)", "boolean"),
    ("pg_advisory_xact_lock(bigint)", "void"),
    ("pg_backend_pid()", "integer"),
    ("pg_cancel_backend(integer)", "boolean"),
    ("jsonb_typeof(jsonb)", "text"),
    ("unnest(anyarray)", "setof anyelement"),
    ("current_database()", "name"),
];

/// Types whose operators are shadowed.
const OPERATORS: [(&str, &str); 9] = [
    ("text", "text"),
    ("name", "text"),
    ("text", "name"),
    ("name", "name"),
    ("bigint", "bigint"),
    ("bigint", "integer"),
    ("oid", "oid"),
    ("jsonb", "jsonb"),
    ("timestamptz", "timestamptz"),
];

#[test]
fn functions_and_operators_of_the_caller_never_run_as_somebody_else() {
    let mut shop = synced("shadows");
    as_admin(&mut shop, "create schema evil authorization shop; grant create on database shadows to shop");
    shop.run("grant usage on schema evil to public");
    for (signature, returned) in FUNCTIONS {
        shop.run(&trap(&format!("function evil.{signature} returns {returned}"), returned));
    }
    for (at, (left, right)) in OPERATORS.iter().enumerate() {
        for (name, operator) in [("eq", "="), ("lt", "<"), ("gt", ">"), ("le", "<="), ("ne", "<>")] {
            let function = format!("evil.{name}_{at}");
            shop.run(&trap(&format!("function {function}({left}, {right}) returns boolean"), "boolean"));
            shop.run(&format!("create operator evil.{operator} (leftarg = {left}, rightarg = {right}, function = {function})"));
        }
    }
    shop.run("set search_path to evil, pg_catalog, public");
    // The trap works where the caller falls into it himself.
    shop.run("select 'a'::text = 'b'::text");
    assert!(shop.cluster.log().contains("trap: ran as shop"));
    let run = shop.value("select max(id) from erp_sync.run");
    for call in [
        "select * from public.sync_status()",
        "select * from public.sync_progress()",
        "select * from public.sync_schedules()",
        "select public.sync_schedule(elsewhere => true)",
        "call public.sync_auto()",
        "select * from public.sync_check()",
        "select * from public.sync_run('categories')",
        "select * from public.sync_run('categories', wait => false)",
        "select public.sync_reset('categories', 'odoo_main', true)",
        "select * from erp_sync.history",
        "select * from erp_sync.rejections",
        "select * from erp_sync.status",
        "create server another foreign data wrapper odoo options (url 'http://127.0.0.1')",
        &format!("select public.sync_cancel({run})"),
    ] {
        // Some fail for what the caller made of his own statements; that is his own affair.
        let _ = shop.client.simple_query(call);
        assert!(!shop.cluster.log().contains("trap: ran as postgres"), "{call}");
    }
}

/// Says in the log as whom it ran, which no rollback takes back.
fn trap(head: &str, returned: &str) -> String {
    let give = match returned {
        "void" => "",
        "setof anyelement" => "return;",
        _ => "return null;",
    };
    format!(
        "create {head} language plpgsql as $$ begin raise log 'trap: ran as %', current_user; {give} end $$"
    )
}
