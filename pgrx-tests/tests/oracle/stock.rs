//! Changes of what the stock is worked out from.

use serde_json::json;

use super::change::{Change, What};
use super::world::World;

pub fn apply(world: &mut World, change: &Change) {
    let model = match change.what {
        What::Place => "stock.location",
        What::Code => "stock.warehouse",
        _ => "product.product",
    };
    let values = match change.what {
        What::Place => json!({"usage": (["internal", "internal", "customer", "transit"][change.size % 4])}),
        What::Code => json!({"code": (["WH", "CHIC1", "B7"][change.size % 3])}),
        What::Unit => json!({"uom_id": world.some("uom.uom", change.size % 3)}),
        _ => json!({"barcode": ([json!("P-1"), json!("P-2"), json!("P-3"), json!(false)][change.size % 4])}),
    };
    if let Some(id) = world.pick(model, change) {
        world.write(model, &[id], values, change);
    }
}
