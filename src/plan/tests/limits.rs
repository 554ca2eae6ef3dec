//! Tests of shares that end by themselves, and of what may be uploaded.

use super::*;
use crate::state::Ends;

fn limit(a: &Machine, id: &ItemId, seconds: Option<u64>, calls: Option<u64>) {
    let id = id.clone();
    done(command(a, Command::Limit { id, seconds, calls }));
}

fn is_stopped(a: &Machine, id: &ItemId) -> bool {
    item(a, id).status == Status::Stopped
}

fn set(a: &Machine, change: impl FnOnce(&mut Settings)) {
    let mut settings = a.engine.settings();
    change(&mut settings);
    command(a, Command::Set { settings });
}

#[test]
fn a_share_ends_at_its_time_and_is_taken_back() {
    for restarted in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (mut a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = share(&a, "a", &file(300_000, 90));
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        limit(&a, &id, Some(3600), None);
        world.sim.pass(Duration::from_secs(3500));
        assert!(!is_stopped(&a, &id));
        assert!(!storage.blocks.borrow().is_empty());
        if restarted {
            // It ends while no program runs.
            a.kill();
            world.sim.pass(MINUTE * 10);
            a.restart();
            a.online();
        }
        world.sim.pass(MINUTE * 12);
        assert!(is_stopped(&a, &id), "{restarted}");
        assert!(storage.blocks.borrow().is_empty());
        // Shared again, it stays shared.
        done(command(&a, Command::ShareAgain { id: id.clone() }));
        world.sim.pass(LONG * 10);
        assert_eq!(item(&a, &id).status, Status::Shared);
    }
}

#[test]
fn a_share_ends_at_its_time_although_the_machine_sleeps() {
    for reconnects in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = share(&a, "a", &file(300_000, 90));
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        limit(&a, &id, Some(3600), None);
        until(&a, &id, |item| item.upload.is_none());
        world.sim.doze(2 * 60 * MINUTE);
        // Nobody gets it any more from the moment at which it wakes up.
        let Reply::Error(error) = ask(&a, &cid) else {
            panic!("it was given");
        };
        assert_eq!(error.code, ErrorCode::NoSuchFunction);
        if reconnects {
            a.offline();
            a.online();
            world.sim.pass(Duration::from_secs(10));
        } else {
            world.sim.pass(MINUTE + Duration::from_secs(10));
        }
        assert!(is_stopped(&a, &id), "{reconnects}");
        assert!(storage.blocks.borrow().is_empty(), "{reconnects}");
    }
}

#[test]
fn a_share_ends_after_its_calls_and_the_last_caller_gets_it() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let c = world.machine("carol");
    c.online();
    storage.slow.set(2);
    let bytes = file(5 << 20, 91);
    let (id, cid) = share(&a, "a", &bytes);
    limit(&a, &id, None, Some(1));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
    until(&a, &id, |item| item.status == Status::Stopped);
    assert_eq!(item(&a, &id).requests, 1);
    // Then nobody else gets it, neither from here nor from storage.
    assert!(!storage.blocks.borrow().is_empty());
    world.sim.pass(MINUTE * 3);
    assert!(storage.blocks.borrow().is_empty());
    world.add_record(&function(&cid), "alice");
    let late = begin_fetch(&c, &cid);
    assert_eq!(until_failed(&c, &late), "provider_gone");
}

#[test]
fn a_call_that_brings_nothing_does_not_count() {
    let world = World::default();
    let error = json!({"error": {"code": "busy", "message": "later"}});
    world.set_node("node", error);
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(300_000, 113));
    limit(&a, &id, None, Some(1));
    let fetched = begin_fetch(&b, &cid);
    world.sim.pass(MINUTE);
    assert_eq!(item(&a, &id).status, Status::Shared);
    assert_eq!(item(&a, &id).requests, 0);
    world.node("node", "store");
    command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    );
    until_done(&b, &fetched);
    until(&a, &id, |item| item.status == Status::Stopped);
}

