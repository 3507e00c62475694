//! Relations of another kind in the place of those that calls read: looking runs nobody's code.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};

use crate::stage::{Stage, complaint, none};

/// A view as the table of waiting rows, over a function.
const WAITING_VIEW: &str = "
create view erp.waiting as select 'odoo_main'::text as server, 'currencies'::text as entity,
  'currencies'::text as stream, '[1]'::text as row_key, 'main'::text as tenant, 'unknown'::text as reason,
  {traps}.trap('waiting')::text as value, now() as waiting_since";

/// The columns of that table.
const WAITING_COLUMNS: &str = "
(tenant text, server text, stream text, row_key text, entity text, reason text, value text,
 waiting_since timestamptz, source_updated_at timestamptz, synced_at timestamptz, run_id bigint)";

/// Calls that read bookkeeping and no more.
const LOOKS: [&str; 12] = [
    "select count(*) from sync_status()",
    "select * from erp_sync.status",
    "select * from sync_progress()",
    "select * from erp_sync.progress",
    "select * from erp_sync.history",
    "select * from erp_sync.errors",
    "select * from erp_sync.rejections",
    "select * from erp_sync.differences",
    "select * from erp_sync.schedule",
    "select sync_ready('currencies')",
    "select sync_ready('sales')",
    "select * from sync_entities()",
];

/// Calls that may read business tables, as their owner.
const READS: [&str; 5] = [
    "select * from sync_waiting()",
    "select * from erp_sync.waiting",
    "select * from sync_plan('currencies')",
    "select * from sync_diff('currencies')",
    "select * from sync_check()",
];

/// Calls that write.
const WRITES: [&str; 4] = [
    "select * from sync_run('currencies')",
    "select * from sync_run('currencies', mode => 'verify')",
    "select * from sync_run('currencies', mode => 'full', confirm => true)",
    "select sync_reset('currencies', 'odoo_main', true)",
];

/// A stage whose owner has currencies and traps, and lets everybody look at them.
fn stage(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.shop.run("select sync_run('currencies'); grant usage on schema erp to public");
    stage.plant("shop");
    stage
}

/// Everything these roles can call runs nothing as anybody but the owner, and what only looks runs nothing.
fn tried(stage: &Stage, callers: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for caller in callers {
        for call in LOOKS {
            let _ = stage.call(caller, call);
            found.extend(stage.ran().iter().map(|said| format!("{caller}: {call}: {said}")));
        }
        for call in READS.iter().chain(&WRITES) {
            found.extend(complaint(call, &stage.call(caller, call)).filter(|found| found.ends_with("hangs")));
            found.extend(stage.stolen("shop").iter().map(|said| format!("{caller}: {call}: {said}")));
        }
    }
    found
}

#[test]
fn a_view_in_place_of_the_waiting_rows_runs_nothing_as_who_looks() {
    let mut stage = stage("planted_waiting");
    stage.shop.run(&WAITING_VIEW.replace("{traps}", "traps_shop"));
    stage.shop.run("grant select on erp.waiting to public");
    none(&tried(&stage, &["postgres", "monitor", "manager"]));
}

#[test]
fn a_view_in_place_of_a_business_table_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_currencies");
    stage.shop.run(
        "alter table erp.currencies rename to kept;
         create view erp.currencies as select * from erp.kept where traps_shop.trap('currencies');
         grant select on erp.currencies to public",
    );
    none(&tried(&stage, &["postgres", "monitor", "manager"]));
}

#[test]
fn a_view_with_a_trigger_instead_of_deleting_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_instead");
    stage.shop.run(
        "alter table erp.currencies rename to kept;
         create view erp.currencies as select * from erp.kept;
         create trigger instead instead of insert or update or delete on erp.currencies
           for each row execute function traps_shop.spring('instead')",
    );
    none(&tried(&stage, &["postgres", "manager"]));
}

