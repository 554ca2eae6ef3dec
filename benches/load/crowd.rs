//! Some thousands of clients in one process. It reads what they are to do from standard input, one line of JSON for each,
//! and answers each with one line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fluence::call::{Reply, Request};
use fluence::names::FunctionName;
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::{Mutex, RwLock};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Clients that connect at the same time.
const CONNECTING: usize = 32;
/// Names of one client that are sent at the same time.
const STORING: usize = 64;
/// Clients that fill the node with names at the same time.
const GIVING: usize = 8;
/// About how many of the names that fill the node are looked up afterwards.
const SOUGHT: usize = 200;
/// How long anything may take that is to succeed.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long somebody who has left stays away.
const AWAY: Duration = Duration::from_secs(5);

/// One client, which may be away for a while.
struct Client {
    name: FunctionName,
    peer: RwLock<Peer>,
    /// How often it has left and come, together.
    moves: AtomicU64,
}

/// The clients of this process.
struct Crowd {
    node: Multiaddr,
    number: usize,
    clients: Vec<Arc<Client>>,
    /// What else must stay.
    kept: Vec<Peer>,
}

/// Does what standard input says until it ends.
pub async fn run(node: &str, number: usize) -> Result<()> {
    let mut crowd = Crowd {
        node: node.parse()?,
        number,
        clients: Vec::new(),
        kept: Vec::new(),
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let asked: Value = serde_json::from_str(&line)?;
        let done = crowd.perform(&asked).await;
        println!(
            "{}",
            done.unwrap_or_else(|error| json!({"error": format!("{error:#}")}))
        );
    }
    Ok(())
}

fn config(node: &Multiaddr, routes: bool) -> Config {
    Config {
        // Each is at one node, as there is one.
        links: 1,
        routes,
        ..Config::client(Keypair::generate_ed25519(), vec![node.clone()])
    }
}

/// Starts a client, which answers every call, and waits until it can be reached.
async fn client(config: Config) -> Result<Peer> {
    let (peer, calls, mut statuses) = Peer::start(config)?;
    tokio::spawn(answer(calls));
    timeout(PATIENCE, statuses.online())
        .await
        .context("a client is not online")?;
    Ok(peer)
}

async fn answer(mut calls: Calls) {
    while let Some(call) = calls.next().await {
        call.reply(Reply::ok(&json!({})));
    }
}

/// Looks a function up and calls whoever is found, until one answers.
async fn find_and_call(peer: &Peer, name: &FunctionName) -> bool {
    let mut providers = std::pin::pin!(peer.providers(name.clone()));
    while let Some(provider) = providers.next().await {
        let request = Request::new(name.clone(), &json!({}));
        if peer.call(provider, request, DEADLINE).await.is_ok() {
            return true;
        }
    }
    false
}

/// Provides names, some at a time.
async fn provide(peer: &Peer, names: impl Iterator<Item = FunctionName>) -> Result<()> {
    let sent = stream::iter(names)
        .map(|name| peer.provide(name))
        .buffer_unordered(STORING);
    let mut sent = std::pin::pin!(sent);
    while let Some(done) = sent.next().await {
        done?;
    }
    Ok(())
}

