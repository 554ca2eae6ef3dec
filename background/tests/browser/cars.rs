//! Tests of CARs that the file worker fetches: each block is verified, raw blocks stay in the file
//! worker and are written from there, and any error ends the CAR with its reason.

use std::time::Duration;

use background::disk::Disk;
use background::source::{BlobSource, blob_of_pieces};
use background::store::DiskStore;
use bytes::Bytes;
use fluence::cars::{Blocks, CarEnd, FromCar, Payload};
use fluence::content::layout::layout;
use fluence::content::walk::{Limits, Step, Walk};
use fluence::content::{Dag, Profile, car};
use fluence::ports::{HttpError, HttpRequest, HttpResponse, Partial, Source, Store};
use futures::StreamExt;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, Url};

use crate::{blob, database, disk, id, lone_disk, noise};

const PATIENT: Duration = Duration::from_secs(20);
const IMPATIENT: Duration = Duration::from_millis(300);

async fn get(
    disk: &Disk,
    url: &str,
    patience: Duration,
) -> Result<HttpResponse<Blocks>, HttpError> {
    let request: HttpRequest<BlobSource> = HttpRequest {
        method: "GET",
        url: url.to_owned(),
        headers: vec![("accept", "application/vnd.ipld.car".to_owned())],
        body: Vec::new(),
        patience,
    };
    disk.car(&request).await
}

/// A file as a CAR, and its DAG.
async fn car_of(bytes: &[u8], profile: Profile) -> (Blob, Dag) {
    let source = BlobSource::new(blob(bytes));
    let dag = layout(&source, profile, |_| {}).await.unwrap();
    let all = car::part(&dag, 0..dag.blocks.len(), 0, u64::MAX);
    let car = blob_of_pieces(&car::pieces(&dag, &source, &all)).unwrap();
    (car, dag)
}

async fn blocks_of(disk: &Disk, car: &Blob) -> Blocks {
    let url = Url::create_object_url_with_blob(car).unwrap();
    let response = get(disk, &url, PATIENT).await.unwrap();
    assert_eq!(response.status, 200);
    Url::revoke_object_url(&url).unwrap();
    response.body
}

/// Counts the blocks of a CAR, and returns the count and the error with which it ended, if any.
async fn end_of(mut blocks: Blocks) -> (usize, Option<CarEnd>) {
    let mut count = 0;
    while let Some(came) = blocks.next().await {
        match came {
            Ok(FromCar::Heard(_)) => {}
            Ok(FromCar::Block(..)) => count += 1,
            Err(trouble) => return (count, Some(trouble)),
        }
    }
    (count, None)
}

