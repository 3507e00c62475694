use super::*;
use crate::entity::{Entity, parse};

fn shop() -> Entity {
    parse(
        r#"{"name": "bills", "about": "Bills", "source": "odoo", "streams": [
          {"table": "bills", "about": "Bills", "object": "bill", "key": ["id"], "columns": [
            {"name": "id", "type": "bigint", "about": "Key"},
            {"name": "price", "type": "numeric", "about": "Price", "scale": 6},
            {"name": "day", "type": "date", "about": "Day"}]},
          {"table": "lines", "about": "Lines", "object": "line", "key": ["id"],
            "parent": {"table": "bills", "column": "bill_id"}, "columns": [
            {"name": "id", "type": "bigint", "about": "Key"},
            {"name": "bill_id", "type": "bigint", "about": "Bill"}]}]}"#,
    )
    .unwrap()
}

#[test]
fn dump() {
    let shop = shop();
    println!("{}", upsert(&shop.streams[0], "erp", &[0, 1, 2], true));
    println!("{}", upsert(&shop.streams[0], "erp", &[0], false));
    println!("{}", delete(&shop.streams[0], "erp"));
    println!("{}", missing_children(&shop.streams[1], "erp").unwrap());
    println!("{}", missing_in_range(&shop.streams[1], "erp").unwrap());
    println!("{}", orphans(&shop.streams[1], &shop.streams[0], "erp").unwrap());
    println!("{}", present(&shop.streams[1], "erp"));
}
