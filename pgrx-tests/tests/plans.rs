//! A batch of a few rows takes as many pages of a large table as of a small one, whatever the statistics say: each
//! statement that a worker sends is watched by auto_explain.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{ROLE, Shop};
use erp_sync_tests::tds::{Tds, Value};
use erp_sync_tests::till;
use serde_json::{Value as Json, json};

/// Rows that lie in the tables already.
const STORED: i64 = 20_000;

/// Rows of a batch that is watched.
const FEW: i64 = 20;

/// Pages that a statement of such a batch may take: for each row some ten looks into indexes of three levels. To read
/// one of the tables as a whole takes more than twice as many.
const PAGES: i64 = 150 + FEW * 40;

/// Rows that a statement of a first load may read at most. While a table has a few pages only, the planner takes any of
/// its indexes, which costs little; this is far above that.
const MANY: i64 = 100 * STORED;

/// How statements begin that count once a run, and are no part of a batch.
const ONCE_A_RUN: &str = "select count(*) from";

fn cluster(name: &str) -> Cluster {
    let options =
        Cluster::options(name).set("shared_preload_libraries", "auto_explain").set("autovacuum", "off");
    options.start().expect("a cluster")
}

/// A shop whose worker's plans are logged.
fn watched<'a>(cluster: &'a Cluster, name: &str) -> Shop<'a> {
    let mut shop = Shop::open(cluster, name, "jsonrpc");
    let settings = [
        ("log_min_duration", "0"),
        ("log_analyze", "on"),
        ("log_buffers", "on"),
        ("log_timing", "off"),
        ("log_format", "json"),
    ];
    for (setting, value) in settings {
        let sql = format!("alter role {ROLE} in database {name} set auto_explain.{setting} = {value}");
        shop.admin.batch_execute(&sql).expect("a superuser may");
    }
    shop
}

/// The plans that were logged behind `since`, each with its statement.
fn plans(cluster: &Cluster, since: u64) -> Vec<(String, Json)> {
    let (log, _) = cluster.log_behind(since);
    let told = log.split(" plan:\n").skip(1);
    let whole = |text: &str| {
        let lines = text.split_inclusive('\n').take_while(|line| line.starts_with('\t'));
        let plan: Json = serde_json::from_str(&lines.collect::<String>()).expect("auto_explain writes JSON");
        (plan["Query Text"].as_str().unwrap_or_default().to_owned(), plan["Plan"].clone())
    };
    told.map(whole).collect()
}

fn pages(plan: &Json) -> i64 {
    ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|name| plan[*name].as_i64()).sum()
}

/// Runs an entity, and complains of every statement that takes too many pages.
fn complaints(shop: &mut Shop<'_>, what: &str, entity: &str) -> Vec<String> {
    let since = shop.cluster.log().len() as u64;
    shop.run(&format!("select sync_run('{entity}')"));
    let plans = plans(shop.cluster, since);
    let of_tables = plans.iter().filter(|(sql, _)| sql.contains("\"erp\".") || sql.contains("erp."));
    assert!(of_tables.count() > 2, "{what}: {} statements were watched", plans.len());
    let watched = plans.iter().filter(|(sql, _)| !sql.trim().starts_with(ONCE_A_RUN));
    let greedy = watched.filter(|(_, plan)| pages(plan) > PAGES);
    greedy
        .map(|(sql, plan)| format!("{what}: {} pages: {sql}\n{}", pages(plan), shortened(plan, 1)))
        .collect()
}

/// A plan as a person reads it.
fn shortened(plan: &Json, depth: usize) -> String {
    let part = |name: &str| plan[name].as_str().unwrap_or_default();
    let mut text = format!(
        "{}{} {} {} {} [{}] x {}: {} rows, {} pages\n",
        "  ".repeat(depth),
        part("Node Type"),
        part("Relation Name"),
        part("Index Name"),
        part("Subplan Name"),
        part("Index Cond"),
        plan["Actual Loops"],
        rows_looked_at(plan),
        pages(plan)
    );
    for child in plan["Plans"].as_array().into_iter().flatten() {
        text += &shortened(child, depth + 1);
    }
    text
}

