//! One role takes no more than its share of the workers, and no other's lane.

use std::net::Ipv4Addr;
use std::time::Duration;

use erp_sync_tests::call::Call;
use erp_sync_tests::cluster::{Cluster, wait_for};
use erp_sync_tests::odoo::{Odoo, What, When};

use crate::stage::{Stage, complaint, none};

/// Workers of a role in this database. One that begins while all places are taken sees that and ends at once: those
/// are not counted.
fn workers(stage: &mut Stage, role: &str) -> usize {
    let sql = format!(
        "select count(*) from pg_stat_activity
         where backend_type = 'erp_sync' and datname = current_database() and usename = '{role}'
           and backend_start < clock_timestamp() - interval '1 second'"
    );
    stage.look(&sql)[0].parse().expect("a number")
}

/// A peer with so many servers, each on a host of its own, all of one remote that does not answer.
fn slow(name: &str, servers: u8) -> (Stage, Odoo) {
    let mut stage = Stage::open(name);
    let odoo = Odoo::start();
    stage.settle("peer", "peer_0", &odoo, ", tenant 'peer_0'");
    for at in 1..servers {
        let url = odoo.also_at(Ipv4Addr::new(127, 0, 0, 1 + at));
        stage.by(
            "peer",
            &format!(
                "create server peer_{at} foreign data wrapper odoo
                   options (url '{url}', database 'odoo17', tenant 'peer_{at}');
                 create user mapping for current_user server peer_{at} options (username 'admin', password 'admin')"
            ),
        );
    }
    odoo.fault(When::any(), What::Held);
    (stage, odoo)
}

/// The most workers of a role that are seen while a condition does not hold, for so long at most.
fn most(stage: &mut Stage, role: &str, seconds: u64) -> usize {
    let mut most = 0;
    let _ = wait_for("the time to pass", Duration::from_secs(seconds), || {
        most = most.max(workers(stage, role));
        false
    });
    most
}

fn shop_runs(stage: &Stage) -> Option<String> {
    let call = "select state from sync_run('currencies')";
    match stage.call("shop", call) {
        Ok(rows) if rows == ["succeeded"] => None,
        other => Some(format!("the shop's run: {other:?}")),
    }
}

#[test]
fn queued_runs_of_one_role_take_four_workers_and_all_are_done_in_the_end() {
    let (mut stage, odoo) = slow("share_queued", 10);
    for at in 0..10 {
        let queued = format!(
            "set erp_sync.target_schema = 'peer';
             select state from sync_run('currencies', 'peer_{at}', wait => false)"
        );
        assert_eq!(stage.call("peer", &queued), Ok(vec!["queued".into()]));
    }
    let most = most(&mut stage, "peer", 3);
    let mut found: Vec<String> =
        (most > 4).then(|| format!("{most} workers of one role")).into_iter().collect();
    found.extend(shop_runs(&stage));
    odoo.clear_faults();
    let done = "select state, count(*) from erp_sync.history where server like 'peer%' group by 1 order by 1";
    let ended = wait_for("all runs", Duration::from_secs(40), || stage.look(done) == ["succeeded|10"]);
    let why = "select distinct error, detail from erp_sync.history where state <> 'succeeded'";
    found.extend(
        ended.err().map(|_| format!("not all were done: {:?}, {:?}", stage.look(done), stage.look(why))),
    );
    none(&found);
}

/// One run over many servers, and further ones beside it.
#[test]
fn one_run_of_many_servers_and_further_runs_share_the_four() {
    let (mut stage, odoo) = slow("share_wide", 8);
    let queued =
        "set erp_sync.target_schema = 'peer'; select state from sync_run('currencies', wait => false)";
    let others =
        "set erp_sync.target_schema = 'peer'; select state from sync_run('categories', wait => false)";
    for call in [queued, others, queued, others] {
        assert_eq!(stage.call("peer", call), Ok(vec!["queued".into()]));
    }
    let most = most(&mut stage, "peer", 3);
    let mut found: Vec<String> =
        (most > 4).then(|| format!("{most} workers of one role")).into_iter().collect();
    found.extend(shop_runs(&stage));
    odoo.clear_faults();
    let open = "select count(*) from erp_sync.run where state in ('queued', 'running')";
    let ended = wait_for("all runs", Duration::from_secs(40), || stage.look(open) == ["0"]);
    found.extend(ended.err().map(|_| "not all were done".to_owned()));
    none(&found);
}

/// What is waited for takes a worker too.
#[test]
fn calls_that_wait_for_a_slow_remote_leave_workers_to_others() {
    let (mut stage, odoo) = slow("share_calls", 10);
    let before = "set statement_timeout = '20s'; set erp_sync.target_schema = 'peer'";
    let calls: Vec<Call> = (0..10)
        .map(|at| match at % 3 {
            0 => format!("select * from sync_check('peer_{at}')"),
            1 => format!("select * from sync_discover('peer_{at}')"),
            _ => format!("select * from sync_plan('currencies', 'peer_{at}')"),
        })
        .map(|call| Call::start_as(&stage.shop, "peer", before, &call))
        .collect();
    let most = most(&mut stage, "peer", 3);
    let mut found: Vec<String> =
        (most > 4).then(|| format!("{most} workers of one role")).into_iter().collect();
    found.extend(shop_runs(&stage));
    odoo.clear_faults();
    for call in calls {
        found.extend(complaint("a call", &call.end().outcome));
    }
    none(&found);
}

