//! Whole runs: the engine reads the double through the source and writes to a store in memory.

use std::sync::Arc;
use std::time::Duration;

use erp_sync::engine::{Ended, Mode, Outcome, Patience, Settings, Task, run};
use erp_sync::entity::Entity;
use erp_sync::error::Kind;
use erp_sync::source::{Key, Scalar, open};
use erp_sync_tests::tds::{Tds, Value};
use serde_json::json;

use super::server::remote;
use super::sink::Table;

/// Point-of-sale lines, by a key of a text and a number.
struct Shop {
    tds: Tds,
    table: Table,
    cursor: Option<&'static str>,
    snapshot: bool,
}

impl Shop {
    fn new(cursor: Option<&'static str>) -> Self {
        let tds = Tds::start();
        tds.execute(
            "create table dbo.sales (invoice nvarchar(20), line int, qty decimal(9,3), at datetime2(7), \
             rv rowversion, primary key (invoice, line))",
        );
        Shop { tds, table: Table::default(), cursor, snapshot: false }
    }

    fn with_lines(cursor: Option<&'static str>, lines: i64) -> Self {
        let shop = Shop::new(cursor);
        (1..=lines).for_each(|line| shop.sell(line));
        shop
    }

    /// Upper and lower case mixed: the remote's own order is another than that of the codes.
    fn invoice(line: i64) -> String {
        format!("{}-{:03}", ["a", "B", "c", "É"][(line % 4) as usize], line / 4)
    }

    fn sell(&self, line: i64) {
        let invoice = Shop::invoice(line);
        self.tds.execute(&format!("insert into sales values (N'{invoice}', {line}, 1, sysutcdatetime())"));
    }

    fn change(&self, line: i64, qty: i64) {
        self.tds.execute(&format!("update sales set qty = {qty}, at = sysutcdatetime() where line = {line}"));
    }

    fn entity(&self) -> Arc<Entity> {
        let column = |name: &str, kind: &str| json!({"name": name, "type": kind, "about": name});
        let mut stream = json!({
            "table": "sales", "about": "s", "object": "dbo.sales", "key": ["invoice", "line"],
            "columns": [column("invoice", "text"), column("line", "bigint"), column("qty", "numeric")],
        });
        if let Some(cursor) = self.cursor {
            stream["cursor"] = cursor.into();
        }
        if self.snapshot {
            stream["snapshot"] = true.into();
        }
        let entity = json!({"name": "sales", "about": "s", "source": "sqlserver", "streams": [stream]});
        Arc::new(serde_json::from_value(entity).unwrap())
    }

    fn run(&mut self, mode: Mode) -> Outcome {
        self.run_with(mode, 1)
    }

    fn run_with(&mut self, mode: Mode, max_attempts: u32) -> Outcome {
        let task = Task {
            server: "pos".into(),
            lane: "pos".into(),
            tenant: "main".into(),
            entity: self.entity(),
            mode,
            confirm: true,
            named: true,
            keep_raw: false,
            overlap: Duration::from_secs(600),
            range: None,
            max_attempts: None,
            pages: (10, 10),
            link: 1,
            label: "till".into(),
            circumstances: String::new(),
        };
        let (retry_base, retry_limit) = (Duration::from_millis(1), Duration::from_secs(1));
        let settings = Settings { max_attempts, retry_base, retry_limit, patience: Patience::default() };
        let mut remote = remote(self.tds.port());
        remote.limits.request_timeout = Duration::from_secs(20);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = |_: &str| open(remote.clone());
        runtime.block_on(run(vec![task], Ended::default(), settings, open, &mut self.table)).unwrap();
        self.table.outcome.clone().unwrap()
    }

    /// Fails unless the table holds what the double does.
    fn assert_exact(&self) {
        let there = self.tds.query("select invoice, line, qty from sales").into_iter().map(|row| {
            let text = |at: usize| row[at].text();
            let line = if let Value::Int(line) = row[1] { line } else { panic!("{row:?}") };
            let key = Key(vec![Scalar::Text(text(0)), Scalar::Int(line)]);
            (key, vec![Some(text(0)), Some(text(1)), Some(text(2))])
        });
        let there: std::collections::BTreeMap<_, _> = there.collect();
        assert_eq!(self.table.rows, there);
    }
}

#[test]
fn a_first_run_brings_everything_and_a_second_one_nothing() {
    let mut shop = Shop::with_lines(Some("rv"), 45);
    assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded);
    shop.assert_exact();
    assert_eq!((shop.table.written.inserted, shop.table.batches), (45, 6));
    assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded);
    assert_eq!(shop.table.written, Default::default());
}