#[wasm_bindgen_test]
async fn what_comes_is_verified_kept_and_written() {
    let bytes = noise(5_500_000);
    for (name, profile, disk) in [
        ("car-1", Profile::UnixfsV1_2025, disk()),
        ("car-0", Profile::UnixfsV0_2015, disk()),
        ("car-lone", Profile::UnixfsV1_2025, lone_disk()),
    ] {
        let store = DiskStore::new(database().await, disk.clone());
        let (car, dag) = car_of(&bytes, profile).await;
        let mut walk = Walk::new(dag.root, Limits::default());
        let mut partial = store.partial(&id(name)).await.unwrap();
        let mut blocks = blocks_of(&disk, &car).await;
        let (mut heard, mut kept_blocks) = (0, 0);
        while let Some(came) = blocks.next().await {
            let (cid, payload) = match came.unwrap() {
                FromCar::Heard(bytes) => {
                    heard += bytes;
                    continue;
                }
                FromCar::Block(cid, payload) => (cid, payload),
            };
            let (step, kept) = match payload {
                Payload::Bytes(bytes) => (walk.accept(cid, bytes), None),
                Payload::Kept(kept) => (walk.accept_kept(kept.block(cid)), Some(kept)),
            };
            let Ok(Step::New { block, data }) = step else {
                panic!("{step:?}");
            };
            kept_blocks += usize::from(kept.is_some());
            match kept {
                Some(kept) => partial.append_kept(kept, vec![block]).await.unwrap(),
                None => partial.append(data, vec![block]).await.unwrap(),
            }
        }
        assert!(walk.is_done());
        assert_eq!(heard, car.size() as usize);
        // Leaves stay in the file worker, those of the older profile without what surrounds the bytes of the file.
        let leaves = if profile == Profile::UnixfsV1_2025 {
            6
        } else {
            21
        };
        assert_eq!(kept_blocks, leaves);
        partial.finish(walk.finish().unwrap()).await.unwrap();
        let (source, written) = store.open(&id(name)).await.unwrap();
        assert_eq!(written.blocks, dag.blocks);
        let read = source.read(0..source.len()).await.unwrap();
        // They are not printed, because they are many.
        let differs = read
            .iter()
            .zip(&bytes)
            .position(|(read, byte)| read != byte);
        assert_eq!((read.len(), differs), (bytes.len(), None), "{name}");
        store.remove(&id(name)).await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_kept_block_may_be_written_twice() {
    let (disk, name) = (disk(), id("kept-twice"));
    let store = DiskStore::new(database().await, disk.clone());
    let bytes = noise(1_500_000);
    let (car, _) = car_of(&bytes, Profile::UnixfsV1_2025).await;
    let mut blocks = blocks_of(&disk, &car).await;
    let mut partial = store.partial(&name).await.unwrap();
    let kept = loop {
        if let FromCar::Block(_, Payload::Kept(kept)) = blocks.next().await.unwrap().unwrap() {
            break kept;
        }
    };
    // Dropping the CAR ends its transfer, but the block that it gave stays valid.
    drop(blocks);
    for _ in 0..2 {
        partial.append_kept(kept.clone(), vec![]).await.unwrap();
    }
    partial
        .append(Bytes::from_static(b"end"), vec![])
        .await
        .unwrap();
    partial.flush().await.unwrap();
    let source = partial.source().await.unwrap();
    let first = &bytes[..kept.len as usize];
    assert_eq!(
        source.read(0..source.len()).await.unwrap(),
        [first, first, b"end"].concat()
    );
    drop(partial);
    store.remove(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_is_wrong_ends_a_car() {
    let disk = disk();
    let bytes = noise(3_500_000);
    let (car, dag) = car_of(&bytes, Profile::UnixfsV1_2025).await;
    let whole = BlobSource::new(car);
    let mut car = whole.read(0..whole.len()).await.unwrap().to_vec();
    let count = dag.blocks.len();
    assert_eq!(
        end_of(blocks_of(&disk, &blob(&car)).await).await,
        (count, None)
    );

    let cut = end_of(blocks_of(&disk, &blob(&car[..car.len() - 1])).await).await;
    assert!(
        matches!(cut, (n, Some(CarEnd::Short(_))) if n == count - 1),
        "{cut:?}"
    );
    let nothing = end_of(blocks_of(&disk, &blob(&[])).await).await;
    assert!(
        matches!(nothing, (0, Some(CarEnd::Short(_)))),
        "{nothing:?}"
    );
    let page = b"<html>no CAR</html>".repeat(10);
    let none = end_of(blocks_of(&disk, &blob(&page)).await).await;
    assert!(matches!(none, (0, Some(CarEnd::Unusable(_)))), "{none:?}");

    // This changes one bit of the last leaf.
    *car.last_mut().unwrap() ^= 1;
    let wrong = end_of(blocks_of(&disk, &blob(&car)).await).await;
    assert!(
        matches!(wrong, (n, Some(CarEnd::Wrong)) if n == count - 1),
        "{wrong:?}"
    );
}

#[wasm_bindgen_test]
async fn a_wrong_bit_is_found_in_every_leaf() {
    // Some leaves are hashed by one worker, and some by the other.
    for disk in [disk(), lone_disk()] {
        let bytes = noise(5 << 20);
        let (car, dag) = car_of(&bytes, Profile::UnixfsV1_2025).await;
        let whole = BlobSource::new(car);
        let car = whole.read(0..whole.len()).await.unwrap().to_vec();
        let leaves = car.len() - bytes.len();
        let before = dag.blocks.len() - 5;
        for leaf in 0..5_usize {
            let mut car = car.clone();
            // The headers of the leaves are small, so this lies within the leaf.
            let at = leaves + (leaf << 20) + (1 << 19);
            car[at] ^= 0x80;
            let wrong = end_of(blocks_of(&disk, &blob(&car)).await).await;
            assert!(
                matches!(wrong, (n, Some(CarEnd::Wrong)) if n == before + leaf),
                "leaf {leaf}: {wrong:?}"
            );
        }
    }
}

#[wasm_bindgen_test]
async fn servers_that_fail_are_named() {
    let disk = disk();
    let host = || "stranger.test".to_owned();
    let at = |path: &str| format!("http://stranger.test{path}");
    let silent = get(&disk, &at("/silent"), IMPATIENT).await.map(|_| ());
    assert_eq!(silent, Err(HttpError::Silent(host())));
    let closed = get(&disk, &at("/closed"), PATIENT).await.map(|_| ());
    assert_eq!(closed, Err(HttpError::Unreachable(host())));
    let refused = get(&disk, &at("/status/404"), PATIENT).await.unwrap();
    assert_eq!(refused.status, 404);
    let stall = get(&disk, &at("/stall"), IMPATIENT).await.unwrap();
    let silent = CarEnd::Http(HttpError::Silent(host()));
    assert_eq!(end_of(stall.body).await, (0, Some(silent)));
    let torn = get(&disk, &at("/torn"), PATIENT).await.unwrap();
    let broken = CarEnd::Http(HttpError::Broken(host()));
    assert_eq!(end_of(torn.body).await, (0, Some(broken)));
}
