//! A network line of limited speed: a TCP proxy that carries at most so many bytes per second each
//! way, over all connections together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// How many bytes are carried at once.
const PIECE: usize = 32 * 1024;
/// How far the line may lag behind its speed and catch up, because a timer is accurate only to
/// about a millisecond.
const SLACK: Duration = Duration::from_millis(4);

/// A running line, which is cut when this is dropped.
pub struct Link {
    task: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One direction of a line.
struct Way {
    /// The speed, in bytes per second.
    speed: u64,
    /// When the bytes that were sent so far have passed.
    free: Mutex<Instant>,
}

impl Way {
    fn new(speed: u64) -> Arc<Self> {
        Arc::new(Self {
            speed,
            free: Mutex::new(Instant::now()),
        })
    }

    /// Returns when this many bytes have passed.
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
        // Whichever side fails, both ends see their connection close.
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
    /// Binds the near end of a line, so that its address is known before [`Link::lead`] connects it
    /// to the far end.
    ///
    /// # Errors
    /// Fails if no port can be bound.
    pub async fn reserve() -> Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// Carries the connections that a listener accepts to an address, with `speed` bytes per second
    /// each way.
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
