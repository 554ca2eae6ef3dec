//! Links that open in any browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fluence::Cid;
use fluence_cli::fairness::AddressBlock;
use fluence_cli::gateway::{FetchError, Fetched, Fetcher};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use crate::world::*;

/// Passes fetches on to the test, which plays the provider.
struct Asks(mpsc::UnboundedSender<Cid>, AtomicUsize);

impl Fetcher for Asks {
    fn fetch(&self, cid: Cid, _: AddressBlock) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let known = self.0.send(cid).is_ok();
        async move {
            if known {
                tokio::time::sleep(PATIENCE).await;
                Ok(Fetched {
                    name: Some("holiday.png".into()),
                    mime: Some("text/html".into()),
                    size: None,
                })
            } else {
                Err(FetchError::NotFound)
            }
        }
        .boxed()
    }

    fn describe(&self, _: Cid, _: bool) -> BoxFuture<'static, Option<Fetched>> {
        futures::future::ready(None).boxed()
    }
}

/// Describes a file, or never answers.
struct Knows(AtomicUsize, bool);

impl Fetcher for Knows {
    fn fetch(&self, _: Cid, _: AddressBlock) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        futures::future::ready(Err(FetchError::NotFound)).boxed()
    }

    fn describe(&self, _: Cid, _: bool) -> BoxFuture<'static, Option<Fetched>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        if !self.1 {
            return futures::future::pending().boxed();
        }
        let known = Fetched {
            name: Some("holiday.png".into()),
            mime: None,
            size: Some(5015),
        };
        futures::future::ready(Some(known)).boxed()
    }
}

// With a paused clock, time advances whenever all tasks are waiting.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_unknown_is_asked_for_once() {
    for knows in [true, false] {
        let fetcher = Arc::new(Knows(AtomicUsize::new(0), knows));
        let mut setup = Setup::default();
        setup.gateway.fetcher = Some(fetcher.clone());
        let world = World::with(setup).await;
        let dag = file(1, 5);
        world.put(&dag).await;
        let path = format!("/ipfs/{}", dag.text());
        // The provider is not asked for a request that accepts only cached data or gives the name
        // itself.
        let cached = [("cache-control", "only-if-cached")];
        assert_eq!(world.get_with(&path, &cached).await.status(), 200);
        world.bytes(&format!("{path}?filename=a.txt"), 200).await;
        assert_eq!(fetcher.0.load(Ordering::Relaxed), 0);
        for patience in [3, 1, 1] {
            let began = tokio::time::Instant::now();
            let response = world.get(&path).await;
            assert!(began.elapsed() < Duration::from_secs(patience));
            let name = if knows {
                "inline; filename=\"holiday.png\""
            } else {
                "attachment"
            };
            assert_eq!(header(&response, "content-disposition"), name);
        }
        assert_eq!(fetcher.0.load(Ordering::Relaxed), 1);
        // A known name is not forgotten because a later description lacks it.
        world.storage.describe(&dag.root, None, Some("x/y".into()));
        let (name, mime) = world.storage.description(&dag.root);
        assert_eq!(name.is_some(), knows);
        assert_eq!(mime.as_deref(), Some("x/y"));
    }
}

#[tokio::test]
async fn a_question_about_a_file_moves_none_of_it() {
    let fetcher = Arc::new(Knows(AtomicUsize::new(0), true));
    let mut setup = Setup::default();
    setup.gateway.fetcher = Some(fetcher.clone());
    let world = World::with(setup).await;
    let head = async |tail: &str| {
        let url = format!("{}/ipfs/{}{tail}", world.url, file(1, 5).text());
        world.http.head(url).send().await.unwrap()
    };
    // The provider describes it; a fetch would end with “nobody shares this file now”.
    let described = head("").await;
    assert_eq!(described.status(), 200);
    assert_eq!(header(&described, "content-length"), "5015");
    assert_eq!(header(&described, "content-type"), "image/png");
    let disposition = "inline; filename=\"holiday.png\"";
    assert_eq!(header(&described, "content-disposition"), disposition);
    assert_eq!(header(&described, "cache-control"), "no-store");
    assert_eq!(fetcher.0.load(Ordering::Relaxed), 1);
    // What only the blocks could tell is not answered.
    for tail in ["/a", "?format=car"] {
        assert_eq!(head(tail).await.status(), 503, "{tail}");
    }
    assert_eq!(head("?format=raw").await.status(), 404);
    assert_eq!(world.storage.usage().dags, 0);
    // What is here is answered from here.
    world.put(&file(1, 5)).await;
    let known = head("").await;
    assert_eq!(header(&known, "content-length"), "5015");
    assert!(header(&known, "etag").contains(&file(1, 5).text()));
}

