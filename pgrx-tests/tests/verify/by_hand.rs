//! Rows that somebody changed locally are found, distinguished from late commits, and repaired.

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::till;

use super::*;

/// What a table holds but for when it was written.
fn content(shop: &mut Shop<'_>, table: &str) -> String {
    shop.value(&format!(
        "select md5(string_agg((to_jsonb(t) - 'synced_at' - 'run_id')::text, E'\\n' order by id)) from erp.{table} t"
    ))
}

/// What the last run found, with why.
fn causes(shop: &mut Shop<'_>) -> Vec<String> {
    shop.rows(
        "select differs, key, cause from erp_sync.differences
         where run_id = (select max(id) from erp_sync.run) order by differs, key",
    )
}

/// What `sync_repair()` shows.
fn repaired(shop: &mut Shop<'_>, arguments: &str) -> Vec<String> {
    shop.rows(&format!("select differs, stream, key, cause from sync_repair({arguments}) order by 1, 2, key"))
}

/// How many rows of contacts the last run asked for by their keys.
fn asked_by_key(shop: &Shop<'_>, before: usize) -> usize {
    let asked = shop.odoo.calls().split_off(before);
    let by_key = asked.iter().filter(|call| call.model == "res.partner" && call.method == "search_read");
    by_key.filter(|call| format!("{} {}", call.args, call.kwargs).contains(r#"["id","in","#)).count()
}

#[test]
fn rows_that_were_changed_or_deleted_here_are_mended_and_no_late_commit_is_blamed() {
    let mut shop = synced("by_hand");
    let before = content(&mut shop, "contacts");
    shop.run(
        "delete from erp.contacts where id in (select id from erp.contacts order by id offset 1 limit 30)",
    );
    shop.run(
        "update erp.contacts set name = 'changed by hand' where id = (select max(id) from erp.contacts)",
    );
    shop.run(
        "update erp.contacts set source_updated_at = now() where id = (select max(id) - 1 from erp.contacts)",
    );
    assert_eq!(run(&mut shop, "'contacts'"), "succeeded 0 0 0 0");
    let shown =
        shop.rows("select differs, cause, count(*) from sync_diff('contacts') group by 1, 2 order by 1");
    let wanted = ["altered|changed here|1", "missing|deleted here|30", "stale|changed here|1"];
    assert_eq!(shown, wanted);
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 30 2 0 0");
    assert_eq!(content(&mut shop, "contacts"), before);
    assert_eq!(
        warnings(&mut shop),
        "32 rows differed from the remote's: 1 altered, 30 missing, 1 stale (listed in erp_sync.differences); \
         of these 2 changed here, 30 deleted here"
    );
    assert_eq!(shop.rows("select late from erp_sync.differences where late is not null"), [""; 0]);
    let calls = shop.odoo.calls().len();
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 0 0 0");
    assert_eq!((causes(&mut shop), asked_by_key(&shop, calls)), (Vec::new(), 0));
}

#[test]
fn rows_that_were_written_again_as_they_were_are_looked_at_once() {
    let mut shop = synced("by_hand_same");
    let all: usize = shop.value("select count(*) from erp.contacts").parse().expect("a number");
    shop.run("update erp.contacts set name = name");
    let calls = shop.odoo.calls().len();
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), format!("succeeded 0 0 0 0"));
    assert!(all > 50 && asked_by_key(&shop, calls) > 0);
    assert_eq!((causes(&mut shop), warnings(&mut shop).as_str()), (Vec::new(), ""));
    // Neither a table that is packed anew nor a trigger that changes what is written is somebody else.
    shop.run("vacuum full erp.contacts");
    shop.run(
        "create function erp.shout() returns trigger language plpgsql as
           $$ begin new.comment := null; begin perform 1 / 0; exception when others then null; end; return new; end $$;
         create trigger shout before insert or update on erp.contacts for each row execute function erp.shout()",
    );
    shop.odoo.write("res.partner", &[30, 31], json!({"name": "new there"}));
    run(&mut shop, "'contacts'");
    let calls = shop.odoo.calls().len();
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 0 0 0");
    assert_eq!(asked_by_key(&shop, calls), 0);
}