#[test]
fn the_last_call_is_answered_once() {
    let world = World::default();
    world.node("node", "store");
    let (a, _b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(300_000, 114));
    limit(&a, &id, None, Some(1));
    let answered: Rc<std::cell::Cell<u32>> = Rc::default();
    for n in 0..5 {
        let request = Request::new(function(&cid), &json!({}));
        let (engine, answered) = (a.engine.clone(), Rc::clone(&answered));
        world.sim.spawn(a.group, async move {
            let reply = engine.serve(format!("stranger{n}"), request).await;
            if matches!(reply, Reply::Ok(_)) {
                answered.set(answered.get() + 1);
            }
        });
    }
    world.sim.pass(MINUTE);
    assert_eq!((answered.get(), item(&a, &id).requests), (1, 1));
}

#[test]
fn a_call_that_counts_is_written_down_before_it_is_answered() {
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let mut a = world.machine("alice");
        a.online();
        let (id, cid) = share(&a, "a", &file(300_000, 115));
        limit(&a, &id, None, Some(2));
        let last = a.steps.get() + kill_at;
        a.kill_at.set(Some(last));
        let answered: Rc<std::cell::Cell<bool>> = Rc::default();
        let (engine, told) = (a.engine.clone(), Rc::clone(&answered));
        let request = Request::new(function(&cid), &json!({}));
        world.sim.spawn(a.group, async move {
            let reply = engine.serve("stranger".to_owned(), request).await;
            told.set(matches!(reply, Reply::Ok(_)));
        });
        world.sim.pass(MINUTE);
        if a.steps.get() < last {
            assert!(answered.get() && kill_at > 2, "{kill_at}");
            break;
        }
        a.kill_at.set(None);
        a.restart();
        if answered.get() {
            assert_eq!(item(&a, &id).requests, 1, "killed at {kill_at}");
        }
    }
}

#[test]
fn nothing_is_uploaded_where_each_byte_costs_unless_that_is_wanted() {
    for metered in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let settings = Settings {
            metered,
            ..Settings::default()
        };
        world.costs.set(true);
        let a = world.machine_with("alice", settings);
        a.online();
        let (_, cid) = share(&a, "a", &file(300_000, 116));
        let reply = ask(&a, &cid);
        assert_eq!(matches!(reply, Reply::Ok(_)), metered, "{reply:?}");
        world.sim.pass(MINUTE);
        assert_eq!(storage.posts.get() > 0, metered);
    }
}

#[test]
fn who_stops_does_not_wait_for_the_last_caller() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(300_000, 92));
    limit(&a, &id, None, Some(1));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| item.status == Status::Stopped);
    done(command(&a, Command::Stop { id }));
    world.sim.pass(MINUTE);
    assert!(storage.blocks.borrow().is_empty());
}

#[test]
fn what_a_new_share_is_limited_by_can_be_set() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings {
        share_for: Some(600),
        share_calls: Some(1),
        ..Settings::default()
    });
    let (id, cid) = share(&a, "a", &file(300_000, 93));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| item.status == Status::Stopped);
    // Shared again, it counts from now.
    done(command(&a, Command::ShareAgain { id: id.clone() }));
    assert_eq!(item(&a, &id).limits.calls, Some(2));
    until(&a, &id, |item| item.status == Status::Shared);
    world.sim.pass(MINUTE * 11);
    assert!(is_stopped(&a, &id));
}

