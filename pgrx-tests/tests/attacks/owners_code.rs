//! Code that belongs to a business table: whoever syncs, it has the rights of the table's owner and no more.

use crate::stage::{Stage, complaint, none};

/// Who syncs a table that is `shop`'s.
const CALLERS: [&str; 2] = ["postgres", "manager"];

/// Calls that insert, update and delete.
const WRITES: [&str; 3] = [
    "select * from sync_run('currencies', mode => 'full', confirm => true)",
    "select * from sync_run('currencies', mode => 'verify', confirm => true)",
    "select sync_reset('currencies', 'odoo_main', true)",
];

/// Plants something on a table that is there, and lets others write to it.
fn planted(name: &str, plant: &str) {
    let mut stage = Stage::open(name);
    stage.plant("shop");
    stage.shop.run("select sync_run('currencies')");
    stage.shop.run(plant);
    let mut found = Vec::new();
    for caller in CALLERS {
        for call in WRITES {
            // So that the call has a row to insert and others to update. What the owner has planted may forbid it.
            for sql in [
                "delete from erp.currencies where id = 1",
                "update erp.currencies set source_updated_at = '2001-01-01'",
            ] {
                let _ = stage.call("shop", sql);
            }
            stage.ran();
            found.extend(complaint(call, &stage.call(caller, call)));
            found.extend(stage.stolen("shop").iter().map(|said| format!("{caller}: {call}: {said}")));
        }
    }
    none(&found);
}

#[test]
fn a_row_trigger() {
    planted(
        "owner_trigger",
        "create trigger t before insert or update or delete on erp.currencies
           for each row execute function traps_shop.spring('before');
         create trigger u after insert or update or delete on erp.currencies
           for each row execute function traps_shop.spring('after')",
    );
}

#[test]
fn a_statement_trigger() {
    planted(
        "owner_statement",
        "create trigger t before insert or update or delete on erp.currencies
           for each statement execute function traps_shop.spring('before statement');
         create trigger u after insert on erp.currencies referencing new table as n
           for each statement execute function traps_shop.spring('after statement');
         create trigger v after delete on erp.currencies referencing old table as o
           for each statement execute function traps_shop.spring('after delete statement')",
    );
}

#[test]
fn a_deferred_constraint_trigger() {
    planted(
        "owner_deferred",
        "create constraint trigger t after insert or update or delete on erp.currencies
           deferrable initially deferred for each row execute function traps_shop.spring('deferred')",
    );
}

#[test]
fn a_trigger_that_fires_always_or_with_a_condition() {
    planted(
        "owner_when",
        "create trigger t before insert or update on erp.currencies
           for each row when (traps_shop.calm('when')) execute function traps_shop.spring('t');
         alter table erp.currencies enable always trigger t",
    );
}

#[test]
fn a_check() {
    planted(
        "owner_check",
        "alter table erp.currencies add constraint c check (traps_shop.calm('check ' || (id > 0)))",
    );
}

#[test]
fn a_generated_column_and_a_default() {
    planted(
        "owner_generated",
        "alter table erp.currencies add column g boolean
           generated always as (traps_shop.calm('generated ' || (id > 0))) stored;
         alter table erp.currencies add column d boolean default traps_shop.trap('default')",
    );
}

#[test]
fn a_default_of_a_column_of_ours() {
    planted(
        "owner_default",
        "alter table erp.currencies alter column synced_at set default traps_shop.calm('default of ours', now())",
    );
}

#[test]
fn an_expression_and_a_condition_of_an_index() {
    planted(
        "owner_index",
        "create index i on erp.currencies (traps_shop.calm('expression', id));
         create index j on erp.currencies (id) where traps_shop.calm('condition ' || (id > 0));
         create unique index k on erp.currencies (traps_shop.calm('unique', id))",
    );
}

#[test]
fn statistics_on_an_expression_and_an_exclusion() {
    planted(
        "owner_exclusion",
        "create statistics erp.s on (traps_shop.calm('statistics', id)) from erp.currencies;
         alter table erp.currencies add constraint x exclude using btree (traps_shop.calm('exclude', id) with =)",
    );
}

#[test]
fn a_domain_of_ones_own() {
    planted(
        "owner_domain",
        "create domain traps_shop.odd as text check (traps_shop.calm('domain ' || coalesce(value, '')));
         alter table erp.currencies add column o traps_shop.odd default 'x'",
    );
}