/// Lines of a till from `first` on, as their branch, barcode and time are to be.
fn sell(tds: &Tds, first: i64, many: i64, change: impl Fn(i64, &mut Vec<Value>)) {
    let line = |at: i64| {
        let mut line = till::made_up(at);
        change(at, &mut line);
        line
    };
    tds.fill("INV_PointofSalesDetailTAB", (first..first + many).map(line));
}

/// What a line is changed to: nothing, a barcode nobody knows, one of two products, a branch of two warehouses.
type Change = fn(i64, &mut Vec<Value>);

const KINDS: [(&str, Change); 3] = [
    ("matched", |_, _| ()),
    ("unknown", |at, line| line[3] = Value::Text(format!("no {at}"))),
    ("ambiguous", |_, line| line[3] = Value::Text("of two".into())),
];

/// With the tables empty when they are analyzed, then large, then analyzed again.
fn sales(cluster: &Cluster, name: &str, odoo: &str, kind: Change) -> Vec<String> {
    let mut shop = watched(cluster, name);
    let tds = till::open(&mut shop, "pos");
    if !odoo.is_empty() {
        shop.odoo.write("product.product", &[5, 6], json!({"barcode": "of two"}));
        shop.run(&format!("select sync_run('{odoo}')"));
    }
    sell(&tds, 0, FEW, kind);
    let mut found = complaints(&mut shop, &format!("{name}, empty"), "sales");
    shop.admin
        .batch_execute("truncate erp.pos_sales, erp.stock_movements, erp.waiting; analyze")
        .expect("a superuser may");
    shop.run("select sync_reset('sales')");
    sell(&tds, FEW, STORED, kind);
    shop.run("select sync_run('sales')");
    assert_eq!(shop.value("select count(*) from erp.pos_sales"), (STORED + FEW).to_string());
    for (at, state) in ["analyzed when empty", "analyzed"].into_iter().enumerate() {
        sell(&tds, STORED + FEW * (at as i64 + 1), FEW, kind);
        found.extend(complaints(&mut shop, &format!("{name}, {state}"), "sales"));
        if !odoo.is_empty() {
            // One that nothing was sold of, and a warehouse without sales.
            shop.odoo.advance(3600);
            shop.odoo.write("product.product", &[7], json!({"barcode": format!("new {at}")}));
            shop.odoo.write("stock.warehouse", &[1], json!({"name": format!("new {at}")}));
            found.extend(complaints(&mut shop, &format!("{name}, {state}, a product"), "products"));
        }
        shop.admin.batch_execute("analyze").expect("a superuser may");
    }
    found
}

