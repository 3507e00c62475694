//! What is not about rows: clocks, rights, and servers that are out of order.

use super::change::{Change, What};
use super::world::World;

const PASSWORD: &str = "another-password-0123456789abcdef0123456789";

pub fn apply(world: &mut World, change: &Change) {
    match change.what {
        What::Clock => clock(world, change),
        What::Skew => {
            // Forward only so far that no reader is led beyond the overlap.
            let to = (change.size as i64 - 15) * 20;
            let to = to.min(world.slack() / 2);
            world.odoo.skew_http_date(to - world.skew);
            world.skew = to;
        }
        What::Forbid => world.odoo.forbid_field("admin", "res.partner", "vat"),
        What::Revoke => world.odoo.revoke("admin", model(change)),
        What::Down => world.odoo.take_database_down(true),
        What::Password => set_password(world, PASSWORD),
        _ => recover(world),
    }
}

fn model(change: &Change) -> &'static str {
    ["res.partner", "product.product", "account.move.line", "stock.location"][change.pick % 4]
}

/// Time passes, or the clock is set back by less than what is left of the overlap.
fn clock(world: &mut World, change: &Change) {
    match change.size % 3 {
        0 => {
            let back = world.slack() / 3;
            world.odoo.advance(-back);
        }
        _ => world.odoo.advance(change.size as i64 * 60),
    }
}

fn set_password(world: &World, password: &str) {
    world.odoo.set_password("admin", password);
    world.odoo.set_api_key("admin", Some(password));
}

/// Everything is in order again, and every row can be seen.
pub fn recover(world: &mut World) {
    world.odoo.take_database_down(false);
    world.till.iter().for_each(|till| till.tds.refuse(None));
    set_password(world, world.password());
    world.odoo.allow_field("admin", "res.partner", "vat");
    (0..4).for_each(|pick| {
        let change = Change { what: What::Recover, pick, size: 0, late: 0 };
        world.odoo.grant("admin", model(&change));
    });
    let (hidden, poisoned) = (std::mem::take(&mut world.hidden), std::mem::take(&mut world.poisoned));
    hidden.iter().for_each(|(model, _)| world.odoo.unhide(model));
    poisoned.iter().for_each(|(model, id)| world.odoo.cure(model, *id));
    for (model, id) in hidden.into_iter().chain(poisoned) {
        world.overdue.insert((model, id));
        if model == "account.move" {
            let lines = world.lines_of(&[id]);
            world.overdue.extend(lines.iter().map(|id| ("account.move.line", *id)));
        }
    }
}