#[test]
fn the_end_that_was_chosen_with_a_share_counts_from_when_it_is_shared() {
    let world = World::default();
    world.node("node", "store");
    // Another end is set for all.
    let (mut a, b) = world.alice_and_bob(Settings {
        share_calls: Some(9),
        ..Settings::default()
    });
    let bytes = file(3_000_000, 120);
    let ending = |site: &Rc<Site>, seconds, calls| ShareInput {
        ends: Some(Ends { seconds, calls }),
        ..input_of(site)
    };
    // It comes slowly, and the program is killed meanwhile.
    let site = Site::new(&world, "https://a.example/slow", &bytes);
    *site.breaks.borrow_mut() = [1_000_000, 0, 0].into();
    let id = begin_share(&a, ending(&site, Some(600), None));
    until(&a, &id, |item| item.size.is_some());
    a.kill();
    world.sim.pass(MINUTE * 30);
    a.restart();
    a.online();
    until(&a, &id, |item| item.status == Status::Shared);
    let shown = item(&a, &id);
    let left = shown.limits.until.unwrap() - world.sim.now();
    assert!((500_000..=600_000).contains(&left), "{left}");
    assert_eq!((shown.limits.calls, shown.ends), (None, None));
    world.sim.pass(MINUTE * 11);
    assert!(is_stopped(&a, &id));

    // What is chosen with the same file again counts for it, and what is not chosen leaves it alone.
    let same = Site::new(&world, "https://b.example/same", &bytes);
    begin_share(&a, ending(&same, None, Some(1)));
    until(&a, &id, |item| item.status == Status::Shared);
    assert_eq!(item(&a, &id).limits.calls, Some(1));
    let merged = begin_share(&a, input_of(&same));
    let is_gone = || !a.engine.state().items.contains_key(&merged);
    assert!(world.sim.run_until(MINUTE, is_gone));
    assert_eq!(item(&a, &id).limits.calls, Some(1));
    let merged = begin_share(&a, ending(&same, None, None));
    let is_gone = || !a.engine.state().items.contains_key(&merged);
    assert!(world.sim.run_until(MINUTE, is_gone));
    assert_eq!(item(&a, &id).limits, crate::state::Limits::default());
    let cid = item(&a, &id).cid.unwrap();
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(item(&a, &id).status, Status::Shared);
}

#[test]
fn a_network_that_the_person_calls_metered_ends_uploads_and_blames_no_storage() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings {
        metered: false,
        ..Settings::default()
    });
    storage.slow.set(20);
    let (id, cid) = share(&a, "a", &file(5 << 20, 121));
    let fetched = begin_fetch(&b, &cid);
    let begun = || storage.received.get() > 1 << 20;
    assert!(world.sim.run_until(MINUTE, begun));
    set(&a, |settings| settings.metered_now = true);
    let received = storage.received.get();
    let failure = item(&a, &id).upload_failure.unwrap();
    assert_eq!(failure.code, Code::Metered);
    let reply = ask(&a, &cid);
    assert!(matches!(reply, Reply::Error(_)), "{reply:?}");
    world.sim.pass(MINUTE);
    assert!(storage.received.get() < received + (2 << 20));
    // What is wanted over every network is wanted over this one.
    set(&a, |settings| settings.metered = true);
    let resume = Command::Resume {
        id: fetched.clone(),
    };
    command(&b, resume);
    until_done(&b, &fetched);
}

#[test]
fn an_upload_ends_when_the_network_becomes_metered() {
    let world = World::default();
    let storage = world.node("node", "store");
    let settings = Settings {
        metered: false,
        ..Settings::default()
    };
    let a = world.machine_with("alice", settings);
    a.online();
    storage.slow.set(20);
    let (id, cid) = share(&a, "a", &file(8 << 20, 122));
    ask(&a, &cid);
    let begun = || storage.received.get() > 1 << 20;
    assert!(world.sim.run_until(MINUTE, begun));
    world.costs.set(true);
    until(&a, &id, |item| item.upload.is_none());
    let failure = item(&a, &id).upload_failure.unwrap();
    assert_eq!(failure.code, Code::Metered);
    assert!(storage.received.get() < 8 << 20);
    // The same storage takes the rest on another network.
    world.costs.set(false);
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    until(&a, &id, |item| {
        item.upload.is_none() && item.upload_failure.is_none()
    });
}

