//! A program from its first step to its last, and what is wrong in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::books;
use super::compare::{self, Difference, Loss};
use super::expected::{self, Table};
use super::ours::Ours;
use super::program::{Program, Step, Sync};
use super::world::World;
use super::{circumstances, derived};

/// Runs the program; returns what is wrong.
pub fn play(program: &Program, ours: &mut Ours<'_>, world: &mut World) -> Vec<String> {
    for (nth, step) in program.steps.iter().enumerate() {
        match step {
            Step::Change(change) => {
                ours.tally.count("changes");
                world.apply(change);
            }
            Step::Sync(sync) => {
                ours.sync(sync, world);
                let wrong = books::errors(&mut ours.shop);
                if !wrong.is_empty() {
                    return at(&format!("after step {nth}, {:?}", program.steps[nth]), wrong);
                }
            }
        }
    }
    let wrong = std::mem::take(&mut ours.complaints);
    if !wrong.is_empty() {
        return wrong;
    }
    end(ours, world)
}

fn at(place: &str, wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().map(|wrong| format!("{place}: {wrong}")).collect()
}

/// All trouble is over: an incremental run brings what changed, a verification what is gone, a full run the rest.
fn end(ours: &mut Ours<'_>, world: &mut World) -> Vec<String> {
    circumstances::recover(world);
    world.till.iter_mut().for_each(|till| till.settle());
    ours.hasty = false;
    ours.shop.no_worker();
    for (mode, may) in [("incremental", Excuse::Gone), ("verify", Excuse::Unmarked), ("full", Excuse::Nothing)] {
        let mut wrong = settle(ours, world, mode);
        wrong.extend(differences(ours, world).into_iter().filter(|d| !may.excuses(d, world)).map(|d| d.to_string()));
        if may != Excuse::Gone {
            wrong.extend(derived::errors(ours, world));
        }
        wrong.extend(books::errors(&mut ours.shop));
        if !wrong.is_empty() {
            return at(&format!("after the last {mode} run"), wrong);
        }
    }
    let mut wrong = books::left(&mut ours.shop);
    wrong.extend(removals(ours, world));
    wrong.extend(rejections(ours, world));
    wrong
}

/// Runs once; where more is gone than may go unasked, nothing of it may go before it is confirmed.
fn settle(ours: &mut Ours<'_>, world: &mut World, mode: &'static str) -> Vec<String> {
    let before = gone(ours, world);
    let sync = Sync::calm(&world.setup, mode, false);
    if ours.sync(&sync, world) {
        return Vec::new();
    }
    let failed = ours.shop.rows(
        "select entity, error_kind, error from erp_sync.task where state <> 'succeeded'
         and run_id = (select max(id) from erp_sync.run)",
    );
    let many = before.values().any(|gone| *gone > 10);
    if !many || failed.iter().any(|line| !line.contains("|breaker|")) {
        return failed.into_iter().map(|line| format!("a calm run failed: {line}; gone were {before:?}")).collect();
    }
    ours.tally.count("the breaker held back");
    let after = gone(ours, world);
    let mut wrong: Vec<String> = Vec::new();
    for line in failed {
        let entity = line.split('|').next().unwrap_or_default();
        let held = before.iter().filter(|((of, _), gone)| of == entity && **gone > 10);
        if held.into_iter().all(|(table, gone)| after.get(table).is_none_or(|left| left + 10 < *gone)) {
            wrong.push(format!("the breaker held nothing back: {line}; {before:?}, then {after:?}"));
        }
    }
    let confirmed = Sync::calm(&world.setup, if mode == "incremental" { mode } else { "full" }, true);
    if !ours.sync(&confirmed, world) {
        wrong.push("a confirmed run failed".to_owned());
    }
    wrong
}

/// How many rows of each table are here and no longer there.
fn gone(ours: &mut Ours<'_>, world: &World) -> BTreeMap<(String, String), usize> {
    let mut gone = BTreeMap::new();
    for table in expected::tables(world, &ours.manifests) {
        let found = compare::found(&mut ours.shop, &table);
        let extra = compare::differences(&table, &found).iter().filter(|d| d.loss == Loss::Extra).count();
        gone.insert((table.entity, table.name), extra);
    }
    gone.retain(|_, rows| *rows > 0);
    gone
}

fn differences(ours: &mut Ours<'_>, world: &World) -> Vec<Difference> {
    let tables: Vec<Table> = expected::tables(world, &ours.manifests);
    let mut all = Vec::new();
    for table in &tables {
        let found = compare::found(&mut ours.shop, table);
        ours.tally.add("rows compared", found.len() as u64);
        all.extend(compare::differences(table, &found));
    }
    all
}

/// What may still differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Excuse {
    /// What is gone, and what changed without a word.
    Gone,
    /// What changed without a word and removed nothing.
    Unmarked,
    Nothing,
}

impl Excuse {
    fn excuses(self, difference: &Difference, world: &World) -> bool {
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

fn is_among(difference: &Difference, records: &BTreeSet<(&'static str, i64)>) -> bool {
    difference.id().is_some_and(|id| records.iter().any(|(model, of)| *model == difference.object && *of == id))
}

fn is_unmarked_sale(difference: &Difference, world: &World) -> bool {
    let Some(till) = world.till.as_ref().filter(|_| difference.table == "pos_sales") else { return false };
    till.unmarked.iter().any(|(invoice, line)| difference.key == format!("[\"pos\", \"{invoice}\", {line}]"))
}

/// What was removed although the remote always had it.
fn removals(ours: &mut Ours<'_>, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in expected::tables(world, &ours.manifests) {
        let sql = format!("select key, reason from erp_sync.removed where stream = '{}'", table.name);
        for line in ours.shop.rows(&sql) {
            let (key, reason) = line.rsplit_once('|').expect("two columns");
            if reason.is_empty() || !was_gone(world, &table, key) {
                wrong.push(format!("removed without a cause: {} {line}", table.name));
            }
        }
    }
    wrong
}

fn was_gone(world: &World, table: &Table, key: &str) -> bool {
    let key: serde_json::Value = serde_json::from_str(key).expect("JSON");
    match (&world.till, table.of_servers) {
        (Some(till), true) => {
            let (invoice, line) = (key[1].as_str().unwrap_or_default(), key[2].as_i64().unwrap_or_default());
            till.ever_gone.contains(&(invoice.to_owned(), line))
        }
        _ => world.ever_gone.iter().any(|(model, id)| *model == table.object && key[0] == *id),
    }
}

/// The list of rejected rows is that of the rows that break a rule.
fn rejections(ours: &mut Ours<'_>, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in expected::tables(world, &ours.manifests) {
        let sql = format!("select key from erp_sync.rejected where stream = '{}'", table.name);
        let listed: BTreeSet<String> = erp_sync_tests::shop::rows(&mut ours.shop.admin, &sql).into_iter().collect();
        if listed != table.rejected {
            wrong.push(format!("rejected of {}: {listed:?}, not {:?}", table.name, table.rejected));
        }
    }
    wrong
}
