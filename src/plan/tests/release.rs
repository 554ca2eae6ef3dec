//! Tests of stopping: what is not shared any more is taken back from storage, whatever happens meanwhile.

use super::world::Releases;
use super::*;
use crate::state::{Left, NetworkStatus};

/// A file of Alice's, which Bob has fetched, and which is therefore in storage.
fn fetched_once(a: &Machine, b: &Machine) -> (ItemId, String) {
    let (id, cid) = share(a, "a", &file(600_000, 80));
    let fetched = begin_fetch(b, &cid);
    until_done(b, &fetched);
    until(a, &id, |item| item.upload.is_none());
    command(b, Command::Remove { ids: vec![fetched] });
    assert_eq!(a.engine.state().copies.len(), 1);
    (id, cid)
}

fn until_released(a: &Machine, storage: &Storage) {
    let released = || a.engine.with_state(|state| state.copies.is_empty());
    assert!(
        a.world.sim.run_until(LONG, released),
        "{:?}",
        a.engine.state().copies
    );
    assert!(storage.blocks.borrow().is_empty(), "a block is left");
}

#[test]
fn what_is_stopped_or_removed_is_taken_back_from_storage() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = fetched_once(&a, &b);
    assert!(!storage.blocks.borrow().is_empty());
    done(command(&a, Command::Stop { id: id.clone() }));
    until_released(&a, &storage);
    assert_eq!(item(&a, &id).placed, None);

    // Whoever shares it again, at once, uploads it again when it is asked for.
    done(command(&a, Command::ShareAgain { id: id.clone() }));
    until(&a, &id, |item| item.status == Status::Shared);
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(storage.posts.get(), 2);

    until(&a, &id, |item| item.upload.is_none());
    command(&a, Command::Remove { ids: vec![id] });
    until_released(&a, &storage);
}

#[test]
fn what_is_provided_stays_in_storage() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    let (id, _) = fetched_once(&a, &b);
    a.restart();
    a.online();
    until(&a, &id, |item| item.status == Status::Shared);
    world.sim.pass(LONG);
    assert_eq!(world.calls(&FunctionName::release()), 0);
    assert!(!storage.blocks.borrow().is_empty());
    // Stopped and shared again before its node answered, it is not taken back.
    a.offline();
    done(command(&a, Command::Stop { id: id.clone() }));
    done(command(&a, Command::ShareAgain { id }));
    a.online();
    world.sim.pass(LONG);
    assert_eq!(world.calls(&FunctionName::release()), 0);
}

#[test]
fn what_was_stopped_without_a_connection_is_taken_back_later() {
    for remove in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (mut a, b) = world.alice_and_bob(Settings::default());
        let (id, _) = fetched_once(&a, &b);
        a.offline();
        command(
            &a,
            match remove {
                true => Command::Remove { ids: vec![id] },
                false => Command::Stop { id },
            },
        );
        world.sim.pass(LONG);
        a.restart();
        world.sim.pass(MINUTE);
        assert_eq!(a.engine.state().copies.len(), 1, "{remove}");
        // The node is away when the connection is back.
        world.is_away("node", true);
        a.online();
        world.sim.pass(LONG);
        assert!(world.calls(&FunctionName::release()) > 2);
        world.is_away("node", false);
        until_released(&a, &storage);
    }
}

#[test]
fn who_had_no_connection_for_long_takes_back_as_soon_as_there_is_one() {
    // However long that was, it is not what is waited for next.
    for minutes in (120..180).step_by(4) {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
        let (id, _) = fetched_once(&a, &b);
        a.offline();
        command(&a, Command::Stop { id });
        world.sim.pass(MINUTE * minutes);
        assert!(!storage.blocks.borrow().is_empty());
        a.online();
        let is_released = || storage.blocks.borrow().is_empty();
        assert!(world.sim.run_until(MINUTE, is_released), "{minutes}");
    }
}

