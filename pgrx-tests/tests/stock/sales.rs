//! Sales of the tills: from SQL Server, told apart by server, matched with products and branches of Odoo.

use erp_sync_tests::shop::rows;
use erp_sync_tests::tds::Tds;
use erp_sync_tests::till::{self, Line};

use super::*;

/// Sells, or takes back: branch, barcode, quantity, whether it is a return.
pub fn sell(
    tds: &Tds,
    invoice: &str,
    line: u32,
    branch: &str,
    barcode: &str,
    quantity: &str,
    is_return: bool,
) {
    let (price, net, sold_at) = ("12.5", "25.0", "2026-11-20T18:30:00");
    till::sell(tds, &Line { invoice, line, branch, barcode, quantity, price, net, sold_at, is_return });
}

const MOVEMENTS: &str = "
select reference, movement_type, warehouse_id, product_id, quantity from erp.stock_movements
where origin = 'pos_sales' order by origin_key";

const WAITING: &str = "select key, reason, value from erp_sync.waiting where stream = 'pos_sales'";

fn synced(name: &str) -> (Shop<'static>, Tds) {
    let mut shop = shop(name);
    let tds = till::open(&mut shop, "pos");
    run(&mut shop, "'products,warehouses'");
    (shop, tds)
}

#[test]
fn what_is_sold_leaves_the_branch_and_what_is_taken_back_comes() {
    let (mut shop, tds) = synced("sales_signs");
    sell(&tds, "B-1", 1, "WH", "601647855646", "2", false);
    sell(&tds, "B-1", 2, "CHIC1", "601647855647", "0.5", false);
    sell(&tds, "B-2", 1, "WH", "601647855646", "-1", false);
    sell(&tds, "B-3", 1, "WH", "601647855646", "1", true);
    sell(&tds, "B-4", 1, "WH", "601647855646", "-3", true);
    sell(&tds, "B-5", 1, "WH", "601647855646", "0", false);
    run(&mut shop, "'sales'");
    assert_eq!(
        shop.rows(MOVEMENTS),
        [
            "B-1|sales|1|48|-2",
            "B-1|sales|2|49|-0.5",
            "B-2|sales_return|1|48|1",
            "B-3|sales_return|1|48|1",
            "B-4|sales_return|1|48|3"
        ]
    );
    assert_eq!(shop.rows(WAITING), [""; 0]);
    let first =
        "select server, unit_price, net_amount, sale_date at time zone 'UTC' from erp.pos_sales limit 1";
    assert_eq!(shop.rows(first), ["pos|12.5|25.0000|2026-11-20 18:30:00"]);
    // The next run finds nothing to do, and writes nothing.
    run(&mut shop, "'sales'");
    assert_eq!(shop.value("select inserted + updated + removed from erp_sync.history limit 1"), "0");
}

#[test]
fn a_sale_waits_for_its_product_and_its_branch_and_is_admitted_by_them() {
    let (mut shop, tds) = synced("sales_wait");
    sell(&tds, "B-1", 1, "WH", "999", "1", false);
    sell(&tds, "B-1", 2, "NOWHERE", "601647855646", "1", false);
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(MOVEMENTS), [""; 0]);
    assert_eq!(
        shop.rows(WAITING),
        [r#"["pos", "B-1", 1]|unknown barcode|999"#, r#"["pos", "B-1", 2]|unknown branch|NOWHERE"#]
    );
    assert_eq!(shop.value("select waiting from erp_sync.history limit 1"), "2");
    // The product gets its barcode later.
    shop.odoo.write("product.product", &[5], json!({"barcode": "999"}));
    run(&mut shop, "'products'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|5|-1"]);
    // Somebody fills in the branch: the next run admits it.
    shop.run(
        "insert into erp.branch_codes (tenant, branch_code, warehouse_id) values ('main', 'NOWHERE', 2)",
    );
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|5|-1", "B-1|sales|2|48|-1"]);
    assert_eq!(shop.rows(WAITING), [""; 0]);
    // The barcode moves to another product and leaves nothing behind.
    shop.odoo.write("product.product", &[5], json!({"barcode": false}));
    shop.odoo.write("product.product", &[6], json!({"barcode": "999"}));
    run(&mut shop, "'products'");
    assert_eq!(shop.rows(MOVEMENTS)[0], "B-1|sales|1|6|-1");
    // A warehouse is renamed, and another gets its code.
    shop.odoo.write("stock.warehouse", &[1], json!({"code": "OLD"}));
    run(&mut shop, "'warehouses'");
    assert_eq!(shop.rows(WAITING), [r#"["pos", "B-1", 1]|unknown branch|WH"#]);
    shop.odoo.write("stock.warehouse", &[2], json!({"code": "WH"}));
    run(&mut shop, "'warehouses'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|2|6|-1", "B-1|sales|2|48|-1"]);
}