#[test]
fn an_upload_ends_when_it_becomes_more_than_the_person_allows() {
    for killed in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let mut a = world.machine("alice");
        a.online();
        storage.slow.set(20);
        let (id, cid) = share(&a, "a", &file(8 << 20, 123));
        ask(&a, &cid);
        let begun = || storage.received.get() > 1 << 20;
        assert!(world.sim.run_until(MINUTE, begun));
        if killed {
            // It is killed when the setting is recorded, and before the upload has ended.
            a.kill_at.set(Some(a.steps.get() + 1));
            let mut settings = a.engine.settings();
            settings.max_sent_file = Some(4 << 20);
            let (engine, set) = (a.engine.clone(), Command::Set { settings });
            world.sim.spawn(a.group, async move {
                engine.command(set).await;
            });
            world.sim.pass(Duration::from_secs(1));
            a.kill_at.set(None);
            a.restart();
            a.online();
            assert_eq!(a.engine.settings().max_sent_file, Some(4 << 20));
        } else {
            set(&a, |settings| settings.max_sent_file = Some(4 << 20));
            let failure = item(&a, &id).upload_failure.unwrap();
            assert_eq!(failure, Failure::new(Code::Budget).limit(4 << 20));
        }
        let received = storage.received.get();
        world.sim.pass(MINUTE);
        assert_eq!(item(&a, &id).upload, None);
        assert!(storage.received.get() < received + (2 << 20));
        // It goes on where it may.
        set(&a, |settings| settings.max_sent_file = None);
        until(&a, &id, |item| item.status == Status::Shared);
        assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
        until(&a, &id, |item| {
            item.upload.is_none() && item.upload_failure.is_none()
        });
    }
}

#[test]
fn while_sharing_rests_nobody_gets_anything() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    storage.slow.set(20);
    let (id, cid) = share(&a, "a", &file(5 << 20, 94));
    let fetched = begin_fetch(&b, &cid);
    assert!(
        world
            .sim
            .run_until(MINUTE, || storage.received.get() > 1 << 20)
    );
    set(&a, |settings| settings.paused = true);
    let received = storage.received.get();
    assert_eq!(item(&a, &id).upload, None);
    world.sim.pass(MINUTE);
    assert!(storage.received.get() < received + (2 << 20));
    assert_ne!(item(&b, &fetched).status, Status::Done);
    set(&a, |settings| settings.paused = false);
    command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    );
    until_done(&b, &fetched);
}

#[test]
fn what_rests_stays_announced_and_no_kill_goes_on_with_an_upload() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    storage.slow.set(20);
    let (id, cid) = share(&a, "a", &file(5 << 20, 110));
    begin_fetch(&b, &cid);
    assert!(
        world
            .sim
            .run_until(MINUTE, || storage.received.get() > 1 << 20)
    );
    // It is killed when the setting is recorded, and before the upload has ended.
    a.kill_at.set(Some(a.steps.get() + 1));
    let mut settings = a.engine.settings();
    settings.paused = true;
    let (engine, set) = (a.engine.clone(), Command::Set { settings });
    world.sim.spawn(a.group, async move {
        engine.command(set).await;
    });
    world.sim.pass(Duration::from_secs(1));
    a.kill_at.set(None);
    a.restart();
    let received = storage.received.get();
    a.online();
    world.sim.pass(MINUTE * 5);
    assert!(a.engine.settings().paused);
    assert_eq!(storage.received.get(), received);
    // Others find it again at once when it goes on.
    assert_eq!(item(&a, &id).status, Status::Shared);
}

#[test]
fn who_begins_to_rest_while_storage_is_looked_for_uploads_nothing() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (_, cid) = share(&a, "a", &file(300_000, 111));
    begin_fetch(&b, &cid);
    let asked = || world.calls(&FunctionName::multiaddr()) > 0;
    assert!(world.sim.run_until(MINUTE, asked));
    set(&a, |settings| settings.paused = true);
    world.sim.pass(MINUTE);
    assert_eq!(storage.posts.get(), 0);
}

