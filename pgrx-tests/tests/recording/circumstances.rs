//! The server options `companies` and `language`: which rows and which values a server gives.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;
use serde_json::json;

/// A product of each recording, with a cost.
const PRODUCT: i64 = 1;

/// A remote whose product costs 99 in company 2, and is called something else in French.
fn remote(version: u32) -> Odoo {
    let odoo = Odoo::start_as(version);
    odoo.write_in_company("product.product", PRODUCT, 1, json!({"standard_price": 7.77}));
    odoo.write_in_company("product.product", PRODUCT, 2, json!({"standard_price": 99.0}));
    odoo.write_in_company("res.partner", 10, 2, json!({"property_payment_term_id": 3}));
    odoo.translate("product.product", PRODUCT, "fr_FR", json!({"name": "Notes de frais"}));
    odoo.translate("uom.uom", 1, "fr_FR", json!({"name": "Unités"}));
    odoo
}

fn shop(version: u32, database: &str, options: &str) -> Shop<'static> {
    Shop::reading(Cluster::shared(), database, remote(version), options, ADMIN_KEY)
}

/// Cost of the product, how many products cost something, and how many rules and warehouses there are.
const PRICES: &str = "select (select standard_price from erp.products where id = 1),
    (select count(*) > 1 from erp.products where standard_price <> 0),
    (select count(*) from erp.products), (select count(*) from erp.reorder_rules)";

/// Makes an ordinary run, and says whether it read everything: then a full pass was finished since.
fn ordinary_run_is_full(shop: &mut Shop<'_>, entity: &str) -> bool {
    let last = shop.value(&format!("select max(full_at) from erp_sync.position where entity = '{entity}'"));
    shop.run(&format!("select sync_run('{entity}')"));
    let sql = format!("select bool_and(full_at > '{last}') from erp_sync.position where entity = '{entity}'");
    shop.value(&sql) == "t"
}

#[test]
fn companies_choose_the_rows_and_the_first_one_its_values() {
    for version in [17, 18, 19] {
        let mut shop = shop(version, &format!("companies_{version}"), "companies '1'");
        let recorded = shop.odoo.records("stock.warehouse.orderpoint");
        let rules = |of: &[i64]| {
            let of_these = recorded.iter().filter(|rule| of.iter().any(|id| rule["company_id"] == *id));
            of_these.count()
        };
        let products = shop.odoo.records("product.product").len();
        shop.run("select sync_run('products, warehouses')");
        assert_eq!(shop.value(PRICES), format!("7.77|t|{products}|{}", rules(&[1])), "{version}");
        let seen = "select string_agg(distinct coalesce(company_id, 0)::text, ',') from erp.locations";
        assert_eq!(shop.value(seen), "0,1");
        assert!(!ordinary_run_is_full(&mut shop, "products"));
        for (companies, price, others) in [("2", "99", "f"), ("2,1", "99", "f"), ("1, 2", "7.77", "t")] {
            shop.run(&format!("alter server odoo_main options (set companies '{companies}')"));
            assert!(ordinary_run_is_full(&mut shop, "products"), "{version}, companies {companies}");
            let of: Vec<i64> = companies.split(',').map(|id| id.trim().parse().expect("an id")).collect();
            let wanted = format!("{price}|{others}|{products}|{}", rules(&of));
            assert_eq!(shop.value(PRICES), wanted, "{version}, companies {companies}");
        }
    }
}

#[test]
fn without_the_option_values_are_those_of_the_main_company_and_rows_of_all() {
    let mut shop = shop(18, "companies_none", "");
    shop.run("select sync_run('products, contacts, warehouses')");
    assert!(shop.value(PRICES).starts_with("7.77|t|"));
    assert_eq!(shop.value("select count(distinct company_id) from erp.warehouses"), "2");
    let terms = "select payment_term_id from erp.contacts where id = 10";
    assert_eq!(shop.value(terms), "4");
    shop.run("alter server odoo_main options (add companies '2,1')");
    assert!(ordinary_run_is_full(&mut shop, "contacts"));
    assert_eq!(shop.value(terms), "3");
}

#[test]
fn a_company_that_is_not_the_users_is_an_error_that_names_the_option() {
    let mut shop = shop(18, "companies_foreign", "companies '7'");
    let error = shop.error("select sync_run('products')");
    let said = shop.value("select original_error from erp_sync.errors limit 1");
    assert!(said.contains("Access to unauthorized or invalid companies"), "{said}");
    assert!(error.hint.contains("server option companies"), "{error:?}");
}

/// The product's name and that of its unit.
const NAMES: &str = "select p.name, u.name from erp.products p join erp.uoms u on u.id = 1 where p.id = 1";

#[test]
fn language_chooses_the_texts_and_what_is_not_translated_stays_english() {
    for version in [17, 18, 19] {
        let mut shop = shop(version, &format!("language_{version}"), "language 'fr_FR'");
        let english = shop.odoo.records("product.product");
        shop.run("select sync_run('products')");
        assert_eq!(shop.value(NAMES), "Notes de frais|Unités", "{version}");
        let same = "select count(*) from erp.products where name = any($1)";
        let names: Vec<&str> = english.iter().filter_map(|product| product["name"].as_str()).collect();
        let untranslated: i64 = shop.client.query_one(same, &[&names]).expect("a count").get(0);
        assert_eq!(untranslated, english.len() as i64 - 1, "{version}");
        assert!(!ordinary_run_is_full(&mut shop, "products"));
        shop.run("alter server odoo_main options (drop language)");
        assert!(ordinary_run_is_full(&mut shop, "products"));
        assert_eq!(shop.value(NAMES), "Restaurant Expenses|Units", "{version}");
        shop.run("alter server odoo_main options (add language 'fr_FR')");
        assert!(ordinary_run_is_full(&mut shop, "products"));
        assert_eq!(shop.value(NAMES), "Notes de frais|Unités", "{version}");
    }
}

#[test]
fn a_language_that_is_not_active_is_an_error_that_lists_the_active_ones() {
    for version in [17, 18, 19] {
        let mut shop = shop(version, &format!("language_unknown_{version}"), "language 'fr'");
        let error = shop.error("select sync_run('products')");
        let message = "products from odoo_main: the language \"fr\" is not active on \"odoo_main\"";
        assert_eq!(error.message, message, "{version}");
        assert!(error.detail.starts_with("active are: en_US"), "{version}: {error:?}");
        let begin = "activate it in Odoo (Settings, Translations, Languages), or name one that is active: ";
        assert!(error.hint.starts_with(begin), "{version}: {error:?}");
        let found = shop.rows("select aspect, status, detail from sync_check()");
        assert_eq!(found.len(), 1, "{version}: {found:?}");
        assert!(found[0].starts_with("options|fail|the language \"fr\" is not active"), "{found:?}");

        shop.odoo.translate("product.product", 1, "fr_FR", json!({"name": "Notes de frais"}));
        let hint = shop.error("select sync_run('products')").hint;
        assert_eq!(
            hint,
            format!("{begin}alter server odoo_main options (set language 'fr_FR')"),
            "{version}"
        );
        shop.run("alter server odoo_main options (set language 'fr_FR')");
        shop.run("select sync_run('products')");
        assert_eq!(shop.value("select name from erp.products where id = 1"), "Notes de frais", "{version}");
    }
}
