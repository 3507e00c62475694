//! What may still differ from the remotes, because nothing there tells of it.

use std::collections::BTreeSet;

use super::compare::{Difference, Loss};
use super::reader::Reader;
use super::world::World;

/// What is forgiven.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Excuse {
    /// What is gone, and what changed without a word.
    Gone,
    /// What changed without a word and removed nothing.
    Unmarked,
    Nothing,
}

impl Excuse {
    pub fn excuses(self, difference: &Difference, world: &World) -> bool {
        let unmarked = is_among(difference, &world.unmarked) || is_unmarked_sale(difference, world);
        match self {
            Excuse::Gone => {
                difference.loss == Loss::Extra || unmarked || is_among(difference, &world.overdue)
            }
            Excuse::Unmarked => difference.loss == Loss::Stale && unmarked,
            Excuse::Nothing => false,
        }
    }
}

/// Who referred to a contact that the reader never had, because it was merged before it was read, is read again by
/// no removal: nothing was removed here.
pub fn referred_to_the_unknown(reader: &mut dyn Reader, world: &mut World) {
    for (record, contact) in std::mem::take(&mut world.bent) {
        if !reader.ever_had(contact) {
            world.unmarked.insert(record);
        }
    }
}

fn is_among(difference: &Difference, records: &BTreeSet<(&'static str, i64)>) -> bool {
    let is_it = |id| records.iter().any(|(model, of)| *model == difference.object && *of == id);
    difference.id().is_some_and(is_it)
}

fn is_unmarked_sale(difference: &Difference, world: &World) -> bool {
    let Some(till) = world.till.as_ref().filter(|_| difference.table == "pos_sales") else { return false };
    till.unmarked.iter().any(|(invoice, line)| difference.key == format!("[\"pos\", \"{invoice}\", {line}]"))
}
