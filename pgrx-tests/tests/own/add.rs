//! One table, view or model of a server in one call.

use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::Tds;
use erp_sync_tests::till;
use serde_json::json;

use super::{with_leads, with_leads_over};

/// What was chosen and why, a line each.
fn added(shop: &mut Shop<'_>, arguments: &str) -> Vec<String> {
    let sql = format!("select what, chosen, because from sync_add({arguments}) where what <> 'rows'");
    shop.rows(&sql)
}

const TABLES: [&str; 9] = [
    "create table dbo.Orders (order_id int not null primary key, customer nvarchar(40), total money,
       ModifiedDate datetime2(3) not null, ExchangeDate datetime)",
    "insert into dbo.Orders values (1, N'Ann', 12.5, '2026-01-02T03:04:05', null)",
    "create table dbo.Notes (text nvarchar(40), line int)",
    "insert into dbo.Notes values (N'a', 1)",
    "insert into dbo.Notes values (N'a', 1)",
    "create table dbo.[Цены товаров] (код int not null primary key, цена money)",
    "insert into dbo.[Цены товаров] values (1, 0.1)",
    "create table arch.Orders (order_id int not null, line int not null, primary key (order_id, line))",
    "insert into arch.Orders values (1, 1)",
];

fn with_tables(name: &str) -> (Shop<'static>, Tds) {
    let mut shop = with_leads(name);
    let tds = till::open(&mut shop, "pos");
    TABLES.iter().for_each(|sql| tds.execute(sql));
    (shop, tds)
}

#[test]
fn a_model_is_here_after_one_call() {
    for protocol in ["jsonrpc", "xmlrpc"] {
        let mut shop = with_leads_over(&format!("add_model_{protocol}"), protocol);
        let lines = added(&mut shop, "'odoo_main', 'crm.lead'");
        let columns = "left out, because private, for its own screens, or of a type that no column keeps: ";
        assert_eq!(
            lines,
            [
                "entity|crm_lead|the object's name".to_string(),
                "table|erp.crm_lead|called as the entity, in the schema of erp_sync.target_schema".into(),
                "key|id|the remote's own".into(),
                "cursor|write_date|the remote itself sets it with every change".into(),
                format!("columns|9 of 14|{columns}day_open, display_name, image, order_ids"),
            ],
            "{protocol}"
        );
        let sum = "select count(*), sum(expected_revenue) from erp.crm_lead";
        assert_eq!(shop.rows(sum), ["3|1200.6"], "{protocol}");
        // It is an entity like others.
        shop.odoo.create("crm.lead", json!({"name": "Lamps", "expected_revenue": 2}));
        shop.run("select sync_run('crm_lead')");
        assert_eq!(shop.rows(sum), ["4|1202.6"], "{protocol}");
    }
}

#[test]
fn a_table_is_here_after_one_call_with_what_was_guessed() {
    let (mut shop, _tds) = with_tables("add_tables");
    let lines = added(&mut shop, "'pos', 'dbo.Orders'");
    assert_eq!(lines[2], "key|order_id|primary key");
    assert_eq!(lines[3], "cursor|ModifiedDate|guessed by its name: look whether every change sets it");
    assert_eq!(lines[4], "columns|5 of 5|all that there are");
    assert_eq!(shop.rows("select order_id, customer, total from erp.dbo_orders"), ["1|Ann|12.5000"]);
    // A table of the same name in another schema, with a key of two columns.
    let lines = added(&mut shop, "'pos', 'arch.Orders'");
    assert_eq!(
        lines[..3].join(" "),
        [
            "entity|arch_orders|the object's name",
            "table|erp.arch_orders|called as the entity, in the schema of erp_sync.target_schema",
            "key|order_id, line|primary key",
        ]
        .join(" ")
    );
    let lines = added(&mut shop, "'pos', 'dbo.[Цены товаров]'");
    assert_eq!(lines[2], "key|код|primary key");
    assert_eq!(shop.rows("select код, цена from erp.dbo_цены_товаров"), ["1|0.1000"]);
}