#[tokio::test]
async fn a_link_fetches_the_file_once() {
    let (asks, mut asked) = mpsc::unbounded_channel();
    let fetcher = Arc::new(Asks(asks, AtomicUsize::new(0)));
    let mut setup = Setup::default();
    setup.gateway.fetcher = Some(fetcher.clone());
    let world = World::with(setup).await;
    let dag = file(1, 5);
    let path = format!("/ipfs/{}", dag.text());
    // Neither a request for cached data nor one for a raw block fetches anything.
    let cached = world
        .get_with(&path, &[("cache-control", "only-if-cached")])
        .await;
    assert_eq!(cached.status(), 412);
    world.bytes(&format!("{path}?format=raw"), 404).await;
    assert_eq!(fetcher.1.load(Ordering::Relaxed), 0);
    let provider = async {
        assert_eq!(asked.recv().await, Some(dag.root));
        world.put(&dag).await;
    };
    let car = format!("{path}?format=car");
    let (one, two, car, ()) = futures::join!(
        world.bytes(&path, 200),
        world.bytes(&path, 200),
        world.bytes(&car, 200),
        provider
    );
    assert_eq!((one, two), (dag.bytes.clone(), dag.bytes.clone()));
    assert_eq!(read_car(&car), cids(&dag.blocks));
    assert_eq!(fetcher.1.load(Ordering::Relaxed), 1);
    // From then on, the provider's name for it is used; the name determines the type.
    tokio::time::sleep(2 * PATIENCE).await;
    let response = world.get(&path).await;
    assert_eq!(header(&response, "content-type"), "image/png");
    assert_eq!(
        header(&response, "content-disposition"),
        "inline; filename=\"holiday.png\""
    );
    drop(asked);
    let other = file(2, 5);
    let answer = world.bytes(&format!("/ipfs/{}", other.text()), 404).await;
    assert!(String::from_utf8(answer).unwrap().contains("nobody shares"));
}

#[tokio::test]
async fn an_upload_that_stopped_halfway_is_fetched() {
    let (asks, mut asked) = mpsc::unbounded_channel();
    let fetcher = Arc::new(Asks(asks, AtomicUsize::new(0)));
    let mut setup = Setup::default();
    setup.gateway.fetcher = Some(fetcher.clone());
    let world = World::with(setup).await;
    let (begun, granted) = (file(1, 5), file(2, 5));
    let token = world.token(&begun);
    world
        .import_is(&token, car_of(&begun.root, &begun.blocks[..3]), 200)
        .await;
    world.token(&granted);
    // The upload may continue by itself.
    let half = world.get(&format!("/ipfs/{}", begun.text())).await;
    assert!(half.bytes().await.is_err());
    assert_eq!(fetcher.1.load(Ordering::Relaxed), 0);
    world.pass(61);
    for dag in [begun, granted] {
        let path = format!("/ipfs/{}", dag.text());
        let provider = async {
            assert_eq!(asked.recv().await, Some(dag.root));
            world.put(&dag).await;
        };
        let (came, ()) = futures::join!(world.bytes(&path, 200), provider);
        assert_eq!(came, dag.bytes);
    }
}