#[test]
fn the_last_caller_of_what_was_fetched_gets_it_too() {
    let world = World::default();
    let storage = world.node("node", "store");
    let a = world.machine("alice");
    let b = world.machine_with("bob", sharing_on());
    let c = world.machine("carol");
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let bytes = file(3 << 20, 112);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&b, &fetched, Item::is_shared);
    command(&a, Command::Remove { ids: vec![id] });
    world.sim.pass(MINUTE);
    assert!(storage.blocks.borrow().is_empty());
    limit(&b, &fetched, None, Some(1));
    storage.pace.set(5);
    let last = begin_fetch(&c, &cid);
    until_done(&c, &last);
    assert_eq!(stored(&c, &last), bytes);
    assert!(is_stopped(&b, &fetched));
    world.sim.pass(MINUTE * 3);
    assert!(storage.blocks.borrow().is_empty());
}

#[test]
fn no_more_is_uploaded_than_the_person_allows() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings {
        max_sent_file: Some(2_000_000),
        max_sent_day: Some(2_500_000),
        ..Settings::default()
    });
    let refused = |bytes: &[u8], name: &str, code: Code| {
        let (id, cid) = share(&a, name, bytes);
        let fetched = begin_fetch(&b, &cid);
        until(&a, &id, |item| item.upload_failure.is_some());
        assert_eq!(item(&a, &id).upload_failure.unwrap().code, code);
        command(&b, Command::Remove { ids: vec![fetched] });
        (id, cid)
    };
    refused(&file(2_100_000, 95), "large", Code::Budget);
    let (_, cid) = share(&a, "first", &file(1_900_000, 96));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    let (_, cid) = refused(&file(900_000, 97), "second", Code::DayBudget);
    assert!(storage.received.get() < 2_000_000);
    // The next day has a budget of its own, and what storage has needs none.
    world.sim.pass(Duration::from_secs(24 * 3600));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
}

#[test]
fn a_storage_that_keeps_nothing_is_sent_no_more_than_the_day_allows() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Forgets);
    let most = 8_000_000;
    let a = world.machine_with(
        "alice",
        Settings {
            max_sent_day: Some(most),
            ..Settings::default()
        },
    );
    a.online();
    let (id, cid) = share(&a, "a", &file(6_000_000, 101));
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    until(&a, &id, |item| item.upload_failure.is_some());
    let failure = item(&a, &id).upload_failure.unwrap();
    assert_eq!(failure, Failure::new(Code::DayBudget).limit(most));
    let received = storage.received.get();
    assert!((6_000_000..=most).contains(&received), "{received}");
    // Whoever asks meanwhile gets no more of it.
    assert!(matches!(ask(&a, &cid), Reply::Error(_)));
    world.sim.pass(MINUTE);
    assert_eq!(storage.received.get(), received);
    // It is the day that is over, and not the storage that is avoided.
    storage.manner.set(Manner::Honest);
    world.sim.pass(Duration::from_secs(24 * 3600));
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    until(&a, &id, |item| {
        item.upload.is_none() && item.upload_failure.is_none()
    });
}

#[test]
fn an_upload_ends_when_the_day_allows_no_more_of_it() {
    let world = World::default();
    let storage = world.node("node", "store");
    let mut a = world.machine("alice");
    a.online();
    storage.slow.set(20);
    let (id, cid) = share(&a, "a", &file(16 << 20, 102));
    ask(&a, &cid);
    let begun = || storage.received.get() > 1 << 20;
    assert!(world.sim.run_until(MINUTE, begun));
    let most = 2 << 20;
    set(&a, |settings| settings.max_sent_day = Some(most));
    until(&a, &id, |item| item.upload.is_none());
    let failure = item(&a, &id).upload_failure.unwrap();
    assert_eq!(failure, Failure::new(Code::DayBudget).limit(most));
    // What was on its way had left already.
    let received = storage.received.get();
    a.restart();
    a.online();
    world.sim.pass(MINUTE);
    assert!(storage.received.get() <= received.max(most));
}

