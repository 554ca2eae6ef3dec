//! What survives a restart, a kill and a faulty disk; and the operations for operators.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use fluence_cli::fairness::AddressBlock;
use fluence_cli::storage::{OpenError, Refusal, Storage, StorageConfig};

use crate::world::*;

#[tokio::test]
async fn an_upload_continues_after_a_restart() {
    let world = World::new().await;
    let (whole, part) = (file(1, 10), file(2, 10));
    world.put(&whole).await;
    let token = world.token(&part);
    world
        .import_is(&token, car_of(&part.root, &part.blocks[..4]), 200)
        .await;
    world.storage.pin(&whole.root, true).unwrap();
    let before = world.storage.list();
    let world = world.restart().await;
    assert_eq!(world.storage.list(), before);
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", whole.text()), 200).await,
        whole.bytes
    );
    // The token is still valid, and the upload continues from what is here.
    world
        .import_is(&token, car_of(&part.root, &part.blocks[4..]), 200)
        .await;
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", part.text()), 200).await,
        part.bytes
    );
}

/// Opens a storage with room for eight blocks of 1,000 bytes.
fn open_small(path: &Path) -> Arc<Storage> {
    let config = StorageConfig {
        total_quota: 8000,
        min_free: 0,
        ..StorageConfig::default()
    };
    Storage::open(path, config).unwrap()
}

#[tokio::test]
async fn what_an_address_has_stored_counts_against_it_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let [greedy, other] = [1, 2].map(|last| AddressBlock::from(IpAddr::from([192, 0, 2, last])));
    let peer = |seed: u8| format!("peer {seed}");
    let dag = |seed: u8| small(&[seed; 1000]);
    // Uploads a file, each as somebody else.
    let put = async |storage: &Arc<Storage>, from, seed| {
        let dag = dag(seed);
        let grant = storage.grant_from(&peer(seed), from, &dag.root, Some(1000))?;
        let upload = storage.upload(&grant.token).unwrap();
        let block = &dag.blocks[0];
        upload.add(block.cid, block.data.clone()).await.unwrap();
        upload.finish().await.unwrap();
        Ok(())
    };
    let storage = open_small(dir.path());
    // Six leave two for others; of seven, there would be too few.
    for seed in 1..=6 {
        put(&storage, greedy, seed).await.unwrap();
    }
    let full = Err(Refusal::NoRoom { size: 1000 });
    assert_eq!(put(&storage, greedy, 7).await, full);
    while Arc::strong_count(&storage) > 1 {
        tokio::task::yield_now().await;
    }
    drop(storage);
    let storage = open_small(dir.path());
    assert_eq!(put(&storage, greedy, 7).await, full);
    assert_eq!(put(&storage, other, 8).await, Ok(()));
    // What it takes back makes room for something else of it.
    for seed in 1..=2 {
        let released = storage.release(&peer(seed), greedy, &dag(seed).root);
        assert_eq!(released.unwrap(), Some(false));
    }
    assert_eq!(put(&storage, greedy, 7).await, Ok(()));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_kill_anywhere_leaves_it_right() {
    let world = World::new().await;
    let (old, dag) = (file(1, 5), file(2, 12));
    world.put(&old).await;
    let upload = world.storage.upload(&world.token(&dag)).unwrap();
    for (number, block) in dag.blocks.iter().enumerate() {
        upload.add(block.cid, block.data.clone()).await.unwrap();
        // A kill at this point leaves the files as they are, one of them half written.
        let copied = tempfile::tempdir().unwrap();
        copy(world.dir.path(), copied.path());
        fs::write(copied.path().join("tmp").join("9"), b"half").unwrap();
        let storage = Storage::open(copied.path(), StorageConfig::default()).unwrap();
        let report = storage.check(|_, _| ()).unwrap();
        assert_eq!(report.damaged, [], "after block {number}");
        assert_eq!(storage.dag_state(&old.root), Some(true));
        assert_eq!(
            block_files(copied.path()).len() as u64,
            report.blocks,
            "every file belongs to a block, after block {number}"
        );
        assert_eq!(storage.usage().bytes, report.bytes);
        assert_eq!(fs::read_dir(copied.path().join("tmp")).unwrap().count(), 0);
        let has = storage.list().iter().map(|dag| dag.blocks).sum::<u64>();
        assert_eq!(has, report.blocks);
    }
}