/// The same host and port, another login: not the same lane.
#[test]
fn a_slow_run_of_another_login_at_the_same_remote_does_not_hold_the_lane() {
    let mut stage = Stage::open("share_lane");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.settle("peer", "peer_main", &odoo, ", tenant 'peer'");
    stage.by(
        "peer",
        "alter user mapping for current_user server peer_main options (set username 'plain', set password 'plain')",
    );
    odoo.fault(When::any().model("res.partner"), What::Held);
    let before = "set statement_timeout = '25s'; set erp_sync.target_schema = 'peer'";
    let call = Call::start_as(&stage.shop, "peer", before, "select * from sync_run('contacts', 'peer_main')");
    wait_for("the peer's request", Duration::from_secs(10), || {
        odoo.calls().iter().any(|call| call.model == "res.partner") || call.is_over()
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let found: Vec<String> = shop_runs(&stage).into_iter().collect();
    odoo.clear_faults();
    let _ = call.end();
    none(&found);
}

/// A login's name is no secret, and a proxy of one's own answers as slowly as one likes: neither makes the lane one's
/// own to hold.
#[test]
fn a_slow_proxy_and_a_guessed_login_do_not_hold_the_lane() {
    let mut stage = Stage::open("share_proxy");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    let silent = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let proxy = format!("http://127.0.0.1:{}", silent.local_addr().expect("an address").port());
    stage.settle("peer", "peer_main", &odoo, &format!(", tenant 'peer', proxy '{proxy}'"));
    stage.by("peer", "alter user mapping for current_user server peer_main options (set password 'guessed')");
    let before = "set statement_timeout = '25s'; set erp_sync.target_schema = 'peer'";
    let call = Call::start_as(&stage.shop, "peer", before, "select * from sync_run('contacts', 'peer_main')");
    let running = "select count(*) from erp_sync.history where server = 'peer_main' and state = 'running'";
    let _ = wait_for("the peer's task", Duration::from_secs(5), || {
        call.is_over() || stage.look(running) == ["1"]
    });
    let found: Vec<String> = shop_runs(&stage).into_iter().collect();
    drop(silent);
    let _ = call.end();
    none(&found);
}

/// The pause before a request has a ceiling, wherever it is set.
#[test]
fn a_pause_of_minutes_before_each_request_is_refused() {
    let mut stage = Stage::open("share_delay");
    let odoo = Odoo::start();
    stage.settle("peer", "peer_main", &odoo, ", tenant 'peer'");
    let url = odoo.url();
    let mut found = Vec::new();
    for sql in [
        format!(
            "create server slow foreign data wrapper odoo options (url '{url}', database 'odoo17', request_delay_ms '600000')"
        ),
        "alter server peer_main options (add request_delay_ms '600000')".into(),
        "alter server peer_main options (add request_delay_ms '10001')".into(),
    ] {
        match stage.call("peer", &sql) {
            Ok(_) => found.push(format!("taken: {sql}")),
            Err(error) if error.sqlstate == "42601" => panic!("{error:?}"),
            Err(_) => (),
        }
    }
    none(&found);
    stage.by("peer", "alter server peer_main options (add request_delay_ms '10000')");
}

/// A lane is not held while its worker sleeps before a request: a second server of the lane goes on.
#[test]
fn a_pause_before_a_request_is_slept_without_the_lane() {
    let mut stage = Stage::open("share_sleep");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.settle("peer", "peer_main", &odoo, ", tenant 'peer', request_delay_ms '5000'");
    let before = "set statement_timeout = '60s'; set erp_sync.target_schema = 'peer'";
    let call =
        Call::start_as(&stage.shop, "peer", before, "select * from sync_run('currencies', 'peer_main')");
    let running = "select count(*) from erp_sync.history where server = 'peer_main' and state = 'running'";
    wait_for("the peer's task", Duration::from_secs(10), || {
        call.is_over() || {
            Cluster::shared()
                .client("share_sleep", "postgres")
                .query(running, &[])
                .is_ok_and(|rows| rows[0].get::<_, i64>(0) == 1)
        }
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let begun = std::time::Instant::now();
    let mut found: Vec<String> = shop_runs(&stage).into_iter().collect();
    let took = begun.elapsed();
    if took > Duration::from_secs(15) {
        found.push(format!("the shop waited {} s", took.as_secs()));
    }
    stage.admin(
        "select pg_cancel_backend(pid) from pg_stat_activity
                 where backend_type = 'erp_sync' and usename = 'peer' and datname = 'share_sleep'",
    );
    let _ = call.end();
    none(&found);
}
