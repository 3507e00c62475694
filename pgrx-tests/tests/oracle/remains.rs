//! What the extension keeps beside the tables: the removed rows and the rejected ones, held against what happened.

use std::collections::BTreeSet;

use erp_sync_tests::shop::rows;

use super::expected::Table;
use super::ours::Ours;
use super::reader::Reader;
use super::world::World;

/// What is kept there without a cause, or is not.
pub fn errors(ours: &mut Ours<'_>, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in ours.tables(world) {
        wrong.extend(removed(ours, world, &table));
        wrong.extend(rejected(ours, &table));
    }
    wrong
}

/// Rows that were removed although the remote always had them.
fn removed(ours: &mut Ours<'_>, world: &World, table: &Table) -> Vec<String> {
    let sql = format!("select key, reason from erp_sync.removed where stream = '{}'", table.name);
    let without_cause = |line: &String| {
        let (key, reason) = line.rsplit_once('|').expect("two columns");
        reason.is_empty() || !was_gone(world, table, key)
    };
    let lines = ours.shop.rows(&sql).into_iter().filter(without_cause);
    lines.map(|line| format!("removed from {} without a cause: {line}", table.name)).collect()
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
fn rejected(ours: &mut Ours<'_>, table: &Table) -> Option<String> {
    let sql = format!("select key from erp_sync.rejected where stream = '{}'", table.name);
    let listed: BTreeSet<String> = rows(&mut ours.shop.admin, &sql).into_iter().collect();
    (listed != table.rejected)
        .then(|| format!("rejected of {} are {listed:?}, not {:?}", table.name, table.rejected))
}
