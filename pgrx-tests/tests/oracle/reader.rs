//! What a program is played against: the extension, or a reader that somebody would write first.

use std::collections::BTreeMap;

use super::compare::{self, Difference};
use super::expected::{Row, Table};
use super::program::Sync;
use super::tally::Tally;
use super::world::World;

/// Keeps tables like those of the remotes.
pub trait Reader {
    /// Reads while things happen; tells whether it succeeded.
    fn sync(&mut self, sync: &Sync, world: &mut World) -> bool;

    /// What the tables that it keeps should hold.
    fn tables(&self, world: &World) -> Vec<Table>;

    /// The rows of a table as they are, by key as JSON.
    fn found(&mut self, table: &Table) -> BTreeMap<String, Row>;

    /// Whether it ever had this contact: by its removal it learns of what referred to it.
    fn ever_had(&mut self, _contact: i64) -> bool {
        true
    }

    /// Where it is counted.
    fn tally(&self) -> &Tally;

    /// All trouble is over: nobody is in a hurry any more.
    fn calm_down(&mut self) {}

    /// Runs of which each ended well, but for removals that wait to be confirmed. What is wrong with them otherwise.
    fn settle(&mut self, mode: &'static str, world: &mut World) -> Vec<String> {
        self.sync(&Sync::calm(&world.setup, mode, false), world);
        Vec::new()
    }

    /// What no trouble excuses: counters that do not add up, errors that are nobody's.
    fn complaints(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What is wrong with what it makes of the rows.
    fn misworked(&mut self, _: &World) -> Vec<String> {
        Vec::new()
    }

    /// What it leaves behind in the end, and should not.
    fn leavings(&mut self, _: &World) -> Vec<String> {
        Vec::new()
    }

    /// Every difference between its tables and the remotes.
    fn differences(&mut self, world: &World) -> Vec<Difference> {
        let mut all = Vec::new();
        for table in self.tables(world) {
            let found = self.found(&table);
            self.tally().add("rows compared", found.len() as u64);
            all.extend(compare::differences(&table, &found));
        }
        all
    }
}