#[test]
fn what_two_storages_have_is_taken_back_from_both() {
    for killed in [false, true] {
        let world = World::default();
        let storages =
            ["one", "two"].map(|name| (name, world.node(name, &format!("{name}-store"))));
        let (mut a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = fetched_once(&a, &b);
        let is_empty = |storage: &Storage| storage.blocks.borrow().is_empty();
        let at = usize::from(is_empty(&storages[0].1));
        let [(node, first), (_, second)] = [&storages[at], &storages[1 - at]];
        // While the first is away, the second gets it too.
        world.is_away(node, true);
        first.manner.set(Manner::Dead);
        world.sim.pass(MINUTE);
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        until(&a, &id, |item| item.upload.is_none());
        assert!(!is_empty(first) && !is_empty(second));
        first.manner.set(Manner::Honest);
        command(&a, Command::Remove { ids: vec![id] });
        assert!(world.sim.run_until(MINUTE, || is_empty(second)), "{killed}");
        let copies = a.engine.state().copies;
        assert_eq!(copies.len(), 1, "{copies:?}");
        if killed {
            a.kill();
            a.restart();
            a.online();
        }
        world.sim.pass(MINUTE);
        assert!(!is_empty(first));
        world.is_away(node, false);
        until_released(&a, first);
    }
}

#[test]
fn the_name_of_what_was_stopped_without_a_connection_is_withdrawn_later() {
    for remove in [false, true] {
        let world = World::default();
        let mut a = world.machine("alice");
        a.online();
        let (id, cid) = share(&a, "a", &file(1000, 81));
        let (twice, kept) = share(&a, "b", &file(1000, 82));
        a.offline();
        let stop = |id| match remove {
            true => Command::Remove { ids: vec![id] },
            false => Command::Stop { id },
        };
        command(&a, stop(id));
        command(&a, stop(twice.clone()));
        world.sim.pass(MINUTE);
        a.restart();
        // This one is shared again before nodes could be told.
        if remove {
            begin_share(&a, input(&a, "b", &file(1000, 82)));
        } else {
            done(command(&a, Command::ShareAgain { id: twice }));
        }
        assert_eq!(world.providers(&function(&cid)), 1);
        a.online();
        let told = || a.engine.with_state(|state| state.withdrawn.is_empty());
        assert!(world.sim.run_until(LONG, told), "{remove}");
        assert_eq!(world.providers(&function(&cid)), 0);
        world.sim.pass(MINUTE);
        assert_eq!(world.providers(&function(&kept)), 1);
    }
}

#[test]
fn a_kill_at_any_point_of_stopping_leaves_nothing_in_storage() {
    let mut killed = 0;
    for kill_at in 1.. {
        let world = World::default();
        let storage = world.node("node", "store");
        let (mut a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = fetched_once(&a, &b);
        a.kill_at.set(Some(a.steps.get() + kill_at));
        let (engine, stop) = (a.engine.clone(), Command::Stop { id: id.clone() });
        world.sim.spawn(a.group, async move {
            engine.command(stop).await;
        });
        world.sim.pass(MINUTE);
        let whole = a.steps.get() < a.kill_at.get().unwrap();
        if whole {
            break;
        }
        killed += 1;
        a.kill_at.set(None);
        a.restart();
        a.online();
        // If the stop was not recorded, the file is still shared, and the person stops it again.
        if item(&a, &id).status.is_offered() {
            done(command(&a, Command::Stop { id }));
        }
        until_released(&a, &storage);
        let withdrawn = || world.providers(&function(&cid)) == 0;
        assert!(world.sim.run_until(LONG, withdrawn), "{kill_at}");
    }
    assert!(killed >= 2, "{killed}");
}

#[test]
fn a_storage_that_keeps_nothing_for_this_peer_is_not_asked_again() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, _) = fetched_once(&a, &b);
    storage.blocks.borrow_mut().clear();
    done(command(&a, Command::Stop { id }));
    until_released(&a, &storage);
    assert_eq!(world.calls(&FunctionName::release()), 1);
}

#[test]
fn what_a_storage_keeps_nevertheless_is_known_until_it_expires() {
    for (answer, left) in [
        (Releases::Keeps, Left::ForOthers),
        (Releases::Never, Left::Refused),
    ] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.releases.set(answer);
        let (mut a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = fetched_once(&a, &b);
        done(command(&a, Command::Stop { id: id.clone() }));
        let copies = |a: &Machine| a.engine.state().copies;
        let is_left = |a: &Machine| copies(a).iter().any(|copy| copy.left == Some(left));
        assert!(world.sim.run_until(MINUTE, || is_left(&a)), "{answer:?}");
        assert_eq!(world.calls(&FunctionName::release()), 1);
        assert_eq!(item(&a, &id).placed, None);

        // Whoever shares it again and stops once more takes back what was uploaded then.
        done(command(&a, Command::ShareAgain { id: id.clone() }));
        until(&a, &id, |item| item.status == Status::Shared);
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        until(&a, &id, |item| item.upload.is_none());
        assert!(!is_left(&a));
        command(&a, Command::Remove { ids: vec![id] });
        assert!(world.sim.run_until(MINUTE, || is_left(&a)), "{answer:?}");
        assert_eq!(world.calls(&FunctionName::release()), 2);

        // Nobody is asked again, also by a later run, and it is forgotten by itself in the end.
        world.sim.pass(MINUTE);
        a.restart();
        a.online();
        world.sim.pass(LONG);
        assert!(is_left(&a));
        world.sim.pass(Duration::from_secs(31 * 24 * 3600));
        assert_eq!(copies(&a), []);
        assert_eq!(world.calls(&FunctionName::release()), 2);
    }
}