#[test]
fn a_batch_of_sales_reads_by_key() {
    let cluster = cluster("plans_sales");
    let mut found = sales(&cluster, "plans_early", "", KINDS[0].1);
    for (name, kind) in KINDS {
        found.extend(sales(&cluster, &format!("plans_{name}"), "products,warehouses", kind));
    }
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

/// Rows that lie in the tables of stock and contacts, of records that the remote does not have.
const OTHERS: &str = "
insert into erp.stock_moves (tenant, id, source_location_id, destination_location_id, product_id, uom_id, picking_id,
  picking_type_id, state, quantity, moved_at)
select 'main', 1000000 + i, 900000 + i % 20, 900000 + i % 7, 900000 + i % 30, 900000, 900000 + i, 900000 + i % 5, 'done',
  1, now() from generate_series(1, {rows}) as i;
insert into erp.stock_movements (tenant, origin, origin_key, movement_type, moved_at, warehouse_id, product_id, quantity)
select 'main', 'stock_moves', (1000000 + i)::text, 'delivery', now(), 900000 + i % 3, 900000 + i % 30, -1
from generate_series(1, {rows}) as i;
insert into erp.waiting (tenant, server, stream, row_key, entity, reason, value)
select 'main', 'odoo_main', 'stock_moves', '[' || 1000000 + i || ']', 'stock_moves', 'unknown location', 900000 + i % 20
from generate_series(1, {rows}) as i;
insert into erp.contacts (tenant, id, name) select 'main', 1000000 + i, 'c' || i from generate_series(1, {rows}) as i;
insert into erp.invoices (tenant, id, number) select 'main', 1000000 + i, 'n' || i from generate_series(1, {rows}) as i;
insert into erp.invoice_lines (tenant, id, invoice_id)
select 'main', 1000000 + i, 1000000 + i from generate_series(1, {rows}) as i";

#[test]
fn a_batch_of_odoo_s_records_reads_by_key() {
    let cluster = cluster("plans_odoo");
    let mut shop = watched(&cluster, "plans_odoo");
    let entities = "products,warehouses,stock_moves,contacts,invoices";
    shop.run(&format!("select sync_run('{entities}')"));
    // Statistics of small tables.
    shop.admin.batch_execute("analyze").expect("a superuser may");
    shop.run(&OTHERS.replace("{rows}", &STORED.to_string()));
    let mut found = Vec::new();
    for state in ["analyzed when small", "analyzed"] {
        shop.odoo.advance(3600);
        for (model, id, field) in [
            ("res.partner", 14, "city"),
            ("product.product", 7, "default_code"),
            ("stock.location", 8, "barcode"),
            ("stock.warehouse", 1, "name"),
            ("stock.picking", 1, "origin"),
            ("stock.move", 1, "reference"),
            ("account.move", 1, "ref"),
            ("account.move.line", 1, "name"),
        ] {
            shop.odoo.write(model, &[id], json!({ field: format!("{state} {model}") }));
        }
        for entity in entities.split(',') {
            found.extend(complaints(&mut shop, &format!("{entity}, {state}"), entity));
        }
        shop.admin.batch_execute("analyze").expect("a superuser may");
    }
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

/// Most rows that any node of a plan has looked at, all its loops together.
fn rows_looked_at(plan: &Json) -> i64 {
    let of = |name: &str| plan[name].as_i64().unwrap_or_default();
    let rows = of("Actual Rows") + of("Rows Removed by Filter") + of("Rows Removed by Join Filter");
    let children = plan["Plans"].as_array().into_iter().flatten().map(rows_looked_at);
    children.fold(rows * of("Actual Loops"), i64::max)
}

/// While a table is small, the planner takes all of it for a batch rather than an index; and a first load makes it grow.
#[test]
fn a_first_load_looks_at_no_row_once_for_each_of_a_batch() {
    let cluster = cluster("plans_first");
    let mut shop = watched(&cluster, "plans_first");
    let tds = till::open(&mut shop, "pos");
    shop.run("select sync_run('products,warehouses')");
    sell(&tds, 0, STORED, |_, _| ());
    let since = shop.cluster.log().len() as u64;
    shop.run("select sync_run('sales')");
    let plans = plans(shop.cluster, since);
    let of_batches = plans.iter().filter(|(sql, _)| !sql.trim().starts_with(ONCE_A_RUN));
    let found: Vec<String> = of_batches
        .filter(|(_, plan)| rows_looked_at(plan) >= MANY)
        .map(|(sql, plan)| format!("{} rows: {sql}\n{}", rows_looked_at(plan), shortened(plan, 1)))
        .collect();
    assert!(plans.len() > 50 && found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

/// The node of a plan that makes a part of the statement.
fn part<'a>(plan: &'a Json, name: &str) -> Option<&'a Json> {
    if plan["Subplan Name"] == *name {
        return Some(plan);
    }
    plan["Plans"].as_array().into_iter().flatten().find_map(|child| part(child, name))
}

/// Rows that are admitted, or no longer made of a sale, are deleted by their places: by keys the planner reads all rows
/// of the tenant for each batch.
#[test]
fn what_is_deleted_is_found_by_its_place() {
    let cluster = cluster("plans_deleted");
    let mut shop = watched(&cluster, "plans_deleted");
    let tds = till::open(&mut shop, "pos");
    sell(&tds, 0, STORED, |_, _| ());
    shop.run("select sync_run('sales')");
    let since = shop.cluster.log().len() as u64;
    shop.run("select sync_run('products,warehouses')");
    let (mut seen, mut found) = (0, Vec::new());
    for (_, plan) in plans(shop.cluster, since) {
        let Some(admitted) = part(&plan, "CTE admitted") else { continue };
        seen += 1;
        let scans = admitted["Plans"].as_array().into_iter().flatten();
        if !scans.into_iter().any(|scan| scan["Node Type"] == "Tid Scan") {
            found.push(shortened(admitted, 1));
        }
    }
    assert!(seen >= STORED / 5000, "{seen} statements were watched");
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
    assert_eq!(shop.value("select count(*) from erp.stock_movements"), (STORED - STORED / 1000).to_string());
}