/// Announces names again until each is confirmed, as the programs do that provide them: also after the connection was lost.
async fn confirm(peer: &Peer, mut names: Vec<FunctionName>) {
    while !names.is_empty() {
        match peer.announce_again(names.clone()).await {
            Ok(unconfirmed) => names = unconfirmed,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Numbers that look random and are the same in each run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// A number between 0 and 1, without 1.
    fn part(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }
}

impl Crowd {
    fn name(&self, kind: &str, number: usize) -> Result<FunctionName> {
        Ok(format!("load-{}-{kind}-{number}", self.number).parse()?)
    }

    async fn perform(&mut self, asked: &Value) -> Result<Value> {
        let number = |of: &str| asked[of].as_u64().unwrap_or_default() as usize;
        let seconds = Duration::from_secs(asked["seconds"].as_u64().unwrap_or_default());
        match asked["do"].as_str() {
            Some("connect") => self.connect(number("count"), asked["bare"] != true).await,
            Some("announce") => self.announce(number("names")).await,
            Some("names") => self.names(number("clients"), number("each")).await,
            Some("own") => self.own(number("each")).await,
            Some("back") => self.back(number("each")).await,
            Some("visit") => {
                self.visit(number("first"), number("of"), number("calls"))
                    .await
            }
            Some("live") => self.live(seconds, number("pause") as f64).await,
            Some("rate") => {
                let routed = asked["routed"] == true;
                self.rate(number("pairs"), number("at_once"), seconds, routed)
                    .await
            }
            _ => bail!("nobody knows how to do this"),
        }
    }

    /// Adds clients. Each provides a function of its own, where the node can hold it.
    async fn connect(&mut self, count: usize, provides: bool) -> Result<Value> {
        let began = Instant::now();
        let first = self.clients.len();
        let names = (first..first + count).map(|number| self.name("client", number));
        let names: Vec<FunctionName> = names.collect::<Result<_>>()?;
        let node = &self.node;
        let new = stream::iter(names).map(|name| async move {
            let peer = client(config(node, true)).await?;
            if provides {
                peer.provide(name.clone()).await?;
            }
            anyhow::Ok(Arc::new(Client {
                name,
                peer: RwLock::new(peer),
                moves: AtomicU64::new(0),
            }))
        });
        let mut new = std::pin::pin!(new.buffer_unordered(CONNECTING));
        while let Some(client) = new.next().await {
            self.clients.push(client?);
        }
        Ok(json!({"seconds": began.elapsed().as_secs_f64()}))
    }

    /// Has one new client announce names and confirm them.
    async fn announce(&mut self, names: usize) -> Result<Value> {
        let peer = client(config(&self.node, true)).await?;
        let names = (0..names).map(|number| self.name("announced", number));
        let names: Vec<FunctionName> = names.collect::<Result<_>>()?;
        let began = Instant::now();
        let unconfirmed = peer.announce(names).await?.len();
        let seconds = began.elapsed().as_secs_f64();
        self.kept.push(peer);
        Ok(json!({"seconds": seconds, "unconfirmed": unconfirmed}))
    }

    /// Has new clients provide this many names each.
    async fn names(&mut self, clients: usize, each: usize) -> Result<Value> {
        let began = Instant::now();
        let this = &*self;
        let given = stream::iter(0..clients).map(|giver| async move {
            let peer = client(config(&this.node, true)).await?;
            let names = (0..each).map(|number| this.name("given", giver * each + number));
            let names: Vec<FunctionName> = names.collect::<Result<_>>()?;
            provide(&peer, names.into_iter()).await?;
            anyhow::Ok(peer)
        });
        let given: Vec<Result<Peer>> = given.buffer_unordered(GIVING).collect().await;
        for peer in given {
            self.kept.push(peer?);
        }
        let seconds = began.elapsed().as_secs_f64();
        // Nobody tells whether the node has kept them, so some are looked up.
        let seeker = client(config(&self.node, true)).await?;
        for number in (0..clients * each).step_by((clients * each / SOUGHT).max(1)) {
            let name = self.name("given", number)?;
            let found = std::pin::pin!(seeker.providers(name)).next().await;
            ensure!(found.is_some(), "the node did not keep name {number}");
        }
        Ok(json!({"seconds": seconds}))
    }

    /// Has each client provide this many further names, until all are confirmed.
    async fn own(&self, each: usize) -> Result<Value> {
        let began = Instant::now();
        let provided =
            stream::iter(self.clients.iter().enumerate()).map(|(of, client)| async move {
                let names = (0..each).map(|number| self.name("own", of * each + number));
                let names: Vec<FunctionName> = names.collect::<Result<_>>()?;
                let peer = client.peer.read().await;
                provide(&peer, names.iter().cloned()).await?;
                confirm(&peer, names).await;
                anyhow::Ok(())
            });
        let provided: Vec<Result<()>> = provided.buffer_unordered(GIVING).collect().await;
        provided.into_iter().collect::<Result<()>>()?;
        Ok(json!({"seconds": began.elapsed().as_secs_f64()}))
    }

    /// Waits until all clients are online, and have announced all their names again, as the programs do that provide them.
    async fn back(&self, each: usize) -> Result<Value> {
        let began = Instant::now();
        let all = self
            .clients
            .iter()
            .enumerate()
            .map(|(of, client)| async move {
                let peer = client.peer.read().await;
                while !peer.status().is_online() {
                    sleep(Duration::from_millis(20)).await;
                }
                let online = began.elapsed();
                let own = (0..each).map(|number| self.name("own", of * each + number));
                let mut names: Vec<FunctionName> = own.collect::<Result<_>>()?;
                names.push(client.name.clone());
                confirm(&peer, names).await;
                anyhow::Ok(online)
            });
        let online = futures::future::try_join_all(all).await?;
        let last = online.into_iter().max().unwrap_or_default();
        Ok(json!({"online": last.as_secs_f64(), "seconds": began.elapsed().as_secs_f64()}))
    }

    /// Has new clients come, one after the other, each of which finds and calls another one of the first crowd.
    async fn visit(&self, first: usize, of: usize, calls: usize) -> Result<Value> {
        let (mut took, mut failed) = (Vec::new(), 0);
        for call in first..first + calls {
            let name = format!("load-0-client-{}", call % of.max(1)).parse()?;
            let began = Instant::now();
            let visitor = client(config(&self.node, true)).await?;
            if find_and_call(&visitor, &name).await {
                took.push(began.elapsed().as_micros() as u64);
            } else {
                failed += 1;
            }
            visitor.shutdown().await;
        }
        Ok(json!({"took_us": took, "failed": failed}))
    }

    /// Has all clients call one another, announce and leave at random.
    async fn live(&mut self, time: Duration, pause: f64) -> Result<Value> {
        let end = Instant::now() + time;
        let took = Arc::new(Mutex::new(Vec::<u64>::new()));
        let [failed, announced, left] = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
        let all: Arc<[Arc<Client>]> = self.clients.clone().into();
        let mut living = JoinSet::new();
        for (index, client) in self.clients.iter().cloned().enumerate() {
            let (all, node) = (all.clone(), self.node.clone());
            let (took, failed, announced, left) = (
                took.clone(),
                failed.clone(),
                announced.clone(),
                left.clone(),
            );
            let seed = (self.number as u64 + 1) << 32 | (index as u64 + 1);
            let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            let prefix = self.number;
            living.spawn(async move {
                loop {
                    let wait = Duration::from_secs_f64(-(1.0 - chance.part()).ln() * pause);
                    if Instant::now() + wait >= end {
                        return anyhow::Ok(());
                    }
                    sleep(wait).await;
                    match chance.below(10) {
                        0 => {
                            left.fetch_add(1, Ordering::Relaxed);
                            client.leave_and_come(&node).await?;
                        }
                        1 | 2 => {
                            let number = announced.fetch_add(1, Ordering::Relaxed);
                            let name = format!("load-{prefix}-new-{number}").parse()?;
                            client.peer.read().await.provide(name).await?;
                        }
                        _ => {
                            let called = &all[chance.below(all.len())];
                            if called.name == client.name {
                                continue;
                            }
                            let moves = called.moves.load(Ordering::Acquire);
                            let began = Instant::now();
                            let peer = client.peer.read().await.clone();
                            if find_and_call(&peer, &called.name).await {
                                took.lock().await.push(began.elapsed().as_micros() as u64);
                            } else if moves % 2 == 0
                                && called.moves.load(Ordering::Acquire) == moves
                            {
                                failed.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }
                }
            });
        }
        while let Some(lived) = living.join_next().await {
            lived??;
        }
        let took = std::mem::take(&mut *took.lock().await);
        Ok(json!({
            "took_us": took,
            "failed": failed.load(Ordering::Relaxed),
            "announced": announced.load(Ordering::Relaxed),
            "left": left.load(Ordering::Relaxed),
        }))
    }

    /// Makes calls between pairs of new clients, over ways that are known, as fast as they go.
    async fn rate(
        &mut self,
        pairs: usize,
        at_once: usize,
        time: Duration,
        routed: bool,
    ) -> Result<Value> {
        let name = self.name("counted", 0)?;
        let node = &self.node;
        let new = stream::iter(0..2 * pairs).map(|_| client(config(node, routed)));
        let new: Vec<Result<Peer>> = new.buffer_unordered(CONNECTING).collect().await;
        let new: Vec<Peer> = new.into_iter().collect::<Result<_>>()?;
        let (callers, providers) = new.split_at(pairs);
        let circuit = |to: PeerId| -> Result<Multiaddr> {
            Ok(format!("{node}/p2p-circuit/p2p/{to}").parse()?)
        };
        for (caller, provider) in callers.iter().zip(providers) {
            if routed {
                // Whoever has not got the function takes no letter for it.
                provider.provide(name.clone()).await?;
            }
            caller
                .learn(provider.id(), vec![circuit(provider.id())?])
                .await?;
            // The first makes the way.
            let request = Request::new(name.clone(), &json!({}));
            caller.call(provider.id(), request, PATIENCE).await?;
        }
        let end = Instant::now() + time;
        let [calls, failed] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
        let mut calling = JoinSet::new();
        for (caller, provider) in callers.iter().zip(providers) {
            for _ in 0..at_once {
                let (caller, to, name) = (caller.clone(), provider.id(), name.clone());
                let (calls, failed) = (calls.clone(), failed.clone());
                calling.spawn(async move {
                    while Instant::now() < end {
                        let request = Request::new(name.clone(), &json!({}));
                        let count = match caller.call(to, request, DEADLINE).await {
                            Ok(Reply::Ok(_)) => &calls,
                            Ok(Reply::Error(_)) | Err(_) => &failed,
                        };
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        while calling.join_next().await.is_some() {}
        Ok(json!({
            "calls": calls.load(Ordering::Relaxed),
            "failed": failed.load(Ordering::Relaxed),
        }))
    }
}

impl Client {
    /// Leaves without a word to anybody, and comes back a while later as somebody else with the same function.
    async fn leave_and_come(&self, node: &Multiaddr) -> Result<()> {
        self.moves.fetch_add(1, Ordering::AcqRel);
        let mut peer = self.peer.write().await;
        peer.shutdown().await;
        sleep(AWAY).await;
        *peer = client(config(node, true)).await?;
        peer.provide(self.name.clone()).await?;
        drop(peer);
        // The record is sent; nobody tells when the node has it.
        sleep(Duration::from_millis(200)).await;
        self.moves.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}