#[test]
fn what_has_left_of_an_upload_leaves_its_room_in_the_day_to_others() {
    let world = World::default();
    let storage = world.node("node", "store");
    let a = world.machine_with(
        "alice",
        Settings {
            max_sent_day: Some(10_000_000),
            ..Settings::default()
        },
    );
    a.online();
    storage.slow.set(20);
    let (large, large_cid) = share(&a, "large", &file(6_000_000, 103));
    let (small, small_cid) = share(&a, "small", &file(3_000_000, 104));
    ask(&a, &large_cid);
    let begun = || storage.received.get() > 2_000_000;
    assert!(world.sim.run_until(LONG, begun));
    assert!(item(&a, &large).upload.is_some());
    // 6 MB and 3 MB are not 10 MB, whatever has left of them.
    let reply = ask(&a, &small_cid);
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
    for id in [large, small] {
        until(&a, &id, |item| item.upload.is_none());
        assert_eq!(item(&a, &id).upload_failure, None);
    }
}

#[test]
fn what_was_fetched_ends_as_the_person_has_set_it_for_all() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    let b = world.machine_with(
        "bob",
        Settings {
            share_for: Some(600),
            share_calls: Some(5),
            ..sharing_on()
        },
    );
    for machine in [&a, &b] {
        machine.online();
    }
    let (_, cid) = share(&a, "a", &file(300_000, 105));
    let fetched = begin_fetch(&b, &cid);
    until(&b, &fetched, Item::is_shared);
    let limits = item(&b, &fetched).limits;
    assert_eq!(limits.calls, Some(5));
    assert!(limits.until.is_some_and(|until| until > world.sim.now()));
    world.sim.pass(MINUTE * 11);
    assert!(is_stopped(&b, &fetched));
    assert!(!item(&b, &fetched).providing);
}

#[test]
fn what_left_before_an_upload_was_cut_off_counts() {
    let today = |a: &Machine| {
        let now = a.world.sim.now();
        a.engine.with_state(|state| state.sent_today(now))
    };
    for killed in [true, false] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.pace.set(5);
        let (mut a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = share(&a, "a", &file(6_000_000, 99));
        begin_fetch(&b, &cid);
        let came = world
            .sim
            .run_until(LONG, || storage.received.get() > 2_000_000);
        assert!(came, "it is not uploaded");
        if killed {
            a.kill();
            a.restart();
        } else {
            done(command(&a, Command::Stop { id: id.clone() }));
        }
        let received = storage.received.get();
        assert!(today(&a) >= received, "{} < {received}", today(&a));
        assert!(item(&a, &id).uploaded >= received);
        if killed {
            // What is sent once more counts once more, and nothing counts twice.
            a.online();
            until(&a, &id, |item| item.upload.is_none());
            let received = storage.received.get();
            assert!((received..received + 4_000_000).contains(&today(&a)));
        }
    }
}