#[test]
fn changes_come_by_their_rowversion_and_what_is_gone_by_a_full_pass() {
    let mut shop = Shop::with_lines(Some("rv"), 45);
    shop.run(Mode::Incremental);
    [40, 3, 17].iter().for_each(|line| shop.change(*line, 9));
    shop.sell(46);
    assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded);
    assert_eq!((shop.table.written.updated, shop.table.written.inserted), (3, 1));
    shop.assert_exact();
    shop.tds.execute("delete from sales where line in (1, 20, 45)");
    shop.run(Mode::Incremental);
    assert_eq!(shop.table.rows.len(), 46);
    assert_eq!(shop.run(Mode::Full), Outcome::Succeeded);
    shop.assert_exact();
    assert_eq!(shop.table.removed.len(), 3);
    // No row that is there was suspected: both sides sort alike.
    assert_eq!((shop.table.written.candidates, shop.table.written.unchanged), (3, 43));
}

#[test]
fn a_run_that_was_cut_keeps_whole_batches_and_the_next_one_goes_on_behind_them() {
    for (what, argument) in [("cut", 0), ("error", 8134), ("severe", 823), ("garbage", 0)] {
        let mut shop = Shop::with_lines(Some("rv"), 45);
        shop.tds.fault("from [dbo].[sales] as o\norder by", what, 37, argument, 1);
        // Rows that were on their way when it was cut may be lost; what was written is whole.
        let Outcome::Failed(error) = shop.run(Mode::Incremental) else { panic!("{what}") };
        assert!(
            matches!(error.kind, Kind::Unreachable | Kind::Remote | Kind::BadAnswer | Kind::Unavailable),
            "{error:?}"
        );
        let kept = shop.table.rows.len();
        assert!(kept.is_multiple_of(10) && kept < 45, "{what}: {kept}");
        assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded, "{what}");
        shop.assert_exact();
        assert_eq!(shop.table.written.inserted as usize, 45 - kept, "{what}");
        assert_eq!(shop.table.written.unchanged, 0, "{what}: read twice");
        assert!(shop.table.stored.as_ref().unwrap().complete);
    }
}

#[test]
fn what_is_over_when_tried_again_does_not_end_a_run() {
    for (what, argument) in [("cut", 0), ("error", 1205)] {
        let mut shop = Shop::with_lines(Some("rv"), 45);
        shop.tds.fault("from [dbo].[sales] as o\norder by", what, 25, argument, 1);
        assert_eq!(shop.run_with(Mode::Incremental, 3), Outcome::Succeeded, "{what}");
        shop.assert_exact();
    }
}

#[test]
fn without_a_cursor_every_run_compares_all_rows() {
    let mut shop = Shop::with_lines(None, 25);
    shop.run(Mode::Incremental);
    shop.change(7, 2);
    assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded);
    assert_eq!((shop.table.written.updated, shop.table.written.unchanged), (1, 24));
    shop.assert_exact();
}

#[test]
fn a_snapshot_replaces_what_is_here() {
    let mut shop = Shop { snapshot: true, ..Shop::with_lines(None, 25) };
    assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded);
    shop.assert_exact();
    shop.tds.execute("delete from sales where line in (3, 4)");
    shop.change(7, 2);
    assert_eq!(shop.run(Mode::Incremental), Outcome::Succeeded);
    shop.assert_exact();
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % sides
    }
}

/// Sales, changes, deletions, transactions that commit late, runs of both modes, connections cut.
#[test]
fn after_any_course_of_events_an_incremental_run_finds_all_changes_and_a_full_one_what_is_gone() {
    for seed in 0..12 {
        let (mut dice, mut shop) = (Dice(seed), Shop::with_lines(Some("rv"), 20));
        let (mut lines, mut open, mut deleted) = (20, None, false);
        for _ in 0..40 {
            match dice.roll(9) {
                0..=2 => {
                    lines += 1;
                    shop.sell(lines);
                }
                3 | 4 => shop.change(1 + dice.roll(lines), dice.roll(100)),
                5 if open.is_none() => {
                    let mut session = shop.tds.session();
                    lines += 1;
                    let invoice = Shop::invoice(lines);
                    session.execute(&format!(
                        "begin tran; insert into sales values (N'{invoice}', {lines}, 5, null)"
                    ));
                    open = Some(session);
                }
                5 => open.take().into_iter().for_each(|mut session| session.execute("commit")),
                // Only a full run finds these, so in half of the courses there are none.
                6 if seed % 2 == 0 => {
                    shop.tds.execute(&format!("delete from sales where line = {}", 1 + dice.roll(lines)));
                    deleted = true;
                }
                7 => {
                    shop.tds.fault("order by o.[rv]", "cut", dice.roll(15).unsigned_abs(), 0, 1);
                    let _ = shop.run(Mode::Incremental);
                    shop.tds.clear_faults();
                }
                _ => {
                    let mode = if dice.roll(4) == 0 { Mode::Full } else { Mode::Incremental };
                    assert_eq!(shop.run(mode), Outcome::Succeeded);
                }
            }
        }
        open.take().into_iter().for_each(|mut session| session.execute("commit"));
        let mode = if deleted { Mode::Full } else { Mode::Incremental };
        shop.run(Mode::Incremental);
        assert_eq!(shop.run(mode), Outcome::Succeeded, "seed {seed}");
        shop.assert_exact();
        assert!(shop.table.candidates.is_empty());
    }
}
