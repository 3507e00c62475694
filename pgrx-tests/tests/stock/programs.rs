//! After any sequence of remote changes and syncs the movements are what somebody else works out.

use erp_sync_tests::tds::Tds;

use super::recomputed::{differences, differences_of_sales};
use erp_sync_tests::till;

use super::sales::sell;
use super::*;

/// A small generator of its own: the same numbers for the same seed, whatever a library does.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

fn step(shop: &mut Shop<'_>, dice: &mut Dice, places: &[i64], moves: &mut Vec<i64>) {
    let quantity = dice.roll(5) as f64;
    match dice.roll(9) {
        0..=2 => {
            let more = json!({"state": dice.one(&["done", "done", "assigned"]), "product_id": dice.one(&[5, 6, 9001])});
            let (from, to) = (dice.one(places), dice.one(places));
            moves.push(moved(shop, from, to, quantity, more));
        }
        3 if !moves.is_empty() => {
            let id = dice.one(moves);
            shop.odoo.write(
                "stock.move",
                &[id],
                json!({"quantity": quantity, "location_id": dice.one(places)}),
            );
        }
        4 if !moves.is_empty() => {
            let id = moves.swap_remove(dice.roll(moves.len()));
            shop.odoo.delete("stock.move", &[id]);
        }
        5 => shop.odoo.write(
            "stock.location",
            &[dice.one(places)],
            json!({"usage": dice.one(&["internal", "customer", "transit"])}),
        ),
        6 if !shop.odoo.records("product.product").iter().any(|p| p["id"] == 9001) => {
            shop.odoo.create("product.product", json!({"id": 9001, "name": "Late", "uom_id": 1}));
        }
        7 => shop.odoo.write("product.product", &[6], json!({"uom_id": dice.one(&[1, 2])})),
        _ => shop.odoo.advance(60 * dice.roll(30) as i64),
    }
}

fn program(shop: &mut Shop<'_>, seed: u64) {
    let mut dice = Dice(seed);
    let sql = "select id from erp.locations where usage <> 'view' order by id limit 9";
    let places: Vec<i64> = shop.rows(sql).iter().map(|id| id.parse().unwrap()).collect();
    let mut moves = Vec::new();
    for _ in 0..12 {
        for _ in 0..=dice.roll(4) {
            step(shop, &mut dice, &places, &mut moves);
        }
        let entity = dice.one(&["products", "warehouses", "stock_moves", "stock_moves"]);
        let mode = dice.one(&["incremental", "incremental", "full"]);
        run(shop, &format!("'{entity}', mode => '{mode}', confirm => true"));
        assert_eq!(differences(shop), [""; 0], "seed {seed}: after {entity} {mode}");
    }
}

#[test]
fn after_any_changes_and_syncs_the_movements_are_exact() {
    let mut shop = shop("stock_programs");
    run(&mut shop, &format!("'{STOCK}'"));
    for seed in 1..=8 {
        program(&mut shop, seed);
    }
}

const CODES: &[&str] = &["WH", "CHIC1", "B7"];
const BARCODES: &[&str] = &["601647855646", "P-1", "P-2"];

fn step_of_sales(shop: &mut Shop<'_>, dice: &mut Dice, tills: &[Tds], sold: &mut usize) {
    let till = &tills[dice.roll(tills.len())];
    match dice.roll(8) {
        0..=2 => {
            *sold += 1;
            let quantity = (dice.roll(7) as i64 - 2).to_string();
            sell(till, &format!("I-{sold}"), 1, dice.one(CODES), dice.one(BARCODES), &quantity, dice.roll(4) == 0);
        }
        3 => till.execute(&format!(
            "update INV_PointofSalesDetailTAB set barcode = N'{}', branch_code = N'{}', updated_at = sysutcdatetime()
             where invoice_no = N'I-{}'",
            dice.one(BARCODES), dice.one(CODES), dice.roll(*sold + 1)
        )),
        4 => till.execute(&format!("delete from INV_PointofSalesDetailTAB where invoice_no = N'I-{}'", dice.roll(*sold + 1))),
        5 => {
            let barcode = [json!(false), json!("P-1"), json!("P-2")][dice.roll(3)].clone();
            shop.odoo.write("product.product", &[dice.one(&[5, 6])], json!({"barcode": barcode, "active": dice.roll(3) > 0}));
        }
        6 => shop.odoo.write("stock.warehouse", &[dice.one(&[1, 2])], json!({"code": dice.one(CODES)})),
        _ => {
            let (code, warehouse) = (dice.one(CODES), dice.one(&["1", "2", "null"]));
            shop.run(&format!(
                "insert into erp.branch_codes (tenant, branch_code, warehouse_id) values ('main', '{code}', {warehouse})
                 on conflict (tenant, branch_code) do update set warehouse_id = excluded.warehouse_id"
            ));
            // What is filled in by hand counts for what waits; for what was admitted, from the next full pass on.
            run(shop, "'sales', mode => 'full', confirm => true");
        }
    }
}

#[test]
fn after_any_changes_of_tills_products_and_branches_the_sales_are_exact() {
    let mut shop = shop("stock_sales_programs");
    let tills = [till::open(&mut shop, "pos"), till::open(&mut shop, "pos_b")];
    run(&mut shop, "'products,warehouses,sales'");
    for seed in 1..=6 {
        let (mut dice, mut sold) = (Dice(seed), 0);
        tills.iter().for_each(|till| till.execute("delete from INV_PointofSalesDetailTAB"));
        run(&mut shop, "'sales', mode => 'full', confirm => true");
        for _ in 0..10 {
            for _ in 0..=dice.roll(4) {
                step_of_sales(&mut shop, &mut dice, &tills, &mut sold);
            }
            let entity = dice.one(&["products", "warehouses", "sales", "sales"]);
            let mode = dice.one(&["incremental", "incremental", "full"]);
            run(&mut shop, &format!("'{entity}', mode => '{mode}', confirm => true"));
            assert_eq!(differences_of_sales(&mut shop), [""; 0], "seed {seed}: after {entity} {mode}");
        }
    }
}