#[test]
fn what_the_person_allows_holds_although_the_node_was_away() {
    type Change<'a> = &'a dyn Fn(&Machine, &ItemId);
    let share_again = |a: &Machine, id: &ItemId| {
        done(command(a, Command::ShareAgain { id: id.clone() }));
    };
    let ask_first = |a: &Machine, id: &ItemId, asks| {
        let id = id.clone();
        done(command(a, Command::AskFirst { id, asks }));
    };
    let rules: [(&str, Change<'_>, Change<'_>); 7] = [
        (
            "a file",
            &|a, _| set(a, |settings| settings.max_sent_file = Some(299_999)),
            &|a, _| set(a, |settings| settings.max_sent_file = Some(400_000)),
        ),
        (
            "a day",
            &|a, _| set(a, |settings| settings.max_sent_day = Some(299_999)),
            &|a, _| set(a, |settings| settings.max_sent_day = None),
        ),
        (
            "metered",
            &|a, _| {
                set(a, |settings| {
                    (settings.metered, settings.metered_now) = (false, true);
                });
            },
            &|a, _| set(a, |settings| settings.metered_now = false),
        ),
        (
            "paused",
            &|a, _| set(a, |settings| settings.paused = true),
            &|a, _| set(a, |settings| settings.paused = false),
        ),
        (
            "its time",
            &|a, id| limit(a, id, Some(600), None),
            &share_again,
        ),
        (
            "stopped",
            &|a, id| {
                done(command(a, Command::Stop { id: id.clone() }));
            },
            &share_again,
        ),
        ("asking first", &|a, id| ask_first(a, id, true), &|a, id| {
            ask_first(a, id, false)
        }),
    ];
    for (rule, forbid, allow) in rules {
        for is_before in [true, false] {
            let world = World::default();
            let storage = world.node("node", "store");
            let mut a = world.machine("alice");
            a.online();
            let (id, cid) = share(&a, "a", &file(300_000, 100));
            if is_before {
                forbid(&a, &id);
            }
            world.is_away("node", true);
            a.offline();
            if !is_before {
                forbid(&a, &id);
            }
            world.sim.pass(MINUTE * 11);
            a.restart();
            world.is_away("node", false);
            a.online();
            world.sim.pass(MINUTE);
            let reply = ask(&a, &cid);
            assert!(matches!(reply, Reply::Error(_)), "{rule}: {reply:?}");
            world.sim.pass(MINUTE);
            assert_eq!(storage.posts.get(), 0, "{rule}");
            assert!(storage.blocks.borrow().is_empty(), "{rule}");
            allow(&a, &id);
            until(&a, &id, |item| item.status == Status::Shared);
            let reply = ask(&a, &cid);
            assert!(matches!(reply, Reply::Ok(_)), "{rule}: {reply:?}");
        }
    }
}

fn until_asked(a: &Machine, id: &ItemId) {
    until(a, id, |item| item.asking.is_some());
}

#[test]
fn nobody_gets_what_the_person_is_asked_about_before_they_allow_it() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(300_000, 98));
    let asks = true;
    done(command(
        &a,
        Command::AskFirst {
            id: id.clone(),
            asks,
        },
    ));
    let decide = |allow: bool| {
        done(command(
            &a,
            Command::Decide {
                id: id.clone(),
                allow,
            },
        ))
    };
    let fetched = begin_fetch(&b, &cid);
    until_asked(&a, &id);
    assert_eq!(item(&a, &id).asking.as_deref(), Some("bob"));
    assert_eq!(item(&a, &id).requests, 0);
    decide(true);
    until_done(&b, &fetched);
    assert_eq!(item(&a, &id).asking, None);
    assert_eq!(item(&a, &id).requests, 1);

    // Whoever is refused, or about whom nobody decides, gets nothing, and the person is not asked again and again.
    for refused in [true, false] {
        let world = World::default();
        world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
        let (id, cid) = share(&a, "a", &file(300_000, 99));
        done(command(
            &a,
            Command::AskFirst {
                id: id.clone(),
                asks,
            },
        ));
        let fetched = begin_fetch(&b, &cid);
        until_asked(&a, &id);
        if refused {
            done(command(
                &a,
                Command::Decide {
                    id: id.clone(),
                    allow: false,
                },
            ));
        } else {
            world.sim.pass(MINUTE * 2);
            command(
                &b,
                Command::Resume {
                    id: fetched.clone(),
                },
            );
        }
        until_failed(&b, &fetched);
        assert_eq!(item(&a, &id).asking, None);
        assert_eq!(item(&a, &id).requests, 0);
    }
    assert!(!storage.blocks.borrow().is_empty());
}

