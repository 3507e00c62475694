//! Rows that cannot be stored, and rows that come twice.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;
use serde_json::{Value, json};

use super::{books_agree, run, synced};

const REJECTIONS: &str =
    "select stream, key, rule, reason, count from erp_sync.rejections order by stream, key";

#[test]
fn a_row_that_cannot_be_stored_is_listed_until_a_good_version_comes() {
    let mut shop = synced("rejected");
    shop.odoo.advance(60);
    shop.odoo.write("res.partner", &[14], json!({"city": "Ly\0on"}));
    shop.odoo.write("res.partner", &[15], json!({"street": "\0"}));
    shop.odoo.write("res.partner", &[16], json!({"city": "Lyon"}));
    assert_eq!(run(&mut shop, "'contacts'"), "0 inserted, 1 updated, 0 removed, 0 left out, 2 rejected");
    let wanted = [
        "contacts|[14]|nul|the field \"city\" holds the character U+0000, which PostgreSQL cannot store|1",
        "contacts|[15]|nul|the field \"street\" holds the character U+0000, which PostgreSQL cannot store|1",
    ];
    assert_eq!(shop.rows(REJECTIONS), wanted);
    assert_eq!(
        shop.value("select record->>'city' from erp_sync.rejections where key = '[14]'"),
        "Ly\u{fffd}on"
    );
    assert_eq!(
        shop.value("select city from erp.contacts where id = 14"),
        "Fremont",
        "the last good version stays"
    );
    assert_eq!(shop.value("select rejected from sync_status() where entity = 'contacts'"), "2");

    assert!(run(&mut shop, "'contacts'").ends_with("2 rejected"), "the overlap shows them again");
    assert_eq!(shop.value("select min(count) from erp_sync.rejections"), "2");
    shop.odoo.write("res.partner", &[14], json!({"city": "Lyon"}));
    shop.odoo.write("res.partner", &[15], json!({"street": "mended"}));
    assert_eq!(run(&mut shop, "'contacts'"), "0 inserted, 2 updated, 0 removed, 0 left out, 0 rejected");
    assert_eq!(shop.rows(REJECTIONS), [""; 0]);
}

#[test]
fn a_rejected_row_that_is_here_is_not_gone() {
    let mut shop = synced("rejected_not_gone");
    shop.odoo.write("res.partner", &[14], json!({"city": "Ly\0on"}));
    assert_eq!(
        run(&mut shop, "'contacts', mode => 'full'"),
        "0 inserted, 0 updated, 0 removed, 0 left out, 1 rejected"
    );
    assert_eq!(shop.value("select count(*) from erp.contacts where id = 14"), "1");
}

#[test]
fn a_rejected_row_that_is_deleted_is_no_longer_listed() {
    let mut shop = synced("rejected_deleted");
    let bad = shop.odoo.create("res.partner", json!({"name": "N\0"}));
    run(&mut shop, "'contacts'");
    assert_eq!(shop.value("select key from erp_sync.rejections"), format!("[{bad}]"));
    shop.odoo.delete("res.partner", &[bad]);
    run(&mut shop, "'contacts', mode => 'full'");
    assert_eq!(shop.rows(REJECTIONS), [""; 0]);
}

#[test]
fn a_rejected_line_keeps_its_place_and_its_invoice_comes() {
    let mut shop = synced("rejected_line");
    let lines = "select count(*) from erp.invoice_lines where invoice_id = 4";
    let before = shop.value(lines);
    let line: i64 = shop.value("select max(id) from erp.invoice_lines where invoice_id = 4").parse().unwrap();
    shop.odoo.advance(60);
    shop.odoo.write("account.move.line", &[line], json!({"name": "\0"}));
    shop.odoo.write("account.move", &[4], json!({"ref": "seen"}));
    run(&mut shop, "'invoices'");
    assert_eq!(shop.value("select ref from erp.invoices where id = 4"), "seen");
    assert_eq!(shop.value(lines), before);
    assert_eq!(shop.value("select stream, key from erp_sync.rejections"), format!("invoice_lines|[{line}]"));
}

#[test]
fn further_copies_of_a_row_in_one_answer_are_counted_as_duplicates() {
    let mut shop = Shop::open(Cluster::shared(), "duplicates", "xmlrpc");
    run(&mut shop, "'categories'");
    let manifest: Value = serde_json::from_str(&shop.value("select sync_entity('categories')")).unwrap();
    let columns = manifest["streams"][0]["columns"].as_array().unwrap();
    let fields = columns.iter().map(|c| c["path"][0].as_str().unwrap_or(c["name"].as_str().unwrap()));
    let fields: Vec<&str> = fields.chain(["write_date"]).collect();
    let records = shop.odoo.records_with("product.category", &fields);
    let twice: String = records.iter().chain(&records[..3]).map(xml).collect();
    let body = format!(
        "<?xml version='1.0'?>\n<methodResponse><params><param><value><array><data>{twice}</data></array></value></param></params></methodResponse>"
    );
    let headers = vec![("Content-Type", "text/xml".to_owned())];
    // The first question is for the newest row, the second for the page.
    let page = When::any().model("product.category").method("search_read").nth(2);
    shop.odoo.fault(page, What::Status { code: 200, headers, body });
    let counts = shop
        .value("select fetched, unchanged, duplicates, rejected from sync_run('categories', mode => 'full')");
    let rows = records.len();
    assert_eq!(counts, format!("{}|{rows}|3|0", rows + 3));
    books_agree(&mut shop);
}

fn xml(record: &Value) -> String {
    let members = record.as_object().unwrap().iter().map(|(name, value)| {
        let value = match value {
            Value::Bool(flag) => format!("<boolean>{}</boolean>", u8::from(*flag)),
            Value::Number(number) => format!("<int>{number}</int>"),
            Value::String(text) => format!("<string>{}</string>", text.replace('&', "&amp;")),
            other => panic!("{other}"),
        };
        format!("<member><name>{name}</name><value>{value}</value></member>")
    });
    format!("<value><struct>{}</struct></value>", members.collect::<String>())
}
