//! A table that becomes another one while a run is under way.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};

use crate::stage::{Stage, none};

/// What an owner does to his table between two batches: each time there is a trigger afterwards where none was.
const SWAPS: [(&str, &str); 6] = [
    (
        "renamed",
        "alter table erp.contacts rename to kept; create table erp.contacts (like erp.kept including all);
         create trigger t before insert or update or delete on erp.contacts
           for each row execute function traps_shop.spring('another table')",
    ),
    (
        "trigger",
        "create trigger t before insert or update or delete on erp.contacts
           for each row execute function traps_shop.spring('trigger')",
    ),
    (
        "view",
        "alter table erp.contacts rename to kept; create view erp.contacts as select * from erp.kept;
         create trigger t instead of insert or update or delete on erp.contacts
           for each row execute function traps_shop.spring('view')",
    ),
    (
        "schema",
        "alter schema erp rename to old; create schema erp;
         create table erp.contacts (like old.contacts including all);
         create trigger t before insert or update or delete on erp.contacts
           for each row execute function traps_shop.spring('another schema')",
    ),
    (
        "child",
        "create table erp.child () inherits (erp.contacts); insert into erp.child select * from only erp.contacts;
         create trigger t before insert or update or delete on erp.child
           for each row execute function traps_shop.spring('child')",
    ),
    (
        "type",
        "create domain traps_shop.odd as text check (traps_shop.calm('domain ' || coalesce(value, '')));
         drop view if exists erp.contacts_named;
         alter table erp.contacts alter column city type traps_shop.odd",
    ),
];

/// Contacts in pages of ten, of which `before` have come, and a run of `caller` that waits for the next.
fn paused(stage: &mut Stage, caller: &str, before: usize, settings: &str) -> Call {
    stage.shop.odoo.forget_calls();
    stage.shop.odoo.fault(When::any().model("res.partner").method("search_read").after(before), What::Held);
    let settings = format!("set statement_timeout = '20s'; {settings}");
    let call =
        Call::start_as(&stage.shop, caller, &settings, "select * from sync_run('contacts', mode => 'full')");
    let odoo = &stage.shop.odoo;
    wait_for("the page", LIMIT, || call.is_over() || odoo.count_calls("res.partner", "search_read") > before)
        .unwrap_or_else(|error| panic!("{error}"));
    // What came before is written by now, or will be while the swap waits for its lock.
    call
}

fn stage(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.plant("shop");
    stage.admin(&format!("grant create on database {name} to shop"));
    stage.shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    stage.shop.run("select sync_run('contacts')");
    stage
}

fn swapped(name: &str, caller: &str, before: usize) {
    let mut found = Vec::new();
    for (swap, sql) in SWAPS {
        let mut stage = stage(&format!("{name}_{swap}"));
        stage.shop.run("update erp.contacts set city = 'elsewhere'");
        let call = paused(&mut stage, caller, before, "");
        stage.shop.run(sql);
        stage.ran();
        stage.shop.odoo.clear_faults();
        let ended = call.end();
        println!("{swap}: {:?}", ended.outcome.as_ref().err().map(|failure| &failure.message));
        found.extend(stage.stolen("shop").iter().map(|said| format!("{swap}: {said}")));
    }
    none(&found);
}

#[test]
fn a_table_swapped_before_the_first_batch_of_a_superusers_run() {
    swapped("swap_first", "postgres", 0);
}

#[test]
fn a_table_swapped_between_two_batches_of_a_members_run() {
    swapped("swap_between", "manager", 3);
}

/// The schema is the peer's, in which the owner of the run may create tables.
#[test]
fn a_table_that_a_schemas_owner_swaps_for_his_own_is_not_written_to_as_the_role_that_syncs() {
    let mut stage = Stage::open("swap_schema_owner");
    stage.plant("peer");
    stage.admin("create schema lent authorization peer; grant usage, create on schema lent to shop");
    stage.shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    let call = paused(&mut stage, "shop", 2, "set erp_sync.target_schema = 'lent'");
    if !call.is_over() {
        wait_for("the table", LIMIT, || {
            stage.look("select to_regclass('lent.contacts') is not null") == ["t"]
        })
        .unwrap_or_else(|error| panic!("{error}"));
        stage.by("shop", "grant select on lent.contacts to peer");
        stage.by(
            "peer",
            "create table lent.own (like lent.contacts including all); grant all on lent.own to shop;
             create trigger t before insert or update or delete on lent.own
               for each row execute function traps_peer.spring('own');
             drop table lent.contacts; alter table lent.own rename to contacts",
        );
    }
    stage.shop.odoo.clear_faults();
    let _ = call.end();
    none(&stage.stolen("peer"));
}

/// The table goes to an owner whom the caller may not become.
#[test]
fn a_table_given_to_somebody_else_in_a_run_is_not_written_to() {
    let mut stage = stage("swap_owner");
    stage.plant("peer");
    stage.shop.run("update erp.contacts set city = 'elsewhere'");
    let call = paused(&mut stage, "manager", 2, "");
    stage.admin("alter table erp.contacts owner to peer; grant usage on schema erp to peer");
    stage.admin("grant all on erp.contacts to manager, shop");
    stage.by(
        "peer",
        "create trigger t before insert or update or delete on erp.contacts
           for each row execute function traps_peer.spring('given')",
    );
    stage.ran();
    let before = stage.look("select count(*) from erp_sync.batch");
    stage.shop.odoo.clear_faults();
    let ended = call.end();
    println!("ended: {:?}", ended.outcome);
    let mut found = stage.stolen("peer");
    if ended.outcome.is_ok() {
        let after = stage.look("select count(*) from erp_sync.batch");
        found.push(format!("the run went on: batches {before:?}, then {after:?}"));
    }
    none(&found);
}
