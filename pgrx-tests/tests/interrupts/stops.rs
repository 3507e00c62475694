//! Every way to stop a run, against every kind of remote that does not answer.

use std::process::Stdio;
use std::time::{Duration, Instant};

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::{ends_exact, was_terminated, within_a_second};

/// Who is stopped, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    CancelCaller,
    CancelWorker,
    SyncCancel,
    StatementTimeout,
    TerminateCaller,
    TerminateWorker,
}

use Stop::*;

const STOPS: [Stop; 6] =
    [CancelCaller, CancelWorker, SyncCancel, StatementTimeout, TerminateCaller, TerminateWorker];

impl Stop {
    fn before(self) -> &'static str {
        if self == StatementTimeout { "set statement_timeout = '2s'" } else { "" }
    }

    /// Does it. Returns when the run was to stop.
    fn act(self, shop: &mut Shop<'_>, caller: i32, worker: i32, started: Instant) -> Instant {
        let sql = match self {
            CancelCaller => format!("select pg_cancel_backend({caller})"),
            CancelWorker => format!("select pg_cancel_backend({worker})"),
            SyncCancel => "select sync_cancel(id) from erp_sync.run where state = 'running'".into(),
            TerminateCaller => format!("select pg_terminate_backend({caller})"),
            TerminateWorker => format!("select pg_terminate_backend({worker})"),
            StatementTimeout => return started + Duration::from_secs(2),
        };
        let begun = Instant::now();
        assert_eq!(shop.value(&sql), "t", "{sql}");
        begun
    }

    /// SQLSTATE and message the caller gets.
    fn answer(self) -> (&'static str, &'static str) {
        match self {
            CancelCaller => ("57014", "canceling statement due to user request"),
            StatementTimeout => ("57014", "canceling statement due to statement timeout"),
            CancelWorker | SyncCancel => ("57014", "canceling statement due to user request"),
            TerminateCaller => ("57P01", "terminating connection due to administrator command"),
            TerminateWorker => ("57014", "the worker was terminated"),
        }
    }
}

/// Stops a run that waits for the products, in every way, and looks at what each leaves behind.
fn every_stop_is_answered(shop: &mut Shop<'_>, spoil: impl Fn(&mut Shop<'_>)) {
    for stop in STOPS {
        spoil(shop);
        shop.odoo.forget_calls();
        let started = Instant::now();
        let call =
            Call::start_as(shop, "shop", stop.before(), "select * from sync_run('categories, products')");
        let worker = asks_for_products(shop);
        let begun = stop.act(shop, call.pid, worker, started);
        is_answered(shop, call, stop, begun);
        left_behind(shop, stop);
    }
    ends_exact(shop);
}

/// The caller has its answer and the worker is gone, both within a second.
fn is_answered(shop: &mut Shop<'_>, call: Call, stop: Stop, begun: Instant) {
    let gone_at = shop.no_worker();
    let ended = call.end();
    within_a_second(&format!("{stop:?}, the caller's answer"), begun, ended.at);
    within_a_second(&format!("{stop:?}, the worker's end"), begun, gone_at);
    let failure = ended.failure();
    let answer = (failure.sqlstate.as_str(), failure.message.as_str());
    assert!(answer == stop.answer() || stop == TerminateCaller && was_terminated(&failure), "{failure:?}");
}

fn asks_for_products(shop: &mut Shop<'_>) -> i32 {
    let sql = "select 'yes' from erp_sync.task where entity = 'products' and state = 'running'";
    wait_for("the products' turn", LIMIT, || shop.value(sql) == "yes").unwrap_or_else(|e| panic!("{e}"));
    shop.worker_that_asks("product.product", "search_read")
}

/// What was committed stays; the task is cancelled, or is failed when the next run begins.
fn left_behind(shop: &mut Shop<'_>, stop: Stop) {
    let terminated = stop == TerminateWorker;
    let states = "select r.state, string_agg(t.entity || ' ' || t.state, ', ' order by ordinal)
                  from erp_sync.run r join erp_sync.task t on t.run_id = r.id
                  where r.id = (select max(id) from erp_sync.run where entity = 'categories, products')
                  group by r.id";
    let now = if terminated { "running" } else { "cancelled" };
    assert_eq!(shop.rows(states), [format!("{now}|categories succeeded, products {now}")], "{stop:?}");
    assert_ne!(shop.value("select count(*) from erp.categories"), "0");
    shop.run("select * from sync_run('categories')");
    let after = if terminated { "failed" } else { "cancelled" };
    assert_eq!(shop.rows(states), [format!("{after}|categories succeeded, products {after}")], "{stop:?}");
    let why = "select error_kind from erp_sync.task where entity = 'products' order by run_id desc limit 1";
    assert_eq!(shop.value(why), if terminated { "interrupted" } else { "cancelled" });
}

