//! Manifests and settings that cannot be.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const LEADS: &str = r#"{"name": "leads", "about": "Leads", "source": "odoo", "streams": [{"table": "leads",
  "about": "Leads", "object": "crm.lead", "key": ["id"], "cursor": "write_date", "columns": [
  {"name": "id", "type": "bigint", "about": "Odoo's id"}, {"name": "name", "type": "text", "about": "Name"}]}]}"#;

#[test]
fn what_users_add_wrongly_is_answered_with_the_place_and_what_would_be_right() {
    let shop = Shop::open(Cluster::shared(), "own_errors", "jsonrpc");
    let mut golden = Golden::new("own");
    let define = |manifest: &str| format!("select sync_define('{}')", manifest.replace('\'', "''"));
    for (title, sql) in [
        ("no manifest", define("{}")),
        ("no object", define("[1]")),
        (
            "many mistakes",
            define(
                &LEADS
                    .replace("\"text\"", "\"varchar\"")
                    .replace("cursor", "curser")
                    .replace("\"id\"]", "\"no\"]"),
            ),
        ),
        ("a table that is taken", define(&LEADS.replace("\"table\": \"leads\"", "\"table\": \"contacts\""))),
        ("a name that is taken", define(&LEADS.replace("\"name\": \"leads\"", "\"name\": \"partners\""))),
        ("a reserved column", define(&LEADS.replace("\"name\": \"name\"", "\"name\": \"tenant\""))),
        ("after nothing", define(&LEADS.replace("\"source\"", "\"after\": [\"contact\"], \"source\""))),
        ("extends nothing", define(r#"{"extends": "product", "streams": [{"table": "products"}]}"#)),
        (
            "an extension with a mistake",
            define(
                r#"{"extends": "products", "streams": [{"table": "products", "columns": [{"name": "x"}]}]}"#,
            ),
        ),
        ("null", "select sync_define(null)".into()),
        ("never stored", "select sync_undefine('leads')".into()),
        ("built in", "select sync_undefine('contacts')".into()),
        (
            "no such setting",
            r#"select sync_configure('contacts', '{"intervall": "1 day", "keep_raw": 1}')"#.into(),
        ),
        ("no settings", "select sync_configure('contacts', '[]')".into()),
        ("null", "select sync_configure('contacts', null)".into()),
        ("no date", r#"select sync_configure('contacts', '{"initial_range": "1 year"}')"#.into()),
        ("not installed", format!("{}; select * from sync_run('leads')", define(LEADS))),
        ("no such object", "select * from sync_discover('odoo_main', 'crm.lead')".into()),
        ("no such server", "select * from sync_discover('odoo')".into()),
        ("not read yet", "select sync_require('contacts,leads')".into()),
        ("no such mode", "select * from sync_plan('contacts', mode => 'quick')".into()),
        ("not installed", "select * from sync_plan('leads')".into()),
    ] {
        golden.shows(title, &shop, &sql);
    }
    golden.compare();
}
