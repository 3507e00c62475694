//! Stock movements of Odoo: every kind, whatever comes first, whatever changes.

use super::recomputed::differences;
use super::*;

#[test]
fn the_movements_of_the_recorded_company_are_those_somebody_else_works_out() {
    let mut shop = shop("stock_recorded");
    run(&mut shop, "'all'");
    assert_eq!(differences(&mut shop), [""; 0]);
    let kinds = shop.rows(
        "select movement_type || ': ' || count(*) || ' of ' || sign(sum(quantity))
         from erp.stock_movements group by movement_type order by movement_type",
    );
    println!("{}", kinds.join("\n"));
    let named: Vec<&str> = kinds.iter().map(|line| line.split(':').next().unwrap()).collect();
    for kind in ["adjustment", "delivery", "manufacturing_in", "manufacturing_out", "purchase", "wastage"] {
        assert!(named.contains(&kind), "{kinds:?}");
    }
    assert_eq!(shop.value("select count(*) from erp.waiting"), "0");
}

#[test]
fn every_kind_is_told_by_where_the_goods_come_from_and_go_to() {
    let mut shop = shop("stock_kinds");
    run(&mut shop, "'all'");
    let (a, b) = (location(&mut shop, "internal", 1), location(&mut shop, "internal", 2));
    let outside = |shop: &mut Shop<'_>, usage| location(shop, usage, 0);
    let (vendor, customer) = (outside(&mut shop, "supplier"), outside(&mut shop, "customer"));
    let (loss, made) = (outside(&mut shop, "inventory"), outside(&mut shop, "production"));
    let transit = shop
        .odoo
        .create("stock.location", json!({"name": "Transit", "usage": "transit", "parent_path": "900/"}));
    let cases = [
        (vendor, a, json!({}), vec!["purchase|1|3"]),
        (a, vendor, json!({"to_refund": true}), vec!["purchase_return|1|-3"]),
        (a, customer, json!({}), vec!["delivery|1|-3"]),
        (customer, b, json!({}), vec!["sales_return|2|3"]),
        (a, b, json!({}), vec!["transfer_in|2|3", "transfer_out|1|-3"]),
        (a, transit, json!({}), vec!["transfer_out|1|-3"]),
        (transit, b, json!({}), vec!["transfer_in|2|3"]),
        (a, made, json!({}), vec!["manufacturing_out|1|-3"]),
        (made, a, json!({}), vec!["manufacturing_in|1|3"]),
        (loss, a, json!({"is_inventory": true}), vec!["adjustment|1|3"]),
        (a, loss, json!({"is_inventory": true}), vec!["adjustment|1|-3"]),
        (a, loss, json!({"scrapped": true}), vec!["wastage|1|-3"]),
        (a, a, json!({}), vec![]),
        (vendor, customer, json!({}), vec![]),
        (a, customer, json!({"state": "assigned"}), vec![]),
        (a, customer, json!({"quantity": 0.0}), vec![]),
    ];
    let ids: Vec<i64> =
        cases.iter().map(|(from, to, more, _)| moved(&shop, *from, *to, 3.0, more.clone())).collect();
    run(&mut shop, "'warehouses,stock_moves'");
    for (id, (from, to, more, expected)) in ids.iter().zip(cases) {
        assert_eq!(of_move(&mut shop, *id), expected, "{from} -> {to} {more}");
    }
    assert_eq!(differences(&mut shop), [""; 0]);
}

#[test]
fn quantities_are_in_the_products_own_unit() {
    let mut shop = shop("stock_units");
    run(&mut shop, "'products,warehouses,stock_moves'");
    let dozen: i64 = shop.value("select id from erp.uoms where factor = 12 limit 1").parse().unwrap();
    let (vendor, a) = (location(&mut shop, "supplier", 0), location(&mut shop, "internal", 1));
    let id = moved(&shop, vendor, a, 2.0, json!({"product_uom": dozen}));
    run(&mut shop, "'stock_moves'");
    assert_eq!(of_move(&mut shop, id), ["purchase|1|24"]);
    // The unit itself is mended.
    shop.odoo.write("uom.uom", &[dozen], json!({"factor_inv": 10.0}));
    run(&mut shop, "'products'");
    assert_eq!(of_move(&mut shop, id), ["purchase|1|20"]);
}

#[test]
fn what_changes_or_goes_takes_its_movements_along() {
    let mut shop = shop("stock_changes");
    run(&mut shop, "'products,warehouses,stock_moves'");
    let (vendor, a) = (location(&mut shop, "supplier", 0), location(&mut shop, "internal", 1));
    let id = moved(&shop, vendor, a, 5.0, json!({}));
    run(&mut shop, "'stock_moves'");
    // A received quantity goes back to zero, and comes again.
    shop.odoo.write("stock.move", &[id], json!({"quantity": 0.0}));
    run(&mut shop, "'stock_moves'");
    assert_eq!(of_move(&mut shop, id), [""; 0]);
    shop.odoo.write("stock.move", &[id], json!({"quantity": 4.0}));
    run(&mut shop, "'stock_moves'");
    assert_eq!(of_move(&mut shop, id), ["purchase|1|4"]);
    // Another warehouse takes over the place.
    let b_root: i64 = shop.value("select view_location_id from erp.warehouses where id = 2").parse().unwrap();
    shop.odoo.write(
        "stock.location",
        &[a],
        json!({"parent_path": format!("{b_root}/{a}/"), "warehouse_id": 2}),
    );
    run(&mut shop, "'warehouses'");
    let path = shop.value(&format!("select parent_path from erp.locations where id = {b_root}"));
    shop.odoo.write("stock.location", &[a], json!({"parent_path": format!("{path}{a}/")}));
    run(&mut shop, "'warehouses'");
    assert_eq!(of_move(&mut shop, id), ["purchase|2|4"]);
    // It is deleted.
    shop.odoo.delete("stock.move", &[id]);
    run(&mut shop, "'stock_moves', mode => 'full'");
    assert_eq!(of_move(&mut shop, id), [""; 0]);
}

