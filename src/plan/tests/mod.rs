//! Tests of the engine on simulated time, with people, nodes and storages, honest or not, that are
//! killed at every point.

mod addresses;
mod folders;
mod hostile;
mod kills;
mod limits;
mod main_job;
mod people;
mod private;
mod public;
mod release;
mod sim;
mod storages;
mod uploads;
mod world;

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use self::sim::SimSource;
use self::world::{Machine, Manner, SimRemote, Site, Storage, World, function, key};
use super::{Expected, Input, ShareInput};
use crate::call::{ErrorCode, Reply, Request};
use crate::command::{Answer, Command, Look};
use crate::content::Profile;
use crate::content::unixfs::{self, Child};
use crate::failure::{Code, Failure, Reason};
use crate::names::FunctionName;
use crate::state::{EventKind, Item, ItemId, ItemSource, LogEntry, Settings, Status};

const MINUTE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);

fn file(len: usize, seed: u8) -> Vec<u8> {
    let mut x = u32::from(seed) + 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x as u8
        })
        .collect()
}

/// Settings of a person who chose to share what they fetch.
fn sharing_on() -> Settings {
    Settings {
        provide_fetched: true,
        ..Settings::default()
    }
}

fn input(machine: &Machine, name: &str, bytes: &[u8]) -> ShareInput<SimSource> {
    let site = Site::with(&machine.world, "", bytes);
    ShareInput {
        private: false,
        ends: None,
        name: Some(name.into()),
        mime: Some("image/jpeg".into()),
        size: Some(bytes.len() as u64),
        source: None,
        note: None,
        body: Input::Remote(Box::new(SimRemote(Rc::new(site)))),
    }
}

/// A share of what is at an address, which a later run can read on.
fn input_of(site: &Rc<Site>) -> ShareInput<SimSource> {
    ShareInput {
        private: false,
        ends: None,
        name: Some("site".into()),
        mime: None,
        size: None,
        source: Some(ItemSource {
            url: Some(site.url.clone()),
            page: None,
            own_cookies: false,
            seen: None,
        }),
        note: None,
        body: Input::Remote(Box::new(SimRemote(Rc::clone(site)))),
    }
}

fn done(answer: Answer) -> ItemId {
    match answer {
        Answer::Done { id: Some(id) } => id,
        other => panic!("not done: {other:?}"),
    }
}

fn refused(answer: Answer) -> String {
    match answer {
        Answer::Refused { failure } => failure.code.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

fn begin_share(machine: &Machine, input: ShareInput<SimSource>) -> ItemId {
    let engine = machine.engine.clone();
    done(machine.wait(async move { engine.share(input).await }))
}

/// Shares a file, and waits until a stranger can reach it.
fn share(machine: &Machine, name: &str, bytes: &[u8]) -> (ItemId, String) {
    let id = begin_share(machine, input(machine, name, bytes));
    until(machine, &id, |item| item.status == Status::Shared);
    let cid = item(machine, &id).cid.unwrap();
    (id, cid)
}

fn command(machine: &Machine, command: Command) -> Answer {
    let engine = machine.engine.clone();
    machine.wait(async move { engine.command(command).await })
}

fn record(a: &Machine, kinds: Vec<EventKind>) {
    let engine = a.engine.clone();
    a.world
        .sim
        .spawn(a.group, async move { engine.record(kinds).await });
    a.world.sim.pass(Duration::from_millis(1));
}

fn begin_fetch(machine: &Machine, cid: &str) -> ItemId {
    done(command(machine, Command::Fetch { link: cid.into() }))
}

fn item(machine: &Machine, id: &ItemId) -> Item {
    machine
        .engine
        .with_state(|state| state.items.get(id).cloned())
        .expect("the item is there")
}

fn until(machine: &Machine, id: &ItemId, is: impl Fn(&Item) -> bool) {
    let came = machine.world.sim.run_until(LONG, || {
        machine
            .engine
            .with_state(|state| state.items.get(id).is_some_and(&is))
    });
    assert!(came, "it did not come to that: {:#?}", item(machine, id));
}

fn until_done(machine: &Machine, id: &ItemId) {
    until(machine, id, |item| item.status == Status::Done);
}

/// Waits until the fetch ends without success, and returns its code.
fn until_failed(machine: &Machine, id: &ItemId) -> String {
    until(machine, id, |item| item.status.failure().is_some());
    let ended = item(machine, id);
    ended.status.failure().unwrap().code.to_string()
}

/// The entries of an item's log.
fn log(machine: &Machine, id: &ItemId) -> Vec<LogEntry> {
    let journal = machine.journal.borrow();
    let entries = journal.iter().filter_map(|event| match &event.kind {
        EventKind::Log { id: of, entry } if of == id => Some(entry.clone()),
        _ => None,
    });
    entries.collect()
}

/// The failures of storages in the log of an item.
fn storages_failed(machine: &Machine, id: &ItemId) -> Vec<Failure> {
    let entries = log(machine, id).into_iter();
    let failures = entries.filter_map(|entry| match entry {
        LogEntry::StorageFailed { failure } => Some(failure),
        _ => None,
    });
    failures.collect()
}

fn stored(machine: &Machine, id: &ItemId) -> Vec<u8> {
    machine.disk.0.borrow().files[id].bytes.clone()
}

/// Waits until this many bytes of a fetch would survive a kill.
fn until_kept(machine: &Machine, id: &ItemId, bytes: usize) {
    until(machine, id, |_| {
        let disk = machine.disk.0.borrow();
        disk.files
            .get(id)
            .is_some_and(|file| file.bytes.len() > bytes)
    });
}

fn settings(profile: Profile) -> Settings {
    Settings {
        profile,
        ..Settings::default()
    }
}

fn small_leaves() -> Settings {
    settings(Profile::UnixfsV0_2015)
}

/// Asks a machine for a file, as somebody who wants to fetch it.
fn ask(machine: &Machine, cid: &str) -> Reply {
    ask_as(machine, cid, "x")
}

/// Asks a machine for a file, as this peer.
fn ask_as(machine: &Machine, cid: &str, peer: &str) -> Reply {
    let request = Request::new(function(cid), &json!({}));
    let (engine, peer) = (machine.engine.clone(), peer.to_owned());
    machine.wait(async move { engine.serve(peer, request).await })
}