#[test]
fn a_table_without_a_key_is_told_apart_by_its_rows_or_by_what_the_caller_says() {
    let (mut shop, tds) = with_tables("add_keyless");
    let lines = added(&mut shop, "'pos', 'dbo.Notes'");
    let digest = "key|row_key|a digest of the row: nothing is known that tells rows apart; a changed row comes as a new";
    assert!(lines[2].starts_with(digest), "{lines:?}");
    assert_eq!(lines[3], "cursor|none|nothing is known to grow with every change: each run reads the whole");
    assert_eq!(lines[4], "columns|2 of 2|all that there are");
    assert_eq!(shop.rows("select text, line from erp.dbo_notes"), ["a|1", "a|1"]);
    tds.execute("delete from dbo.Notes");
    tds.execute("insert into dbo.Notes values (N'b', 2)");
    let lines = added(&mut shop, "'pos', 'dbo.Notes', entity => 'notes', key => array['LINE'], cursor => ''");
    assert_eq!(
        lines,
        [
            "entity|notes|as you said; read too by dbo_notes",
            "table|erp.notes|called as the entity, in the schema of erp_sync.target_schema",
            "key|line|as you said",
            "cursor|none|as you said",
            "columns|2 of 2|all that there are"
        ]
    );
    assert_eq!(shop.rows("select text, line from erp.notes"), ["b|2"]);
}

#[test]
fn a_view_and_a_table_of_two_hundred_columns_are_added() {
    let (mut shop, tds) = with_tables("add_wide");
    tds.execute("create view dbo.Open_Orders as select * from Orders");
    let columns: Vec<String> = (2..=200).map(|n| format!("c{n} int")).collect();
    tds.execute(&format!("create table dbo.Wide (id int not null primary key, {})", columns.join(", ")));
    tds.execute(&format!(
        "insert into dbo.Wide values ({})",
        (1..=200).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")
    ));
    let lines = added(&mut shop, "'pos', 'dbo.Wide'");
    assert_eq!(lines[4], "columns|200 of 200|all that there are");
    assert_eq!(shop.rows("select id, c2, c200 from erp.dbo_wide"), ["1|2|200"]);
    let lines = added(&mut shop, "'pos', 'dbo.Open_Orders', key => array['order_id']");
    assert_eq!(lines[2], "key|order_id|as you said");
    assert_eq!(shop.rows("select order_id, customer from erp.dbo_open_orders"), ["1|Ann"]);
}

#[test]
fn columns_may_be_called_as_what_our_statements_call_theirs() {
    let (mut shop, tds) = with_tables("add_words");
    tds.execute(
        "create table dbo.Words (inserted int not null, k int not null, updated int, s int, t int, u int, n int, d int,
           k0 int, k1 int, place int, content int, moment int, fresh int, changed int, primary key (inserted, k))",
    );
    for row in 1..=3 {
        tds.execute(&format!("insert into dbo.Words values ({row}, 1{}", ", 7".repeat(13) + ")"));
    }
    shop.run("select sync_add('pos', 'dbo.Words')");
    let all = "select inserted, k, updated, place, content from erp.dbo_words order by 1";
    assert_eq!(shop.rows(all), ["1|1|7|7|7", "2|1|7|7|7", "3|1|7|7|7"]);
    tds.execute("update Words set place = 8, content = 9 where inserted = 2");
    tds.execute("delete from Words where inserted = 3");
    for mode in ["full", "verify", "full"] {
        shop.run(&format!("select sync_run('dbo_words', mode => '{mode}')"));
    }
    assert_eq!(shop.rows(all), ["1|1|7|7|7", "2|1|7|8|9"]);
    shop.run("update erp.dbo_words set n = 1");
    shop.run("select sync_repair('dbo_words')");
    assert_eq!(shop.rows("select distinct n from erp.dbo_words"), ["7"]);
}

