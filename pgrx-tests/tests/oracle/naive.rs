//! The readers that are written first, put in the place of the extension: each loses rows, and the oracle says so.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use erp_sync_tests::odoo::Odoo;
use serde_json::{Value, json};

use super::change::Change;
use super::compare::Loss;
use super::dice::Dice;
use super::expected::{self, Row, Table};
use super::play::{Wrong, play};
use super::program::{Program, Step, Sync};
use super::reader::Reader;
use super::setup::Setup;
use super::tally::Tally;
use super::world::World;

/// How such a reader goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `write_date > the newest I have seen`.
    NewerThanSeen,
    /// From the newest that I have seen on, page by page, but nothing before it.
    WithoutOverlap,
    /// With an overlap, in the order of the changes, so many rows behind the first.
    ByOffset,
    /// With an overlap, behind the last id, up to a mark that is taken before: as the extension does.
    Right,
}

/// Keeps its rows in memory.
struct Naive<'a> {
    way: Way,
    page: usize,
    stream: Value,
    manifest: Value,
    rows: BTreeMap<String, Row>,
    newest: String,
    tally: &'a Tally,
}

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
const BEGINNING: &str = "1970-01-01 00:00:00";

impl<'a> Naive<'a> {
    fn new(way: Way, page: usize, tally: &'a Tally) -> Naive<'a> {
        let manifest = include_str!("../../../src/entity/contacts.json");
        let manifest: Value = serde_json::from_str(manifest).expect("JSON");
        let stream = manifest["streams"][0].clone();
        Naive { way, page, stream, manifest, rows: BTreeMap::new(), newest: BEGINNING.to_owned(), tally }
    }

    /// Where its condition begins.
    fn from(&self) -> (&'static str, String) {
        match self.way {
            Way::NewerThanSeen => (">", self.newest.clone()),
            Way::WithoutOverlap => (">=", self.newest.clone()),
            Way::ByOffset | Way::Right => (">=", earlier(&self.newest)),
        }
    }

    /// The newest change there is.
    fn mark(&self, world: &World, now: &str) -> String {
        let newest = ask(&world.odoo, &self.stream, vec![], "write_date desc", 0, 1);
        newest.first().map_or_else(|| self.newest.clone(), |record| written(record).min(now.to_owned()))
    }

    fn read(&mut self, world: &mut World, meanwhile: &mut dyn FnMut(&mut World)) {
        let (operator, from) = self.from();
        let (mut offset, mut after) = (0, 0);
        // None of them is taken in by a row of the future.
        let now = world.odoo.now().format(FORMAT).to_string();
        let mut newest = if self.way == Way::Right { self.mark(world, &now) } else { self.newest.clone() };
        loop {
            meanwhile(world);
            let mut domain = vec![json!(["write_date", operator, from])];
            let (order, skip) = match self.way {
                Way::ByOffset => ("write_date, id", offset),
                _ => {
                    domain.push(json!(["id", ">", after]));
                    ("id", 0)
                }
            };
            let page = ask(&world.odoo, &self.stream, domain, order, skip, self.page);
            for record in &page {
                let id = record["id"].as_i64().expect("an id");
                self.rows.insert(format!("[{id}]"), expected::odoo_row(&self.stream, record, false));
                if self.way != Way::Right {
                    newest = newest.max(written(record)).min(now.clone());
                }
                after = id;
            }
            offset += page.len();
            if page.len() < self.page {
                self.newest = newest;
                return;
            }
        }
    }
}

fn written(record: &Value) -> String {
    record["write_date"].as_str().expect("a moment").to_owned()
}

/// Ten minutes before.
fn earlier(moment: &str) -> String {
    let moment = NaiveDateTime::parse_from_str(moment, FORMAT).expect("a moment");
    (moment - TimeDelta::seconds(600)).format(FORMAT).to_string()
}

fn ask(
    odoo: &Odoo,
    stream: &Value,
    domain: Vec<Value>,
    order: &str,
    offset: usize,
    limit: usize,
) -> Vec<Value> {
    let fields: Vec<String> = expected::paths(stream).into_iter().collect();
    let named = json!({"order": order, "offset": offset, "limit": limit, "load": "",
                       "context": {"active_test": false}});
    let args = json!([odoo.database(), 2, "admin", stream["object"], "search_read", [domain, fields], named]);
    let params = json!({"service": "object", "method": "execute_kw", "args": args});
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", odoo.port())).expect("the double listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let head =
        "POST /jsonrpc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("it is heard");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let answer: Value = serde_json::from_str(body).expect("JSON");
    answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

impl Reader for Naive<'_> {
    /// It knows one way to read, and no fault strikes it; what happens meanwhile happens before the nth request.
    fn sync(&mut self, sync: &Sync, world: &mut World) -> bool {
        let mut request = 0;
        let mut meanwhile = |world: &mut World| {
            request += 1;
            let changes = sync.moments.iter().filter(|moment| moment.request == request);
            changes.flat_map(|moment| &moment.changes).for_each(|change: &Change| world.apply(change));
        };
        self.read(world, &mut meanwhile);
        true
    }

    fn tables(&self, world: &World) -> Vec<Table> {
        expected::tables(world, std::slice::from_ref(&self.manifest))
    }

    fn found(&mut self, _: &Table) -> BTreeMap<String, Row> {
        self.rows.clone()
    }

    fn tally(&self) -> &Tally {
        self.tally
    }
}

/// A program about contacts alone, with all that the others have; circumstances that make reading impossible are
/// left out, for such a reader knows no retries. It asks less often than the extension, so moments come sooner.
fn program(seed: u64) -> Program {
    let mut program = drawn(seed);
    for step in &mut program.steps {
        if let Step::Sync(sync) = step {
            sync.moments.iter_mut().for_each(|moment| moment.request = 1 + moment.request % 6);
        }
    }
    program
}

fn drawn(seed: u64) -> Program {
    Program::about(seed, |dice: &mut Dice| Setup {
        version: 17,
        protocol: "jsonrpc",
        behind_proxy: false,
        entities: &["contacts"],
        page: dice.one(&[4, 7]),
        cursor: "updated_at",
        drastic: false,
        days: 0,
        overlap: "10 minutes",
        looks_first: false,
        is_readable: true,
    })
}

/// The first program after whose last incremental run something is not here or not as it is there.
fn first_loss(way: Way, seeds: u64) -> Option<(u64, Wrong)> {
    let tally = Tally::default();
    (1..=seeds).find_map(|seed| {
        let program = program(seed);
        let mut world = World::new(&program.setup);
        let wrong = play(&program, &mut Naive::new(way, program.setup.page, &tally), &mut world);
        let lost = |wrong: &Wrong| matches!(wrong.loss, Some(Loss::Missing | Loss::Stale));
        Some((seed, wrong.into_iter().find(|wrong| wrong.at.contains("incremental") && lost(wrong))?))
    })
}

#[test]
fn a_reader_that_does_as_the_extension_does_loses_nothing_in_any_of_these_programs() {
    if let Some((seed, wrong)) = first_loss(Way::Right, 60) {
        panic!("seed {seed}, {}: {}\n{}", wrong.at, wrong.text, program(seed).listing());
    }
}

fn loses(way: Way, seeds: u64) {
    let (seed, wrong) =
        first_loss(way, seeds).unwrap_or_else(|| panic!("{way:?} loses nothing in {seeds} programs"));
    println!("{way:?}: seed {seed}, {}: {}", wrong.at, wrong.text);
}

#[test]
fn a_reader_of_what_is_newer_than_seen_loses_rows_within_forty_programs() {
    loses(Way::NewerThanSeen, 40);
}

#[test]
fn a_reader_without_an_overlap_loses_rows_within_forty_programs() {
    loses(Way::WithoutOverlap, 40);
}

#[test]
fn a_reader_of_pages_by_offset_loses_rows_within_forty_programs() {
    loses(Way::ByOffset, 40);
}
