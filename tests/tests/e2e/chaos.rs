//! Workers that are killed, networks that are cut and disks that become full at random moments lose nothing. `cargo xtask chaos` plays many rounds of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::disk::Disk;
use fluence_tests::face::{Face, Shown};
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::same_bytes;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::main_job::beside_a_page;
use crate::reading::share_link;
use crate::{WORKER, play_for, skips_firefox};

/// How long everything in a round may take, and how many rounds there are without `FLUENCE_CHAOS_ROUNDS`.
const STEP: Duration = Duration::from_secs(90);
const ROUNDS: u32 = 3;
/// The longest time from the beginning of something to the kill, in milliseconds.
const LATEST_MS: u64 = 900;

/// How long a copy may take that is being saved by itself.
const SAVING: Duration = Duration::from_secs(20);
/// The size of the disk that both browsers have, in bytes, while it has room.
const ROOM: u64 = 2_000_000_000;

/// Random numbers that a seed repeats.
struct Chance(u64);

/// What happens in a round.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Workers are killed.
    Kill,
    /// The only node goes away and comes back.
    Cut,
    /// The disk becomes full and has room again.
    Full,
}

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    /// Waits for a random time: the moment of a kill is what is tried here, and no event marks it.
    async fn moment(&mut self) {
        sleep(Duration::from_millis(self.next(LATEST_MS))).await;
    }
}

/// Cuts the network, or fills the disk, for a random time.
async fn strike(
    fault: Fault,
    node: &mut Node,
    disk: Option<&Disk>,
    chance: &mut Chance,
) -> Result<()> {
    match (fault, disk) {
        (Fault::Cut, _) => {
            node.stop().await?;
            chance.moment().await;
            node.start_again().await
        }
        (Fault::Full, Some(disk)) => {
            disk.fill()?;
            chance.moment().await;
            disk.resize(ROOM)
        }
        (Fault::Kill | Fault::Full, _) => Ok(()),
    }
}

