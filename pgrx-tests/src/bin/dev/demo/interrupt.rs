//! Cleaning up when somebody types Ctrl-C or ends the program.

use std::thread;

use erp_sync_tests::cluster::Result;

const SIGNALS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// From now on those signals run `clean_up` and then end the program. Must be called before
/// any thread is started. Programs that are started later get these signals as ever.
pub fn clean_up_with(clean_up: impl FnOnce() -> Result<()> + Send + 'static) {
    let signals = blocked();
    thread::spawn(move || {
        let mut signal = 0;
        // SAFETY: the set was filled by `blocked`, and `signal` is a number to write to.
        unsafe { libc::sigwait(&signals, &mut signal) };
        eprintln!("\ninterrupted: cleaning up");
        if let Err(error) = clean_up() {
            eprintln!("error: {error}");
        }
        std::process::exit(128 + signal);
    });
}

/// Blocks the signals in this thread and in those it will start.
fn blocked() -> libc::sigset_t {
    // SAFETY: `sigemptyset` fills the set before anything reads it; the other calls get
    // a set that is filled and numbers of signals that exist.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        SIGNALS.iter().for_each(|signal| {
            libc::sigaddset(&mut set, *signal);
        });
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        set
    }
}
