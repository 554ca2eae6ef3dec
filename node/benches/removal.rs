//! Measures how long other requests to a storage take while a DAG of many blocks is removed from
//! it.
//!
//! `cargo bench -p fluence-cli --bench removal --profile dev -- [BLOCKS [DIRECTORY]]` prints a
//! table with, for each kind of request, the times during the removal, and those on the same
//! storage for as long afterwards, when it has nothing else to do. The default is a million blocks in a temporary directory. Nothing is
//! asserted, because the time that a sync takes depends on the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fluence::Cid;
use fluence::content::car;
use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
use fluence::names::cid_v1;
use fluence_cli::storage::{Storage, StorageConfig, Upload};
use sha2::{Digest, Sha256};
use tokio::runtime::{Handle, Runtime};

/// The number of children of each inner node.
const WIDTH: usize = 1000;
/// What is longer than this, in milliseconds, is counted.
const LONG_MS: f64 = 20.0;
/// The pause between two requests of one kind.
const PAUSE: Duration = Duration::from_millis(1);
/// The size of the blocks that are read and uploaded meanwhile, in bytes.
const BLOCK: usize = 64 * 1024;
/// The kinds of requests, in the order in which they are printed.
const KINDS: [&str; 5] = [
    "state",
    "grant",
    "read a block",
    "add a block",
    "end an upload",
];

type Block = (Cid, Bytes);

fn block(codec: u64, data: impl Into<Bytes>) -> Block {
    let data = data.into();
    (cid_v1(codec, &Sha256::digest(&data).into()), data)
}

/// A block that is different for each number.
fn unique(number: u64) -> Block {
    let mut data = vec![0; BLOCK];
    data[..8].copy_from_slice(&number.to_le_bytes());
    block(RAW, data)
}

/// Appends a block to a CAR.
fn put(car: &mut Vec<u8>, (cid, data): &Block) {
    let cid = cid.to_bytes();
    let mut buffer = unsigned_varint::encode::usize_buffer();
    car.extend(unsigned_varint::encode::usize(
        cid.len() + data.len(),
        &mut buffer,
    ));
    car.extend(cid);
    car.extend(data);
}

