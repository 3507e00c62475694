//! Which role sees which bookkeeping, and that reading it runs no code of the tables.

use serde_json::json;

use crate::stage::{Stage, none};

/// Nothing that a look could run is run, not even as its owner.
#[test]
fn a_status_a_plan_and_a_gate_run_no_code_of_the_tables() {
    let mut stage = Stage::open("sight_looks");
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
    let mut stage = Stage::open("sight_waiting");
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
    stage.admin("alter server odoo_main owner to peer; grant usage on foreign server odoo_main to shop");
    assert_eq!(stage.call("peer", listed), Ok(vec!["0".into()]), "the server's owner");
    assert_eq!(stage.call("peer", counted), Ok(vec!["1".into()]), "the server's owner");
}

#[test]
fn the_owner_of_a_server_sees_its_bookkeeping_whoever_owns_the_tables() {
    let mut stage = Stage::open("sight_lent");
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
        let seen = format!("select distinct server from erp_sync.{table} order by 1");
        let both = Ok(vec!["lent_main".into(), "odoo_main".into()]);
        assert_eq!(stage.call("shop", &seen), both, "{table}");
    }
    // Without USAGE nothing of it is seen any more, whoever owns the tables.
    stage.by("peer", "revoke usage on foreign server lent_main from shop");
    for table in ["task", "position", "batch"] {
        let seen = stage.call("shop", &format!("select distinct server from erp_sync.{table}"));
        assert_eq!(seen, Ok(vec!["odoo_main".into()]), "{table}");
    }
}

#[test]
fn a_monitor_sees_no_record_and_no_message_that_quotes_a_row() {
    let mut stage = Stage::open("sight_monitor");
    stage.shop.run("select sync_run('contacts')");
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.odoo.write("res.partner", &[14], json!({"city": "\0"}));
    stage.shop.run("select sync_run('contacts', mode => 'full')");
    stage.shop.run("alter table erp.contacts add constraint c check (city <> 'a canary') not valid");
    stage.shop.odoo.write("res.partner", &[15], json!({"city": "a canary"}));
    stage.call("shop", "select sync_run('contacts')").expect_err("the constraint");
    let with_rows = ["removed", "rejected", "rejections", "original_error"];
    for (role, sees) in [("shop", true), ("monitor", false)] {
        for table in with_rows {
            let seen = stage.call(role, &format!("select count(*) > 0 from erp_sync.{table}"));
            let seen = seen.is_ok_and(|rows| rows == ["t"]);
            assert_eq!(seen, sees, "{role}: {table}");
        }
    }
    for (table, rows) in [("run", "3"), ("task", "3"), ("position", "1")] {
        let seen = stage.call("monitor", &format!("select count(*) from erp_sync.{table}"));
        assert_eq!(seen, Ok(vec![rows.into()]), "{table}");
    }
    let told = stage.call("monitor", "select error from erp_sync.errors").expect("it is shown");
    assert!(told.len() == 1 && !told[0].contains("canary"), "{told:?}");
}

#[test]
fn only_far_reaching_rights_let_a_role_write_the_bookkeeping() {
    let mut stage = Stage::open("sight_forged");
    stage.shop.run("select sync_run('currencies')");
    stage.admin("create role sight_writer login in role pg_write_all_data, pg_read_all_data");
    let forge = "update erp_sync.position set position = null";
    for role in ["shop", "manager", "monitor", "dbo", "outsider"] {
        assert_eq!(stage.call(role, forge).expect_err(role).sqlstate, "42501", "{role}");
    }
    stage.call("sight_writer", forge).expect("that role may write all");
    stage.admin("drop owned by sight_writer; drop role sight_writer");
}

#[test]
fn a_schema_of_an_old_name_shows_and_moves_nothing_of_the_old_ones() {
    let mut stage = Stage::open("sight_schema_again");
    stage.shop.run("select sync_run('contacts, currencies')");
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.run("select sync_run('contacts', mode => 'full'); drop schema erp cascade");
    stage.shop.run("grant usage on foreign server odoo_main to outsider");
    stage.admin("grant create on database sight_schema_again to outsider");
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
fn a_warning_of_a_trigger_of_ones_own_is_in_the_servers_log() {
    let stage = Stage::open("sight_log");
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
