//! One cluster for all tests of a test binary.

use std::sync::OnceLock;

use super::Cluster;

static SHARED: OnceLock<Cluster> = OnceLock::new();

/// Starts it when it is asked for the first time. Named after the test binary.
pub(super) fn cluster() -> &'static Cluster {
    SHARED.get_or_init(|| {
        let cluster = Cluster::start(&binary_name());
        show_log_on_panic();
        // SAFETY: the function takes nothing, returns nothing and does not unwind.
        unsafe { libc::atexit(stop) };
        cluster
    })
}

/// Statics are never dropped, so the C library is asked to call this.
extern "C" fn stop() {
    if let Some(cluster) = SHARED.get() {
        cluster.instance.stop_and_remove();
    }
}

/// Prints the end of the server's log with the failure of a test.
fn show_log_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        if let Some(cluster) = SHARED.get() {
            eprintln!("the end of {}:\n{}", cluster.instance.log.display(), cluster.instance.log_tail(40));
        }
    }));
}

/// `cluster` of `target/debug/deps/cluster-0123456789abcdef`.
fn binary_name() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match stem.rsplit_once('-') {
        Some((name, _)) => name.into(),
        None => stem,
    }
}
