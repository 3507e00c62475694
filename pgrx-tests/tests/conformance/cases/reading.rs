//! Pages.

use crate::bench::{Bench, Counts, PAGE, numbered};

/// Syncs so many rows of one moment for the first time.
fn first_run(bench: &mut Bench, rows: usize) {
    bench.remote.add(numbered(rows));
    let counts = bench.run("incremental");
    assert_eq!(counts, Counts { fetched: rows as i64, inserted: rows as i64, ..Counts::default() });
    bench.equals();
}

pub fn an_empty_object_gives_an_empty_table(bench: &mut Bench) {
    for mode in ["incremental", "incremental", "full"] {
        assert_eq!(bench.run(mode), Counts::default(), "{mode}");
        assert_eq!(bench.rows(), 0);
    }
    first_run(bench, 1);
}

pub fn less_than_a_page_arrives(bench: &mut Bench) {
    first_run(bench, PAGE - 1);
    assert_eq!(bench.batches(), [PAGE - 1]);
}

pub fn exactly_one_full_page_arrives(bench: &mut Bench) {
    first_run(bench, PAGE);
    assert_eq!(bench.batches(), [PAGE]);
    assert!(bench.remote.pages_asked() <= 2, "{} pages asked", bench.remote.pages_asked());
}

pub fn many_pages_arrive(bench: &mut Bench) {
    first_run(bench, 6 * PAGE + 1);
    assert_eq!(bench.batches(), [PAGE, PAGE, PAGE, PAGE, PAGE, PAGE, 1]);
}

pub fn rows_of_one_moment_arrive_over_the_edge_of_a_page(bench: &mut Bench) {
    let before = bench.synced(3);
    bench.remote.advance(60);
    let rows = 2 * PAGE + 3;
    bench.remote.add(numbered(rows));
    let counts = bench.run("incremental");
    assert_eq!((counts.inserted, counts.updated, counts.duplicates), (rows as i64, 0, 0));
    assert_eq!(bench.rows(), before.len() + rows);
    bench.equals();
}

pub fn what_is_unchanged_is_not_written_again(bench: &mut Bench) {
    let rows = bench.synced(2 * PAGE).len() as i64;
    let counts = bench.run("incremental");
    assert_eq!(counts, Counts { fetched: 1, unchanged: 1, ..Counts::default() }, "only the overlap is read");
    let counts = bench.run("full");
    assert_eq!(counts, Counts { fetched: rows, unchanged: rows, ..Counts::default() });
    bench.equals();
}