#[test]
fn whatever_comes_last_admits_what_waited_for_it() {
    for (name, order) in [
        ("stock_late_products", ["warehouses", "stock_moves", "products"]),
        ("stock_late_places", ["products", "stock_moves", "warehouses"]),
        ("stock_late_moves", ["warehouses", "products", "stock_moves"]),
    ] {
        let mut shop = shop(name);
        for entity in order {
            run(&mut shop, &format!("'{entity}'"));
        }
        // The first of them may have come before there was anything to make.
        run(&mut shop, "'stock_moves', mode => 'full'");
        assert_eq!(differences(&mut shop), [""; 0], "{name}");
        assert_ne!(shop.value("select count(*) from erp.stock_movements"), "0");
        assert_eq!(shop.value("select count(*) from erp.waiting"), "0");
    }
}

#[test]
fn a_move_whose_product_is_unknown_waits_and_is_admitted_by_the_product() {
    let mut shop = shop("stock_waits");
    run(&mut shop, "'products,warehouses,stock_moves'");
    let (vendor, a) = (location(&mut shop, "supplier", 0), location(&mut shop, "internal", 1));
    let id = moved(&shop, vendor, a, 7.0, json!({"product_id": 9001}));
    run(&mut shop, "'stock_moves'");
    assert_eq!(of_move(&mut shop, id), [""; 0]);
    let waits = "select entity, stream, key, reason, value from erp_sync.waiting";
    assert_eq!(shop.rows(waits), [format!("stock_moves|stock_moves|[{id}]|unknown product|9001")]);
    assert_eq!(shop.value("select waiting from erp_sync.history where entity = 'stock_moves' limit 1"), "1");
    assert_eq!(shop.value("select waiting from sync_status() where entity = 'stock_moves'"), "1");
    shop.odoo.create("product.product", json!({"id": 9001, "name": "Late", "uom_id": 1, "type": "product"}));
    run(&mut shop, "'products'");
    assert_eq!(of_move(&mut shop, id), ["purchase|1|7"]);
    assert_eq!(shop.rows(waits), [""; 0]);
}

#[test]
fn a_full_pass_brings_back_what_was_lost_and_writes_nothing_else() {
    let mut shop = shop("stock_lost");
    run(&mut shop, "'products,warehouses,stock_moves,inventory'");
    let at = |shop: &mut Shop<'_>| shop.value("select max(synced_at) from erp.stock_movements");
    let before = at(&mut shop);
    run(&mut shop, "'products,warehouses,stock_moves,inventory', mode => 'full'");
    assert_eq!(at(&mut shop), before);
    shop.run("delete from erp.stock_movements where movement_type = 'purchase'; update erp.stock_movements set quantity = 0 where movement_type = 'delivery'");
    run(&mut shop, "'stock_moves', mode => 'full'");
    assert_eq!(differences(&mut shop), [""; 0]);
}

#[test]
fn another_tenants_rows_never_match() {
    let mut shop = shop("stock_tenants");
    let (url, database) = (shop.odoo.url(), shop.odoo.database());
    shop.run(&format!(
        "create server odoo_b foreign data wrapper odoo options (url '{url}', database '{database}', protocol 'jsonrpc', tenant 'b');
         create user mapping for current_user server odoo_b options (username 'admin', password 'admin')"
    ));
    // Of b only the moves are known: they wait, although a has products and places of the same ids.
    run(&mut shop, "'products,warehouses,stock_moves', 'odoo_main'");
    run(&mut shop, "'stock_moves', 'odoo_b'");
    assert_eq!(shop.value("select count(*) from erp.stock_movements where tenant = 'b'"), "0");
    assert_ne!(shop.value("select count(*) from erp.waiting where tenant = 'b'"), "0");
    run(&mut shop, "'products,warehouses', 'odoo_b'");
    assert_eq!(shop.value("select count(*) from erp.waiting where tenant = 'b'"), "0");
    assert_eq!(differences(&mut shop), [""; 0]);
}

#[test]
fn a_batch_takes_no_longer_behind_many_others_than_at_the_beginning() {
    let mut shop = shop("stock_many");
    shop.run("alter server odoo_main options (add max_page '2000')");
    run(&mut shop, "'products,warehouses'");
    let (vendor, a) = (location(&mut shop, "supplier", 0), location(&mut shop, "internal", 1));
    shop.odoo.import("stock.move", 30_000, |at| {
        json!({"state": "done", "product_id": 5, "quantity": 1.0, "location_id": vendor, "location_dest_id": a,
               "date": "2026-11-20 09:00:00", "company_id": 1, "reference": format!("R{at}")})
    });
    run(&mut shop, "'stock_moves'");
    let took = shop.rows(
        "select extract(epoch from written_at - lag(written_at) over (order by id))::float8, fetched
         from erp_sync.batch where stream = 'stock_moves' order by id",
    );
    let whole = took.iter().filter_map(|row| row.strip_suffix("|2000")?.parse::<f64>().ok());
    let whole: Vec<f64> = whole.collect();
    let median = |times: &[f64]| {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (first, last) = (median(&whole[..5]), median(&whole[whole.len() - 5..]));
    assert!(last < 3.0 * first, "{first} s at the beginning, {last} s at the end: {whole:?}");
}
