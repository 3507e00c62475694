//! Keys that the remote orders in another way than PostgreSQL: a full pass finds what is gone, and asks for nothing
//! twice.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::{Tds, Value};
use erp_sync_tests::till;
use serde_json::json;

/// So many rows of each type of key.
const ROWS: i64 = 2_500;

/// A type of the remote's key, and of the column here.
const TYPES: [(&str, &str, &str); 6] = [
    ("wholes", "bigint", "text"),
    ("padded", "char(12)", "text"),
    ("words", "nvarchar(30)", "text"),
    ("uids", "uniqueidentifier", "text"),
    ("decimals", "decimal(18,2)", "numeric"),
    ("ordered", "int", "bigint"),
];

/// The nth key of a type: as many digits as it has.
fn key(kind: &str, n: i64) -> Value {
    match kind {
        "char(12)" => Value::Text(format!("{:<12}", format!("K{n}"))),
        // Upper and lower case, beside each other on the remote.
        "nvarchar(30)" => Value::Text(format!("{}{n}", ["a", "B", "Ä", "z"][(n % 4) as usize])),
        // SQL Server compares the last bytes first.
        "uniqueidentifier" => Value::Text(format!(
            "{:08X}-0000-0000-0000-{:012X}",
            n.wrapping_mul(2_654_435_761) as u32,
            n % 977
        )),
        "decimal(18,2)" => Value::Decimal(i128::from(n) * 25, 2),
        _ => Value::Int(n),
    }
}

fn opened(shop: &mut Shop<'_>, (name, remote, here): (&str, &str, &str)) -> Tds {
    let tds = Tds::start();
    tds.execute(&format!("create table {name} (id {remote} primary key, name nvarchar(20))"));
    till::connect(shop, &format!("pos_{name}"), &tds);
    let stream = json!({
        "table": name, "about": "x", "object": format!("dbo.{name}"), "key": ["id"], "columns": [
            {"name": "id", "type": here, "about": "x"}, {"name": "name", "type": "text", "about": "x"}]
    });
    let manifest = json!({"name": name, "source": "sqlserver", "about": "x", "streams": [stream]});
    shop.run(&format!("select sync_define('{manifest}')"));
    tds
}

fn insert(tds: &Tds, (name, remote, _): (&str, &str, &str)) {
    let literal = |n: i64| match key(remote, n) {
        Value::Text(text) => format!("N'{text}'"),
        Value::Decimal(units, _) => format!("{}.{:02}", units / 100, units % 100),
        Value::Int(n) => n.to_string(),
        other => panic!("{other:?} is no key"),
    };
    let rows: Vec<String> = (1..=ROWS).map(|n| format!("({}, N'row {n}')", literal(n))).collect();
    for some in rows.chunks(1000) {
        tds.execute(&format!("insert into {name} values {}", some.join(", ")));
    }
}

fn full(name: &str) -> String {
    format!(
        "select format('%s fetched, %s inserted, %s unchanged, %s removed', fetched, inserted, unchanged, removed)
         from sync_run('{name}', 'pos_{name}', mode => 'full')"
    )
}

#[test]
fn an_unchanged_full_pass_asks_for_each_row_once_whatever_its_key() {
    let mut shop = Shop::open(Cluster::shared(), "orders", "jsonrpc");
    for about @ (name, _, _) in TYPES {
        let tds = opened(&mut shop, about);
        insert(&tds, about);
        let all = shop.value(&full(name));
        assert_eq!(all, format!("{ROWS} fetched, {ROWS} inserted, 0 unchanged, 0 removed"), "{name}");
        let again = shop.value(&full(name));
        assert_eq!(again, format!("{ROWS} fetched, 0 inserted, {ROWS} unchanged, 0 removed"), "{name}");
        let verified = format!(
            "select coalesce(sum(fetched), 0) from sync_run('{name}', 'pos_{name}', mode => 'verify')"
        );
        // A pass without a cursor reads everything before all keys are compared.
        assert_eq!(shop.value(&verified), ROWS.to_string(), "{name}");

        tds.execute(&format!("delete from {name} where name in (N'row 1', N'row 777', N'row {ROWS}')"));
        let gone = shop.value(&full(name));
        assert_eq!(
            gone,
            format!("{} fetched, 0 inserted, {} unchanged, 3 removed", ROWS - 3, ROWS - 3),
            "{name}"
        );
        assert_eq!(shop.value(&format!("select count(*) from erp.{name}")), (ROWS - 3).to_string(), "{name}");
    }
}

#[test]
fn what_went_while_a_full_pass_was_interrupted_is_found_when_it_goes_on() {
    let mut shop = Shop::open(Cluster::shared(), "orders_interrupted", "jsonrpc");
    // Whole numbers are compared stretch by stretch: what goes behind the pass is found by the next one.
    for about @ (name, _, _) in TYPES.into_iter().filter(|(_, _, here)| *here != "bigint") {
        let tds = opened(&mut shop, about);
        insert(&tds, about);
        shop.run(&full(name));
        tds.fault(&format!("from [dbo].[{name}]"), "cut", 1_500, 0, 9);
        shop.error(&format!("set erp_sync.max_attempts = 1; {}", full(name)));
        tds.clear_faults();
        assert_eq!(
            shop.value("select count(*) from erp_sync.position where pass is not null"),
            "1",
            "{name}"
        );
        tds.execute(&format!("delete from {name} where name in (N'row 1', N'row 777', N'row {ROWS}')"));
        shop.run(&format!("select sync_run('{name}', 'pos_{name}')"));
        assert_eq!(shop.value(&format!("select count(*) from erp.{name}")), (ROWS - 3).to_string(), "{name}");
    }
}

#[test]
fn a_role_that_may_make_no_temporary_tables_is_told_what_to_grant() {
    let mut shop = Shop::open(Cluster::shared(), "orders_temporary", "jsonrpc");
    let tds = opened(&mut shop, TYPES[0]);
    insert(&tds, TYPES[0]);
    shop.value(&full("wholes"));
    let revoke = "revoke temporary on database orders_temporary from public";
    shop.admin.batch_execute(revoke).unwrap();
    let error = shop.error(&full("wholes"));
    assert!(error.message.contains("role \"shop\" may make no temporary tables"), "{error:?}");
    assert_eq!(error.hint, "grant temporary on database orders_temporary to shop");
    shop.admin.batch_execute(&error.hint).unwrap();
    shop.run(&full("wholes"));
    assert_eq!(shop.value("select count(*) from erp_sync.position where pass is null"), "1");
}
