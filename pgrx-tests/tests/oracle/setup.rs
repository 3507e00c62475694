//! Which remotes a program has, how they are spoken to, and what is read of them.

use super::dice::Dice;

/// What stays the same throughout a program.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Odoo's.
    pub version: u32,
    pub protocol: &'static str,
    pub behind_proxy: bool,
    pub entities: &'static [&'static str],
    /// Rows a page, and rows a batch at most.
    pub page: usize,
    /// The column that tells what changed at the till.
    pub cursor: &'static str,
    /// Whether more may vanish at once than goes unasked.
    pub drastic: bool,
    /// Days between two calls of `sync_auto()`.
    pub days: usize,
    /// How far before its position the extension reads again: as long as a transaction there may take.
    pub overlap: &'static str,
    /// Whether what differs is looked at before it is mended.
    pub looks_first: bool,
    /// Whether the remotes can always be read.
    pub is_readable: bool,
}

/// What is synced, in the order in which one depends on the other.
const ENTITIES: &[&[&str]] = &[
    &["contacts"],
    &["contacts", "invoices"],
    &["contacts", "invoices"],
    &["products", "warehouses", "sales"],
    &["products", "warehouses", "stock_moves", "inventory"],
    &["contacts", "products", "warehouses", "invoices", "stock_moves", "inventory", "sales"],
];

impl Setup {
    pub fn draw(dice: &mut Dice) -> Setup {
        let (version, protocol) =
            dice.one(&[(17, "jsonrpc"), (17, "xmlrpc"), (18, "jsonrpc"), (18, "xmlrpc"), (19, "json2")]);
        Setup {
            version,
            protocol,
            behind_proxy: dice.chance(30),
            entities: dice.one(ENTITIES),
            page: dice.one(&[4, 7, 15, 200]),
            cursor: dice.one(&["updated_at", "changed"]),
            drastic: dice.chance(10),
            days: dice.one(&[0, 2, 40]),
            overlap: "10 minutes",
            looks_first: dice.chance(25),
            is_readable: false,
        }
    }

    pub fn has(&self, entity: &str) -> bool {
        self.entities.contains(&entity)
    }

    pub fn has_till(&self) -> bool {
        self.has("sales")
    }
}
