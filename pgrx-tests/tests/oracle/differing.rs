//! `sync_diff()` held against what the oracle itself sees.

use std::collections::BTreeSet;

use super::compare::Loss;
use super::ours::Ours;
use super::reader::Reader;
use super::world::World;

/// What `sync_diff()` lists and does not differ, and what is gone and not listed. What changed without a word is no
/// difference for it, and a snapshot has none.
pub fn errors(ours: &mut Ours<'_>, world: &World) -> Vec<String> {
    let seen = ours.differences(world);
    let seen = seen.iter().filter(|difference| difference.object != "stock.quant");
    let seen: BTreeSet<(Loss, String)> = seen
        .map(|difference| (difference.loss, format!("{} {}", difference.table, difference.key)))
        .collect();
    let listed = listed(ours, world);
    let gone = |(loss, _): &&(Loss, String)| *loss == Loss::Extra;
    let untold = seen.iter().filter(gone).filter(|difference| !listed.contains(*difference));
    let untrue = listed.iter().filter(|difference| !seen.contains(*difference));
    let untold = untold.map(|difference| format!("sync_diff() does not list {difference:?}"));
    untold.chain(untrue.map(|difference| format!("sync_diff() lists {difference:?}"))).collect()
}

fn listed(ours: &mut Ours<'_>, world: &World) -> BTreeSet<(Loss, String)> {
    let entities: Vec<&str> =
        world.setup.entities.iter().copied().filter(|entity| *entity != "inventory").collect();
    let sql = format!("select differs, stream || ' ' || key from sync_diff('{}')", entities.join(","));
    let loss = |word: &str| match word {
        "missing" => Loss::Missing,
        "extra" => Loss::Extra,
        _ => Loss::Stale,
    };
    let rows = ours.shop.rows(&sql);
    let rows = rows.iter().map(|line| line.split_once('|').expect("two columns"));
    rows.map(|(word, row)| (loss(word), row.to_owned())).collect()
}