/// The root and the CAR of a file with this many tiny leaves.
fn large(leaves: usize) -> (Cid, Vec<u8>) {
    let mut blocks = Vec::new();
    let mut level: Vec<Child> = (0..leaves as u64)
        .map(|number| {
            let leaf = block(RAW, number.to_le_bytes().to_vec());
            put(&mut blocks, &leaf);
            Child {
                cid: leaf.0,
                size: 8,
                tsize: 8,
            }
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(WIDTH)
            .map(|children| {
                let node = block(DAG_PB, unixfs::inner(children));
                put(&mut blocks, &node);
                let sum = |of: fn(&Child) -> u64| children.iter().map(of).sum::<u64>();
                Child {
                    cid: node.0,
                    size: sum(|child| child.size),
                    tsize: sum(|child| child.tsize) + node.1.len() as u64,
                }
            })
            .collect();
    }
    let root = level[0].cid;
    (root, [car::header(&root).to_vec(), blocks].concat())
}

/// How long requests of one kind took.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    /// Makes a request, and records how long it took.
    fn take<T>(&mut self, request: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = request();
        self.0.push(began.elapsed());
        done
    }

    /// Count, median, 99th percentile and maximum, in milliseconds, and how many were over [`LONG_MS`].
    fn summary(mut self) -> String {
        self.0.sort();
        let at = |share: f64| {
            let last = self.0.len().saturating_sub(1);
            let time = self.0.get((last as f64 * share) as usize);
            time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        let (median, most, max) = (at(0.5), at(0.99), at(1.0));
        let is_long = |time: &&Duration| time.as_secs_f64() * 1e3 > LONG_MS;
        let long = self.0.iter().filter(is_long).count();
        format!(
            "{:>7} {median:>8.2} {most:>8.2} {max:>8.2} {long:>6}",
            self.0.len()
        )
    }
}

/// Makes requests of all kinds until `done` is set; returns how long they took, in the order of
/// [`KINDS`].
fn requests(
    storage: &Arc<Storage>,
    runtime: &Handle,
    here: &Block,
    numbers: &AtomicU64,
    done: &AtomicBool,
) -> [Times; 5] {
    let going = || {
        thread::sleep(PAUSE);
        !done.load(Ordering::Relaxed)
    };
    let upload = |number: u64| -> (Upload, Block) {
        let new = unique(number);
        let grant = storage.grant("uploader", &new.0, Some(BLOCK as u64));
        let token = grant.expect("there is room").token;
        (storage.upload(&token).expect("the token is good"), new)
    };
    thread::scope(|scope| {
        let states = scope.spawn(|| {
            let mut times = Times::default();
            while going() {
                times.take(|| storage.dag_state(&here.0));
            }
            times
        });
        let grants = scope.spawn(|| {
            let mut times = Times::default();
            while going() {
                // Always the same grant, so that the times do not depend on how many grants there
                // are.
                let grant = times.take(|| storage.grant("asker", &here.0, Some(BLOCK as u64)));
                grant.expect("it is here");
            }
            times
        });
        let reads = scope.spawn(|| {
            let mut times = Times::default();
            while going() {
                let read = async { storage.reader(&here.0).block(&here.0).await };
                times.take(|| runtime.block_on(read)).expect("it is here");
            }
            times
        });
        let uploads = scope.spawn(|| {
            let (mut adds, mut ends) = (Times::default(), Times::default());
            while going() {
                let (upload, (cid, data)) = upload(numbers.fetch_add(1, Ordering::Relaxed));
                adds.take(|| runtime.block_on(upload.add(cid, data)))
                    .expect("it is taken");
                ends.take(|| runtime.block_on(upload.finish()))
                    .expect("it is synced");
            }
            (adds, ends)
        });
        let of = "a thread that makes requests does not panic";
        let (adds, ends) = uploads.join().expect(of);
        [
            states.join().expect(of),
            grants.join().expect(of),
            reads.join().expect(of),
            adds,
            ends,
        ]
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| !it.starts_with("--"));
    let leaves: usize = arguments
        .next()
        .map_or(1_000_000, |text| text.parse().expect("a number of blocks"));
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let directory = arguments
        .next()
        .map_or(temporary.path().to_owned(), PathBuf::from);

    let config = StorageConfig {
        min_free: 0,
        ..StorageConfig::default()
    };
    let storage = Storage::open(&directory, config).expect("the storage opens");
    let runtime = Runtime::new().expect("a runtime");
    let (root, car) = large(leaves);
    let began = Instant::now();
    let imported = storage.import_car(&car[..]).expect("the CAR is imported");
    drop(car);
    eprintln!("{} blocks came in {:.1?}", imported.blocks, began.elapsed());

    let numbers = AtomicU64::new(0);
    let here = unique(u64::MAX);
    let token = storage.grant("here", &here.0, Some(BLOCK as u64));
    let upload = storage.upload(&token.expect("there is room").token);
    let upload = upload.expect("the token is good");
    runtime
        .block_on(upload.add(here.0, here.1.clone()))
        .expect("it is taken");

    let measure = |work: Box<dyn FnOnce() + Send + '_>| {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let asking =
                scope.spawn(|| requests(&storage, runtime.handle(), &here, &numbers, &done));
            work();
            done.store(true, Ordering::Relaxed);
            asking.join().expect("requests are measured")
        })
    };
    let mut took = Duration::ZERO;
    let during = measure(Box::new(|| {
        let began = Instant::now();
        assert!(storage.remove(&root).expect("it is removed"), "it was here");
        took = began.elapsed();
    }));
    let idle = measure(Box::new(|| thread::sleep(took)));

    println!("removal of {} blocks: {took:.1?}", imported.blocks);
    let head = format!(
        "{:>7} {:>8} {:>8} {:>8} {:>6}",
        "count", "median", "99 %", "max ms", "> 20"
    );
    println!("{:<14} | idle {head} | meanwhile {head}", "");
    for ((kind, idle), during) in KINDS.iter().zip(idle).zip(during) {
        println!(
            "{kind:<14} |      {} |           {}",
            idle.summary(),
            during.summary()
        );
    }
}
