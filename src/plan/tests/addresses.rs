//! Tests of shares that are read from an address.

use super::*;

fn until_shared(machine: &Machine, id: &ItemId) {
    let status = || item(machine, id).status;
    let ended = machine.world.sim.run_until(LONG, || {
        status() == Status::Shared || status().failure().is_some()
    });
    assert!(ended && status() == Status::Shared, "{:?}", status());
}

fn shared(machine: &Machine) -> Option<Item> {
    let items = machine.engine.state().items;
    items
        .values()
        .find(|item| item.status == Status::Shared)
        .cloned()
}

#[test]
fn a_share_from_an_address_outlasts_a_kill_at_every_point() {
    let bytes = file(650_000, 5);
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
        let mut a = world.machine_with("alice", small_leaves());
        a.kill_at.set(Some(kill_at));
        a.online();
        let (engine, share) = (a.engine.clone(), input_of(&site));
        world.sim.spawn(a.group, async move {
            engine.share(share).await;
        });
        if world.sim.run_until(MINUTE, || shared(&a).is_some()) {
            assert!(kill_at > 8, "{kill_at}");
            break;
        }
        a.kill_at.set(None);
        a.restart();
        a.online();
        world.sim.pass(MINUTE);
        match shared(&a) {
            Some(item) => assert_eq!(stored(&a, &item.id), bytes, "killed at {kill_at}"),
            None => assert!(a.engine.state().items.is_empty(), "killed at {kill_at}"),
        }
    }
}

#[test]
fn what_broke_off_continues_where_it_was() {
    let world = World::default();
    world.node("node", "store");
    let bytes = file(650_000, 7);
    let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
    *site.breaks.borrow_mut() = [140_000, 0, 70_000].into();
    let a = world.machine("alice");
    a.online();
    let id = begin_share(&a, input_of(&site));
    until_shared(&a, &id);
    assert_eq!(stored(&a, &id), bytes);
    assert_eq!(*site.asked.borrow(), [0, 140_000, 140_000, 210_000]);
}

#[test]
fn a_server_that_drips_comes_to_an_end() {
    let world = World::default();
    world.node("node", "store");
    let site = Site::new(&world, "https://a.example/b.jpg", &file(650_000, 7));
    *site.breaks.borrow_mut() = vec![1; 1000].into();
    let a = world.machine("alice");
    a.online();
    let id = begin_share(&a, input_of(&site));
    assert_eq!(until_failed(&a, &id), "source_broken");
    assert_eq!(site.asked.borrow().len(), 200);
}

#[test]
fn another_version_is_read_from_its_beginning() {
    let world = World::default();
    world.node("node", "store");
    let bytes = file(650_000, 8);
    let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
    *site.breaks.borrow_mut() = [140_000].into();
    let a = world.machine("alice");
    a.online();
    let id = begin_share(&a, input_of(&site));
    world
        .sim
        .run_until(MINUTE, || !site.asked.borrow().is_empty());
    site.etag.replace(Some("\"2\"".to_owned()));
    until_shared(&a, &id);
    assert_eq!(stored(&a, &id), bytes);
    assert_eq!(*site.asked.borrow(), [0, 0]);
}

#[test]
fn what_cannot_continue_fails_and_is_read_again_on_demand() {
    let world = World::default();
    world.node("node", "store");
    let bytes = file(650_000, 9);
    let mut site = Site::with(&world, "https://a.example/b.jpg", &bytes);
    site.etag = None.into();
    let site = Rc::new(site).put(&world);
    *site.breaks.borrow_mut() = [140_000].into();
    let a = world.machine("alice");
    a.online();
    let id = begin_share(&a, input_of(&site));
    assert_eq!(until_failed(&a, &id), "source_broken");
    done(command(&a, Command::ShareAgain { id: id.clone() }));
    until_shared(&a, &id);
    assert_eq!(stored(&a, &id), bytes);
}

