//! What the remote refuses takes nothing away here, and goes on when it is mended there.

use crate::bench::{Bench, PAGE};

/// Fails for this reason in either mode; what was synced stays.
fn is_refused(bench: &mut Bench, kind: &str) {
    let before = bench.table();
    for mode in ["incremental", "full"] {
        bench.fails(mode, kind);
        assert!(bench.table() == before, "{mode}");
    }
}

/// A password that is shown again and again locks the account.
pub fn a_wrong_password_is_shown_once_and_takes_nothing_away(bench: &mut Bench) {
    let keys = bench.synced(PAGE + 1);
    bench.remote.change_password(false);
    bench.fails("incremental", "login");
    assert_eq!(bench.remote.logins_refused(), 1, "logins tried");
    is_refused(bench, "login");
    bench.remote.change_password(true);
    bench.remote.change(keys[0], "again");
    assert_eq!(bench.run("incremental").updated, 1);
    bench.equals();
}

pub fn a_lost_right_takes_nothing_away(bench: &mut Bench) {
    let keys = bench.synced(PAGE + 1);
    bench.remote.revoke(false);
    is_refused(bench, "forbidden");
    bench.remote.revoke(true);
    bench.remote.change(keys[0], "again");
    assert_eq!(bench.run("incremental").updated, 1);
    bench.equals();
}

pub fn an_object_that_is_not_there_any_more_takes_nothing_away(bench: &mut Bench) {
    bench.synced(PAGE + 1);
    bench.remote.drop_object();
    is_refused(bench, "no_object");
}
