//! Signals of a background worker: as a normal backend, so that a statement that
//! runs is interrupted (pgrx's own handlers only set flags).

use pgrx::pg_sys;

unsafe extern "C-unwind" {
    fn die(signal: i32);
    fn StatementCancelHandler(signal: i32);
    fn SignalHandlerForConfigReload(signal: i32);
}

#[cfg(not(feature = "pg18"))]
use pg_sys::pqsignal as set_handler;
#[cfg(feature = "pg18")]
use pg_sys::pqsignal_be as set_handler;

/// SIGTERM ends the worker at the next safe point, SIGINT cancels what it does,
/// SIGHUP rereads the configuration.
pub fn install() {
    // SAFETY: at the start of the worker, before signals are unblocked.
    unsafe {
        set_handler(libc::SIGTERM, Some(die));
        set_handler(libc::SIGINT, Some(StatementCancelHandler));
        set_handler(libc::SIGHUP, Some(SignalHandlerForConfigReload));
        pg_sys::before_shmem_exit(Some(at_exit), pg_sys::Datum::from(0usize));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// FATAL leaves without running destructors: the run's other workers and the network thread are stopped here.
unsafe extern "C-unwind" fn at_exit(_code: i32, _arg: pg_sys::Datum) {
    super::hands::terminate();
    super::io::stop();
}

/// Runs `body` with every signal blocked: a thread that is started inside inherits
/// that, so that PostgreSQL's handlers only ever run on the main thread.
pub fn blocked<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: plain system calls on local sets.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let value = body();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        value
    }
}

/// Runs `body` with cancels held back: what a cancelled run leaves behind is written however often
/// it is cancelled. One that came before is forgotten, one that comes meanwhile waits.
pub fn uncancelled<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: plain system calls on local sets; the flag is this process's own, and its handler is blocked.
    unsafe {
        let mut cancel: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut cancel);
        libc::sigaddset(&mut cancel, libc::SIGINT);
        libc::pthread_sigmask(libc::SIG_BLOCK, &cancel, &mut before);
        pg_sys::QueryCancelPending = 0;
        let value = body();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        value
    }
}