#[test]
fn a_short_answer_is_not_the_file() {
    let world = World::default();
    world.node("node", "store");
    let mut site = Site::with(&world, "https://a.example/b.jpg", &file(650_000, 9));
    site.etag = None.into();
    site.bytes.truncate(1000);
    let id = {
        let a = world.machine("alice");
        a.online();
        struct Short(Rc<Site>);
        impl crate::plan::Remote for Short {
            fn open(
                &self,
                resume: Option<crate::plan::Resume>,
            ) -> futures::future::LocalBoxFuture<
                '_,
                Result<crate::plan::Opened, crate::failure::Failure>,
            > {
                Box::pin(async move {
                    let mut opened = SimRemote(Rc::clone(&self.0)).open(resume).await?;
                    opened.size = Some(102_400);
                    Ok(opened)
                })
            }
        }
        let mut share = input(&a, "b.jpg", &[]);
        share.size = None;
        share.body = Input::Remote(Box::new(Short(Rc::new(site))));
        let id = begin_share(&a, share);
        until_failed(&a, &id)
    };
    assert_eq!(id, "source_broken");
}

#[test]
fn a_web_page_in_the_place_of_a_file_is_named() {
    let page = b"<!DOCTYPE html><title>Log in</title>";
    for (expects, mime, is_page) in [
        (Expected::File, Some("text/html"), true),
        (Expected::File, None, true),
        (Expected::File, Some("application/octet-stream"), true),
        (Expected::File, Some("text/markdown"), false),
        (Expected::Image, Some("image/svg+xml"), false),
        (Expected::Image, Some("image/png"), true),
        (Expected::Any, Some("text/html"), false),
    ] {
        let world = World::default();
        world.node("node", "store");
        let a = world.machine("alice");
        a.online();
        let mut site = Site::with(&world, "https://a.example/report.docx", page);
        site.expects = expects;
        site.mime = mime.map(str::to_owned);
        let id = begin_share(&a, input_of(&Rc::new(site)));
        if is_page {
            assert_eq!(until_failed(&a, &id), "login_page", "{expects:?} {mime:?}");
            let failure = item(&a, &id).status.failure().cloned().unwrap();
            assert_eq!(failure.host.as_deref(), Some("a.example"));
        } else {
            until_shared(&a, &id);
        }
    }
}

#[test]
fn a_name_and_its_bytes_agree() {
    for (bytes, name) in [
        (&b"plain tar"[..], "b.tar"),
        (&[0x1f, 0x8b, 8, 0], "b.tar.gz"),
    ] {
        let world = World::default();
        world.node("node", "store");
        let a = world.machine("alice");
        a.online();
        let mut site = Site::with(&world, "https://a.example/b.tar.gz", bytes);
        site.name = Some("b.tar.gz".to_owned());
        site.unpacked = Some("b.tar".to_owned());
        let id = begin_share(&a, input_of(&Rc::new(site)));
        until_shared(&a, &id);
        assert_eq!(item(&a, &id).name, name);
    }
}

#[test]
fn a_share_that_begins_while_the_program_starts_is_left_alone() {
    let world = World::default();
    world.node("node", "store");
    let mut a = world.machine("alice");
    a.online();
    share(&a, "earlier", &file(1000, 1));
    a.restart();
    a.online();
    // The click comes before the start is over.
    let id = begin_share(&a, input(&a, "b.jpg", &file(650_000, 3)));
    until_shared(&a, &id);
}

#[test]
fn the_page_of_a_network_that_wants_a_login_is_not_the_file() {
    let world = World::default();
    world.node("node", "store");
    let bytes = file(650_000, 17);
    let site = Site::new(&world, "https://a.example/b", &bytes);
    *site.breaks.borrow_mut() = [140_000].into();
    *site.portals.borrow_mut() = [false, true, true].into();
    let a = world.machine("alice");
    a.online();
    let id = begin_share(&a, input_of(&site));
    until_shared(&a, &id);
    assert_eq!(stored(&a, &id), bytes);
    assert_eq!(item(&a, &id).mime.as_deref(), Some("image/jpeg"));
    assert_eq!(*site.asked.borrow(), [0, 0, 0, 140_000]);
}

#[test]
fn what_broke_off_waits_for_the_network() {
    let world = World::default();
    world.node("node", "store");
    let bytes = file(650_000, 18);
    let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
    // More often than is borne with where there is a network.
    *site.breaks.borrow_mut() = std::iter::once(140_000).chain([0; 20]).collect();
    let a = world.machine("alice");
    let id = begin_share(&a, input_of(&site));
    let asked = || site.asked.borrow().len() > 21;
    assert!(
        world.sim.run_until(LONG, asked),
        "{:?}",
        item(&a, &id).status
    );
    a.online();
    until_shared(&a, &id);
    assert_eq!(stored(&a, &id), bytes);
}