#[test]
fn a_rule_on_a_business_table_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_rule");
    stage.shop.run("create rule also as on delete to erp.currencies do also select traps_shop.trap('rule')");
    none(&tried(&stage, &["postgres", "manager"]));
    stage.shop.run(
        "drop rule also on erp.currencies;
         create rule also as on insert to erp.currencies do also select traps_shop.trap('rule')",
    );
    none(&tried(&stage, &["postgres", "manager"]));
}

#[test]
fn a_policy_of_the_waiting_rows_runs_nothing_as_who_looks() {
    let mut stage = stage("planted_policy");
    stage.shop.run(&format!(
        "create table erp.waiting {WAITING_COLUMNS}; grant select on erp.waiting, erp.currencies to public;
         insert into erp.waiting values ('main', 'odoo_main', 'currencies', '[1]', 'currencies', 'x', 'x', now());
         create policy p on erp.waiting using (traps_shop.trap('policy of waiting'));
         create policy p on erp.currencies using (traps_shop.trap('policy of currencies'));
         alter table erp.waiting enable row level security; alter table erp.currencies enable row level security"
    ));
    none(&tried(&stage, &["monitor", "postgres", "manager"]));
}

#[test]
fn an_implicit_cast_of_a_type_of_ones_own_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_cast");
    let columns = WAITING_COLUMNS.replace("tenant text", "tenant traps_shop.pair");
    stage.shop.run(&format!(
        "create type traps_shop.pair as (one text);
         create function traps_shop.text(traps_shop.pair) returns text language plpgsql as
           $f$ begin perform traps_shop.trap('cast'); return 'main'; end $f$;
         create cast (traps_shop.pair as text) with function traps_shop.text(traps_shop.pair) as implicit;
         create table erp.waiting {columns}; grant select on erp.waiting to public;
         insert into erp.waiting values (row('main'), 'odoo_main', 'currencies', '[1]', 'currencies', 'x', 'x', now())"
    ));
    none(&tried(&stage, &["postgres", "manager"]));
}

#[test]
fn a_type_of_ones_own_in_a_business_table_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_type");
    stage.shop.run(
        "create type traps_shop.pair as (one text);
         create function traps_shop.text(traps_shop.pair) returns text language plpgsql as
           $f$ begin perform traps_shop.trap('cast'); return 'main'; end $f$;
         create function traps_shop.pair(text) returns traps_shop.pair language plpgsql as
           $f$ begin perform traps_shop.trap('cast back'); return row($1)::traps_shop.pair; end $f$;
         create cast (traps_shop.pair as text) with function traps_shop.text(traps_shop.pair) as implicit;
         create cast (text as traps_shop.pair) with function traps_shop.pair(text) as assignment;
         alter table erp.currencies drop constraint currencies_pkey;
         alter table erp.currencies add column own traps_shop.pair;
         update erp.currencies set own = row(tenant)::traps_shop.pair;
         alter table erp.currencies drop column tenant; alter table erp.currencies rename own to tenant",
    );
    stage.ran();
    none(&tried(&stage, &["postgres", "manager"]));
}

#[test]
fn a_partitioned_table_in_place_of_a_table_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_partition");
    stage.shop.run(
        "alter table erp.currencies rename to kept;
         create table erp.currencies (like erp.kept including defaults) partition by list (tenant);
         create table erp.part partition of erp.currencies default;
         insert into erp.currencies select * from erp.kept;
         create trigger part before insert or update or delete on erp.part
           for each row execute function traps_shop.spring('part')",
    );
    none(&tried(&stage, &["postgres", "manager"]));
}

#[test]
fn a_child_table_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_child");
    stage.shop.run(
        "create table erp.child () inherits (erp.currencies);
         insert into erp.child (tenant, id) values ('main', 4711);
         create trigger child before update or delete on erp.child
           for each row execute function traps_shop.spring('child')",
    );
    none(&tried(&stage, &["postgres", "manager"]));
}

