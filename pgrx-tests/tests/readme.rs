//! The manual says what is there: its first page runs as it stands, and every function,
//! setting, option and column has its place in it.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{DATABASE, Odoo};
use erp_sync_tests::shop::{ROLE, failure, rows};
use erp_sync_tests::tds::{self, PASSWORD, Tds};
use erp_sync_tests::till;
use postgres::Client;

const README: &str = include_str!("../../README.md");

#[test]
fn the_manual_is_true() {
    let cluster = Cluster::start("readme");
    let odoo = Odoo::start();
    the_first_page_runs(&cluster, &odoo, &till::start());
    let mut shop = cluster.client("postgres", ROLE);
    for query in blocks(part("## Monitoring", "\n## ")) {
        shop.batch_execute(query).unwrap_or_else(|error| panic!("{query}: {error:?}"));
    }
    functions_are_described(&mut shop);
    views_and_tables_are_described(&mut shop);
    settings_are_described(&mut shop);
    options_are_described(&mut cluster.client("postgres", "postgres"));
}

fn the_first_page_runs(cluster: &Cluster, odoo: &Odoo, till: &Tds) {
    let page = filled_in(blocks(README).next().expect("a first page"), odoo, till);
    let (superuser, shop) = page.split_once("\n\n").expect("a part for the superuser, and one for the shop");
    let before = "create role shop login; create extension pg_cron; grant usage on schema cron to shop;";
    for (role, sql) in [("postgres", before), ("postgres", superuser), (ROLE, shop)] {
        let output = cluster.psql("postgres", role, sql);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}\n{told}");
        let shown = String::from_utf8_lossy(&output.stdout);
        for seen in ["INV/2026/00001     | Azure Interior", "readable: 0 pos_sales"] {
            assert!(role != ROLE || shown.contains(seen), "{seen}: {shown}");
        }
    }
}

/// What the page leaves to whom it is about.
fn filled_in(page: &str, odoo: &Odoo, till: &Tds) -> String {
    let pos = format!(
        "host '127.0.0.1', port '{}', database '{}', encrypt 'plaintext'",
        till.port(),
        tds::DATABASE
    );
    let quoted = PASSWORD.replace('\'', "''");
    let filled = [
        ("https://erp.example.com", odoo.url()),
        ("'prod'", format!("'{DATABASE}'")),
        ("sync@example.com', password '...'", "admin', password 'admin'".into()),
        ("host 'pos.example.com', database 'POS'", pos),
        ("username 'reader', password '...'", format!("username '{}', password '{quoted}'", tds::USER)),
    ];
    filled.iter().fold(page.to_string(), |page, (left, value)| {
        assert!(page.contains(left), "the first page should hold: {left}");
        page.replace(left, value)
    })
}

const FUNCTIONS: &str = "
select p.proname || '(' || pg_get_function_arguments(p.oid) || ')'
from pg_depend d join pg_proc p on p.oid = d.objid
where d.classid = 'pg_proc'::regclass and d.deptype = 'e' and p.proname ~ '^sync_'
  and d.refobjid = (select oid from pg_extension where extname = 'erp_sync')";

/// Columns that a function returns, unless a view shows the same.
const RETURNED: &str = "
select p.proname, a.name from pg_proc p, unnest(p.proargnames, p.proargmodes) a(name, mode)
where p.proname ~ '^sync_' and a.mode = 't'
  and p.proname not in ('sync_status', 'sync_progress', 'sync_schedules')";

fn functions_are_described(client: &mut Client) {
    let functions = rows(client, FUNCTIONS);
    assert!(functions.len() > 10, "{functions:?}");
    for function in functions {
        let function = function
            .replace(" DEFAULT ", " = ")
            .replace("::text[]", "")
            .replace("::text", "")
            .replace("NULL", "null");
        let line = format!("    {function}\n").replace("sync_auto()", "call sync_auto()");
        assert!(README.contains(&line), "README.md should hold the line:\n{line}");
    }
    for row in rows(client, RETURNED) {
        let (function, column) = row.split_once('|').expect("two columns");
        holds(part(&format!("\n    {function}("), "\n### "), column, function);
    }
}

const VIEWS: &str = "
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'erp_sync'::regnamespace and c.relkind = 'v'";

const TABLES: &str = "
select c.relname from pg_class c where c.relnamespace = 'erp_sync'::regnamespace and c.relkind = 'r'
and has_table_privilege(c.oid, 'select')";

fn views_and_tables_are_described(client: &mut Client) {
    for row in rows(client, VIEWS) {
        let (view, column) = row.split_once('|').expect("two columns");
        holds(part(&format!("**`erp_sync.{view}`**"), "\n**`"), column, view);
    }
    let tables = part("The tables behind them", "\n\n").replace("erp_sync.", "");
    for table in rows(client, TABLES) {
        holds(&tables, &table, "the tables of the bookkeeping");
    }
}

fn settings_are_described(client: &mut Client) {
    // The library is loaded by now. In a session of a test cluster all settings have their defaults.
    let sql = "select name, current_setting(name) from pg_settings where name ~ '^erp_sync[.]'";
    let settings = rows(client, sql);
    assert!(settings.len() > 5, "{settings:?}");
    for row in settings {
        let (name, value) = row.split_once('|').expect("two columns");
        let line = format!("| `{name}` | `{value}` |");
        assert!(README.contains(&line), "README.md should hold: {line}");
    }
}

fn options_are_described(client: &mut Client) {
    let place = part("## Servers and user mappings", "\n## ");
    for statement in [
        "alter server odoo_main options (add unknown '')",
        "create user mapping for public server odoo_main options (unknown '')",
        "create server other foreign data wrapper sqlserver options (unknown '')",
    ] {
        let hint = failure(client, statement).hint;
        let (_, options) = hint.split_once("options: ").unwrap_or_else(|| panic!("{statement}: {hint}"));
        options.split(", ").for_each(|option| holds(place, option, "options"));
    }
}

/// From where `begin` first stands to the next `end`.
fn part(begin: &str, end: &str) -> &'static str {
    let at = README.find(begin).unwrap_or_else(|| panic!("README.md should hold: {begin}"));
    let rest = &README[at..];
    let length = rest[1..].find(end).map_or(rest.len(), |end| end + 1);
    &rest[..length]
}

fn holds(part: &str, name: &str, about: &str) {
    assert!(part.contains(&format!("`{name}`")), "README.md should name `{name}` where it is about {about}");
}

/// The blocks of SQL.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```sql\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block)
}
