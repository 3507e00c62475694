//! What a remote that cannot be reached, or does not answer to the end, looks like.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

const RUN: &str = "select state from sync_run('contacts')";
const CHECK: &str = "select * from sync_check()";

#[test]
fn a_remote_that_cannot_be_reached() {
    let mut shop = Shop::open(Cluster::shared(), "unreachable", "jsonrpc");
    let mut golden = Golden::new("unreachable");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (title, url) in [
        ("nobody listens", format!("http://127.0.0.1:{free}")),
        ("no such name", "http://erp.invalid".to_owned()),
        ("TLS where there is none", shop.odoo.url().replace("http:", "https:")),
    ] {
        shop.run(&format!("alter server odoo_main options (set url '{url}')"));
        golden.shows(title, &shop, RUN);
        golden.shows(title, &shop, CHECK);
    }
    shop.run(&format!("alter server odoo_main options (set url '{}')", shop.odoo.url()));
    shop.odoo.fault(When::any(), What::Silent);
    let impatient = "set erp_sync.request_timeout = '300ms';";
    golden.shows_to("shop", "no answer in time", &shop, impatient, RUN);
    shop.odoo.clear_faults();
    for (title, what) in [
        ("closed without a byte", What::Hangup),
        ("cut in the head", What::CutHead),
        ("cut in the middle", What::CutBody(20)),
        ("a proxy whose Odoo is down", What::bad_gateway()),
        ("a proxy whose Odoo is slow", What::gateway_timeout()),
        ("a proxy that asks for patience", What::throttled(1)),
    ] {
        shop.odoo.fault(When::any(), what);
        golden.shows(title, &shop, RUN);
        shop.odoo.clear_faults();
    }
    golden.compare();
}

#[test]
fn the_wait_that_a_remote_asks_for_is_kept() {
    let mut shop = Shop::open(Cluster::shared(), "patience", "jsonrpc");
    shop.run("set erp_sync.max_attempts = 2; set erp_sync.retry_base = '10ms'");
    shop.odoo.fault(When::any().model("res.partner").once(), What::throttled(2));
    let begun_at = Instant::now();
    assert_eq!(shop.value(RUN), "succeeded");
    assert!(begun_at.elapsed() >= Duration::from_secs(2), "{:?}", begun_at.elapsed());
}