#[test]
fn sales_and_moves_that_come_before_all_products_and_places_wait_for_them() {
    let mut shop = shop("sales_early");
    let tds = till::open(&mut shop, "pos");
    sell(&tds, "B-1", 1, "WH", "601647855646", "1", false);
    sell(&tds, "B-1", 2, "WH", "no such", "1", false);
    sell(&tds, "B-1", 3, "WH", "no such", "0", false);
    shop.odoo.write("stock.move", &[1], json!({"product_id": 9001, "state": "done", "quantity": 1.0}));
    run(&mut shop, "'sales'");
    run(&mut shop, "'stock_moves'");
    assert_eq!(
        shop.rows(WAITING),
        [r#"["pos", "B-1", 1]|unknown branch|WH"#, r#"["pos", "B-1", 2]|unknown branch|WH"#]
    );
    assert_eq!(shop.rows(MOVEMENTS), [""; 0]);
    run(&mut shop, "'products,warehouses,stock_moves,sales'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|48|-1"]);
    assert_eq!(shop.rows(WAITING), [r#"["pos", "B-1", 2]|unknown barcode|no such"#]);
    let moves = "select key, reason, value from erp_sync.waiting where stream = 'stock_moves'";
    assert_eq!(shop.rows(moves), ["[1]|unknown product|9001"]);
}

#[test]
fn a_barcode_of_two_products_is_ambiguous_unless_one_is_archived() {
    let (mut shop, tds) = synced("sales_ambiguous");
    shop.odoo.write("product.product", &[5, 6], json!({"barcode": "777"}));
    sell(&tds, "B-1", 1, "WH", "777", "1", false);
    run(&mut shop, "'products'");
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(WAITING), [r#"["pos", "B-1", 1]|ambiguous barcode|777"#]);
    shop.odoo.archive("product.product", 6);
    run(&mut shop, "'products'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|5|-1"]);
}

#[test]
fn several_tills_feed_one_tenant_and_the_same_number_is_another_invoice_there() {
    let (mut shop, first) = synced("sales_tills");
    let second = till::open(&mut shop, "pos_b");
    sell(&first, "B-1", 1, "WH", "601647855646", "1", false);
    sell(&second, "B-1", 1, "CHIC1", "601647855646", "2", false);
    sell(&second, "B-2", 1, "CHIC1", "601647855646", "3", false);
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|48|-1", "B-1|sales|2|48|-2", "B-2|sales|2|48|-3"]);
    assert_eq!(
        shop.rows("select server, count(*) from erp.pos_sales group by 1 order by 1"),
        ["pos|1", "pos_b|2"]
    );
    // What is deleted on one till goes here by a full pass, and only there.
    second.execute("delete from INV_PointofSalesDetailTAB where invoice_no = N'B-1'");
    run(&mut shop, "'sales', mode => 'full'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|48|-1", "B-2|sales|2|48|-3"]);
    let removed = "select server, stream, reason from erp_sync.removed";
    assert_eq!(shop.rows(removed), ["pos_b|pos_sales|deleted"]);
    shop.run("select sync_reset('sales', 'pos', truncate => true)");
    assert_eq!(shop.rows("select server from erp.pos_sales"), ["pos_b"]);
}

#[test]
fn changes_are_followed_and_a_bad_row_is_rejected_with_the_reason() {
    let (mut shop, tds) = synced("sales_changes");
    sell(&tds, "B-1", 1, "WH", "601647855646", "1", false);
    sell(&tds, "B-1", 2, "WH", "601647855647", "1", false);
    run(&mut shop, "'sales'");
    tds.execute(
        "update INV_PointofSalesDetailTAB set quantity = 4, updated_at = sysutcdatetime() where line_no = 1",
    );
    tds.execute("update INV_PointofSalesDetailTAB set unit_price = -1, updated_at = sysutcdatetime() where line_no = 2");
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|1|48|-4", "B-1|sales|1|49|-1"]);
    let rejections = "select key, rule, reason from erp_sync.rejections";
    assert_eq!(shop.rows(rejections), [r#"["pos", "B-1", 2]|range|the column "unit_price" is less than 0"#]);
    tds.execute("update INV_PointofSalesDetailTAB set unit_price = 1, updated_at = sysutcdatetime() where line_no = 2");
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(rejections), [""; 0]);
}

#[test]
fn a_full_pass_of_many_pages_forgets_of_the_rejections_only_what_is_no_longer_there() {
    let (mut shop, tds) = synced("sales_rejections");
    for line in 1..=6 {
        sell(&tds, "B-1", line, "WH", "601647855646", "1", false);
    }
    tds.execute("update INV_PointofSalesDetailTAB set unit_price = -1 where line_no in (1, 2, 4, 6)");
    shop.run("set erp_sync.batch_rows = 2");
    run(&mut shop, "'sales'");
    tds.execute("update INV_PointofSalesDetailTAB set unit_price = 1 where line_no = 4");
    tds.execute("delete from INV_PointofSalesDetailTAB where line_no = 2");
    run(&mut shop, "'sales', mode => 'full'");
    let rejections = "select key from erp_sync.rejections order by key";
    assert_eq!(shop.rows(rejections), [r#"["pos", "B-1", 1]"#, r#"["pos", "B-1", 6]"#]);
}

#[test]
fn a_table_of_other_names_says_which_there_are_and_is_read_once_they_are_named() {
    let mut shop = shop("sales_names");
    let tds = Tds::start();
    till::connect(&mut shop, "pos", &tds);
    run(&mut shop, "'products,warehouses'");
    tds.execute(
        "create table dbo.tickets (no nvarchar(30) not null, pos int not null, shop nvarchar(20), ean nvarchar(40),
           qty decimal(18,3), price money, net money, sold datetime, back bit, note nvarchar(100), changed rowversion,
           primary key (no, pos))",
    );
    tds.execute(
        "insert into tickets (no, pos, shop, ean, qty, price, net, sold, back, note)
                 values (N'T1', 1, N'WH', N'601647855646', 2, 1, 2, '2026-11-20T10:00:00', 0, null)",
    );
    let error = shop.error("select * from sync_run('sales')");
    assert!(error.message.contains("INV_PointofSalesDetailTAB"), "{error:?}");
    assert_eq!(shop.value("select string_agg(object, ',') from sync_discover('pos')"), "dbo.tickets");
    let named = [
        ("invoice_no", "no"),
        ("line_no", "pos"),
        ("branch_code", "shop"),
        ("barcode", "ean"),
        ("quantity", "qty"),
        ("unit_price", "price"),
        ("net_amount", "net"),
        ("sale_date", "sold"),
        ("is_return", "back"),
        ("remarks", "note"),
    ];
    let columns: Vec<Value> =
        named.iter().map(|(name, path)| json!({"name": name, "path": [path]})).collect();
    let manifest = json!({"extends": "sales", "streams": [{
        "table": "pos_sales", "object": "tickets", "cursor": "changed", "date": "sold", "columns": columns}]});
    shop.run(&format!("select sync_define('{manifest}')"));
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(MOVEMENTS), ["T1|sales|1|48|-2"]);
}

#[test]
fn a_product_and_its_sale_that_arrive_at_the_same_moment_find_each_other() {
    let (mut shop, tds) = synced("sales_race");
    for round in 0..6 {
        let barcode = format!("race-{round}");
        shop.odoo.create(
            "product.product",
            json!({"id": 9100 + round, "name": "Race", "uom_id": 1, "barcode": barcode}),
        );
        sell(&tds, &format!("R-{round}"), 1, "WH", &barcode, "1", false);
        let mut other = shop.session();
        let products = std::thread::spawn(move || rows(&mut other, "select state from sync_run('products')"));
        run(&mut shop, "'sales'");
        assert_eq!(products.join().unwrap(), ["succeeded"]);
        let found = format!("select product_id from erp.stock_movements where reference = 'R-{round}'");
        assert_eq!(shop.value(&found), (9100 + round).to_string(), "round {round}");
    }
}

#[test]
fn another_time_zone_of_a_till_means_that_its_rows_are_read_again() {
    let (mut shop, tds) = synced("sales_zone");
    sell(&tds, "B-1", 1, "WH", "601647855646", "2", false);
    run(&mut shop, "'sales'");
    shop.run("alter server pos options (add timezone 'Asia/Dubai')");
    run(&mut shop, "'sales'");
    let when = "select sale_date at time zone 'UTC' from erp.pos_sales";
    assert_eq!(shop.rows(when), ["2026-11-20 14:30:00"]);
    assert_eq!(shop.value("select updated from erp_sync.history limit 1"), "1");
}

#[test]
fn what_fails_when_waiting_rows_are_looked_at_again_fails_its_task_and_no_other() {
    let (mut shop, tds) = synced("sales_readmit");
    sell(&tds, "B-1", 1, "NOWHERE", "601647855646", "1", false);
    run(&mut shop, "'sales'");
    // Somebody keeps the branch's row from being looked at.
    shop.run(
        "create function erp.no() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$;
         create trigger no before delete on erp.waiting for each row execute function erp.no();
         insert into erp.branch_codes (tenant, branch_code, warehouse_id) values ('main', 'NOWHERE', 2)",
    );
    let error = shop.error("select * from sync_run('sales,contacts')");
    assert!(error.message.contains("sales from pos: PostgreSQL, or a trigger, refused a row"), "{error:?}");
    let states = "select entity || ' ' || state from erp_sync.history
                  where run_id = (select max(id) from erp_sync.run) order by 1";
    assert_eq!(shop.rows(states), ["contacts succeeded", "sales failed"]);
    shop.run("drop trigger no on erp.waiting");
    run(&mut shop, "'sales'");
    assert_eq!(shop.rows(MOVEMENTS), ["B-1|sales|2|48|-1"]);
}
