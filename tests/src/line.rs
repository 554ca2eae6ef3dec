//! A line to a port of this computer that goes dead without a word, leads to a login page for a while, and carries no
//! more than so many bytes a second, as the networks of trains and hotels do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How many bytes are carried at once, and how many milliseconds each connection rests after them, if nothing else is said:
/// about 20 MB a second.
const PIECE: usize = 64 * 1024;
const REST: u64 = 3;
/// The longest request that the login page reads.
const REQUEST: usize = 16 * 1024;
/// What a network that wants a login answers to everything.
const LOGIN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 63\r\nConnection: close\r\n\r\n\
                     <!doctype html><title>Log in</title><form>Room number?</form>\r\n";

/// A line, which ends when this value is dropped.
pub struct Line {
    address: SocketAddr,
    to: Arc<OnceLock<u16>>,
    /// How long a connection rests after each piece, in milliseconds.
    rest: Arc<AtomicU64>,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct State {
    /// Counts the changes. Connections of earlier networks are dead.
    network: u32,
    wants_login: bool,
}

impl Line {
    /// Makes a line that leads nowhere yet.
    pub async fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("the line has no port")?;
        let address = listener.local_addr()?;
        let to = Arc::<OnceLock<u16>>::default();
        let rest = Arc::new(AtomicU64::new(REST));
        let (state, now) = watch::channel(State::default());
        let (leads, rests) = (Arc::clone(&to), Arc::clone(&rest));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (leads, rests, now) = (Arc::clone(&leads), Arc::clone(&rests), now.clone());
                tokio::spawn(async move {
                    // A connection ends as programs end it; nobody waits for what became of it.
                    let _ = carry(stream, &leads, &rests, now).await;
                });
            }
        });
        Ok(Self {
            address,
            to,
            rest,
            state,
            task,
        })
    }

    /// The port at which it begins.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Leads to this port from now on. Only the first call counts.
    pub fn lead_to(&self, port: u16) {
        // It leads there already.
        let _ = self.to.set(port);
    }

    /// Carries about this many bytes a second on each connection, of those that are open too; `None` for as many as at first.
    pub fn limit(&self, bytes: Option<u64>) {
        let rest = bytes.map_or(REST, |bytes| PIECE as u64 * 1000 / bytes.max(1));
        self.rest.store(rest, Ordering::Relaxed);
    }

    /// Changes the network: nothing passes any more on the connections that are open, neither bytes nor their end, and new
    /// ones are as before.
    pub fn change(&self) {
        self.state.send_modify(|state| state.network += 1);
    }

    /// Changes to a network that answers everything with its login page, or to one that does not.
    pub fn want_login(&self, wants: bool) {
        self.state.send_modify(|state| {
            state.network += 1;
            state.wants_login = wants;
        });
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    mut here: TcpStream,
    to: &OnceLock<u16>,
    rest: &AtomicU64,
    mut now: watch::Receiver<State>,
) -> Result<()> {
    let begun = *now.borrow();
    if begun.wants_login {
        let mut request = vec![0; REQUEST];
        let _ = here.read(&mut request).await?;
        here.write_all(LOGIN.as_bytes()).await?;
        return Ok(here.shutdown().await?);
    }
    let Some(port) = to.get() else {
        return Ok(());
    };
    let mut there = TcpStream::connect(("127.0.0.1", *port)).await?;
    let (mut from_here, mut to_here) = here.split();
    let (mut from_there, mut to_there) = there.split();
    let both = futures::future::try_join(
        pass(&mut from_here, &mut to_there, rest),
        pass(&mut from_there, &mut to_here, rest),
    );
    let changed = async move { now.wait_for(|now| *now != begun).await.map(drop) };
    tokio::select! {
        passed = both => { passed?; }
        changed = changed => {
            changed?;
            // Both ends stay open, and hear nothing.
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    rest: &AtomicU64,
) -> Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        to.write_all(&piece[..read]).await?;
        if read > PIECE / 2 {
            sleep(Duration::from_millis(rest.load(Ordering::Relaxed))).await;
        }
    }
}