#[test]
fn the_list_of_transactions_is_as_long_as_what_the_rows_name() {
    let mut shop = synced("by_hand_list");
    let listed = |shop: &mut Shop<'_>| {
        rows(
            &mut shop.admin,
            "select count(*) from erp_sync.transaction where stream = 'contacts' and id <> 0",
        )
    };
    for name in ["a", "b", "c", "d", "e"] {
        shop.odoo.write("res.partner", &[30], json!({"name": name}));
        run(&mut shop, "'contacts'");
    }
    shop.run("update erp.contacts set name = name where id = 40");
    run(&mut shop, "'contacts', mode => 'verify'");
    let named = shop.rows("select count(distinct xmin::text) from erp.contacts");
    assert_eq!(listed(&mut shop), named);
    // As after an update from 0.1.0, or a restore: rows are taken as they are, and changes after that are found.
    shop.admin.batch_execute("delete from erp_sync.transaction").expect("the list is lost");
    shop.odoo.write("res.partner", &[31], json!({"name": "first after the restore"}));
    run(&mut shop, "'contacts'");
    let calls = shop.odoo.calls().len();
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 0 0 0");
    let named = shop.rows("select count(distinct xmin::text) from erp.contacts");
    assert_eq!((asked_by_key(&shop, calls), listed(&mut shop)), (0, named));
    shop.run("update erp.contacts set name = 'by hand' where id = 32");
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 1 0 0");
    assert_eq!(causes(&mut shop), ["altered|[32]|changed here"]);
}

#[test]
fn a_broken_table_is_repaired_in_one_call_that_lists_what_it_changed() {
    let mut shop = synced("repair");
    let (invoices, lines) = (content(&mut shop, "invoices"), content(&mut shop, "invoice_lines"));
    let gone: i64 = shop.value("select min(id) from erp.invoice_lines").parse().expect("an id");
    shop.run(&format!(
        "update erp.invoices set amount_total = 0.01 where id = 3;
         delete from erp.invoice_lines where id = {gone};
         insert into erp.invoices (tenant, id, number) values ('main', 999999, 'made up')"
    ));
    shop.odoo.write_silently("account.move", &[5], json!({"ref": "changed without a new time"}));
    let found = repaired(&mut shop, "'invoices'");
    let tenant = shop.value("select tenant from erp.invoices limit 1");
    let added =
        if tenant == "main" { vec!["extra|invoices|[999999]|added here".to_owned()] } else { Vec::new() };
    let wanted = [
        vec![
            "altered|invoices|[3]|changed here".to_owned(),
            "altered|invoices|[5]|without a new time".to_owned(),
        ],
        added,
        vec![format!("missing|invoice_lines|[{gone}]|deleted here")],
    ]
    .concat();
    assert_eq!(found, wanted);
    assert_eq!(shop.value("select ref from erp.invoices where id = 5"), "changed without a new time");
    shop.odoo.write_silently("account.move", &[5], json!({"ref": false}));
    assert_eq!(repaired(&mut shop, "'invoices'").len(), 1);
    assert_eq!((content(&mut shop, "invoices"), content(&mut shop, "invoice_lines")), (invoices, lines));
    assert_eq!(repaired(&mut shop, "'invoices'"), [""; 0]);
    assert_eq!(shop.value("select mode from erp_sync.history order by run_id desc limit 1"), "repair");
}

#[test]
fn tables_of_every_kind_are_repaired_with_what_is_derived_from_them() {
    let mut shop = synced("repair_all");
    let tables = ["contacts", "products", "stock_quants", "stock_moves", "employees"];
    let before: Vec<String> = tables.iter().map(|table| content(&mut shop, table)).collect();
    let movements = "select md5(string_agg((to_jsonb(t) - 'synced_at' - 'run_id')::text, '' order by origin_key, movement_type)) from erp.stock_movements t";
    let derived = shop.value(movements);
    shop.run(
        "alter table erp.contacts drop column name cascade;
         truncate erp.products;
         update erp.stock_quants set quantity = quantity + 1 where id = (select min(id) from erp.stock_quants);
         delete from erp.stock_quants where id = (select max(id) from erp.stock_quants);
         delete from erp.stock_movements where origin_key in (select origin_key from erp.stock_movements limit 5);
         update erp.stock_movements set quantity = -quantity where origin_key in (select origin_key from erp.stock_movements limit 5);
         drop table erp.employees cascade",
    );
    let found = repaired(&mut shop, "'all'");
    let of_inventory = found.iter().filter(|line| line.contains("|stock_quants|")).count();
    assert_eq!(of_inventory, 2, "{found:?}");
    let after: Vec<String> = tables.iter().map(|table| content(&mut shop, table)).collect();
    assert_eq!(after, before);
    assert_eq!(shop.value(movements), derived);
}