#[test]
fn every_stop_is_answered_within_a_second_while_the_remote_sleeps() {
    let mut shop = Shop::open(Cluster::shared(), "stops_asleep", "jsonrpc");
    let products = || When::any().model("product.product").method("search_read");
    every_stop_is_answered(&mut shop, |shop| {
        shop.odoo.clear_faults();
        shop.odoo.fault(products(), What::Sleep(Duration::from_secs(20)));
    });
}

#[test]
fn every_stop_is_answered_within_a_second_while_the_remote_is_silent() {
    let mut shop = Shop::open(Cluster::shared(), "stops_silent", "jsonrpc");
    let products = || When::any().model("product.product").method("search_read");
    every_stop_is_answered(&mut shop, |shop| {
        shop.odoo.clear_faults();
        shop.odoo.fault(products(), What::Silent);
    });
}

#[test]
fn every_stop_is_answered_within_a_second_while_the_answer_drips() {
    let mut shop = Shop::open(Cluster::shared(), "stops_dripping", "xmlrpc");
    let products = || When::any().model("product.product").method("search_read");
    every_stop_is_answered(&mut shop, |shop| {
        shop.odoo.clear_faults();
        shop.odoo.fault(products(), What::Drip { bytes: 10, every: Duration::from_millis(50) });
    });
}

#[test]
fn every_stop_is_answered_within_a_second_while_a_request_waits_for_its_next_try() {
    let mut shop = Shop::open(Cluster::shared(), "stops_backing_off", "jsonrpc");
    let products = || When::any().model("product.product").method("search_read");
    every_stop_is_answered(&mut shop, |shop| {
        shop.odoo.clear_faults();
        shop.odoo.fault(products(), What::throttled(60));
    });
}

#[test]
fn a_client_that_is_killed_is_missed_though_there_is_nothing_to_tell() {
    let mut shop = Shop::open(Cluster::shared(), "stops_killed", "jsonrpc");
    let products = || When::any().model("product.product").method("search_read");
    shop.odoo.fault(products(), What::Silent);
    let mut psql = shop.cluster.psql_command(&shop.database, "shop");
    psql.args(["--no-psqlrc", "-c", "select * from sync_run('categories, products')"]);
    let mut client = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("psql starts");
    shop.worker_that_asks("product.product", "search_read");
    client.kill().expect("psql is killed");
    client.wait().expect("psql has ended");
    let begun = Instant::now();
    let took = shop.no_worker().duration_since(begun);
    // The connection is looked at each second, and the worker hears of the backend's end half a second later.
    assert!(took < Duration::from_secs(4), "the worker went on for {took:?}");
    left_behind(&mut shop, TerminateCaller);
    ends_exact(&mut shop);
}

#[test]
fn every_stop_is_answered_within_a_second_while_a_connect_hangs() {
    let mut shop = Shop::open(Cluster::shared(), "stops_connecting", "jsonrpc");
    let full = Full::listen();
    shop.run(&format!("alter server odoo_main options (set url 'http://127.0.0.1:{}')", full.port));
    for stop in STOPS {
        let started = Instant::now();
        let call = Call::start_as(&shop, "shop", stop.before(), "select * from sync_run('categories')");
        let running = "select 'yes' from erp_sync.task where state = 'running'";
        wait_for("the task", LIMIT, || shop.value(running) == "yes").unwrap_or_else(|e| panic!("{e}"));
        let worker = *shop.workers().first().expect("a worker is at work");
        let begun = stop.act(&mut shop, call.pid, worker, started);
        is_answered(&mut shop, call, stop, begun);
    }
    let url = shop.odoo.url();
    shop.run(&format!("alter server odoo_main options (set url '{url}')"));
    ends_exact(&mut shop);
}

/// A port on which nobody answers: its queue of new connections is full.
struct Full {
    port: u16,
    _listener: Socket,
    _queued: Vec<Socket>,
}

impl Full {
    fn listen() -> Full {
        let listener = Socket::new();
        let mut address = localhost(0);
        let mut length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        let at = (&raw mut address).cast::<libc::sockaddr>();
        // SAFETY: the socket is open, and the address is a local of the length that is given.
        unsafe {
            assert_eq!(libc::bind(listener.0, at, length), 0);
            assert_eq!(libc::listen(listener.0, 0), 0);
            assert_eq!(libc::getsockname(listener.0, at, &raw mut length), 0);
        }
        let queued = (0..4).map(|_| Socket::new()).inspect(|socket| {
            // SAFETY: as above; does not wait.
            unsafe { libc::connect(socket.0, at, length) };
        });
        let queued = queued.collect();
        Full { port: u16::from_be(address.sin_port), _listener: listener, _queued: queued }
    }
}

fn localhost(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(std::net::Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    }
}

/// A TCP socket that does not wait.
struct Socket(i32);

impl Socket {
    fn new() -> Socket {
        // SAFETY: a fresh descriptor, closed when dropped.
        let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0) };
        assert!(socket >= 0);
        Socket(socket)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: nobody else closes it.
        unsafe { libc::close(self.0) };
    }
}