#[tokio::test]
async fn a_closed_gateway_serves_only_blocks() {
    let mut setup = Setup::default();
    setup.gateway.open = false;
    let (asks, _asked) = mpsc::unbounded_channel();
    let fetcher = Arc::new(Asks(asks, AtomicUsize::new(0)));
    setup.gateway.fetcher = Some(fetcher.clone());
    let world = World::with(setup).await;
    let dag = file(1, 5);
    world.put(&dag).await;
    let path = format!("/ipfs/{}", dag.text());
    world.bytes(&path, 400).await;
    let page = world.get_with(&path, &[("accept", "text/html")]).await;
    assert_eq!(page.status(), 406);
    world.bytes(&format!("{path}?format=car"), 200).await;
    world
        .bytes(&format!("/ipfs/{}?format=car", file(2, 2).text()), 404)
        .await;
    assert_eq!(fetcher.1.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn nothing_that_could_run_is_shown() {
    let world = World::new().await;
    let page = small(b"<script>alert(document.cookie)</script>");
    world.put(&page).await;
    for (name, mime, kind) in [
        ("a.html", "text/html; charset=utf-8", "attachment"),
        ("a.svg", "image/svg+xml", "attachment"),
        ("a.xhtml", "application/xhtml+xml", "attachment"),
        ("a.js", "text/javascript; charset=utf-8", "attachment"),
        ("a.png", "image/png", "inline"),
        ("a.txt", "text/plain; charset=utf-8", "inline"),
        ("a", "text/plain; charset=utf-8", "inline"),
    ] {
        let path = format!("/ipfs/{}?filename={name}", page.text());
        let response = world.get(&path).await;
        assert_eq!(header(&response, "content-type"), mime, "{name}");
        assert_eq!(
            header(&response, "content-disposition"),
            format!("{kind}; filename=\"{name}\"")
        );
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"));
        let saved = world.get(&format!("{path}&download=true")).await;
        assert!(header(&saved, "content-disposition").starts_with("attachment"));
    }
    let evil = world
        .get(&format!(
            "/ipfs/{}?filename=..%2F..%2Fe%0D%0Avil%22.png",
            page.text()
        ))
        .await;
    assert_eq!(
        header(&evil, "content-disposition"),
        "inline; filename=\"evil_.png\""
    );
}

#[tokio::test]
async fn a_directory_is_a_safe_page() {
    let world = World::new().await;
    let evil = "<img src=x onerror=alert(1)>\"'&";
    let dag = directory(&[
        (evil, &small(b"1")),
        ("a b.txt", &small(b"two")),
        ("über", &file(1, 2)),
    ]);
    world.put(&dag).await;
    let path = format!("/ipfs/{}", dag.text());
    let redirect = world.get(&format!("{path}?x=1")).await;
    assert_eq!(redirect.status(), 301);
    assert_eq!(header(&redirect, "location"), format!("{path}/?x=1"));
    let response = world.get(&format!("{path}/")).await;
    assert_eq!(
        header(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    // Files can be saved from the page too.
    assert!(header(&response, "content-security-policy").ends_with("; sandbox allow-downloads"));
    let page = response.text().await.unwrap();
    assert!(
        !page.contains("<img") && page.contains("&lt;img src=x"),
        "{page}"
    );
    assert!(
        page.contains(&format!("<a href=\"{path}/a%20b.txt\">a b.txt</a>")),
        "{page}"
    );
    assert_eq!(world.bytes(&format!("{path}/a%20b.txt"), 200).await, b"two");
    assert_eq!(
        world.bytes(&format!("{path}/%C3%BCber"), 200).await,
        file(1, 2).bytes
    );
}

#[tokio::test]
async fn a_directory_with_a_page_of_its_own_shows_it_without_its_scripts() {
    let world = World::new().await;
    let html = b"<h1>Home</h1><script>alert(1)</script>";
    let large = file(1, 5);
    let home = directory(&[("index.html", &small(html)), ("a.css", &small(b"h1{}"))]);
    let book = directory(&[("index.html", &large)]);
    let odd = directory(&[("index.html", &directory(&[("x", &small(b"1"))]))]);
    let root = directory(&[("book", &book), ("home", &home), ("odd", &odd)]);
    world.put(&root).await;
    let path = format!("/ipfs/{}/home", root.text());
    let redirect = world.get(&path).await;
    assert_eq!(redirect.status(), 301);
    let response = world.get(&format!("{path}/")).await;
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-disposition", "inline; filename=\"index.html\""),
        ("cache-control", "public, max-age=29030400, immutable"),
        ("x-content-type-options", "nosniff"),
        // The tag is that of the directory, which was requested.
        ("etag", &format!("\"{}\"", home.root)),
        ("x-ipfs-roots", &format!("{},{}", root.text(), home.root)),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
    let policy = header(&response, "content-security-policy");
    assert!(
        policy.contains("; sandbox") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(response.bytes().await.unwrap(), &html[..]);
    let etag = format!("\"{}\"", home.root);
    let known = world
        .get_with(&format!("{path}/"), &[("if-none-match", &etag)])
        .await;
    assert_eq!(known.status(), 304);
    let saved = world.get(&format!("{path}/?download=true")).await;
    assert!(header(&saved, "content-disposition").starts_with("attachment"));

    let book = format!("/ipfs/{}/book/", root.text());
    assert_eq!(world.bytes(&book, 200).await, large.bytes);
    let part = world.get_with(&book, &[("range", "bytes=1-3")]).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), &large.bytes[1..4]);
    let odd = world
        .bytes(&format!("/ipfs/{}/odd/", root.text()), 200)
        .await;
    assert!(String::from_utf8(odd).unwrap().contains("Index of"));
}