#[test]
fn nobody_is_asked_about_what_nobody_is_asked_about_any_more() {
    type End = fn(ItemId) -> Command;
    let ends: [(End, bool); 3] = [
        (|id| Command::Stop { id }, false),
        (|id| Command::Remove { ids: vec![id] }, false),
        (|id| Command::AskFirst { id, asks: false }, true),
    ];
    for (end, gets) in ends {
        let world = World::default();
        world.node("node", "store");
        let a = world.machine("alice");
        a.online();
        let (id, cid) = share(&a, "a", &file(300_000, 106));
        let asks = true;
        done(command(
            &a,
            Command::AskFirst {
                id: id.clone(),
                asks,
            },
        ));
        let answer: Rc<std::cell::RefCell<Option<Reply>>> = Rc::default();
        let (engine, told) = (a.engine.clone(), Rc::clone(&answer));
        let request = Request::new(function(&cid), &json!({}));
        world.sim.spawn(a.group, async move {
            let reply = engine.serve("stranger".to_owned(), request).await;
            told.replace(Some(reply));
        });
        until_asked(&a, &id);
        let asked = world.sim.now();
        command(&a, end(id.clone()));
        let is_answered = || answer.borrow().is_some();
        assert!(world.sim.run_until(MINUTE, is_answered));
        assert!(world.sim.now() < asked + 10_000, "it waited");
        let reply = answer.take().unwrap();
        assert_eq!(matches!(reply, Reply::Ok(_)), gets, "{reply:?}");
        let asking = a.engine.with_state(|state| {
            let item = state.items.get(&id)?;
            item.asking.clone()
        });
        assert_eq!(asking, None);
        if let Command::Stop { id } = end(id) {
            // It is about the file, and nothing is held against the caller.
            done(command(&a, Command::ShareAgain { id: id.clone() }));
            until(&a, &id, |item| item.status == Status::Shared);
            let asks = false;
            done(command(&a, Command::AskFirst { id, asks }));
            assert!(matches!(ask_as(&a, &cid, "stranger"), Reply::Ok(_)));
        }
    }
}

#[test]
fn an_answer_that_comes_after_the_call_counts_for_the_next_one() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(300_000, 97));
    let asks = true;
    done(command(
        &a,
        Command::AskFirst {
            id: id.clone(),
            asks,
        },
    ));
    let fetched = begin_fetch(&b, &cid);
    until_asked(&a, &id);
    world.sim.pass(Duration::from_secs(40));
    let allow = true;
    done(command(&a, Command::Decide { id, allow }));
    world.sim.pass(MINUTE);
    if item(&b, &fetched).status != Status::Done {
        command(
            &b,
            Command::Resume {
                id: fetched.clone(),
            },
        );
    }
    until_done(&b, &fetched);
}

#[test]
fn a_thousand_strangers_ask_few_questions() {
    let world = World::default();
    world.node("node", "store");
    let (a, _b) = world.alice_and_bob(Settings::default());
    let asks = true;
    let ids: Vec<(ItemId, String)> = (0..8)
        .map(|n| share(&a, &n.to_string(), &file(1000, 100 + n)))
        .collect();
    for (id, _) in &ids {
        done(command(
            &a,
            Command::AskFirst {
                id: id.clone(),
                asks,
            },
        ));
    }
    for n in 0..1000 {
        let (_, cid) = &ids[n % ids.len()];
        let request = Request::new(function(cid), &json!({}));
        let engine = a.engine.clone();
        world.sim.spawn(a.group, async move {
            engine.serve(format!("stranger{n}"), request).await;
        });
    }
    world.sim.pass(Duration::from_secs(5));
    let asking = ids.iter().filter(|(id, _)| item(&a, id).asking.is_some());
    assert_eq!(asking.count(), 4);
}
