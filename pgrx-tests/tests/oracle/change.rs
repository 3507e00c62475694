//! What people do to the remotes: drawn from the dice, carried out on the doubles.

use super::dice::Dice;
use super::setup::Setup;

/// A change: of which row is told by a number that counts through those that are there.
#[derive(Clone, Debug)]
pub struct Change {
    pub what: What,
    pub pick: usize,
    pub size: usize,
    /// So many seconds before its commit the transaction began.
    pub late: i64,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Of any model that is read.
    Create(&'static str),
    Import(&'static str),
    Write(&'static str),
    Silent(&'static str),
    Delete(&'static str),
    Archive(&'static str),
    DeleteMany(&'static str),
    Hide(&'static str),
    Poison(&'static str),
    Spoil(&'static str),
    FromTheFuture(&'static str),
    /// Contacts.
    Merge,
    DeleteWithReferences,
    /// Invoices.
    Draft,
    Post,
    DraftMany,
    AddLine,
    WriteLine,
    DeleteLine,
    /// What the stock is worked out from.
    Place,
    Unit,
    Code,
    Barcode,
    /// The till.
    Sell,
    SellMany,
    Resell,
    SellSilently,
    Unsell,
    BeginSale,
    CommitSale,
    RollBackSale,
    CutLines,
    RefuseLogins,
    /// Circumstances.
    Clock,
    Skew,
    Forbid,
    Revoke,
    Down,
    Password,
    Recover,
}

impl Change {
    pub fn draw(dice: &mut Dice, setup: &Setup) -> Change {
        let what = What::draw(dice, setup);
        let late = if dice.chance(25) { dice.one(&[1, 30, 300, 580, 600]) } else { 0 };
        Change { what, pick: dice.roll(1000), size: dice.between(1, 30), late }
    }
}

impl What {
    fn draw(dice: &mut Dice, setup: &Setup) -> What {
        use What::*;
        let model = dice.one(&models(setup));
        if setup.drastic && dice.chance(6) {
            return if setup.has("invoices") {
                dice.one(&[DraftMany, DeleteMany(model)])
            } else {
                DeleteMany(model)
            };
        }
        loop {
            let what = match dice.roll(100) {
                0..=13 => Create(model),
                14..=17 => Import(model),
                18..=31 => Write(model),
                32..=34 => Silent(model),
                35..=40 => Delete(model),
                41..=42 => Archive(model),
                44 => Hide(model),
                45 => Poison(model),
                46..=47 => Spoil(model),
                48 => FromTheFuture(model),
                49..=52 => Merge,
                53..=54 => DeleteWithReferences,
                55..=58 => dice.one(&[Draft, Post]),
                60..=63 => AddLine,
                64..=66 => WriteLine,
                67..=69 => DeleteLine,
                70..=74 => dice.one(&[Place, Unit, Code, Barcode]),
                75..=78 => Sell,
                79 => SellMany,
                80..=82 => Resell,
                83 => SellSilently,
                84..=85 => Unsell,
                86..=88 => BeginSale,
                89..=90 => CommitSale,
                91 => RollBackSale,
                43 => dice.one(&[CutLines, RefuseLogins]),
                92..=94 => Clock,
                95 => Skew,
                96 => dice.one(&[Forbid, Revoke, Down, Password]),
                _ => Recover,
            };
            if what.fits(setup) {
                return what;
            }
        }
    }

    fn fits(self, setup: &Setup) -> bool {
        use What::*;
        match self {
            Merge | DeleteWithReferences => setup.has("contacts"),
            Draft | Post | DraftMany | AddLine | WriteLine | DeleteLine => setup.has("invoices"),
            Place | Code => setup.has("warehouses"),
            Unit | Barcode => setup.has("products"),
            Sell | SellMany | Resell | SellSilently | Unsell | BeginSale | CommitSale | RollBackSale
            | CutLines | RefuseLogins => setup.has_till(),
            Archive(model) => matches!(model, "res.partner" | "product.product"),
            Spoil(model) => model == "product.product",
            Poison(model) => model != "stock.quant" && !setup.is_readable,
            Forbid | Revoke | Down | Password => !setup.is_readable,
            _ => true,
        }
    }
}

/// The models whose rows people make and change.
fn models(setup: &Setup) -> Vec<&'static str> {
    let of = |entity: &&str| match *entity {
        "contacts" => Some("res.partner"),
        "products" => Some("product.product"),
        "invoices" => Some("account.move"),
        "stock_moves" => Some("stock.move"),
        "inventory" => Some("stock.quant"),
        _ => None,
    };
    setup.entities.iter().filter_map(of).collect()
}
