//! Keeps a statement that may hold a password out of the server's log.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use pgrx::pg_sys;

unsafe extern "C-unwind" {
    // The plain function: what pgrx wraps around it is not made for a call within an error's report.
    fn errhidestmt(hide: bool) -> c_int;
    fn errhidecontext(hide: bool) -> c_int;
}

static mut HIDING: pg_sys::ErrorContextCallback =
    pg_sys::ErrorContextCallback { previous: null_mut(), callback: Some(hide), arg: null_mut() };

/// Called by PostgreSQL while it puts an error together.
unsafe extern "C-unwind" fn hide(_: *mut c_void) {
    // SAFETY: an error is being reported. The context may quote the statement of a function.
    unsafe {
        errhidestmt(true);
        errhidecontext(true);
    }
}

/// Whether a validator is called by a statement such as `create server`: a query that calls it, as
/// anybody's own call, carries its expression along.
pub(super) fn is_called_by_ddl(fcinfo: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: the call that is running; PostgreSQL fills in both pointers or leaves them null.
    unsafe {
        fcinfo.as_ref().and_then(|call| call.flinfo.as_ref()).is_some_and(|info| info.fn_expr.is_null())
    }
}

/// Leaves statement and context out of the log's lines for the error that the caller raises next, and
/// out of no other's: PostgreSQL takes the callback away with the error.
pub(super) fn hide_statement_of_next_error() {
    let hiding = &raw mut HIDING;
    // SAFETY: on the main thread, right before an error is raised; the list of callbacks is restored by
    // whoever catches it. A callback that is in the list already is not put there again.
    unsafe {
        let mut next = pg_sys::error_context_stack;
        while let Some(callback) = next.as_ref() {
            if std::ptr::eq(next, hiding) {
                return;
            }
            next = callback.previous;
        }
        (*hiding).previous = pg_sys::error_context_stack;
        pg_sys::error_context_stack = hiding;
    }
}
