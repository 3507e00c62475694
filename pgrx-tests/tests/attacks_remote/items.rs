//! A small table of a SQL Server, and the entity that reads it.

use erp_sync_tests::shop::Shop;
use erp_sync_tests::tds::Tds;
use erp_sync_tests::till;
use serde_json::{Value, json};

/// A double with three rows, and the server `pos` that reads it.
pub fn open(shop: &mut Shop<'_>) -> Tds {
    let tds = start();
    till::connect(shop, "pos", &tds);
    tds
}

/// A double with three rows.
pub fn start() -> Tds {
    let tds = Tds::start();
    tds.execute(
        "create table items (id int primary key, name nvarchar(max));
         insert into items values (1, N'a'), (2, N'b'), (3, N'c')",
    );
    tds
}

/// The manifest of an entity, with this object and filter.
pub fn manifest(name: &str, object: &str, filter: Option<&str>) -> Value {
    let mut stream = json!({
        "table": name, "object": object, "key": ["id"],
        "columns": [{"name": "id", "type": "bigint"}, {"name": "name", "type": "text"}]
    });
    for about in ["/about", "/columns/0/about", "/columns/1/about"] {
        let (parent, _) = about.rsplit_once('/').unwrap_or_default();
        if let Some(place) = stream.pointer_mut(parent) {
            place["about"] = json!("x");
        }
    }
    if let Some(filter) = filter {
        stream["filter"] = json!(filter);
    }
    json!({"name": name, "source": "sqlserver", "about": "x", "streams": [stream]})
}

/// Stores a manifest.
pub fn define(manifest: &Value) -> String {
    format!("select sync_define('{}')", manifest.to_string().replace('\'', "''"))
}
