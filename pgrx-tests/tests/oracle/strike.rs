//! What goes wrong in a run: faults of the doubles, trouble on the way, and stops of every kind.

use std::time::Duration;

use erp_sync_tests::odoo::{RpcFault, What};

use super::dice::Dice;
use super::proxy::Trouble;
use super::setup::Setup;

/// One thing that goes wrong, at the nth request.
#[derive(Clone, Debug)]
pub enum Strike {
    /// On the way to or from a remote.
    Way { at_till: bool, request: usize, trouble: Trouble },
    /// In the Odoo double, for the nth call from now and so many behind it.
    Odoo { request: usize, times: usize, fault: &'static str },
    /// In the SQL Server double: behind so many rows of the next query that holds the text.
    Till { about: &'static str, fault: &'static str, rows: u64, argument: i64 },
}

/// The faults of the Odoo double.
const ODOO: &[&str] = &[
    "sleep",
    "held",
    "silent",
    "hangup",
    "cut head",
    "cut body",
    "drip",
    "garbage",
    "over long",
    "empty",
    "502",
    "503",
    "504",
    "404",
    "429",
    "login page",
    "redirect",
    "serialization",
    "operational",
    "user error",
    "access error",
    "access denied",
];

/// The faults of the SQL Server double, with their arguments.
const TILL: &[(&str, i64)] = &[
    ("cut", 0),
    ("stall", 60),
    ("stall", 900),
    ("slow", 3),
    ("error", 1205),
    ("error", 1222),
    ("error", 8134),
    ("severe", 596),
    ("garbage", 0),
    ("endless", 0),
];

impl Strike {
    pub fn draw_some(dice: &mut Dice, setup: &Setup) -> Vec<Strike> {
        (0..dice.one(&[0, 1, 1, 2, 3])).map(|_| Strike::draw(dice, setup)).collect()
    }

    fn draw(dice: &mut Dice, setup: &Setup) -> Strike {
        let at_till = setup.has_till() && dice.chance(55);
        match dice.chance(40) {
            true => {
                let request = 1 + dice.roll(if at_till { 12 } else { 30 });
                Strike::Way { at_till, request, trouble: trouble(dice, at_till) }
            }
            false if at_till => {
                let (fault, argument) = dice.one(TILL);
                let about = dice.one(&["INV_PointofSalesDetailTAB", "order by", "select"]);
                Strike::Till { about, fault, rows: dice.roll(5) as u64, argument }
            }
            false => {
                let request = 1 + dice.roll(30);
                Strike::Odoo { request, times: dice.one(&[1, 1, 1, 2, 9]), fault: dice.one(ODOO) }
            }
        }
    }
}

/// The names under which everything that can strike is counted.
pub fn kinds() -> Vec<String> {
    let proxy = ["hold", "refuse", "cut request", "cut answer", "hole", "late", "drip", "garbage"];
    let proxy = proxy.map(|name| format!("proxy: {name}"));
    let odoo = ODOO.iter().map(|name| format!("odoo: {name}"));
    let till = TILL.iter().map(|(name, _)| format!("till: {name}"));
    let stops = STOPS.iter().map(|stop| format!("stop: {stop:?}"));
    let breaker = ["the breaker held back".to_owned()];
    proxy.into_iter().chain(odoo).chain(till).chain(stops).chain(breaker).collect()
}

/// Bytes that are not HTTP's are known for what they are only at the head of a TDS packet.
fn trouble(dice: &mut Dice, at_till: bool) -> Trouble {
    let bytes = dice.one(&[0, 1, 17, 80, 300, 900, 4000]);
    match dice.roll(7) {
        0 => Trouble::Refuse,
        1 => Trouble::CutRequest(bytes),
        2 => Trouble::CutAnswer(bytes),
        3 => Trouble::Hole(bytes),
        4 => Trouble::Late(dice.one(&[5, 40, 700])),
        5 => Trouble::Drip(dice.between(20, 300)),
        _ => Trouble::Garbage(if at_till { 0 } else { bytes }),
    }
}

/// A fault of the Odoo double by its name.
pub fn what(name: &str) -> What {
    match name {
        "sleep" => What::Sleep(Duration::from_millis(60)),
        "held" => What::Held,
        "silent" => What::Silent,
        "hangup" => What::Hangup,
        "cut head" => What::CutHead,
        "cut body" => What::CutBody(100),
        "drip" => What::Drip { bytes: 900, every: Duration::from_millis(2) },
        "garbage" => What::Garbage,
        "over long" => What::OverLong(300_000),
        "empty" => What::empty(),
        "502" => What::bad_gateway(),
        "503" => What::status(503, "503 Service Unavailable"),
        "504" => What::gateway_timeout(),
        "404" => What::status(404, "404 Not Found"),
        "429" => What::throttled(0),
        "login page" => What::login_page(),
        "redirect" => What::redirect("http://127.0.0.1:9/"),
        "serialization" => What::Rpc(RpcFault::serialization_failure()),
        "operational" => What::Rpc(RpcFault::no_database("shop")),
        "user error" => What::Rpc(RpcFault::user_error("not now")),
        "access error" => What::Rpc(RpcFault::access_error("not you")),
        "access denied" => What::Rpc(RpcFault::access_denied()),
        other => panic!("the double has no fault {other:?}"),
    }
}

/// Who is stopped while a request is held, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    CancelCaller,
    CancelWorker,
    SyncCancel,
    TerminateCaller,
    TerminateWorker,
    KillWorker,
    KillServer,
    PowerFails,
}

/// The last two end every session of the cluster and take longer than all others.
const STOPS: [Stop; 8] = [
    Stop::CancelCaller,
    Stop::CancelWorker,
    Stop::SyncCancel,
    Stop::TerminateCaller,
    Stop::TerminateWorker,
    Stop::KillWorker,
    Stop::KillServer,
    Stop::PowerFails,
];

impl Stop {
    pub fn draw(dice: &mut Dice) -> Stop {
        if dice.chance(12) { dice.one(&STOPS[6..]) } else { dice.one(&STOPS[..6]) }
    }
}