#[test]
fn a_policy_that_its_owner_is_forced_to() {
    planted(
        "owner_forced",
        "create policy p on erp.currencies using (traps_shop.trap('using')) with check (traps_shop.trap('with check'));
         alter table erp.currencies enable row level security; alter table erp.currencies force row level security",
    );
}

#[test]
fn a_policy_for_others_than_its_owner() {
    planted(
        "owner_policy",
        "create policy p on erp.currencies using (traps_shop.trap('using')) with check (traps_shop.trap('with check'));
         alter table erp.currencies enable row level security; grant all on erp.currencies to manager",
    );
}

#[test]
fn a_cascade_into_a_table_of_the_owner() {
    planted(
        "owner_cascade",
        "alter table erp.currencies add constraint u unique (id);
         create table erp.prices (currency_id bigint references erp.currencies (id) on delete cascade on update cascade);
         insert into erp.prices select id from erp.currencies;
         create trigger t before delete or update on erp.prices
           for each row execute function traps_shop.spring('before cascade');
         create trigger u after delete or update on erp.prices
           for each row execute function traps_shop.spring('after cascade');
         create constraint trigger v after delete or update on erp.prices deferrable initially deferred
           for each row execute function traps_shop.spring('deferred cascade')",
    );
}

/// The child belongs to somebody else: not even the owner of our table may run its triggers.
#[test]
fn a_cascade_into_a_table_of_another_role_runs_nothing_as_the_owner() {
    let mut stage = Stage::open("owner_foreign_cascade");
    stage.plant("peer");
    stage.shop.run(
        "select sync_run('currencies'); alter table erp.currencies add constraint u unique (id);
         grant usage on schema erp to peer; grant references, select on erp.currencies to peer",
    );
    stage.by(
        "peer",
        "create table traps_peer.prices
           (currency_id bigint references erp.currencies (id) on delete cascade on update cascade);
         insert into traps_peer.prices select id from erp.currencies;
         create trigger t before delete on traps_peer.prices
           for each row execute function traps_peer.spring('before cascade');
         create trigger u after delete on traps_peer.prices
           for each row execute function traps_peer.spring('after cascade');
         create trigger w after delete on traps_peer.prices
           for each statement execute function traps_peer.spring('after statement of cascade')",
    );
    let mut found = Vec::new();
    for caller in ["shop", "postgres", "manager"] {
        let call = "select sync_reset('currencies', 'odoo_main', true)";
        found.extend(complaint(call, &stage.call(caller, call)));
        found.extend(stage.stolen("peer").iter().map(|said| format!("{caller}: {said}")));
    }
    none(&found);
}

/// The tables that are made from others, and those of snapshots, belong to the owner as well.
#[test]
fn a_trigger_on_a_derived_table_and_on_a_snapshot() {
    let mut stage = Stage::open("owner_derived");
    stage.plant("shop");
    stage.shop.run("select sync_run('all')");
    for table in ["stock_movements", "warehouse_inventory", "stock_quants", "waiting", "products"] {
        stage.shop.run(&format!(
            "create trigger t before insert or update or delete on erp.{table}
               for each row execute function traps_shop.spring('{table}');
             create trigger s before insert or update or delete on erp.{table}
               for each statement execute function traps_shop.spring('{table} statement');
             delete from erp.{table}"
        ));
    }
    stage.ran();
    let mut found = Vec::new();
    for caller in CALLERS {
        let call =
            "select * from sync_run('stock_moves, inventory, products', mode => 'full', confirm => true)";
        found.extend(complaint(call, &stage.call(caller, call)));
        found.extend(stage.stolen("shop").iter().map(|said| format!("{caller}: {said}")));
        stage
            .shop
            .run("delete from erp.stock_movements; delete from erp.stock_quants; delete from erp.products");
    }
    none(&found);
}

/// Tables, indexes and views.
#[test]
fn what_a_superusers_run_makes_belongs_to_the_schemas_owner() {
    let mut stage = Stage::open("owner_made");
    let outcome =
        stage.call("postgres", "select * from sync_run('currencies, products, warehouses, inventory')");
    let mut found: Vec<String> = complaint("run", &outcome).into_iter().collect();
    let owners = stage.look(
        "select distinct format('%s of %s', c.relkind, c.relowner::regrole) from pg_class c
         where c.relnamespace = 'erp'::regnamespace",
    );
    found.extend(owners.into_iter().filter(|owner| !owner.ends_with(" of shop")));
    none(&found);
}