/// Waits until an item is in one of these states. Where it failed because the disk was full, it is tried again, as a
/// person does.
async fn until(face: &Face, name: &str, cid: Option<&str>, states: &[&str]) -> Result<Shown> {
    let condition = format!(
        "(item.name === {} || item.cid === {}) && \
         ({}.includes(item.status) || ['failed', 'interrupted'].includes(item.status))",
        json!(name),
        json!(cid),
        json!(states)
    );
    let deadline = Instant::now() + STEP;
    loop {
        let shown = face.wait_item(name, STEP, &condition).await?;
        if states.contains(&&*shown.status) {
            return Ok(shown);
        }
        ensure!(
            Instant::now() < deadline,
            "it fails again and again: {shown:?}"
        );
        let buttons = ["item-again", "item-resume", "item-retry"];
        for button in buttons {
            if face.press_in(&shown, button).await.is_ok() {
                break;
            }
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The faults that are played, by `FLUENCE_CHAOS_FAULTS` or all of them: a round takes one of these.
fn faults() -> Vec<Fault> {
    let named = std::env::var("FLUENCE_CHAOS_FAULTS").unwrap_or_default();
    let named: Vec<Fault> = named
        .split(',')
        .filter_map(|name| match name {
            "kill" => Some(Fault::Kill),
            "cut" => Some(Fault::Cut),
            "full" => Some(Fault::Full),
            _ => None,
        })
        .collect();
    let mut all = vec![Fault::Kill, Fault::Kill, Fault::Cut];
    if number("FLUENCE_CHAOS_ROUNDS").is_some() {
        // On demand only: Chromium itself may end when its disk is full, which no extension can prevent.
        all.push(Fault::Full);
    }
    if named.is_empty() { all } else { named }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn faults_at_random_moments_lose_nothing() {
    let faults = faults();
    let rounds = number("FLUENCE_CHAOS_ROUNDS").map_or(ROUNDS, |rounds| rounds as u32);
    let clock = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(1, |since| since.as_nanos() as u64);
    let seed = number("FLUENCE_CHAOS_SEED").unwrap_or(clock | 1);
    if skips_firefox("chaos", WORKER) {
        return;
    }
    play_for(STEP * 6 * rounds, "chaos", async |scene| {
        let mut chance = Chance(seed);
        let mut node = scene.node("node", &[]).await?;
        let disk = match Disk::can_be_made() {
            true => Some(Disk::new(&scene.path("browsers"), ROOM)?),
            false => None,
        };
        let (alice, sharer, tabs) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        // By themselves files may take a tenth of the disk, which the stopped ones of many rounds fill.
        driver.switch_to_window(tabs[1].clone()).await?;
        sharer.set("settings-max-room", "10").await?;
        driver.switch_to_window(tabs[0].clone()).await?;
        driver.goto(scene.site.url("/login")).await?;
        let (bob, fetcher) = scene.online("bob", &node).await?;
        fetcher.set("settings-max-room", "10").await?;
        for round in 0..rounds {
            let fault = faults[chance.next(faults.len() as u64) as usize];
            let kills = fault == Fault::Kill;
            let played = async {
                let name = format!("chaos-{round}.bin");
                let len = [700, 40_000, 3_000_000, 12_000_000][chance.next(4) as usize];
                let bytes = files::noise(len, seed.wrapping_add(round.into()));
                let address = scene
                    .site
                    .add(&name, "application/octet-stream", bytes.clone());

                // It happens while one shares.
                share_link(&alice, &tabs, &address).await?;
                chance.moment().await;
                if kills {
                    alice.stop_worker().await?;
                }
                strike(fault, &mut node, disk.as_ref(), &mut chance).await?;
                let shown = until(&sharer, &name, None, &["shared"]).await?;
                let cid = shown.cid.clone().context("a shared file without a hash")?;

                // It happens to both while one serves and the other one fetches and saves.
                fetcher.fetch(&cid).await?;
                chance.moment().await;
                let (served, fetched) = (chance.next(3) > 0, chance.next(3) > 0);
                if kills && served {
                    alice.stop_worker().await?;
                }
                if kills && fetched {
                    bob.stop_worker().await?;
                }
                strike(fault, &mut node, disk.as_ref(), &mut chance).await?;
                let got = until(&fetcher, &name, Some(&cid), &["done", "shared"]).await?;
                if fault == Fault::Full && bob.saved(&name, SAVING).await.is_err() {
                    // It may have been whole just when there was no room for a copy.
                    fetcher.press_in(&got, "item-save").await?;
                }
                same_bytes(&bob.saved(&name, STEP).await?, &bytes)?;

                // It is killed while it stops.
                let shown = sharer.wait_named(&name, &["shared"], STEP).await?;
                sharer.enter_in(&shown, "item-stop").await?;
                chance.moment().await;
                if kills {
                    alice.stop_worker().await?;
                }
                let stopped = format!("item.name === {} && item.status === 'stopped'", json!(name));
                sharer
                    .wait_item("that it is stopped", STEP, &stopped)
                    .await?;
                let items = fetcher.items().await?;
                ensure!(
                    items.iter().filter(|item| item.name == name).count() == 1,
                    "{items:?}"
                );
                fetcher.remove(&got).await?;
                Ok(())
            };
            let played: Result<()> = played.await;
            if let Err(error) = played {
                // The rows do not show why something failed; the workers' states do.
                let mut states = Vec::new();
                for face in [&sharer, &fetcher] {
                    let state = face.state().await.unwrap_or_default();
                    states.push(state["items"].to_string());
                }
                let states = states.join("\n");
                return Err(error).context(format!(
                    "round {round} ({fault:?}) of FLUENCE_CHAOS_SEED={seed}; the items are\n{states}"
                ));
            }
        }
        // Of many, the list shows only some.
        let state = sharer.state().await?;
        let items = state["items"].as_object().context("no items")?;
        ensure!(items.len() == rounds as usize, "{items:?}");
        Ok(())
    });
}
