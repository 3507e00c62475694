//! The shared memory a caller and its worker talk through: the order as bytes,
//! then a queue of messages from the worker to the caller. A `bgw_extra` would
//! hold 127 bytes only, and a row of the caller is not visible before its commit.

use std::ffi::c_void;

use pgrx::{check_for_interrupts, pg_sys};

use crate::error::{Error, Kind, Result};
use crate::store::call::{Message, Order};

/// Room for the messages that the caller has not read yet.
const QUEUE_BYTES: usize = 64 << 10;

/// The longest wait for a message before something else is looked at, in milliseconds.
const WAIT_MS: std::ffi::c_long = 1000;

/// The caller's end.
pub struct Inbox {
    segment: *mut pg_sys::dsm_segment,
    queue: *mut pg_sys::shm_mq_handle,
}

/// The worker's end.
pub struct Outbox {
    queue: *mut pg_sys::shm_mq_handle,
}

fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(pg_sys::MAXIMUM_ALIGNOF as usize)
}

impl Inbox {
    /// Puts the order into a new segment; the current resource owner releases it on an error.
    pub fn create(order: &Order) -> Result<Self> {
        let bytes = serde_json::to_vec(order).map_err(unexpected)?;
        let head = aligned(8 + bytes.len());
        // SAFETY: the segment is as large as what is written into it; the queue begins
        // at an aligned address behind the order; this process is its receiver.
        unsafe {
            let segment = pg_sys::dsm_create(head + QUEUE_BYTES, 0);
            let base = pg_sys::dsm_segment_address(segment).cast::<u8>();
            base.cast::<u64>().write(bytes.len() as u64);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), base.add(8), bytes.len());
            let queue = pg_sys::shm_mq_create(base.add(head).cast::<c_void>(), QUEUE_BYTES);
            pg_sys::shm_mq_set_receiver(queue, pg_sys::MyProc);
            let queue = pg_sys::shm_mq_attach(queue, segment, std::ptr::null_mut());
            Ok(Inbox { segment, queue })
        }
    }

    /// What the worker needs to find the segment.
    pub fn handle(&self) -> u32 {
        // SAFETY: the segment is mapped as long as `self` lives.
        unsafe { pg_sys::dsm_segment_handle(self.segment) }
    }

    /// Lets a wait for messages end when the worker never starts or dies.
    pub fn watch(&mut self, worker: *mut pg_sys::BackgroundWorkerHandle) {
        // SAFETY: both handles are valid; the worker's lives in this transaction's memory.
        unsafe { pg_sys::shm_mq_set_handle(self.queue, worker) };
    }

    /// The next message; `None` when the worker is gone. Interruptible: a cancel unwinds. `idle` is called after
    /// each wait, at least once a second; it may reset the latch, because the queue is looked at after it.
    pub fn receive(&mut self, mut idle: impl FnMut()) -> Result<Option<Message>> {
        loop {
            let (mut length, mut data): (pg_sys::Size, *mut c_void) = (0, std::ptr::null_mut());
            // SAFETY: the queue is attached; the data stay valid until the next receive.
            let outcome = unsafe { pg_sys::shm_mq_receive(self.queue, &mut length, &mut data, true) };
            match outcome {
                pg_sys::shm_mq_result::SHM_MQ_SUCCESS => {
                    // SAFETY: as above.
                    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
                    return serde_json::from_slice(bytes).map(Some).map_err(unexpected);
                }
                pg_sys::shm_mq_result::SHM_MQ_WOULD_BLOCK => {
                    wait();
                    idle();
                }
                _ => return Ok(None),
            }
        }
    }

    /// Ends the conversation.
    pub fn close(self) {
        // SAFETY: detaching the segment detaches the queue; neither is used again.
        unsafe { pg_sys::dsm_detach(self.segment) };
    }
}

impl Outbox {
    /// Reads the order and joins the conversation.
    pub fn open(handle: u32) -> Result<(Order, Self)> {
        // SAFETY: the segment was laid out by `Inbox::create`; a null says that the caller is gone.
        unsafe {
            let segment = pg_sys::dsm_attach(handle);
            if segment.is_null() {
                return Err(Error::new(Kind::Cancelled, "the caller is gone"));
            }
            pg_sys::dsm_pin_mapping(segment);
            let base = pg_sys::dsm_segment_address(segment).cast::<u8>();
            let length = base.cast::<u64>().read() as usize;
            let order = serde_json::from_slice(std::slice::from_raw_parts(base.add(8), length));
            let queue = base.add(aligned(8 + length)).cast::<pg_sys::shm_mq>();
            pg_sys::shm_mq_set_sender(queue, pg_sys::MyProc);
            let queue = pg_sys::shm_mq_attach(queue, segment, std::ptr::null_mut());
            Ok((order.map_err(unexpected)?, Outbox { queue }))
        }
    }

    /// Sends a message; waits while the queue is full. An error when the caller is gone.
    pub fn send(&mut self, message: &Message) -> Result<()> {
        let bytes = serde_json::to_vec(message).map_err(unexpected)?;
        let data = bytes.as_ptr().cast::<c_void>();
        // SAFETY: the queue copies the bytes before it returns.
        let outcome = unsafe { pg_sys::shm_mq_send(self.queue, bytes.len(), data, false, true) };
        match outcome {
            pg_sys::shm_mq_result::SHM_MQ_SUCCESS => Ok(()),
            _ => Err(Error::new(Kind::Cancelled, "the caller is gone")),
        }
    }
}

/// Waits for the latch, which the other end and the worker's death set, for a second at most.
fn wait() {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: waits on this process's latch.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, WAIT_MS, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    check_for_interrupts!();
}

fn unexpected(error: serde_json::Error) -> Error {
    Error::new(Kind::Internal, format!("a message between processes cannot be read: {error}"))
}
