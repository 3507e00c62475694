//! The network thread: everything that touches the network lives on one thread with
//! every signal blocked; the main thread serves what that thread asks of the
//! database, and between two requests waits on its latch beside an eventfd, outside
//! any transaction, open to every interrupt.

use std::any::Any;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pgrx::{check_for_interrupts, pg_sys};
use tokio::sync::{Notify, mpsc, oneshot};

use super::signals;
use crate::error::{Error, Kind, Result};

/// The longest the end of the process waits for the network thread.
const STOP_LIMIT: Duration = Duration::from_millis(500);

/// How often the main thread looks up while nothing happens, in milliseconds.
const WAIT_MS: std::ffi::c_long = 250;

/// Work for the main thread, on its state `S`.
pub type Work<S> = Box<dyn FnOnce(&mut S) + Send>;

struct Running {
    stop: Arc<Notify>,
    thread: JoinHandle<()>,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

/// The network thread's way to the main thread.
pub struct Desk<S> {
    work: mpsc::Sender<Work<S>>,
    bell: Arc<OwnedFd>,
}

impl<S: 'static> Desk<S> {
    /// Has `body` run on the main thread and waits for its answer. One request is under
    /// way at a time for each caller: that bounds what is in memory.
    pub async fn ask<R: Send + 'static>(
        &self,
        body: impl FnOnce(&mut S) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let (reply, answer) = oneshot::channel();
        let work: Work<S> = Box::new(move |state| drop(reply.send(body(state))));
        self.work.send(work).await.map_err(|_| closed())?;
        ring(&self.bell);
        answer.await.map_err(|_| closed())?
    }
}

fn closed() -> Error {
    Error::new(Kind::Cancelled, "the run has ended")
}

fn ring(bell: &OwnedFd) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: writes eight bytes of a local to an open eventfd; when its counter is
    // full the bell has been rung already.
    unsafe { libc::write(bell.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

/// What the main thread holds of the network thread.
pub struct Io<S, T> {
    work: mpsc::Receiver<Work<S>>,
    bell: Arc<OwnedFd>,
    outcome: Arc<Mutex<Option<Result<T>>>>,
}

impl<S: 'static, T: Send + 'static> Io<S, T> {
    /// Starts the thread with a future of its own making.
    pub fn start<F, Fut>(make: F) -> Result<Self>
    where
        F: FnOnce(Desk<S>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>>,
    {
        let bell = Arc::new(eventfd()?);
        let (sender, work) = mpsc::channel(1);
        let outcome = Arc::new(Mutex::new(None));
        let stop = Arc::new(Notify::new());
        let desk = Desk { work: sender, bell: bell.clone() };
        let (their_stop, their_outcome, their_bell) = (stop.clone(), outcome.clone(), bell.clone());
        let body = move || {
            let result = catch_unwind(AssertUnwindSafe(|| drive(make, desk, their_stop)));
            let result = result.unwrap_or_else(|panic| Err(fault(panic.as_ref())));
            *their_outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            ring(&their_bell);
        };
        let thread =
            signals::blocked(|| std::thread::Builder::new().name("erp_sync network".into()).spawn(body));
        let thread = thread.map_err(|e| Error::new(Kind::Internal, format!("no thread to be had: {e}")))?;
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Running { stop, thread });
        Ok(Io { work, bell, outcome })
    }

    /// Serves the network thread until it has ended; `idle` is called at least four
    /// times a second. Unwinds on a cancel. An `idle` or a state that says stop ends it early.
    pub fn serve(mut self, state: &mut S, mut idle: impl FnMut(&mut S) -> Result<()>) -> Result<T> {
        loop {
            match self.work.try_recv() {
                Ok(work) => work(state),
                Err(mpsc::error::TryRecvError::Empty) => self.wait(),
                // Whoever asks for no work lets go of its desk long before it ends.
                Err(mpsc::error::TryRecvError::Disconnected) => match self.outcome() {
                    Some(outcome) => return outcome,
                    None => self.wait(),
                },
            }
            idle(state)?;
        }
    }

    fn outcome(&self) -> Option<Result<T>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for the bell, the latch, or a quarter of a second; serves interrupts.
    fn wait(&self) {
        let events = pg_sys::WL_LATCH_SET
            | pg_sys::WL_SOCKET_READABLE
            | pg_sys::WL_TIMEOUT
            | pg_sys::WL_EXIT_ON_PM_DEATH;
        // SAFETY: on the main thread; the eventfd is open as long as `self` lives.
        unsafe {
            let happened = pg_sys::WaitLatchOrSocket(
                pg_sys::MyLatch,
                events as i32,
                self.bell.as_raw_fd(),
                WAIT_MS,
                pg_sys::PG_WAIT_EXTENSION,
            );
            if happened & pg_sys::WL_LATCH_SET as i32 != 0 {
                pg_sys::ResetLatch(pg_sys::MyLatch);
            }
            if happened & pg_sys::WL_SOCKET_READABLE as i32 != 0 {
                let mut counter = [0u8; 8];
                libc::read(self.bell.as_raw_fd(), counter.as_mut_ptr().cast(), counter.len());
            }
        }
        check_for_interrupts!();
    }
}

impl<S, T> Drop for Io<S, T> {
    fn drop(&mut self) {
        stop();
    }
}

fn eventfd() -> Result<OwnedFd> {
    // SAFETY: a fresh descriptor, owned from here on.
    unsafe {
        let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
        if fd < 0 {
            let error = std::io::Error::last_os_error();
            return Err(Error::new(Kind::Internal, format!("no eventfd to be had: {error}")));
        }
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

fn drive<S, T, F, Fut>(make: F, desk: Desk<S>, stop: Arc<Notify>) -> Result<T>
where
    F: FnOnce(Desk<S>) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::new(Kind::Internal, format!("no runtime to be had: {e}")))?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = make(desk) => result,
            () = stop.notified() => Err(closed()),
        }
    });
    // A name look-up may hang on the runtime's blocking threads: not waited for.
    runtime.shutdown_background();
    result
}

fn fault(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|s| s.to_string());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::new(Kind::Internal, format!("unexpected fault on the network thread: {text}"))
}

/// Stops the network thread and waits a little for its end.
pub fn stop() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Running { stop, thread }) = running else { return };
    stop.notify_one();
    let began = Instant::now();
    while !thread.is_finished() && began.elapsed() < STOP_LIMIT {
        std::thread::sleep(Duration::from_millis(1));
    }
}
