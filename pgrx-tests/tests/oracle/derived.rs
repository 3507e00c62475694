//! Tables made from others, against what somebody else works out.

use std::collections::BTreeMap;

use super::ours::Ours;
use super::recomputed;
use super::world::World;

/// Sales without a movement wait for their branch or product.
const SALES: &str = "
select jsonb_build_array(s.server, s.invoice_no, s.line_no)::text from erp.pos_sales s
where s.quantity <> 0 and not exists (
  select from erp.stock_movements t where t.origin = 'pos_sales'
    and t.origin_key = jsonb_build_array(s.server, s.invoice_no, s.line_no)::text)";

/// Done moves wait for what they name and nobody knows.
const MOVES: &str = "
select jsonb_build_array(m.id)::text from erp.stock_moves m
left join erp.locations l on l.id = m.source_location_id
left join erp.locations d on d.id = m.destination_location_id
left join erp.products p on p.id = m.product_id
left join erp.uoms u on u.id = m.uom_id
left join erp.uoms o on o.id = p.uom_id
where m.state = 'done' and m.quantity <> 0
  and (l.id is null or d.id is null or p.id is null
       or m.uom_id <> p.uom_id and (u.factor is null or o.factor is null))";

/// What should wait and does not, and what waits and should not.
fn waiting(ours: &mut Ours<'_>, stream: &str, wanted: &str) -> Vec<String> {
    let listed = format!("select row_key from erp.waiting where stream = '{stream}'");
    let differ = format!(
        "select * from (select 'does not wait', w.* from (({wanted}) except {listed}) w
                        union all select 'waits', w.* from ({listed} except ({wanted})) w) d"
    );
    labelled(stream, ours.shop.rows(&differ))
}

/// What is not as it should be.
pub fn errors(ours: &mut Ours<'_>, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    if world.setup.has("stock_moves") {
        wrong.extend(labelled("a movement", recomputed::differences(&mut ours.shop)));
        wrong.extend(waiting(ours, "stock_moves", MOVES));
    }
    if world.setup.has("sales") {
        wrong.extend(labelled("a sale", recomputed::differences_of_sales(&mut ours.shop)));
        wrong.extend(waiting(ours, "pos_sales", SALES));
    }
    if world.setup.has("inventory") {
        wrong.extend(inventory(ours, world));
    }
    wrong
}

fn labelled(what: &str, rows: Vec<String>) -> Vec<String> {
    rows.into_iter().map(|row| format!("{what}: {row}")).collect()
}

/// Sums by warehouse and product, in millionths.
type Sums = BTreeMap<(i64, i64), i64>;

fn inventory(ours: &mut Ours<'_>, world: &World) -> Vec<String> {
    let rows = ours.shop.client.query(
        "select warehouse_id, product_id, (quantity * 1000000)::bigint from erp.warehouse_inventory",
        &[],
    );
    let rows = rows.expect("the inventory can be read");
    let found: Sums = rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    let wanted = summed_up(world);
    if found == wanted { Vec::new() } else { vec![format!("the inventory is {found:?}, not {wanted:?}")] }
}

/// What the remote holds in each warehouse: a place belongs to the nearest warehouse above it.
fn summed_up(world: &World) -> Sums {
    let places = world.odoo.records_with("stock.location", &["usage", "location_id", "warehouse_id"]);
    let houses = world.odoo.records_with("stock.warehouse", &["view_location_id"]);
    let place = |id: i64| places.iter().find(|place| place["id"] == id);
    let mut sums = Sums::new();
    for quant in world.odoo.records_with("stock.quant", &["location_id", "product_id", "quantity"]) {
        let Some(lies) =
            quant["location_id"].as_i64().and_then(place).filter(|place| place["usage"] == "internal")
        else {
            continue;
        };
        let mut above = Some(lies);
        let house = loop {
            let Some(here) = above else { break lies["warehouse_id"].as_i64() };
            if let Some(house) = houses.iter().find(|house| house["view_location_id"] == here["id"]) {
                break house["id"].as_i64();
            }
            above = here["location_id"].as_i64().and_then(place);
        };
        let quantity = (quant["quantity"].as_f64().unwrap_or_default() * 1e6).round() as i64;
        if let (Some(house), Some(product)) = (house, quant["product_id"].as_i64()) {
            *sums.entry((house, product)).or_default() += quantity;
        }
    }
    sums
}
