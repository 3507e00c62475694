//! The same of SQL Server: columns are dropped, renamed, retyped, denied, added.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::Tds;
use erp_sync_tests::till;

use super::{checked, status};

/// Three columns beside the key; the remote's own types of the last two are given.
fn table(tds: &Tds, quantity: &str, note: &str) {
    let created = format!(
        "create table dbo.Stock (code nvarchar(20) not null, {quantity}, {note}, changed_at datetime2(7),
           primary key (code))"
    );
    tds.execute(&created);
}

/// A till whose table is kept as a draft says, with three rows.
fn counted<'a>(name: &str) -> (Shop<'a>, Tds) {
    let mut shop = Shop::open(Cluster::shared(), name, "jsonrpc");
    let tds = Tds::start();
    table(&tds, "quantity decimal(18,3)", "note nvarchar(100)");
    for code in ["A", "B", "C"] {
        tds.execute(&format!(
            "insert into dbo.Stock values (N'{code}', 1.5, N'{code} was here', sysutcdatetime())"
        ));
    }
    till::connect(&mut shop, "pos", &tds);
    shop.run("select sync_define(manifest) from sync_discover('pos', 'dbo.Stock') where field is null");
    shop.run("select * from sync_run('dbo_stock', 'pos')");
    shop.run("create view erp.counted as select code, quantity, note from erp.dbo_stock");
    (shop, tds)
}

/// The table as its owner altered it, with a row more.
fn altered(tds: &Tds, quantity: &str, note: &str, values: &str) {
    tds.execute("drop table dbo.Stock");
    table(tds, quantity, note);
    for code in ["A", "B", "C", "D"] {
        tds.execute(&format!("insert into dbo.Stock values (N'{code}', {values}, sysutcdatetime())"));
    }
}

fn went_on(shop: &mut Shop<'_>) {
    assert_eq!(shop.value("select state from sync_run('dbo_stock', 'pos')"), "succeeded");
    assert_eq!(shop.value("select count(*) from erp.counted"), "4");
}

#[test]
fn a_dropped_or_renamed_column_is_reported_and_the_rest_goes_on() {
    let (mut shop, tds) = counted("drift_till_dropped");
    altered(&tds, "quantity decimal(18,3)", "remark nvarchar(100)", "2.5, N'new'");
    went_on(&mut shop);
    assert_eq!(shop.value("select quantity, note from erp.counted where code = 'A'"), "2.500|A was here");
    let told = status(&mut shop, "dbo_stock");
    assert!(
        told.starts_with("succeeded||not read: \"dbo_stock.note\" (no readable column \"note\")"),
        "{told}"
    );
    let told = checked(&mut shop, "pos", "dbo_stock");
    assert!(told.starts_with("warn|") && told.contains("select manifest from erp_sync.entity"), "{told}");
    let offered = "select field, manifest is not null from sync_discover('pos', 'dbo.Stock')
                   where field is not null and entities = '{}'";
    assert_eq!(shop.rows(offered), ["remark|t"]);
    shop.run("select sync_define(manifest) from sync_discover('pos', 'dbo.Stock') where field = 'remark'");
    went_on(&mut shop);
    assert_eq!(shop.value("select remark from erp.dbo_stock where code = 'A'"), "new");
}

#[test]
fn a_column_whose_new_type_fits_goes_on_and_one_that_does_not_is_reported() {
    let (mut shop, tds) = counted("drift_till_retyped");
    altered(&tds, "quantity int", "note int", "3, 4711");
    went_on(&mut shop);
    assert_eq!(shop.value("select quantity, note from erp.counted where code = 'A'"), "3|4711");
    assert_eq!(status(&mut shop, "dbo_stock"), "succeeded||");
    altered(&tds, "quantity nvarchar(20)", "note nvarchar(100)", "N'many', N'new'");
    went_on(&mut shop);
    assert_eq!(shop.value("select quantity, note from erp.counted where code = 'A'"), "3|new");
    let told = status(&mut shop, "dbo_stock");
    assert!(told.contains("\"dbo_stock.quantity\" (column \"quantity\" is of type nvarchar"), "{told}");
}

#[test]
fn a_denied_column_is_reported_and_the_rest_goes_on() {
    let (mut shop, tds) = counted("drift_till_denied");
    tds.execute("insert into dbo.Stock values (N'D', 1.5, N'new', sysutcdatetime())");
    tds.deny("Stock", Some("note"));
    went_on(&mut shop);
    assert_eq!(
        shop.value("select note from erp.counted where code = 'A'"),
        "A was here",
        "what is there stays"
    );
    let told = status(&mut shop, "dbo_stock");
    assert!(told.starts_with("succeeded||not read: \"dbo_stock.note\" (no readable column"), "{told}");
    assert!(checked(&mut shop, "pos", "dbo_stock").starts_with("warn|"));
    tds.deny("Stock", Some("code"));
    let failure = shop.error("select * from sync_run('dbo_stock', 'pos')");
    println!("{failure:?}");
    assert!(failure.message.contains("the column \"code\" cannot be read"), "{failure:?}");
}
