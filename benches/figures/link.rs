//! A line of a certain speed: what comes to it goes on to an address, each way at most so many bytes a second in all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Bytes that go at once.
const PIECE: usize = 32 * 1024;
/// How far the line may be behind its speed and make up for it: a timer knows no less than a millisecond.
const SLACK: Duration = Duration::from_millis(4);

/// A running line; it ends with this value.
pub struct Link {
    task: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One way of a line: when it is free again.
struct Way {
    speed: u64,
    free: Mutex<Instant>,
}

impl Way {
    fn new(speed: u64) -> Arc<Self> {
        Arc::new(Self {
            speed,
            free: Mutex::new(Instant::now()),
        })
    }

    /// Returns when so many bytes have passed.
    async fn pass(&self, bytes: usize) {
        let until = {
            let mut free = self.free.lock().await;
            let begin = (*free).max(Instant::now() - SLACK);
            *free = begin + Duration::from_secs_f64(bytes as f64 / self.speed as f64);
            *free
        };
        sleep_until(until).await;
    }

    async fn carry(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut piece = vec![0; PIECE];
        // Whatever breaks, both ends see their connection end.
        while let Ok(bytes @ 1..) = from.read(&mut piece).await {
            self.pass(bytes).await;
            if to.write_all(&piece[..bytes]).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    }
}

impl Link {
    /// Where a line begins: known before what [`Link::lead`] makes it lead to.
    pub async fn reserve() -> Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// Carries to an address what comes to a listener, each way `speed` bytes a second.
    pub fn lead(listener: TcpListener, to: SocketAddr, speed: u64) -> Self {
        let (up, down) = (Way::new(speed), Way::new(speed));
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (up, down) = (Arc::clone(&up), Arc::clone(&down));
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(to).await else {
                        return;
                    };
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    tokio::join!(up.carry(near_in, far_out), down.carry(far_in, near_out));
                });
            }
        });
        Self { task }
    }
}
