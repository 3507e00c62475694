//! What changes there while and after it is read here.

use crate::bench::{Bench, Counts, PAGE, numbered};
use crate::remote::{Pages, Trouble};

/// The third page is held while a row that was read and one that was not are changed, a row that was read is
/// deleted, and one is added.
pub fn a_row_changed_while_paging_arrives(bench: &mut Bench) {
    let keys = bench.remote.add(numbered(5 * PAGE));
    bench.remote.spoil(Pages::Only(3), Trouble::Held);
    let call = bench.start("incremental");
    bench.wait_for_page(3);
    bench.remote.change(keys[0], "changed behind the reader");
    bench.remote.change(keys[4 * PAGE], "changed ahead of the reader");
    bench.remote.delete(keys[PAGE]);
    let new = bench.remote.add(numbered(1));
    bench.remote.recover();
    let counts = bench.end(call);
    assert_eq!((counts.duplicates, counts.rejected), (0, 0));
    assert!(counts.inserted >= 5 * PAGE as i64, "no row is lost: {counts:?}");

    bench.run("incremental");
    let table = bench.table();
    assert_eq!(table[&keys[0]].text.as_deref(), Some("changed behind the reader"));
    assert_eq!(table[&keys[4 * PAGE]].text.as_deref(), Some("changed ahead of the reader"));
    assert!(table.contains_key(&new[0]), "the new row");
    assert_eq!(bench.run("full").removed, 1);
    bench.equals();
}

/// The newest row that was read is of a minute that began after the late transactions did.
pub fn a_late_commit_arrives(bench: &mut Bench) {
    let keys = bench.synced(PAGE);
    bench.remote.advance(300);
    bench.remote.add(numbered(1));
    bench.run("incremental");
    bench.remote.add_late(numbered(1).remove(0), 240);
    bench.remote.change_late(keys[0], "committed late", 200);
    let counts = bench.run("incremental");
    assert_eq!((counts.inserted, counts.updated), (1, 1));
    bench.equals();
}

pub fn a_deleted_row_goes_with_the_next_full_run(bench: &mut Bench) {
    let keys = bench.synced(3 * PAGE);
    for at in [0, PAGE, 3 * PAGE - 2] {
        bench.remote.delete(keys[at]);
    }
    assert_eq!(bench.run("incremental").removed, 0);
    assert_eq!(bench.rows(), 3 * PAGE);
    assert_eq!(bench.run("full").removed, 3);
    bench.equals();
}

/// The late transactions began long before what an incremental run reads again.
pub fn what_no_incremental_run_sees_is_found_by_comparing_keys(bench: &mut Bench) {
    let keys = bench.synced(3 * PAGE);
    bench.remote.advance(7200);
    bench.remote.add(numbered(1));
    bench.run("incremental");
    bench.remote.delete(keys[1]);
    let late = bench.remote.add_late(numbered(1).remove(0), 5400);
    bench.remote.change_late(keys[2], "committed late", 5400);
    assert_eq!(bench.run("incremental"), Counts { fetched: 1, unchanged: 1, ..Counts::default() });
    let asked = bench.remote.pages_asked();
    let counts = bench.run("verify");
    assert_eq!((counts.inserted, counts.updated, counts.removed, counts.rejected), (1, 1, 1, 0));
    assert!(bench.table().contains_key(&late));
    bench.equals();
    // What changed, all keys on one page, the two rows that differ, and the one that seems to be gone.
    assert_eq!(bench.remote.pages_asked() - asked, 4);
    assert_eq!(bench.run("verify"), Counts { fetched: 1, unchanged: 1, ..Counts::default() });
}
