//! Trouble on the way: what passes is got over, what stays is told, and whole pages stay.

use std::time::{Duration, Instant};

use crate::bench::{Bench, Counts, PAGE, numbered};
use crate::remote::{Pages, Trouble};

/// Five pages of rows that no overlap will hold, but for the last row.
const ROWS: usize = 4 * PAGE + 2;

fn rows(bench: &Bench) {
    bench.remote.add(numbered(ROWS - 1));
    bench.remote.advance(3600);
    bench.remote.add(numbered(1));
}

/// The answer with the third page is spoilt once, and nobody notices.
fn is_got_over(bench: &mut Bench, trouble: Trouble) {
    rows(bench);
    bench.remote.spoil(Pages::Only(3), trouble);
    let counts = bench.run("incremental");
    assert_eq!(
        counts,
        Counts { fetched: ROWS as i64, inserted: ROWS as i64, ..Counts::default() },
        "{trouble:?}"
    );
    bench.equals();
}

/// Answers are spoilt from the third page on. Two whole pages stay, and the next run begins behind them.
fn stays(bench: &mut Bench, trouble: Trouble, kind: &str) {
    rows(bench);
    bench.set("set erp_sync.max_attempts to 2");
    bench.remote.spoil(Pages::From(3), trouble);
    bench.fails("incremental", kind);
    // What passes is tried once more, what is too long in smaller pages; what makes no sense may be
    // one record's fault, which is looked for by halving the page where the remote gives pages, and no longer.
    let asked = bench.remote.pages_asked();
    let least = if kind == "bad_answer" { 3 } else { 4 };
    assert!((least..=3 + 2 * PAGE).contains(&asked), "{kind}: asked for {asked} pages");
    assert_eq!(bench.rows(), 2 * PAGE, "whole pages");
    bench.remote.recover();
    let counts = bench.run("incremental");
    let rest = (ROWS - 2 * PAGE) as i64;
    assert_eq!(counts, Counts { fetched: rest + 1, inserted: rest, unchanged: 1, ..Counts::default() });
    bench.equals();
}

pub fn a_late_answer_is_asked_for_again(bench: &mut Bench) {
    bench.set("set erp_sync.request_timeout to '150ms'");
    is_got_over(bench, Trouble::Late(Duration::from_millis(400)));
}

pub fn an_answer_that_trickles_is_given_up_in_time(bench: &mut Bench) {
    bench.set("set erp_sync.request_timeout to '150ms'");
    let began = Instant::now();
    stays(bench, Trouble::Trickling, "timeout");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

pub fn an_answer_that_does_not_come_is_asked_for_again(bench: &mut Bench) {
    is_got_over(bench, Trouble::Closed);
}

pub fn an_answer_cut_at_the_top_is_asked_for_again(bench: &mut Bench) {
    is_got_over(bench, Trouble::CutAtTheTop);
}

pub fn an_answer_cut_in_the_middle_is_asked_for_again(bench: &mut Bench) {
    is_got_over(bench, Trouble::CutInTheMiddle);
}

pub fn a_remote_that_breaks_off_again_and_again_leaves_whole_pages(bench: &mut Bench) {
    stays(bench, Trouble::CutInTheMiddle, "unreachable");
}

pub fn garbage_is_told_after_a_look_at_its_records(bench: &mut Bench) {
    stays(bench, Trouble::Garbage, "bad_answer");
}

/// Seven rows are too much for the limit, and three are not: the limit is for what arrives unpacked.
pub fn a_page_that_is_too_long_is_asked_for_in_parts(bench: &mut Bench) {
    bench.set("set erp_sync.max_response_bytes to '128kB'");
    let mut rows = numbered(2 * PAGE);
    rows.iter_mut().for_each(|row| row.text = Some("long ".repeat(6000)));
    bench.remote.add(rows);
    assert_eq!(bench.run("incremental").inserted, 2 * PAGE as i64);
    assert!(bench.batches().iter().all(|rows| *rows < PAGE), "{:?}", bench.batches());
    bench.equals();
}

pub fn an_answer_that_is_always_too_long_is_told(bench: &mut Bench) {
    bench.set("set erp_sync.max_response_bytes to '128kB'");
    stays(bench, Trouble::OverLong(140_000), "too_large");
}

pub fn a_remote_that_wants_a_pause_gets_it(bench: &mut Bench) {
    let began = Instant::now();
    is_got_over(bench, Trouble::Throttled(1));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

pub fn a_remote_that_goes_on_wanting_pauses_is_left_alone(bench: &mut Bench) {
    stays(bench, Trouble::Throttled(0), "throttled");
}