#[test]
fn another_key_or_cursor_changes_what_was_added() {
    let (mut shop, tds) = with_tables("add_again");
    shop.run("select sync_add('pos', 'dbo.Orders')");
    // The guess becomes a column like others, and rows of an old time are read too.
    let lines = added(&mut shop, "'pos', 'dbo.Orders', cursor => ''");
    assert_eq!(lines[3], "cursor|none|as you said");
    tds.execute("update Orders set total = 13 where order_id = 1");
    shop.run("select sync_run('dbo_orders')");
    assert_eq!(shop.rows("select total, modifieddate is not null from erp.dbo_orders"), ["13.0000|t"]);
    let error = shop.error("select sync_add('pos', 'dbo.Orders', key => array['order_id', 'customer'])");
    assert_eq!(error.message, "dbo_orders from pos: table erp.dbo_orders has another key than its entity");
    assert_eq!(
        error.detail,
        "the table's: tenant, server, order_id; the entity's: tenant, server, order_id, customer"
    );
    assert!(
        error.hint.starts_with("have it made and filled anew with: drop table erp.dbo_orders;"),
        "{error:?}"
    );
    shop.run("drop table erp.dbo_orders");
    shop.run("select sync_add('pos', 'dbo.Orders', key => array['order_id', 'customer'])");
    assert_eq!(shop.rows("select customer from erp.dbo_orders"), ["Ann"]);
}

#[test]
fn what_cannot_be_added_is_told_with_the_line_to_type() {
    let (mut shop, _tds) = with_tables("add_refused");
    shop.odoo.revoke("admin", "crm.lead");
    for (arguments, message, hint) in [
        (
            "'nowhere', 'crm.lead'",
            "there is no server \"nowhere\"",
            "see all servers with: select srvname from pg_foreign_server",
        ),
        (
            "'pos', 'dbo.nothing'",
            "\"pos\" has no object \"dbo.nothing\"",
            "see what there is with: select object from sync_discover('pos')",
        ),
        (
            "'odoo_main', 'no.such'",
            "\"odoo_main\" has no object \"no.such\"",
            "see what there is with: select object from sync_discover('odoo_main')",
        ),
        (
            "'odoo_main', 'crm.lead'",
            "user \"admin\" may not read \"crm.lead\" on \"odoo_main\"",
            "give the remote user the right to read",
        ),
        (
            "'pos', 'dbo.Orders', key => array['order_ids']",
            "\"dbo.Orders\" has no field \"order_ids\"",
            "did you mean \"order_id\"?",
        ),
        (
            "'pos', 'dbo.Orders', key => array[]::text[]",
            "a key without a field",
            "name the fields that tell rows apart",
        ),
        (
            "'pos', 'dbo.Orders', cursor => 'changed'",
            "\"dbo.Orders\" has no field \"changed\"",
            "see its fields with: select field",
        ),
        (
            "'pos', 'dbo.Orders', entity => 'contacts'",
            "entity \"contacts\" is built in",
            "give it another name: select * from sync_add('pos', 'dbo.Orders', entity => '...')",
        ),
        ("null, 'dbo.Orders'", "argument \"server\" must not be null", "see all servers with"),
        (
            "'pos', null",
            "argument \"object\" must not be null",
            "see what there is with: select * from sync_discover('pos')",
        ),
    ] {
        let error = shop.error(&format!("select sync_add({arguments})"));
        assert_eq!(error.message, message, "{arguments}");
        assert!(error.hint.starts_with(hint), "{arguments}: {error:?}");
    }
    assert_eq!(shop.value("select count(*) from sync_entities() where definer is not null"), "0");
    // What people type after other tools.
    let error = shop.error("select sync_run('dbo.Orders', 'pos')");
    assert_eq!(
        error.hint,
        "bring a table or model of a server here with: select * from sync_add('pos', 'dbo.Orders')"
    );
    let error = shop.error("select sync_add('pos', 'dbo.Ordres')");
    assert!(error.hint.starts_with("did you mean 'dbo.Orders'? see what there is with"), "{error:?}");
}

#[test]
fn what_is_added_of_one_till_is_not_missed_on_another() {
    let (mut shop, _tds) = with_tables("add_shared");
    let _other = till::open(&mut shop, "pos_b");
    shop.run("select sync_add('pos', 'dbo.Orders')");
    let states = "select server, state from sync_run() where entity = 'dbo_orders' order by 1";
    assert_eq!(shop.rows(states), ["pos|succeeded", "pos_b|skipped"]);
}
