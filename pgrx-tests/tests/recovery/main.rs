//! What comes in the way of a run, and how the next one goes on: locks, tables that were altered,
//! lost rights, full disks, crashes, clocks, replicas, copies.

mod altered;
mod block;
mod clocks;
mod crash;
mod disk;
mod dump;
mod locks;
mod rights;
mod standby;
mod timeouts;

use erp_sync_tests::call::{Call, LIMIT};
use erp_sync_tests::cluster::wait_for;
use erp_sync_tests::odoo::{What, When};
use erp_sync_tests::shop::{Failure, Shop};

/// Contacts in small pages, the first of them stored, and a run that waits for the answer to a later one.
fn in_the_contacts(shop: &mut Shop<'_>) -> Call {
    shop.run("alter server odoo_main options (add max_page '10', add min_page '10')");
    shop.odoo.fault(When::any().model("res.partner").method("search_read").after(4), What::Held);
    let call = Call::start(shop, "select * from sync_run('contacts')");
    wait_for("three pages of contacts", LIMIT, || {
        shop.value("select count(*) >= 3 from erp_sync.batch where stream = 'contacts'") == "t"
    })
    .unwrap_or_else(|error| panic!("{error}"));
    call
}

/// The error of a run, as a person sees it: it says what to type.
fn told(failure: Failure) -> Failure {
    println!(
        "{} {}\n  DETAIL: {}\n  HINT: {}",
        failure.sqlstate, failure.message, failure.detail, failure.hint
    );
    assert!(!failure.hint.is_empty(), "{failure:?}");
    assert_ne!(failure.sqlstate, "XX000", "{failure:?}");
    failure
}

/// Rows of contacts that are here.
fn stored(shop: &mut Shop<'_>) -> usize {
    shop.value("select count(*) from erp.contacts").parse().expect("a number")
}

/// The next run goes on behind the last batch, and then here is what is there.
fn goes_on(shop: &mut Shop<'_>) {
    shop.odoo.clear_faults();
    let before = stored(shop);
    let all = shop.odoo.records("res.partner").len();
    let fetched = shop.value("select fetched from sync_run('contacts')");
    println!("{before} of {all} contacts were stored, the next run fetched {fetched}");
    exact(shop);
}

/// What is here is what is there, and nothing is left over of any run.
fn exact(shop: &mut Shop<'_>) {
    let there: Vec<String> =
        shop.odoo.records("res.partner").iter().map(|record| record["id"].to_string()).collect();
    assert_eq!(shop.rows("select id from erp.contacts order by id"), there);
    shop.is_at_rest();
}
