//! The last runs of the extension: each succeeds, or holds removals back because they are many.

use std::collections::BTreeMap;

use super::compare::{self, Loss};
use super::differing;
use super::ours::Ours;
use super::program::Sync;
use super::reader::Reader;
use super::world::World;

/// So many rows may always go; of the small tables of a program no more.
const FEW: usize = 10;

const FAILED: &str = "
select entity, error_kind, error from erp_sync.task where state <> 'succeeded'
and run_id = (select max(id) from erp_sync.run)";

/// Rows that are here and no longer there, by entity and table.
type Gone = BTreeMap<(String, String), usize>;

/// Runs once; where more is gone than may go unasked, it is still there until it is confirmed.
pub fn settle(ours: &mut Ours<'_>, mode: &'static str, world: &mut World) -> Vec<String> {
    let before = gone(ours, world);
    if mode == "verify" && world.setup.looks_first {
        let wrong = differing::errors(ours, world);
        if !wrong.is_empty() {
            return wrong;
        }
    }
    ours.sync(&Sync::calm(&world.setup, mode, false), world);
    let failed = ours.shop.rows(FAILED);
    if failed.is_empty() {
        return unasked(&before, mode);
    }
    let is_breaker = |line: &String| line.contains("|breaker|") && before.values().any(|gone| *gone > FEW);
    if !failed.iter().all(is_breaker) {
        return vec![format!("a calm run failed: {failed:?}; gone were {before:?}")];
    }
    ours.tally.count("the breaker held back");
    let after = gone(ours, world);
    let mut wrong = Vec::new();
    for line in failed {
        let entity = line.split('|').next().unwrap_or_default();
        let held = |(table, gone): (&(String, String), &usize)| {
            table.0 == entity && *gone > FEW && after.get(table).is_some_and(|left| left + FEW >= *gone)
        };
        if !before.iter().any(held) {
            wrong.push(format!("the breaker held nothing back: {line}; {before:?}, then {after:?}"));
        }
    }
    if !ours.sync(&Sync::calm(&world.setup, mode, true), world) {
        wrong.push(format!("a confirmed run failed: {:?}", ours.shop.rows(FAILED)));
    }
    wrong
}

/// More went than may go unasked. Lines go with their headers, and what is gone an incremental run does not see.
fn unasked(before: &Gone, mode: &str) -> Vec<String> {
    let many = |((_, table), gone): &(&(String, String), &usize)| **gone > FEW && table != "invoice_lines";
    let many = before.iter().filter(|entry| mode != "incremental" && many(entry));
    many.map(|((_, table), gone)| format!("{gone} rows of {table} went unasked")).collect()
}

fn gone(ours: &mut Ours<'_>, world: &World) -> Gone {
    let mut gone = Gone::new();
    for table in ours.tables(world) {
        let found = ours.found(&table);
        let extra = compare::differences(&table, &found).iter().filter(|d| d.loss == Loss::Extra).count();
        if extra > 0 {
            gone.insert((table.entity, table.name), extra);
        }
    }
    gone
}
