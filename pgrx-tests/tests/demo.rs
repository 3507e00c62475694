//! `cargo demo`, as somebody who types it meets it.

use std::process::{Command, Output, Stdio};

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{DATABASE, Odoo};

fn demo(name: &str, arguments: &[&str], password: &str) -> Output {
    let mut dev = Command::new(env!("CARGO_BIN_EXE_dev"));
    dev.args(["demo", "--name", name]).args(arguments);
    dev.env("ERP_SYNC_PASSWORD", password).stdin(Stdio::null());
    dev.output().expect("the program runs")
}

fn is_gone(name: &str) -> bool {
    Cluster::find(name).expect("it can be looked for").is_none()
}

#[test]
fn it_shows_a_change_that_pg_cron_brings_and_what_the_tills_sold_and_leaves_nothing_behind() {
    let output = demo("demo_walks", &[], "");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    let story = [
        "1. A superuser creates the extension",
        "CREATE EXTENSION",
        "entity invoices      | ok     | readable: 18 invoices, 61 invoice_lines",
        "invoices      | succeeded |      79 |       70 |",
        "INV/2026/00002 | 2026-11-18   | Deco Addict",
        "the Large Cabinet now costs 349.00 instead of 320.00",
        "It has run after",
        "E-COM07      | Large Cabinet |        349 |",
        "INV/2026/00007 | Gemini Furniture |        802.7 |",
        "sync_auto() | succeeded | CALL",
        "0 */2 * * * | shop | t      | succeeded",
        "ERROR:  contacts from odoo_main: \"odoo_main\" refused user \"admin\"",
        "HINT:  alter user mapping for current_user server odoo_main options (set password '...')",
        "create server pos foreign data wrapper sqlserver",
        "entity sales | ok     | readable: 4 pos_sales",
        "sales  | pos    | succeeded |       4 |        4 |        0 |       1",
        "C-0417     |       1 | CHIC1       | 2400000000174 |",
        "[\"pos\", \"C-0417\", 1] | unknown barcode | 2400000000174",
        "the Large Cabinet gets the barcode",
        "Chicago 1   | sales         | Large Cabinet     |       -3 | C-0417",
        "Chicago 1   | E-COM07   | Large Cabinet         |  200 |    3 |       197 |         200 |          3",
        "YourCompany | FURN_2100 | Drawer Black          |   51 |    7 |        44 |          45 |          1",
        "What next?",
    ];
    let mut rest = shown.as_ref();
    for scene in story {
        let at = rest.find(scene).unwrap_or_else(|| panic!("no {scene:?} in its place:\n{shown}"));
        rest = &rest[at..];
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 120), "{shown}");
    assert!(is_gone("demo_walks"));
}

#[test]
fn a_real_odoo_takes_the_walk_without_the_till_and_is_only_read() {
    let odoo = Odoo::start();
    let url = odoo.url();
    let cabinet = || odoo.records("product.product").into_iter().find(|product| product["id"] == 17);
    let before = cabinet();
    let real = ["--odoo", &url, "--database", DATABASE, "--username", "admin"];
    let output = demo("demo_real", &real, "admin");
    let (shown, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{shown}\n{told}");
    let report = "YourCompany | FURN_2100 | Drawer Black          |   50 |    5 |        45 |          45 |";
    assert!(shown.contains(report), "{shown}");
    assert!(!shown.contains("create server pos"), "{shown}");
    assert_eq!(cabinet(), before);
    assert!(is_gone("demo_real"));
}

#[test]
fn a_demo_that_fails_says_where_and_leaves_nothing_behind() {
    let odoo = Odoo::start();
    let url = odoo.url();
    let real = ["--odoo", &url, "--database", DATABASE, "--username", "admin"];
    let output = demo("demo_fails", &real, "not the password");
    let (shown, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{shown}\n{told}");
    assert!(shown.contains("HINT:  alter user mapping for current_user server odoo_main"), "{shown}");
    assert!(told.contains("the demo has failed at step \"The first run"), "{told}");
    assert!(!shown.contains("not the password") && !told.contains("not the password"));
    assert!(is_gone("demo_fails"));
}