#[test]
fn no_storage_says_that_it_keeps_a_file_for_ever() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.releases.set(Releases::Never);
    let ok = json!({"ok": {"multiaddr": "/dns4/store.example/tcp/80/http", "expires": u64::MAX}});
    world.set_node("node", ok);
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, _) = fetched_once(&a, &b);
    let year = world.sim.now() / 1000 + 366 * 24 * 3600;
    let until = a.engine.state().copies[0].until.unwrap();
    assert!(until <= year, "{until}");
    command(&a, Command::Remove { ids: vec![id] });
    world.sim.pass(MINUTE);
    assert_eq!(a.engine.state().copies[0].left, Some(Left::Refused));
    // It does not stay in the list for ever either.
    world.sim.pass(Duration::from_secs(367 * 24 * 3600));
    assert_eq!(a.engine.state().copies, []);
}

#[test]
fn a_program_that_ends_takes_everything_back() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    fetched_once(&a, &b);
    let engine = a.engine.clone();
    let left = a.wait(async move { engine.take_back(MINUTE).await });
    assert_eq!(left, []);
    assert!(storage.blocks.borrow().is_empty());
}

#[test]
fn what_a_disk_has_lost_stays_in_storage_until_the_person_removes_it() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    let (id, _) = fetched_once(&a, &b);
    a.kill();
    a.disk.0.borrow_mut().files.clear();
    a.restart();
    a.online();
    assert_eq!(until_failed(&a, &id), "file_gone");
    world.sim.pass(LONG);
    assert!(!storage.blocks.borrow().is_empty());
    command(&a, Command::Remove { ids: vec![id] });
    until_released(&a, &storage);
}

#[test]
fn a_former_identity_takes_back_what_is_its_own_when_it_is_used_again() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, _) = fetched_once(&a, &b);
    let started = |peer: &str| {
        let peer = peer.to_owned();
        record(&a, vec![EventKind::Started { peer }]);
    };
    started("former");
    started("new");
    done(command(&a, Command::Stop { id }));
    world.sim.pass(LONG);
    assert!(!storage.blocks.borrow().is_empty());
    started("former");
    a.engine.release_unwanted();
    let is_gone = || a.engine.state().copies.is_empty();
    assert!(world.sim.run_until(LONG, is_gone));
    assert!(storage.blocks.borrow().is_empty());
}

#[test]
fn a_new_identity_takes_nothing_back_for_the_former_one() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = fetched_once(&a, &b);
    for peer in ["former", "new"] {
        let peer = peer.to_owned();
        record(&a, vec![EventKind::Started { peer }]);
    }
    done(command(&a, Command::Stop { id: id.clone() }));
    world.sim.pass(LONG);
    assert_eq!(world.calls(&FunctionName::release()), 0);
    let copies = a.engine.state().copies;
    assert_eq!(copies[0].owner.as_deref(), Some("former"));
    assert!(!storage.blocks.borrow().is_empty());

    // What the new one uploads, it takes back.
    done(command(&a, Command::ShareAgain { id: id.clone() }));
    until(&a, &id, |item| item.status == Status::Shared);
    let (other, _) = share(&a, "other", &file(600_000, 81));
    until(&a, &other, |item| item.status == Status::Shared);
    let other_cid = item(&a, &other).cid.unwrap();
    let fetched = begin_fetch(&b, &other_cid);
    until_done(&b, &fetched);
    until(&a, &other, |item| item.upload.is_none());
    command(
        &a,
        Command::Remove {
            ids: vec![other, id],
        },
    );
    let left = || a.engine.state().copies;
    assert!(a.world.sim.run_until(LONG, || left().len() == 1));
    assert_eq!(left()[0].cid, cid);

    // It is shown until it expires, and is forgotten then.
    a.world.sim.pass(Duration::from_secs(40 * 24 * 3600));
    a.restart();
    assert!(
        a.world
            .sim
            .run_until(LONG, || a.engine.state().copies.is_empty())
    );
}

#[test]
fn what_is_shared_is_announced_again_through_a_new_peer_at_the_same_node() {
    let world = World::default();
    world.node("node", "store");
    let (a, _b) = world.alice_and_bob(Settings::default());
    let (id, _) = share(&a, "a", &file(1000, 82));
    until(&a, &id, |item| item.status == Status::Shared);
    let status = a.engine.state().network;
    // As the worker does when the person wants a new identity, which may be as connected at once as the former one was.
    a.engine.network_changed(NetworkStatus::Starting);
    record(&a, vec![EventKind::Unconfirmed]);
    assert_ne!(item(&a, &id).status, Status::Shared);
    a.engine.network_changed(status);
    until(&a, &id, |item| item.status == Status::Shared);
}