#[tokio::test]
async fn lost_and_unknown_files_are_repaired() {
    let world = World::new().await;
    let dag = file(1, 10);
    world.put(&dag).await;
    let files: Vec<_> = block_files(world.dir.path()).into_iter().collect();
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], b"short").unwrap();
    let strange = files[2].parent().unwrap().join("strange");
    fs::write(&strange, b"x").unwrap();
    let world = world.restart().await;
    assert!(!strange.exists());
    assert_eq!(world.storage.dag_state(&dag.root), Some(false));
    assert_eq!(world.storage.list()[0].missing, 2);
    world.put(&dag).await;
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", dag.text()), 200).await,
        dag.bytes
    );
}

#[tokio::test]
async fn a_check_finds_damage_and_an_upload_repairs_it() {
    let world = World::new().await;
    let dag = file(1, 10);
    world.put(&dag).await;
    let file = block_files(world.dir.path()).pop_last().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[3] ^= 0x40;
    fs::write(&file, bytes).unwrap();
    let report = world.storage.check(|_, _| ()).unwrap();
    assert_eq!((report.blocks, report.damaged.len()), (11, 1));
    assert_eq!(report.incomplete, [dag.text()]);
    world.put(&dag).await;
    let report = world.storage.check(|_, _| ()).unwrap();
    assert_eq!((report.damaged.len(), report.incomplete.len()), (0, 0));
}

#[tokio::test]
async fn only_one_process_opens_a_storage() {
    let world = World::new().await;
    let again = Storage::open(world.dir.path(), StorageConfig::default());
    let error = again.expect_err("it is open already");
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
}

#[tokio::test]
async fn a_dag_without_its_root_is_incomplete() {
    let world = World::new().await;
    let import = |car: Vec<u8>| {
        let storage = Arc::clone(&world.storage);
        tokio::task::spawn_blocking(move || storage.import_car(&car[..]))
    };
    let missing = |dag: &Dag| {
        let listed = world.storage.list();
        let found = listed.iter().find(|listed| listed.cid == dag.text());
        found.expect("it is listed").missing
    };
    // The leaves come first, and the CAR is cut short.
    let dag = file(1, 3);
    let mut car = car_of(&dag.root, &dag.blocks[1..]);
    car.truncate(car.len() - 5);
    assert!(import(car).await.unwrap().is_err());
    assert_eq!(missing(&dag), 1);
    assert_eq!(world.storage.dag_state(&dag.root), Some(false));
    let whole = import(car_of(&dag.root, &dag.blocks)).await.unwrap();
    assert_eq!(whole.unwrap().missing, 0);
    assert_eq!(world.storage.dag_state(&dag.root), Some(true));
    // The header names a root that is not in the CAR.
    let (named, brought) = (file(2, 3), small(b"something else"));
    let imported = import(car_of(&named.root, &brought.blocks)).await.unwrap();
    assert_eq!(imported.unwrap().missing, 1);
    assert_eq!(missing(&named), 1);
}

#[tokio::test]
async fn cars_are_exported_and_imported() {
    let world = World::new().await;
    let dag = directory(&[("a", &file(1, 10)), ("b", &file(1, 10)), ("c", &small(b""))]);
    world.put(&dag).await;
    let mut car = Vec::new();
    world.storage.export_car(&dag.root, &mut car).await.unwrap();
    assert_eq!(read_car(&car).len(), 13);
    let other = World::new().await;
    let storage = Arc::clone(&other.storage);
    let import = move |car: Vec<u8>| {
        let storage = Arc::clone(&storage);
        tokio::task::spawn_blocking(move || storage.import_car(&car[..]))
    };
    let imported = import(car.clone()).await.unwrap().unwrap();
    assert_eq!((imported.blocks, imported.missing), (13, 0));
    assert_eq!(imported.roots, [dag.text()]);
    let listed = other.storage.list();
    assert!(listed[0].pinned && listed[0].owner == "operator");
    assert_eq!(
        other.bytes(&format!("/ipfs/{}/b", dag.text()), 200).await,
        file(1, 10).bytes
    );
    // The blocks are in another order, and some are missing.
    assert!(other.storage.remove(&dag.root).unwrap());
    assert!(block_files(other.dir.path()).is_empty());
    let mut blocks = dag.blocks.clone();
    blocks.reverse();
    let lacking: Vec<_> = blocks
        .into_iter()
        .filter(|block| block.cid != dag.blocks[3].cid)
        .collect();
    let imported = import(car_of(&dag.root, &lacking)).await.unwrap().unwrap();
    assert_eq!(imported.missing, 1);
    let mut out = Vec::new();
    assert!(other.storage.export_car(&dag.root, &mut out).await.is_err());
    // Half a CAR is an error.
    assert!(
        import(car[..car.len() / 2].to_vec())
            .await
            .unwrap()
            .is_err()
    );
    assert!(import(b"nonsense".to_vec()).await.unwrap().is_err());
}