/// Relations that `peer`, who may create in the owner's schema, puts where the owner's run reads by name.
#[test]
fn a_view_of_somebody_who_may_create_in_the_schema_runs_nothing_as_the_owner() {
    let mut stage = Stage::open("planted_by_peer");
    stage.plant("peer");
    stage.shop.run("grant usage, create on schema erp to peer");
    stage.by("peer", &WAITING_VIEW.replace("{traps}", "traps_peer"));
    stage.by("peer", "grant select on erp.waiting to public");
    let mut found = Vec::new();
    for call in LOOKS.iter().chain(&WRITES).chain(&READS) {
        let _ = stage.call("shop", call);
        found.extend(stage.stolen("peer").iter().map(|said| format!("{call}: {said}")));
    }
    none(&found);
}

#[test]
fn a_view_in_place_of_a_table_that_refers_to_a_removed_row_runs_nothing_as_the_owner() {
    let mut stage = Stage::open("planted_referring");
    stage.plant("peer");
    stage.shop.run("select sync_run('contacts'); grant usage, create on schema erp to peer");
    stage.by(
        "peer",
        "create view erp.companies as select 'main'::text as tenant, 1::bigint as id, 30::bigint as partner_id
         where traps_peer.trap('companies');
         create view erp.warehouses as select 'main'::text as tenant, 1::bigint as id, 30::bigint as partner_id
         where traps_peer.trap('warehouses');
         grant select on erp.companies, erp.warehouses to public",
    );
    stage.shop.odoo.delete("res.partner", &[30]);
    let outcome = stage.call("shop", "select * from sync_run('contacts', mode => 'full')");
    let mut found: Vec<String> = complaint("full", &outcome).into_iter().collect();
    found.extend(stage.stolen("peer"));
    none(&found);
}

/// What the statements that make derived tables join, of another role.
#[test]
fn a_view_in_place_of_a_table_that_a_derived_one_is_made_of_runs_nothing_as_the_owner() {
    let mut stage = Stage::open("planted_derived");
    stage.plant("peer");
    stage.shop.run("grant usage, create on schema erp to peer");
    stage.by(
        "peer",
        "create view erp.stock_moves as select 'main'::text as tenant, 1::bigint as id, null::bigint as product_id,
           null::bigint as uom_id, null::bigint as source_location_id, null::bigint as destination_location_id,
           null::bigint as picking_type_id, null::bigint as picking_id where traps_peer.trap('stock_moves');
         create view erp.stock_quants as select 'main'::text as tenant, 1::bigint as id
         where traps_peer.trap('stock_quants');
         grant select on erp.stock_moves, erp.stock_quants to public",
    );
    let mut found = Vec::new();
    for entity in ["products", "warehouses", "stock_moves", "inventory"] {
        let _ = stage.call("shop", &format!("select * from sync_run('{entity}')"));
        found.extend(stage.stolen("peer").iter().map(|said| format!("{entity}: {said}")));
    }
    none(&found);
}

/// A call that waits for the remote must not meet the view later than it looked.
#[test]
fn a_view_that_takes_the_tables_place_while_a_diff_is_under_way_runs_nothing_as_the_caller() {
    let mut stage = stage("planted_diff");
    stage.shop.odoo.forget_calls();
    stage.shop.odoo.fault(When::any().model("res.currency"), What::Held);
    let call = Call::start_as(
        &stage.shop,
        "postgres",
        "set statement_timeout = '20s'",
        "select * from sync_diff('currencies')",
    );
    let odoo = &stage.shop.odoo;
    wait_for("a request", LIMIT, || {
        call.is_over() || odoo.calls().iter().any(|call| call.model == "res.currency")
    })
    .unwrap_or_else(|error| panic!("{error}"));
    stage.shop.run(
        "alter table erp.currencies rename to kept;
         create view erp.currencies as select * from erp.kept where traps_shop.trap('currencies')",
    );
    stage.shop.odoo.clear_faults();
    let _ = call.end();
    none(&stage.stolen("shop"));
}
