//! Tests of fetches from the public IPFS, when nobody provides a file here.

use super::world::Storage;
use super::*;

/// A world with a file that two gateways of the public IPFS have and nobody provides, and a router that knows the first of
/// them. Returns its bytes, its CID, the router and the gateways.
fn public_file() -> (World, Vec<u8>, String, Rc<Storage>, [Rc<Storage>; 2]) {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(2_500_000, 91);
    let (_, cid) = share(&a, "a", &bytes);
    until_done(&b, &begin_fetch(&b, &cid));
    a.kill();
    b.kill();
    world.forget_records();
    let gateways = ["routed.example", "listed.example"].map(|host| {
        let gateway = world.storage(host);
        gateway.blocks.replace(storage.blocks.borrow().clone());
        gateway
    });
    storage.blocks.borrow_mut().clear();
    let router = world.storage("router.example");
    let provider = json!({
        "Schema": "peer",
        "ID": "12D3KooW",
        "Protocols": ["transport-bitswap", "transport-ipfs-gateway-http"],
        "Addrs": ["/ip4/127.0.0.1/tcp/80/http", "/dns4/routed.example/tcp/80/http"],
    });
    let answer = json!({ "Providers": [provider] });
    router.routes.replace(answer.to_string().into_bytes());
    (world, bytes, cid, router, gateways)
}

fn allowed(public: Option<bool>) -> Settings {
    Settings {
        public,
        routers: vec!["http://router.example:80".to_owned()],
        gateways: vec!["http://listed.example:80/".to_owned()],
        ..Settings::default()
    }
}

#[test]
fn what_nobody_provides_is_fetched_from_the_public_ipfs_if_the_person_allows_it() {
    let (world, bytes, cid, router, [routed, listed]) = public_file();
    for refused in [None, Some(false)] {
        let c = world.machine_with("carol", allowed(refused));
        c.online();
        let id = begin_fetch(&c, &cid);
        until_failed(&c, &id);
        let failure = item(&c, &id).status.failure().cloned();
        assert_eq!(failure.map(|failure| failure.code), Some(Code::NoProvider));
        let refuse = Command::LookPublicly {
            id: id.clone(),
            allow: false,
        };
        done(command(&c, refuse));
        assert_eq!(c.engine.settings().public, Some(false));
        c.kill();
    }
    assert_eq!(
        (router.asked.get(), routed.asked.get(), listed.asked.get()),
        (0, 0, 0),
        "nobody was told of it"
    );
    let d = world.machine_with("dora", allowed(Some(true)));
    d.online();
    let id = begin_fetch(&d, &cid);
    until_done(&d, &id);
    assert_eq!(stored(&d, &id), bytes);
    let gateway = LogEntry::PublicGateway {
        host: "routed.example:80".to_owned(),
    };
    assert!(log(&d, &id).contains(&gateway), "{:?}", log(&d, &id));
    assert_eq!(listed.asked.get(), 0);
    // Who decides when nobody was found need not begin again.
    let f = world.machine_with("fritz", allowed(None));
    f.online();
    let id = begin_fetch(&f, &cid);
    until_failed(&f, &id);
    let allow = Command::LookPublicly {
        id: id.clone(),
        allow: true,
    };
    done(command(&f, allow));
    until_done(&f, &id);
    assert_eq!(f.engine.settings().public, Some(true));
    // Without any connection to a node it works too.
    let e = world.machine_with("emil", allowed(Some(true)));
    let id = begin_fetch(&e, &cid);
    until_done(&e, &id);
    assert_eq!(stored(&e, &id), bytes);
}

#[test]
fn a_gateway_that_lies_or_has_nothing_is_followed_by_the_next() {
    for lies in [false, true] {
        let (world, bytes, cid, _, [routed, listed]) = public_file();
        if lies {
            routed.manner.set(Manner::Lies);
        } else {
            routed.blocks.borrow_mut().clear();
        }
        let c = world.machine_with("carol", allowed(Some(true)));
        c.online();
        let id = begin_fetch(&c, &cid);
        until_done(&c, &id);
        assert_eq!(stored(&c, &id), bytes);
        assert!(listed.gets.get() > 0);
    }
    // If none has it, nobody does.
    let (world, _, cid, _, gateways) = public_file();
    for gateway in gateways {
        gateway.blocks.borrow_mut().clear();
    }
    let c = world.machine_with("carol", allowed(Some(true)));
    c.online();
    let id = begin_fetch(&c, &cid);
    until_failed(&c, &id);
    let failure = item(&c, &id).status.failure().cloned();
    assert_eq!(failure.map(|failure| failure.code), Some(Code::NoProvider));
}

#[test]
fn routers_that_do_not_come_to_an_end_hold_nobody_up() {
    let (world, bytes, cid, router, [routed, listed]) = public_file();
    let manners = [
        ("drips.example", Manner::Drips),
        ("silent.example", Manner::Stalls(0)),
        ("stalls.example", Manner::Stalls(40)),
        ("endless.example", Manner::Endless),
        ("lost.example", Manner::Dead),
    ];
    let mut hostile = Vec::new();
    for (host, manner) in manners {
        let other = world.storage(host);
        other.manner.set(manner);
        // At a byte a second, this takes longer than anybody waits.
        let padding = " ".repeat(5_000);
        let routes = router.routes.borrow().clone();
        other.routes.replace([padding.as_bytes(), &routes].concat());
        hostile.push(format!("http://{host}:80"));
    }
    let after = |routers: Vec<String>| {
        let settings = Settings {
            routers,
            ..allowed(Some(true))
        };
        let machine = world.machine_with("carol", settings);
        let began = world.sim.now();
        let id = begin_fetch(&machine, &cid);
        until_done(&machine, &id);
        assert_eq!(stored(&machine, &id), bytes);
        let took = world.sim.now() - began;
        machine.kill();
        took
    };
    let honest = after(vec!["http://router.example:80".to_owned()]);
    assert!(routed.gets.get() > 0 && listed.gets.get() == 0);
    // Those that were chosen are asked in any case, and what one router says before that counts.
    let with_hostile = after(hostile.clone());
    assert!(listed.gets.get() > 0);
    let gets = routed.gets.get();
    let with_one_honest = after([hostile, vec!["http://router.example:80".to_owned()]].concat());
    assert!(routed.gets.get() > gets);
    for took in [with_hostile, with_one_honest] {
        assert!(
            took <= honest + 15_000,
            "{took} ms, and {honest} ms without"
        );
    }
}
