//! Bounds how much a remote may send: a socket that gives no more bytes than its budget holds.
//!
//! The driver keeps what it reads until a value, a row or a message is whole, however long these
//! are, so the limit is set below it. It is counted on the wire, where TLS has hidden what the bytes
//! mean already; what the driver makes of them, on the heap.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::heap;

/// Bytes of a login, and of an answer of few rows.
pub(super) const SHORT: usize = 1 << 20;

/// Bytes of an answer that describes columns or lists tables, and of the columns before the rows.
pub(super) const CATALOG: usize = 4 << 20;

/// What the driver may make of a short answer in memory.
const MEMORY: usize = 24 << 20;

/// How many bytes may still come, known to the socket and to whoever asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    limit: AtomicUsize,
    left: AtomicUsize,
    /// How much of the heap may be held while this answer is read.
    heap: AtomicUsize,
    overdrawn: AtomicBool,
}

impl Budget {
    /// An answer begins, of which so many bytes may come.
    pub(super) fn begin(&self, bytes: usize) {
        self.0.heap.store(heap::held().saturating_add(MEMORY), Ordering::Relaxed);
        self.arm(bytes);
    }

    /// Rows begin, each of so many bytes. A long text is in memory as it came, as characters and as a
    /// column's value; what was read before fits beside it.
    pub(super) fn begin_rows(&self, bytes: usize) {
        self.0.heap.fetch_add(bytes.saturating_mul(3), Ordering::Relaxed);
        self.arm(bytes);
    }

    /// So many bytes may come from now on.
    pub(super) fn arm(&self, bytes: usize) {
        self.0.limit.store(bytes, Ordering::Relaxed);
        self.0.left.store(bytes, Ordering::Relaxed);
    }

    /// The limit that was too low, when an answer ended for that reason.
    pub(super) fn overdrawn(&self) -> Option<usize> {
        let overdrawn = self.0.overdrawn.load(Ordering::Relaxed);
        overdrawn.then(|| self.0.limit.load(Ordering::Relaxed))
    }

    fn spend(&self, bytes: usize) {
        let left = self.0.left.load(Ordering::Relaxed);
        self.0.left.store(left.saturating_sub(bytes), Ordering::Relaxed);
    }

    /// Whether nothing is left, of bytes or of memory; remembers that more was wanted.
    fn is_spent(&self) -> bool {
        let spent =
            self.0.left.load(Ordering::Relaxed) == 0 || heap::held() > self.0.heap.load(Ordering::Relaxed);
        if spent {
            self.0.overdrawn.store(true, Ordering::Relaxed);
        }
        spent
    }
}

/// A socket with a budget for what it gives.
#[derive(Debug)]
pub(super) struct Metered {
    socket: TcpStream,
    budget: Budget,
}

impl Metered {
    /// Nothing comes before the budget is armed.
    pub(super) fn new(socket: TcpStream, budget: Budget) -> Self {
        Metered { socket, budget }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.budget.is_spent() {
            return Poll::Ready(Err(io::Error::other("the answer is too long")));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        self.budget.spend(buf.filled().len().saturating_sub(before));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_socket_gives_what_its_budget_holds_and_then_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (there, here) = tokio::join!(listener.accept(), connecting);
        let (mut there, budget) = (there.unwrap().0, Budget::default());
        let mut here = Metered::new(here.unwrap(), budget.clone());
        there.write_all(&[7; 3000]).await.unwrap();
        let mut bytes = [0; 1000];
        assert!(here.read(&mut bytes).await.is_err(), "it was not armed");
        budget.begin(1500);
        assert_eq!(here.read(&mut bytes).await.unwrap(), 1000);
        assert_eq!(here.read(&mut bytes).await.unwrap(), 1000, "what was begun is read");
        here.read(&mut bytes).await.unwrap_err();
        assert_eq!(budget.overdrawn(), Some(1500));
    }

    #[tokio::test]
    async fn nothing_comes_while_more_memory_is_held_than_an_answer_may_take() {
        let budget = Budget::default();
        budget.begin(1500);
        assert!(!budget.is_spent());
        let held = vec![1u8; 2 * MEMORY];
        assert!(budget.is_spent());
        drop(held);
    }
}