#[test]
fn rows_of_a_till_that_were_changed_here_are_found_too() {
    let mut shop = Shop::open(Cluster::shared(), "by_hand_till", "jsonrpc");
    let (one, two) = (till::open(&mut shop, "pos"), till::open(&mut shop, "pos_two"));
    run(&mut shop, "'products,warehouses'");
    for tds in [&one, &two] {
        tds.fill("INV_PointofSalesDetailTAB", (0..600).map(till::made_up));
    }
    run(&mut shop, "'sales'");
    let content = "select md5(string_agg((to_jsonb(t) - 'synced_at' - 'run_id')::text, '' order by server, invoice_no, line_no)) from erp.pos_sales t";
    let before = shop.value(content);
    shop.run("update erp.pos_sales set quantity = 99 where server = 'pos' and invoice_no = 'B-00000002' and line_no = 1");
    assert_eq!(run(&mut shop, "'sales', 'pos_two', mode => 'verify'"), "succeeded 0 0 0 0");
    assert_eq!(run(&mut shop, "'sales', 'pos', mode => 'verify'"), "succeeded 0 1 0 0");
    assert_eq!(causes(&mut shop), [r#"altered|["pos", "B-00000002", 1]|changed here"#]);
    assert_eq!(shop.value(content), before);
    shop.run("update erp.pos_sales set quantity = 99 where server = 'pos' and invoice_no = 'B-00000002' and line_no = 1");
    assert_eq!(
        repaired(&mut shop, "'sales', 'pos'"),
        [r#"altered|pos_sales|["pos", "B-00000002", 1]|changed here"#]
    );
    assert_eq!(shop.value(content), before);
}

#[test]
fn more_rows_than_may_go_unasked_wait_for_a_word_and_wrong_names_get_the_right_ones() {
    let mut shop = synced("repair_breaker");
    shop.run(
        "insert into erp.contacts (tenant, id, name)
         select (select tenant from erp.contacts limit 1), 900000 + n, 'made up' from generate_series(1, 40) n",
    );
    let error = shop.error("select * from sync_repair('contacts')");
    assert!(error.message.contains("vanished at once"), "{error:?}");
    let (_, line) = error.hint.split_once("if the rows are really gone: ").expect("a line to type");
    shop.run(line);
    assert_eq!(shop.value("select count(*) from erp.contacts where id > 900000"), "0");
    assert_eq!(shop.error("select * from sync_repair('contact')").hint, "did you mean \"contacts\"?");
    assert_eq!(shop.error("select * from sync_repair(null)").hint, "look at: select * from sync_entities()");
    let error = shop.error("select * from sync_repair('contacts', 'odoo_mian')");
    assert!(error.message.contains("odoo_mian"), "{error:?}");
}

#[test]
fn rows_that_were_held_back_and_then_deleted_by_hand_are_nothing_to_confirm() {
    let mut shop = synced("repair_ghosts");
    shop.run(
        "insert into erp.contacts (tenant, id, name)
         select (select tenant from erp.contacts limit 1), 900000 + n, 'made up' from generate_series(1, 2500) n",
    );
    for call in ["sync_repair('contacts')", "sync_run('contacts', mode => 'verify')"] {
        let error = shop.error(&format!("select * from {call}"));
        assert!(error.message.contains("vanished at once"), "{error:?}");
    }
    shop.run("delete from erp.contacts where id > 900000");
    assert_eq!(repaired(&mut shop, "'contacts'"), [""; 0]);
    assert_eq!(shop.value("select count(*) from erp_sync.waiting"), "0");
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 0 0 0");
}

#[test]
fn a_repair_that_is_not_made_is_no_repair_without_differences() {
    let mut shop = synced("repair_skipped");
    shop.odoo.fault(When::any().model("res.partner").method("search_read"), What::Held);
    let call = Call::start(&shop, "select * from sync_run('contacts')");
    let odoo = shop.odoo.clone();
    let before = odoo.calls().len();
    wait_for("the page", LIMIT, || odoo.calls().len() > before).unwrap_or_else(|e| panic!("{e}"));
    let error = shop.error("select * from sync_repair('contacts')");
    assert!(
        error.message.starts_with("nothing was repaired: contacts from odoo_main: already running"),
        "{error:?}"
    );
    assert_eq!(error.hint, "see what runs with: select * from sync_progress()");
    shop.odoo.clear_faults();
    call.end();
    let error = shop.error("create table erp.t (); select * from sync_repair('contacts')");
    assert_eq!(error.hint, "commit first, then call it again");
}

#[test]
fn of_a_column_that_was_dropped_nothing_is_said_to_have_changed_there() {
    let mut shop = synced("repair_column");
    shop.run("alter table erp.employees drop column job_title cascade");
    let causes = shop.rows("select differs, coalesce(cause, 'unknown'), count(*) > 0 from sync_repair('employees') group by 1, 2");
    assert_eq!(causes, ["altered|unknown|t"]);
}
