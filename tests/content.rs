//! Tests of files as DAGs, from bytes to blocks and back: against vectors of other implementations,
//! against interruptions at every point, and against malicious input.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::car::{self, CarError, CarLimits, CarReader};
use fluence::content::part::Part;
use fluence::content::trail::{Trail, TrailError};
use fluence::content::unixfs::{self, DAG_PB, NodeError, RAW};
use fluence::content::walk::{Limited, Limits, Step, Walk, WalkError};
use fluence::content::{Block, Dag, DagFile, MAX_BLOCK, Profile, hash, layout, zip};
use fluence::names::{canonical, cid_v1, parse_link};
use fluence::ports::{Piece, Source, StoreError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

const PROFILES: [Profile; 2] = [Profile::UnixfsV0_2015, Profile::UnixfsV1_2025];

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The xorshift32 stream of `vectors/README.md`.
struct Stream(u32);

impl Stream {
    fn new() -> Self {
        Self(2_463_534_242)
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let mut x = self.0;
        let bytes = (0..len)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                x as u8
            })
            .collect();
        self.0 = x;
        bytes
    }
}

fn stream(len: usize) -> Bytes {
    Stream::new().take(len).into()
}

/// Bytes in memory.
#[derive(Clone, Debug)]
struct Memory(Bytes);

impl Source for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        let bytes = self.0.slice(range.start as usize..range.end as usize);
        async move { Ok(bytes) }.boxed_local()
    }
    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let bytes = self.0.slice(range.start as usize..range.end as usize);
        async move { Ok(digest(&[&prefix, &bytes, &suffix])) }.boxed_local()
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The stream as a source. It is generated as it is read, which must be in order.
#[derive(Clone)]
struct Generated {
    len: u64,
    at: Rc<Cell<u64>>,
    stream: Rc<RefCell<Stream>>,
}

impl Source for Generated {
    fn len(&self) -> u64 {
        self.len
    }
    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        assert_eq!(range.start, self.at.get(), "leaves are hashed in order");
        self.at.set(range.end);
        let len = (range.end - range.start) as usize;
        let bytes = self.stream.borrow_mut().take(len);
        async move { Ok(bytes.into()) }.boxed_local()
    }
    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let read = self.read(range);
        async move { Ok(digest(&[&prefix, &read.await?, &suffix])) }.boxed_local()
    }
}

fn vectors<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("vectors are JSON")
}

fn profile_of(name: &str) -> Profile {
    serde_json::from_value(name.into()).expect("a profile")
}

type FileVectors = BTreeMap<String, BTreeMap<u64, String>>;
const FILES: &str = include_str!("vectors/unixfs.json");
/// Larger files have their own test.
const IN_MEMORY: u64 = 64 << 20;

#[test]
fn roots_are_those_of_other_implementations() {
    let body = stream(45_613_057);
    let mut checked = 0;
    for (profile, cids) in vectors::<FileVectors>(FILES) {
        for (len, cid) in cids.iter().filter(|(len, _)| **len <= IN_MEMORY) {
            let source = Memory(body.slice(..*len as usize));
            let mut told = Vec::new();
            let dag = now(layout::layout(&source, profile_of(&profile), |done| {
                told.push(done);
            }))
            .expect("memory is readable");
            assert_eq!(dag.root.to_string(), *cid, "{profile}, {len} bytes");
            assert_eq!(dag.len(), *len);
            assert!(told.is_sorted() && told.last() == Some(len), "{told:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 22);
}

/// Lays out 1 GiB, generated on the fly. Run it with `cargo test --test content -- --ignored`.
#[test]
#[ignore = "takes 10 s and more"]
fn the_root_of_a_large_file_is_that_of_other_implementations() {
    for (profile, cids) in vectors::<FileVectors>(FILES) {
        for (len, cid) in cids.iter().filter(|(len, _)| **len > IN_MEMORY) {
            let source = Generated {
                len: *len,
                at: Rc::default(),
                stream: Rc::new(RefCell::new(Stream::new())),
            };
            let dag = now(layout::layout(&source, profile_of(&profile), |_| {})).expect("made");
            assert_eq!(dag.root.to_string(), *cid, "{profile}, {len} bytes");
        }
    }
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    len: u64,
}

#[derive(Deserialize)]
struct DirectoryVector {
    #[serde(default)]
    files: Vec<Entry>,
    #[serde(default)]
    count: usize,
    #[serde(default)]
    pad: usize,
    cids: BTreeMap<String, String>,
}

impl DirectoryVector {
    /// The names of the files, as in `vectors/boxo/main.go`.
    fn files(&self) -> Vec<(String, u64)> {
        let named = self.files.iter().map(|file| (file.path.clone(), file.len));
        let numbered = (0..self.count).map(|number| {
            let more = if number == 0 { self.pad } else { 0 };
            let path = format!("file {number:05}.txt{}", "x".repeat(more));
            (path, number as u64 % 7)
        });
        named.chain(numbered).collect()
    }
}

/// Lays out a directory of files that all hold the beginning of the stream.
fn directory(files: &[(String, u64)], profile: Profile) -> (Dag, Bytes) {
    let longest = files.iter().map(|file| file.1).max().unwrap_or_default();
    let content = stream(longest as usize);
    let order = layout::order(files, profile).expect("a directory");
    let mut body = Vec::new();
    let mut entries = Vec::new();
    for number in order {
        let (path, len) = files[number].clone();
        entries.push(DagFile {
            path,
            offset: body.len() as u64,
            len,
        });
        body.extend_from_slice(&content[..len as usize]);
    }
    let body = Bytes::from(body);
    let source = Memory(body.clone());
    let dag = now(layout::layout_directory(&source, &entries, profile, |_| {}))
        .expect("entries are in order");
    (dag, body)
}

#[test]
fn directories_are_those_of_kubo() {
    let all: BTreeMap<String, DirectoryVector> = vectors(include_str!("vectors/directories.json"));
    assert_eq!(all.len(), 10);
    for (name, vector) in all {
        for (profile, cid) in &vector.cids {
            let (dag, body) = directory(&vector.files(), profile_of(profile));
            assert_eq!(dag.root.to_string(), *cid, "{name}, {profile}");
            // The DAG that was laid out can also be fetched.
            let fetched = fetch(dag.root, &car_of(&dag, &body, &whole(&dag)), 70_000);
            let (fetched, bytes) = fetched.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(bytes, body, "{name}, {profile}");
            assert_eq!(fetched.files, dag.files, "{name}, {profile}");
            assert_eq!(fetched, dag, "{name}, {profile}");
        }
    }
}

/// Follows a path in a directory with the nodes of its DAG alone. Returns the name and the CID at the end, and how many
/// nodes were needed.
fn follow(dag: &Dag, path: &str) -> Result<(String, Cid, usize), TrailError> {
    let mut trail = Trail::new(dag.root, path);
    let mut nodes = 0;
    while let Some(cid) = trail.next_cid() {
        let block = dag.blocks.iter().find(|block| block.cid == cid);
        let block = block.expect("a path leads through the nodes of its DAG");
        assert_eq!(block.len, 0, "{cid} is no node of a directory");
        trail.accept(&[&block.prefix[..], &block.suffix].concat().into())?;
        nodes += 1;
    }
    let (cid, name) = trail.end().expect("it ended");
    Ok((name, cid, nodes))
}

#[test]
fn a_path_is_followed_by_the_nodes_of_folders_alone() {
    let names = [
        "a b/c%20d",
        "a b/100%",
        "a b/e\u{301}",
        "a b/\u{e9}",
        "x/y/z",
    ];
    for profile in PROFILES {
        let files: Vec<(String, u64)> =
            (1..).zip(names).map(|(n, name)| (name.into(), n)).collect();
        let (dag, _) = directory(&files, profile);
        // The CID of each file is that of the first bytes of the stream.
        let root = |len: u64| {
            let source = Memory(stream(len as usize));
            now(layout::layout(&source, profile, |_| {})).unwrap().root
        };
        for (path, name, len) in [
            ("a b/c%20d", "c%20d", 1),
            ("a%20b/c%2520d", "c%20d", 1),
            ("/a b//100%/", "100%", 2),
            ("a%20b/100%25", "100%", 2),
            ("a b/e\u{301}", "e\u{301}", 3),
            ("a b/%C3%A9", "\u{e9}", 4),
            ("x/y/z", "z", 5),
        ] {
            let (found, cid, _) = follow(&dag, path).unwrap();
            assert_eq!((&*found, cid), (name, root(len)), "{path}");
        }
        let missing = |name: &str| Err(TrailError::Missing(name.to_owned()));
        for (path, name) in [
            ("b", "b"),
            ("a b/x", "x"),
            ("..", ".."),
            ("a b/100%/x", "x"),
        ] {
            assert_eq!(follow_names(&dag, path), missing(name), "{path}");
        }
    }

    // In a directory of shards few nodes are needed, whatever form the name has.
    let files: Vec<(String, u64)> = (0..6000)
        .map(|n| (format!("{}%20{n}", "long ".repeat(20)), n % 7))
        .collect();
    let (dag, _) = directory(&files, Profile::UnixfsV1_2025);
    for (path, _) in files.iter().step_by(97) {
        let (name, cid, nodes) = follow(&dag, path).unwrap();
        assert_eq!(&name, path);
        assert!((1..=8).contains(&nodes), "{nodes}");
        let encoded = path.replace('%', "%25").replace(' ', "%20");
        assert_eq!(
            follow(&dag, &encoded).map(|(name, cid, _)| (name, cid)),
            Ok((name, cid))
        );
        assert!(follow(&dag, &format!("{path}x")).is_err());
    }
}

/// Like [`follow`], where the end is not expected to be found.
fn follow_names(dag: &Dag, path: &str) -> Result<String, TrailError> {
    let mut trail = Trail::new(dag.root, path);
    while let Some(cid) = trail.next_cid() {
        let block = dag.blocks.iter().find(|block| block.cid == cid).unwrap();
        let leaf = vec![0; block.len as usize];
        trail.accept(&[&block.prefix[..], &leaf, &block.suffix].concat().into())?;
    }
    Ok(trail.end().expect("it ended").1)
}

#[test]
fn paths_that_cannot_be_in_a_directory_are_named() {
    let fails = |paths: &[&str]| {
        let files: Vec<_> = paths.iter().map(|path| (*path, 1)).collect();
        match layout::order(&files, Profile::default()) {
            Err(layout::LayoutError::Path { path, .. }) => path,
            other => panic!("{paths:?}: {other:?}"),
        }
    };
    let deep = "a/".repeat(100) + "b";
    let long = "a".repeat(5000);
    for path in [
        "", "a//b", "/a", "a/", "..", "a/../b", ".", "a\0b", &deep, &long,
    ] {
        assert_eq!(fails(&["fine", path]), path);
    }
    assert_eq!(fails(&["a", "a"]), "a");
    assert_eq!(fails(&["a", "a/b"]), "a/b");
    assert_eq!(fails(&["a/b", "a"]), "a");
}

#[test]
fn a_body_in_another_order_is_no_directory() {
    let entry = |path: &str, offset, len| DagFile {
        path: path.to_owned(),
        offset,
        len,
    };
    let source = Memory(stream(10));
    for entries in [
        vec![entry("b", 0, 5), entry("a", 5, 5)],
        vec![entry("a", 5, 5), entry("b", 0, 5)],
        vec![entry("a", 0, 5), entry("b", 5, 4)],
        vec![entry("a", 0, 5), entry("b", 6, 4)],
        vec![entry("a", 0, u64::MAX), entry("b", u64::MAX, 11)],
    ] {
        let result = now(layout::layout_directory(
            &source,
            &entries,
            Profile::default(),
            |_| {},
        ));
        assert_eq!(result, Err(layout::LayoutError::Order), "{entries:?}");
    }
}

/// The single part that holds the whole DAG.
fn whole(dag: &Dag) -> car::Part {
    let parts = car::parts(dag, u64::MAX);
    assert_eq!(parts.len(), 1);
    parts.into_iter().next().expect("there is one")
}

fn car_of(dag: &Dag, body: &Bytes, part: &car::Part) -> Vec<u8> {
    let mut car = Vec::new();
    for piece in car::pieces(dag, &Memory(body.clone()), part) {
        assert!(!piece.is_empty());
        match piece {
            Piece::Bytes(bytes) => car.extend_from_slice(&bytes),
            Piece::Slice(source, range) => {
                car.extend_from_slice(&source.0[range.start as usize..range.end as usize]);
            }
        }
    }
    assert_eq!(car.len() as u64, part.car);
    car
}

/// Reads a CAR in chunks, verifies its blocks, and walks its DAG.
fn fetch(root: Cid, car: &[u8], chunk: usize) -> Result<(Dag, Bytes), String> {
    fetch_into(Walk::new(root, Limits::default()), Vec::new(), car, chunk)
}

fn fetch_into(
    mut walk: Walk,
    mut body: Vec<u8>,
    car: &[u8],
    chunk: usize,
) -> Result<(Dag, Bytes), String> {
    let mut reader = CarReader::new(CarLimits::default());
    let inline = |walk: &mut Walk, body: &mut Vec<u8>| {
        while let Some((block, data)) = walk.inline().map_err(|error| error.to_string())? {
            assert_eq!(block.len, data.len() as u64);
            body.extend_from_slice(&data);
        }
        Ok::<_, String>(())
    };
    inline(&mut walk, &mut body)?;
    for bytes in car.chunks(chunk) {
        reader.push(Bytes::copy_from_slice(bytes));
        while let Some((cid, block)) = reader.next().map_err(|error| error.to_string())? {
            hash::verify(&cid, &block).map_err(|error| error.to_string())?;
            match walk
                .accept(cid, block.clone())
                .map_err(|error| error.to_string())?
            {
                Step::New {
                    block: recorded,
                    data,
                } => {
                    let again = [&recorded.prefix[..], &data, &recorded.suffix].concat();
                    assert_eq!(again, block, "a record gives its block again");
                    body.extend_from_slice(&data);
                }
                Step::Known => {}
            }
            inline(&mut walk, &mut body)?;
            assert_eq!(walk.offset(), body.len() as u64);
        }
    }
    reader.finish().map_err(|error| error.to_string())?;
    let dag = walk.finish().map_err(|error| error.to_string())?;
    Ok((dag, body.into()))
}

#[derive(Deserialize)]
struct ForeignVector {
    root: String,
    files: Vec<Entry>,
}

/// These are DAGs of kinds that this project does not make: trickle, mixed leaves, identity CIDs,
/// other hashes, shards.
#[test]
fn dags_of_others_are_fetched() {
    let all: BTreeMap<String, ForeignVector> = vectors(include_str!("vectors/foreign.json"));
    assert_eq!(all.len(), 14);
    let content = stream(5000);
    for (name, vector) in all {
        let path = format!(
            "{}/tests/vectors/foreign/{name}.car",
            env!("CARGO_MANIFEST_DIR")
        );
        let car = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (dag, body) = fetch(vector.root.parse().expect("a CID"), &car, 1000)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut expected: Vec<_> = vector.files.iter().map(|f| (&*f.path, f.len)).collect();
        let mut found: Vec<_> = dag.files.iter().map(|f| (&*f.path, f.len)).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
        for file in &dag.files {
            let bytes = &body[file.offset as usize..(file.offset + file.len) as usize];
            assert_eq!(
                bytes,
                &content[..file.len as usize],
                "{name}: {}",
                file.path
            );
        }
        // A fetched DAG can be provided, and gives the same CAR.
        if name != "identity-root" {
            assert_eq!(car_of(&dag, &body, &whole(&dag)), car, "{name}");
        }
        resume_everywhere(&name, &dag, &body);
    }
}

/// Stops after each block, resumes from the record with a CAR that repeats the nodes above, and
/// checks that the result is the same.
fn resume_everywhere(name: &str, dag: &Dag, body: &Bytes) {
    let mut offset = 0;
    for at in 0..=dag.blocks.len() {
        let walk = Walk::resume(dag.root, Limits::default(), &dag.blocks[..at])
            .unwrap_or_else(|error| panic!("{name} at {at}: {error}"));
        assert_eq!(walk.offset(), offset, "{name} at {at}");
        assert_eq!(walk.is_done(), at == dag.blocks.len());
        for cid in walk.upcoming(20) {
            assert!(
                dag.blocks[at..].iter().any(|block| block.cid == cid),
                "{name} at {at}: {cid} will not be needed"
            );
        }
        match walk.resume_point() {
            None => assert!(walk.is_done()),
            Some(point) => {
                let start = offset - point.offset;
                let file = dag.files.iter().find(|file| {
                    file.offset == start && (point.offset == 0 || file.path == point.path)
                });
                assert!(
                    file.is_some() || point.offset == 0,
                    "{name} at {at}: {point:?}"
                );
                assert!(
                    dag.blocks.iter().any(|block| block.cid == point.file),
                    "{name} at {at}: {point:?}"
                );
            }
        }
        // A gateway sends the nodes above the next block, and then everything from that block on.
        let above = (0..at).filter(|number| dag.blocks[*number].len == 0);
        let mut car = car::header(&dag.root).to_vec();
        let starts: Vec<u64> = dag
            .blocks
            .iter()
            .scan(0, |end, block| {
                let start = *end;
                *end += block.len;
                Some(start)
            })
            .collect();
        for number in above.chain(at..dag.blocks.len()) {
            let part = car::Part {
                blocks: number..number + 1,
                offset: starts[number],
                body: 0,
                car: 0,
            };
            for piece in car::pieces(dag, &Memory(body.clone()), &part) {
                match piece {
                    Piece::Bytes(bytes) => car.extend_from_slice(
                        bytes
                            .strip_prefix(&car::header(&dag.root)[..])
                            .unwrap_or(&bytes),
                    ),
                    Piece::Slice(source, range) => {
                        car.extend_from_slice(&source.0[range.start as usize..range.end as usize]);
                    }
                }
            }
        }
        let had = body[..offset as usize].to_vec();
        let (again, bytes) = fetch_into(walk, had, &car, 4096)
            .unwrap_or_else(|error| panic!("{name} at {at}: {error}"));
        assert_eq!(&again, dag, "{name} at {at}");
        assert_eq!(&bytes, body, "{name} at {at}");
        if let Some(block) = dag.blocks.get(at) {
            offset += block.len;
        }
    }
}

#[test]
fn what_is_laid_out_is_fetched_again() {
    for profile in PROFILES {
        let chunk = profile.chunk() as usize;
        for len in [0, 1, chunk - 1, chunk, chunk + 1, chunk * 3 + 5] {
            let body = stream(len);
            let dag = now(layout::layout(&Memory(body.clone()), profile, |_| {})).expect("memory");
            let (fetched, bytes) = fetch(dag.root, &car_of(&dag, &body, &whole(&dag)), 65_536)
                .unwrap_or_else(|error| panic!("{profile:?}, {len} bytes: {error}"));
            assert_eq!(fetched, dag);
            assert_eq!(bytes, body);
            resume_everywhere(&format!("{profile:?}, {len} bytes"), &dag, &body);
        }
    }
}

#[test]
fn parts_cover_the_dag_once() {
    let body = stream(9_000_000);
    for profile in PROFILES {
        let dag = now(layout::layout(&Memory(body.clone()), profile, |_| {})).expect("memory");
        for target in [0, 1_000_000, 2_500_000, 5_000_000, u64::MAX] {
            let parts = car::parts(&dag, target);
            let (mut block, mut offset) = (0, 0);
            for part in &parts {
                assert_eq!((part.blocks.start, part.offset), (block, offset));
                assert!(part.car <= target || part.blocks.len() == 1, "{part:?}");
                let mut reader = CarReader::new(CarLimits::default());
                reader.push(car_of(&dag, &body, part).into());
                for number in part.blocks.clone() {
                    let (cid, bytes) = reader.next().expect("a CAR").expect("a block");
                    assert_eq!(cid, dag.blocks[number].cid);
                    assert_eq!(hash::verify(&cid, &bytes), Ok(()));
                }
                assert_eq!(reader.next(), Ok(None));
                assert_eq!(reader.finish(), Ok(()));
                assert_eq!(reader.roots(), [dag.root]);
                block = part.blocks.end;
                offset += part.body;
            }
            assert_eq!((block, offset), (dag.blocks.len(), dag.len()));
        }
    }
}

// Malicious input.

/// Blocks by CID, with functions that make nodes by hand.
#[derive(Default)]
struct Blocks(HashMap<Cid, Bytes>);

impl Blocks {
    fn put(&mut self, codec: u64, bytes: impl Into<Bytes>) -> Cid {
        let bytes = bytes.into();
        let cid = cid_v1(codec, &digest(&[&bytes]));
        self.0.insert(cid, bytes);
        cid
    }

    fn raw(&mut self, bytes: &[u8]) -> Cid {
        self.put(RAW, bytes.to_vec())
    }

    /// Adds a node with these links, valid or not, and this `Data`.
    fn node(&mut self, links: &[(Cid, &[u8])], data: &Data) -> Cid {
        let mut node = Vec::new();
        for (cid, name) in links {
            let mut link = Vec::new();
            field(&mut link, 1, &cid.to_bytes());
            field(&mut link, 2, name);
            number(&mut link, 3, 0);
            field(&mut node, 2, &link);
        }
        field(&mut node, 1, &data.encode());
        self.put(DAG_PB, node)
    }

    fn file(&mut self, parts: &[(Cid, u64)]) -> Cid {
        let links: Vec<_> = parts.iter().map(|(cid, _)| (*cid, &b""[..])).collect();
        self.node(
            &links,
            &Data {
                kind: 2,
                filesize: Some(
                    parts
                        .iter()
                        .map(|(_, size)| *size)
                        .fold(0, u64::wrapping_add),
                ),
                sizes: parts.iter().map(|(_, size)| *size).collect(),
                ..Data::default()
            },
        )
    }

    fn directory(&mut self, links: &[(Cid, &[u8])]) -> Cid {
        self.node(
            links,
            &Data {
                kind: 1,
                ..Data::default()
            },
        )
    }

    /// Fetches from a storage that has these blocks and sends each when it is requested.
    fn walk(&self, root: Cid, limits: Limits) -> Result<Dag, WalkError> {
        let mut walk = Walk::new(root, limits);
        loop {
            while walk.inline()?.is_some() {}
            let Some(cid) = walk.next_cid() else {
                return walk.finish();
            };
            let block = self
                .0
                .get(&cid)
                .unwrap_or_else(|| panic!("{cid} is asked for"))
                .clone();
            hash::verify(&cid, &block).expect("made right");
            assert!(matches!(walk.accept(cid, block)?, Step::New { .. }));
        }
    }
}

#[derive(Default)]
struct Data {
    kind: u64,
    data: Option<Vec<u8>>,
    filesize: Option<u64>,
    sizes: Vec<u64>,
    hash: Option<u64>,
    fanout: Option<u64>,
}

impl Data {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, 1, self.kind);
        if let Some(data) = &self.data {
            field(&mut out, 2, data);
        }
        for (tag, value) in [(3, self.filesize), (5, self.hash), (6, self.fanout)] {
            if let Some(value) = value {
                number(&mut out, tag, value);
            }
        }
        for size in &self.sizes {
            number(&mut out, 4, *size);
        }
        out
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, tag: u8, value: u64) {
    out.push(tag << 3);
    varint(out, value);
}

fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn too_much<T: std::fmt::Debug>(result: Result<T, WalkError>) -> (Limited, Cid) {
    match result {
        Err(error @ WalkError::TooMuch { .. }) => {
            let text = error.to_string();
            let WalkError::TooMuch { what, cid, .. } = error else {
                unreachable!()
            };
            assert!(text.contains(&canonical(&cid)), "{text}");
            (what, cid)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_block_that_is_written_in_its_own_cid_may_have_128_bytes() {
    let inline = |len| multihash::Multihash::wrap(0, &[7; 200][..len]);
    let long = Cid::new_v1(RAW, inline(128).unwrap());
    assert_eq!(parse_link(&long.to_string()), Ok(long));
    let mut blocks = Blocks::default();
    let end = blocks.raw(b"end");
    let root = blocks.file(&[(long, 128), (end, 3)]);
    let dag = blocks.walk(root, Limits::default()).unwrap();
    assert_eq!(dag.len(), 131);
    assert_eq!(dag.blocks.len(), 3);
    assert!(inline(129).is_err(), "no more than Kubo makes or takes");
}

#[test]
fn a_file_that_repeats_itself_without_bytes_is_refused() {
    let mut blocks = Blocks::default();
    let mut cid = blocks.raw(b"");
    for _ in 0..20 {
        cid = blocks.file(&[(cid, 0); 100]);
    }
    assert_eq!(
        too_much(blocks.walk(cid, Limits::default())).0,
        Limited::EmptyParts
    );
    // The same holds for leaves in identity CIDs, which cost no transfer at all.
    let mut cid = Cid::new_v1(RAW, multihash::Multihash::wrap(0, b"").unwrap());
    for _ in 0..20 {
        cid = blocks.file(&[(cid, 0); 100]);
    }
    assert_eq!(
        too_much(blocks.walk(cid, Limits::default())).0,
        Limited::EmptyParts
    );
}

#[test]
fn a_file_that_multiplies_is_refused_by_what_it_declares() {
    let mut blocks = Blocks::default();
    let (mut cid, mut size) = (blocks.raw(&[7]), 1u64);
    for _ in 0..8 {
        cid = blocks.file(&vec![(cid, size); 1000]);
        size = size.wrapping_mul(1000);
    }
    // A size of 10²⁴ bytes overflows the byte count, so the root is refused.
    let error = blocks.walk(cid, Limits::default()).unwrap_err();
    assert_eq!(
        error,
        WalkError::Node {
            cid,
            reason: NodeError::Sizes
        }
    );
    let (mut cid, mut size) = (blocks.raw(&[7]), 1u64);
    for _ in 0..5 {
        cid = blocks.file(&vec![(cid, size); 1000]);
        size *= 1000;
    }
    assert_eq!(
        too_much(blocks.walk(cid, Limits::default())),
        (Limited::Bytes, cid)
    );
    // A million leaves of one byte still count as a million blocks.
    let leaf = blocks.raw(&[7]);
    let middle = blocks.file(&vec![(leaf, 1); 1000]);
    let root = blocks.file(&vec![(middle, 1000); 1000]);
    let limits = Limits {
        blocks: 10_000,
        ..Limits::default()
    };
    assert_eq!(too_much(blocks.walk(root, limits)).0, Limited::Blocks);
}

#[test]
fn what_is_too_deep_is_refused() {
    let mut blocks = Blocks::default();
    let mut file = blocks.raw(&[7]);
    for _ in 0..200 {
        file = blocks.file(&[(file, 1)]);
    }
    assert_eq!(
        too_much(blocks.walk(file, Limits::default())).0,
        Limited::Levels
    );
    let mut directory = blocks.raw(&[7]);
    for _ in 0..200 {
        directory = blocks.directory(&[(directory, b"a")]);
    }
    assert_eq!(
        too_much(blocks.walk(directory, Limits::default())).0,
        Limited::Levels
    );
    // The directories are nested until the path is too long.
    let mut directory = blocks.raw(&[7]);
    let name = "n".repeat(150);
    for _ in 0..60 {
        directory = blocks.directory(&[(directory, name.as_bytes())]);
    }
    assert_eq!(
        too_much(blocks.walk(directory, Limits::default())).0,
        Limited::PathBytes
    );
}

#[test]
fn what_is_too_wide_is_refused() {
    let mut blocks = Blocks::default();
    let tiny = Cid::new_v1(RAW, multihash::Multihash::wrap(0, b"").unwrap());
    let wide = blocks.file(&vec![(tiny, 0); unixfs::MAX_LINKS + 1]);
    assert_eq!(
        blocks.walk(wide, Limits::default()),
        Err(WalkError::Node {
            cid: wide,
            reason: NodeError::TooManyLinks
        })
    );
    // Each node is within the limit, but all of them are open at the same time.
    let leaf = blocks.raw(&[7]);
    let (mut cid, mut size) = (leaf, 1);
    for _ in 0..4 {
        let mut parts = vec![(leaf, 1); 69_999];
        parts.insert(0, (cid, size));
        cid = blocks.file(&parts);
        size += 69_999;
    }
    assert_eq!(
        too_much(blocks.walk(cid, Limits::default())).0,
        Limited::Links
    );
}

#[test]
fn a_directory_that_multiplies_is_refused() {
    let mut blocks = Blocks::default();
    let mut cid = blocks.raw(b"x");
    for _ in 0..12 {
        let names: Vec<Vec<u8>> = (0..100).map(|n: u32| n.to_string().into_bytes()).collect();
        let links: Vec<_> = names.iter().map(|name| (cid, &name[..])).collect();
        cid = blocks.directory(&links);
    }
    let limits = Limits {
        files: 5000,
        ..Limits::default()
    };
    assert_eq!(too_much(blocks.walk(cid, limits)).0, Limited::Files);
    let limits = Limits {
        paths: 50_000,
        ..Limits::default()
    };
    assert_eq!(too_much(blocks.walk(cid, limits)).0, Limited::PathBytes);
    // This tree has nothing but directories.
    let mut cid = blocks.directory(&[]);
    for _ in 0..12 {
        cid = blocks.directory(&[(cid, b"a"), (cid, b"b"), (cid, b"c"), (cid, b"d")]);
    }
    let limits = Limits {
        blocks: 10_000,
        ..Limits::default()
    };
    assert_eq!(too_much(blocks.walk(cid, limits)).0, Limited::Blocks);
}

#[test]
fn sizes_that_contradict_each_other_are_refused() {
    let mut blocks = Blocks::default();
    let leaf = blocks.raw(b"abc");
    let root = blocks.file(&[(leaf, 4)]);
    assert_eq!(
        blocks.walk(root, Limits::default()),
        Err(WalkError::Contradiction(leaf))
    );
    let honest = blocks.file(&[(leaf, 3)]);
    let root = blocks.file(&[(honest, 2)]);
    assert_eq!(
        blocks.walk(root, Limits::default()),
        Err(WalkError::Contradiction(honest))
    );
    let sum = |filesize, sizes: &[u64], blocks: &mut Blocks| {
        blocks.node(
            &[(leaf, b"")],
            &Data {
                kind: 2,
                filesize,
                sizes: sizes.to_vec(),
                ..Data::default()
            },
        )
    };
    for (filesize, sizes) in [(Some(4), &[3][..]), (Some(3), &[3, 0]), (Some(3), &[2])] {
        let cid = sum(filesize, sizes, &mut blocks);
        assert_eq!(
            blocks.walk(cid, Limits::default()),
            Err(WalkError::Node {
                cid,
                reason: NodeError::Sizes
            }),
            "{filesize:?} {sizes:?}"
        );
    }
    // A file need not state its size, because its parts do.
    let cid = sum(None, &[3], &mut blocks);
    assert_eq!(
        blocks.walk(cid, Limits::default()).map(|dag| dag.len()),
        Ok(3)
    );
    // Its parts need not be sized either, but what is stated is true.
    for (filesize, whole) in [
        (None, true),
        (Some(3), true),
        (Some(4), false),
        (Some(2), false),
    ] {
        let cid = sum(filesize, &[], &mut blocks);
        let walked = blocks.walk(cid, Limits::default());
        if whole {
            let dag = walked.expect("whole");
            assert_eq!((dag.len(), dag.files[0].len), (3, 3), "{filesize:?}");
        } else {
            assert_eq!(walked, Err(WalkError::Contradiction(cid)), "{filesize:?}");
        }
    }
    // A size that is stated above counts below, where none is.
    let below = sum(None, &[], &mut blocks);
    for (size, whole) in [(3, true), (4, false)] {
        let root = blocks.file(&[(below, size)]);
        assert_eq!(
            blocks.walk(root, Limits::default()).is_ok(),
            whole,
            "{size}"
        );
    }
    // A file of unknown size is bounded like others.
    let cid = sum(None, &[], &mut blocks);
    let limits = Limits {
        size: 2,
        ..Limits::default()
    };
    assert_eq!(too_much(blocks.walk(cid, limits)).0, Limited::Bytes);
    // A directory cannot be part of a file.
    let directory = blocks.directory(&[]);
    let root = blocks.file(&[(directory, 0)]);
    assert_eq!(
        blocks.walk(root, Limits::default()),
        Err(WalkError::Contradiction(directory))
    );
}

/// Reads a part of a file from a storage that sends each block when it is requested; how many that were, and the bytes.
fn read_part(
    blocks: &HashMap<Cid, Bytes>,
    root: Cid,
    range: Range<u64>,
) -> Result<(usize, Vec<u8>), WalkError> {
    let mut part = Part::new(root, range.clone(), Limits::default());
    let (mut count, mut read) = (0, Vec::new());
    loop {
        while let Some(bytes) = part.inline()? {
            read.extend_from_slice(&bytes);
        }
        let Some(cid) = part.next_cid() else {
            assert!(part.is_done());
            return Ok((count, read));
        };
        count += 1;
        read.extend_from_slice(&part.accept(cid, blocks[&cid].clone())?);
        assert_eq!(part.offset(), range.start + read.len() as u64);
    }
}

#[test]
fn a_part_of_a_file_is_read_from_anywhere_in_it() {
    for (profile, len) in [
        (Profile::UnixfsV0_2015, 45_613_057),
        (Profile::UnixfsV1_2025, 3_000_001),
        (Profile::UnixfsV1_2025, 1000),
        (Profile::UnixfsV1_2025, 0),
        (Profile::UnixfsV0_2015, 0),
    ] {
        let body = stream(len);
        let dag = now(layout::layout(&Memory(body.clone()), profile, |_| {})).expect("made");
        let mut at = 0;
        let blocks: HashMap<Cid, Bytes> = dag
            .blocks
            .iter()
            .map(|block| {
                let own = &body[at..at + block.len as usize];
                at += own.len();
                (
                    block.cid,
                    [&block.prefix, own, &block.suffix].concat().into(),
                )
            })
            .collect();
        let len = len as u64;
        let chunk = profile.chunk();
        for range in [
            0..len,
            0..u64::MAX,
            0..1,
            len / 2..len / 2 + 1,
            chunk - 1..chunk + 1,
            chunk..2 * chunk,
            len.saturating_sub(1)..len,
            len.saturating_sub(1)..len + 100,
            len / 3..len - len / 3,
            len..len + 5,
        ] {
            let expected = &body[range.start.min(len) as usize..range.end.min(len) as usize];
            let (count, read) = read_part(&blocks, dag.root, range.clone()).expect("it is there");
            assert!(read == expected, "{profile:?} {len} {range:?}");
            // The levels above, the leaves in it, and one more on either side.
            let most =
                5 + expected.len() / chunk as usize + expected.len() / (174 * chunk as usize);
            assert!(count <= most, "{profile:?} {len} {range:?}: {count} blocks");
        }
    }
}

#[test]
fn no_part_is_read_of_what_contradicts_itself_or_is_no_file() {
    let mut blocks = Blocks::default();
    let (leaf, other) = (blocks.raw(b"abc"), blocks.raw(b"other"));
    let longer = blocks.file(&[(leaf, 4)]);
    let honest = blocks.file(&[(leaf, 3), (other, 5)]);
    let above = blocks.file(&[(honest, 9)]);
    let directory = blocks.directory(&[]);
    let within = blocks.file(&[(directory, 0), (leaf, 3)]);
    let unsized_file = blocks.node(
        &[(leaf, b"")],
        &Data {
            kind: 2,
            ..Data::default()
        },
    );
    let endless = blocks.file(&[(leaf, 1 << 39), (other, 1 << 40)]);
    let overflowing = blocks.file(&[(leaf, u64::MAX), (other, 3)]);
    let cbor = blocks.put(0x71, &b"\xa0"[..]);
    let node = |cid, reason| WalkError::Node { cid, reason };
    for (root, range, error) in [
        (longer, 0..3, WalkError::Contradiction(leaf)),
        (above, 0..3, WalkError::Contradiction(honest)),
        (directory, 0..1, WalkError::NotAFile(directory)),
        (unsized_file, 0..1, node(unsized_file, NodeError::NoSizes)),
        (overflowing, 0..1, node(overflowing, NodeError::Sizes)),
        (cbor, 0..1, WalkError::Codec(cbor)),
    ] {
        assert_eq!(read_part(&blocks.0, root, range), Err(error));
    }
    let (what, cid) = too_much(read_part(&blocks.0, endless, 0..1));
    assert_eq!((what, cid), (Limited::Bytes, endless));
    // What is outside of the part is not looked at.
    assert_eq!(read_part(&blocks.0, within, 1..3), Ok((2, b"bc".to_vec())));
    assert_eq!(read_part(&blocks.0, honest, 3..5), Ok((2, b"ot".to_vec())));

    let mut part = Part::new(honest, 0..8, Limits::default());
    let foreign = part.accept(leaf, blocks.0[&leaf].clone());
    let expected = Box::new(honest);
    assert_eq!(
        foreign,
        Err(WalkError::Foreign {
            cid: leaf,
            expected
        })
    );
    for cid in [honest, leaf, other] {
        part.accept(cid, blocks.0[&cid].clone())
            .expect("it is next");
    }
    let surplus = part.accept(other, blocks.0[&other].clone());
    assert_eq!(surplus, Err(WalkError::Surplus(other)));

    // A node with many links at each of many levels does not fill the memory.
    let mut root = leaf;
    let mut size = 3;
    for _ in 0..200 {
        root = blocks.file(&[(root, size), (leaf, 3)]);
        size += 3;
    }
    let (what, _) = too_much(read_part(&blocks.0, root, 0..1));
    assert_eq!(what, Limited::Levels);
}

#[test]
fn what_is_no_file_is_named() {
    let mut blocks = Blocks::default();
    let cbor = blocks.put(0x71, &b"\xa0"[..]);
    assert_eq!(
        blocks.walk(cbor, Limits::default()),
        Err(WalkError::Codec(cbor))
    );
    for (kind, data) in [(3, "text/plain"), (4, "../../etc/passwd")] {
        let cid = blocks.node(
            &[],
            &Data {
                kind,
                data: Some(data.into()),
                ..Data::default()
            },
        );
        assert_eq!(
            blocks.walk(cid, Limits::default()),
            Err(WalkError::NotAFile(cid))
        );
    }
    for (bytes, reason) in [
        (&b"\x0a\x02\x08\x09"[..], NodeError::NotUnixFs),
        (b"\x0a\x05hello", NodeError::NotUnixFs),
        (b"", NodeError::NotUnixFs),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            NodeError::Malformed,
        ),
        (b"\x0a\xff\xff\xff\xff\x0f", NodeError::Malformed),
        (b"hello", NodeError::Malformed),
        (b"\x12\x02\x12\x00\x0a\x02\x08\x01", NodeError::BadLink),
        (
            b"\x12\x05\x0a\x03\x01\x70\x12\x0a\x02\x08\x01",
            NodeError::BadLink,
        ),
    ] {
        let cid = blocks.put(DAG_PB, bytes);
        assert_eq!(
            blocks.walk(cid, Limits::default()),
            Err(WalkError::Node { cid, reason }),
            "{bytes:?}"
        );
    }
}

#[test]
fn names_in_a_directory_are_kept_and_unlike() {
    let mut blocks = Blocks::default();
    let file = blocks.raw(b"x");
    let symlink = blocks.node(
        &[],
        &Data {
            kind: 4,
            data: Some(b"/etc/passwd".to_vec()),
            ..Data::default()
        },
    );
    let long = "語".repeat(300);
    let names: &[&[u8]] = &[
        b"..",
        b"../../etc/passwd",
        b"a\0b\n",
        b"",
        b"same.txt",
        b"same.txt",
        b"same (2).txt",
        b"same.txt",
        b"\xff\xfe",
        long.as_bytes(),
        b"file",
    ];
    let mut links: Vec<_> = names.iter().map(|name| (file, *name)).collect();
    links.push((symlink, b"link"));
    let below = blocks.directory(&links);
    let root = blocks.directory(&[(below, b"/"), (file, b"same.txt")]);
    let mut walk = Walk::new(root, Limits::default());
    while let Some(cid) = walk.next_cid() {
        walk.accept(cid, blocks.0[&cid].clone()).expect("accepted");
    }
    let links: Vec<&str> = walk
        .symlinks()
        .iter()
        .map(|link| link.path.as_str())
        .collect();
    assert_eq!(links, ["_/link"]);
    let renamed = walk.renamed().clone();
    let dag = walk.finish().expect("whole");
    let paths: Vec<&str> = dag.files.iter().map(|file| &*file.path).collect();
    let long = format!("_/{long}");
    let expected = [
        "_/_..",
        "_/.._.._etc_passwd",
        "_/a_b\n",
        "_/_",
        "_/same.txt",
        "_/same (2).txt",
        "_/same (2) (2).txt",
        "_/same (3).txt",
        "_/\u{fffd}\u{fffd}",
        &long,
        "_/file",
        "same.txt",
    ];
    assert_eq!(paths, expected);
    // What is not in the paths as it is in the DAG can be found out.
    for (path, name) in [
        ("_", &b"/"[..]),
        ("_/_..", b".."),
        ("_/.._.._etc_passwd", b"../../etc/passwd"),
        ("_/same (2).txt", b"same.txt"),
        ("_/\u{fffd}\u{fffd}", b"\xff\xfe"),
    ] {
        assert_eq!(renamed[path], name, "{path}");
    }
    assert!(!renamed.contains_key("_/file") && !renamed.contains_key(long.as_str()));
    let unlike: std::collections::HashSet<_> = paths.iter().collect();
    assert_eq!(unlike.len(), paths.len(), "{paths:?}");
}

#[test]
fn many_files_of_one_name_take_no_long_time() {
    let mut blocks = Blocks::default();
    let tiny = Cid::new_v1(RAW, multihash::Multihash::wrap(0, b"").unwrap());
    let root = blocks.directory(&vec![(tiny, &b"a"[..]); 50_000]);
    let began = Instant::now();
    let dag = blocks.walk(root, Limits::default()).expect("allowed");
    assert_eq!(dag.files.len(), 50_000);
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

#[test]
fn shards_that_make_no_sense_are_refused() {
    let mut blocks = Blocks::default();
    let file = blocks.raw(b"x");
    let shard = |hash, fanout| Data {
        kind: 5,
        data: Some(vec![1]),
        hash,
        fanout,
        ..Data::default()
    };
    for (hash, fanout, name) in [
        (None, Some(256), &b"00a"[..]),
        (Some(0x12), Some(256), b"00a"),
        (Some(0x22), None, b"00a"),
        (Some(0x22), Some(0), b"00a"),
        (Some(0x22), Some(100), b"00a"),
        (Some(0x22), Some(1 << 40), b"00a"),
        (Some(0x22), Some(256), b"0"),
        (Some(0x22), Some(256), b"zza"),
    ] {
        let cid = blocks.node(&[(file, name)], &shard(hash, fanout));
        assert_eq!(
            blocks.walk(cid, Limits::default()),
            Err(WalkError::Node {
                cid,
                reason: NodeError::Shard
            }),
            "{hash:?} {fanout:?} {name:?}"
        );
    }
    // A node below a shard must be a shard too, with the same fanout.
    let narrow = blocks.node(&[(file, b"0a")], &shard(Some(0x22), Some(16)));
    for below in [file, narrow] {
        let cid = blocks.node(&[(below, b"00")], &shard(Some(0x22), Some(256)));
        assert_eq!(
            blocks.walk(cid, Limits::default()),
            Err(WalkError::Contradiction(below))
        );
    }
}

#[test]
fn leaves_whose_bytes_are_elsewhere_are_checked_too() {
    let body = stream(2_500_000);
    for profile in [Profile::UnixfsV1_2025, Profile::UnixfsV0_2015] {
        let dag = now(layout::layout(&Memory(body.clone()), profile, |_| {})).expect("memory");
        let mut walk = Walk::new(dag.root, Limits::default());
        let mut read = 0;
        for block in &dag.blocks {
            if block.len == 0 {
                walk.accept(block.cid, block.prefix.clone())
                    .expect("a node");
                continue;
            }
            let body = &body[read..read + block.len as usize];
            read += body.len();
            let whole = Bytes::from([&block.prefix, body, &block.suffix].concat());
            let (first, last) = (whole.slice(..64), whole.slice(whole.len() - 64..));
            let own = unixfs::in_leaf(&first, whole.len() - 128, &last);
            if profile == Profile::UnixfsV0_2015 {
                let start = block.prefix.len();
                assert_eq!(own, Some(start..start + body.len()));
            }
            for other in [block.len - 1, block.len + 1] {
                let mut lie = block.clone();
                lie.len = other;
                let error = walk.accept_kept(lie).unwrap_err();
                let expected = match profile {
                    Profile::UnixfsV1_2025 => WalkError::Contradiction(block.cid),
                    Profile::UnixfsV0_2015 => WalkError::Node {
                        cid: block.cid,
                        reason: NodeError::Malformed,
                    },
                };
                assert_eq!(error, expected);
            }
            let step = walk.accept_kept(block.clone()).expect("a leaf");
            let data = Bytes::new();
            let block = block.clone();
            assert_eq!(step, Step::New { block, data });
        }
        assert_eq!(walk.finish().expect("whole").blocks, dag.blocks);
    }
    // What is no leaf, or has more around its bytes, is read as a whole.
    let mut blocks = Blocks::default();
    let leaf = blocks.raw(&[7; 100]);
    let names: Vec<String> = (0..10).map(|number| format!("{number}")).collect();
    let links: Vec<_> = names.iter().map(|name| (leaf, name.as_bytes())).collect();
    let directory = blocks.directory(&links);
    let directory = blocks.0[&directory].clone();
    let between = directory.len() - 128;
    let last = directory.slice(directory.len() - 64..);
    assert_eq!(
        unixfs::in_leaf(&directory.slice(..64), between, &last),
        None
    );
    let (prefix, suffix) = unixfs::leaf(200);
    let around = [&prefix[..], &[7; 200], &suffix].concat();
    let around = Bytes::from(around);
    let last = around.slice(around.len() - 64..);
    let between = around.len() - 128;
    assert!(unixfs::in_leaf(&around.slice(..64), between, &last).is_some());
    let few = around.slice(around.len() - 2..);
    assert_eq!(
        unixfs::in_leaf(&around.slice(..64), around.len() - 66, &few),
        None
    );
}

#[test]
fn foreign_and_endless_blocks_are_the_senders_fault() {
    let body = stream(3_000_000);
    let dag = now(layout::layout(
        &Memory(body.clone()),
        Profile::UnixfsV1_2025,
        |_| {},
    ))
    .expect("memory");
    let mut blocks = Blocks::default();
    let foreign = blocks.raw(b"something else");
    let root = dag.blocks[0].prefix.clone();
    let mut walk = Walk::new(dag.root, Limits::default());
    let error = walk
        .accept(foreign, blocks.0[&foreign].clone())
        .unwrap_err();
    assert_eq!(
        error,
        WalkError::Foreign {
            cid: foreign,
            expected: Box::new(dag.root)
        }
    );
    assert!(error.is_senders());
    assert!(matches!(
        walk.accept(dag.root, root.clone()),
        Ok(Step::New { .. })
    ));
    let mut known = 0;
    let error = loop {
        match walk.accept(dag.root, root.clone()) {
            Ok(Step::Known) => known += 1,
            Ok(Step::New { .. }) => panic!("the root is not new"),
            Err(error) => break error,
        }
    };
    assert!(known < 1000, "{known}");
    assert_eq!(error, WalkError::Repeating(dag.blocks[1].cid));
    assert!(error.is_senders());
    let mut done = Walk::resume(dag.root, Limits::default(), &dag.blocks).expect("whole");
    let error = done
        .accept(foreign, blocks.0[&foreign].clone())
        .unwrap_err();
    assert_eq!(error, WalkError::Surplus(foreign));
}

#[test]
fn a_damaged_record_is_noticed() {
    let body = stream(600_000);
    let dag = now(layout::layout(
        &Memory(body),
        Profile::UnixfsV0_2015,
        |_| {},
    ))
    .expect("memory");
    let resume = |blocks: &[Block]| Walk::resume(dag.root, Limits::default(), blocks).map(|_| ());
    assert_eq!(resume(&dag.blocks), Ok(()));
    let mut swapped = dag.blocks.clone();
    swapped.swap(1, 2);
    let mut longer = dag.blocks.clone();
    longer[1].len += 1;
    let mut huge = dag.blocks.clone();
    huge[1].len = u64::MAX / 2;
    let mut cut = dag.blocks.clone();
    cut[1].prefix = Bytes::new();
    let mut surplus = dag.blocks.clone();
    surplus.push(dag.blocks[1].clone());
    for damaged in [
        swapped,
        longer,
        huge,
        cut,
        surplus,
        dag.blocks[1..].to_vec(),
    ] {
        assert_eq!(resume(&damaged), Err(WalkError::Record));
    }
}

// CARs.

fn read_car(bytes: &[u8], chunk: usize) -> Result<Vec<(Cid, Bytes)>, CarError> {
    let mut reader = CarReader::new(CarLimits::default());
    let mut blocks = Vec::new();
    for bytes in bytes.chunks(chunk) {
        reader.push(Bytes::copy_from_slice(bytes));
        while let Some(block) = reader.next()? {
            blocks.push(block);
        }
    }
    reader.finish()?;
    Ok(blocks)
}

fn small_car() -> (Vec<u8>, usize) {
    let body = stream(600_000);
    let dag = now(layout::layout(
        &Memory(body.clone()),
        Profile::UnixfsV0_2015,
        |_| {},
    ))
    .expect("memory");
    (car_of(&dag, &body, &whole(&dag)), dag.blocks.len())
}

#[test]
fn a_car_is_whole_or_truncated() {
    let (car, count) = small_car();
    let mut ends = vec![car::header(&read_car(&car, car.len()).unwrap()[0].0).len()];
    for (cid, block) in read_car(&car, car.len()).unwrap() {
        let len = cid.encoded_len() + block.len();
        let mut size = Vec::new();
        varint(&mut size, len as u64);
        ends.push(ends.last().unwrap() + size.len() + len);
    }
    assert_eq!(ends.len(), count + 1);
    assert_eq!(read_car(&[], 1), Err(CarError::Empty));
    let near: Vec<usize> = ends.iter().flat_map(|end| end - 3..end + 4).collect();
    for cut in (1..200).chain(near).filter(|cut| *cut <= car.len()) {
        let whole = read_car(&car[..cut], 10_000);
        match ends.iter().position(|end| *end == cut) {
            Some(blocks) => assert_eq!(whole.map(|got| got.len()), Ok(blocks), "{cut}"),
            None => assert_eq!(whole, Err(CarError::Truncated), "{cut}"),
        }
    }
}

#[test]
fn a_car_may_come_in_any_pieces() {
    let (car, _) = small_car();
    let blocks = read_car(&car, car.len()).expect("a CAR");
    for chunk in [1, 2, 3, 33, 1000, 262_144, 262_200] {
        assert_eq!(read_car(&car, chunk).as_ref(), Ok(&blocks), "{chunk}");
    }
}

/// Reads the blocks of a CAR, taking over each large block as soon as it has begun.
fn read_car_by_turns(bytes: &[u8], chunk: usize) -> Result<Vec<(Cid, Bytes)>, CarError> {
    let mut reader = CarReader::new(CarLimits::default());
    let (mut blocks, mut rest) = (Vec::new(), bytes);
    loop {
        while let Some(block) = reader.next()? {
            blocks.push(block);
        }
        if let Some(begun) = reader.begun(|_, len| len >= 1000)? {
            assert!(begun.bytes.len() < begun.len);
            let more = begun.len - begun.bytes.len();
            let (now, then) = rest.split_at_checked(more).ok_or(CarError::Truncated)?;
            blocks.push((begun.cid, [&begun.bytes, now].concat().into()));
            rest = then;
            continue;
        }
        if rest.is_empty() {
            break;
        }
        let (now, then) = rest.split_at(chunk.min(rest.len()));
        reader.push(Bytes::copy_from_slice(now));
        rest = then;
    }
    reader.finish()?;
    Ok(blocks)
}

#[test]
fn a_block_that_has_begun_may_be_taken_over() {
    let (car, _) = small_car();
    let blocks = read_car(&car, car.len()).expect("a CAR");
    for chunk in [1, 2, 33, 38, 39, 1000, 262_144, 262_200, car.len()] {
        assert_eq!(
            read_car_by_turns(&car, chunk).as_ref(),
            Ok(&blocks),
            "{chunk}"
        );
        for cut in [1, 1000, 300_000] {
            let cut = &car[..car.len() - cut];
            assert_eq!(read_car_by_turns(cut, chunk), Err(CarError::Truncated));
        }
    }
}

#[test]
fn a_block_in_one_chunk_is_not_copied() {
    let (car, _) = small_car();
    let car = Bytes::from(car);
    let mut reader = CarReader::new(CarLimits::default());
    reader.push(car.clone());
    while let Some((_, block)) = reader.next().expect("a CAR") {
        assert!(car.as_ptr_range().contains(&block.as_ptr()));
    }
}

#[test]
fn impossible_lengths_are_refused_at_once() {
    let root = cid_v1(RAW, &[0; 32]);
    let car = |sections: &[u8]| [&car::header(&root)[..], sections].concat();
    let section = |len: u64| {
        let mut out = Vec::new();
        varint(&mut out, len);
        car(&out)
    };
    for (car, error) in [
        (
            section(2 << 30),
            CarError::BlockTooLarge {
                size: 2 << 30,
                limit: MAX_BLOCK,
            },
        ),
        (
            section(u64::MAX),
            CarError::BlockTooLarge {
                size: u64::MAX,
                limit: MAX_BLOCK,
            },
        ),
        (section(0), CarError::BadCid),
        (car(&[0x80; 11]), CarError::BadCid),
        (car(b"\x05hello"), CarError::BadCid),
    ] {
        assert_eq!(read_car(&car, 7), Err(error));
    }
    // This block is one byte too large, although its CID is short.
    let identity = [1, 0x55, 0, 0];
    let mut over = Vec::new();
    varint(&mut over, (identity.len() + MAX_BLOCK + 1) as u64);
    over.extend(identity);
    over.resize(over.len() + MAX_BLOCK + 1, 7);
    assert_eq!(
        read_car(&car(&over), 1 << 20),
        Err(CarError::BlockTooLarge {
            size: MAX_BLOCK as u64 + 1,
            limit: MAX_BLOCK
        })
    );
    for header in [
        &b"\x00"[..],
        b"\xff\xff\xff\xff\x0f",
        b"<!DOCTYPE html>",
        b"{\"error\":",
        b"\x01\xa0",
        b"\x0a\xa1gversion\x01",
        b"\x11\xa2eroots\x80gversion\x03",
        b"\x11\xa2eroots\x80eroots\x80...",
        b"\x0d\xa2eroots\x9b\xff\xff\xff\xff\xff",
    ] {
        // Neither more bytes nor the end of input makes it a valid header.
        let padded = [header, &[0; 200]].concat();
        assert!(
            matches!(read_car(&padded, 5), Err(CarError::Header(_))),
            "{header:?}: {:?}",
            read_car(&padded, 5)
        );
    }
}

#[test]
fn an_error_of_a_car_stays() {
    let mut reader = CarReader::new(CarLimits::default());
    reader.push(Bytes::from([b'<'; 100].to_vec()));
    let error = reader.next().unwrap_err();
    reader.push(car::header(&cid_v1(RAW, &[0; 32])));
    assert_eq!(reader.next(), Err(error.clone()));
    assert_eq!(reader.finish(), Err(error));
}

#[test]
fn a_car_in_a_car_of_version_2_is_read() {
    let (inner, count) = small_car();
    let mut outer = b"\x0a\xa1gversion\x02".to_vec();
    outer.extend([0; 16]);
    let padding = 13;
    for number in [
        51 + padding,
        inner.len() as u64,
        51 + padding + inner.len() as u64,
    ] {
        outer.extend(number.to_le_bytes());
    }
    outer.extend([0xee; 13]);
    outer.extend(&inner);
    let whole = outer.len();
    outer.extend(b"an index that nobody reads");
    for chunk in [1, 10, 100_000, outer.len()] {
        assert_eq!(read_car(&outer, chunk).map(|got| got.len()), Ok(count));
        assert_eq!(
            read_car(&outer[..whole], chunk).map(|got| got.len()),
            Ok(count)
        );
        assert_eq!(
            read_car(&outer[..whole - 1], chunk),
            Err(CarError::Truncated)
        );
        assert_eq!(
            read_car_by_turns(&outer, chunk).map(|got| got.len()),
            Ok(count)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever happens to a CAR in transit, the fetch ends with the right bytes or with an error.
    #[test]
    fn a_car_that_is_tampered_with_gives_no_wrong_byte(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        chunk in 1..5000usize,
    ) {
        let car = include_bytes!("vectors/foreign/tree-sharded.car");
        let root = read_car(car, car.len()).unwrap()[0].0;
        let (_, right) = fetch(root, car, 4096).unwrap();
        let mut tampered = car.to_vec();
        for (at, bits) in flips {
            let at = at.index(car.len());
            tampered[at] ^= bits;
        }
        if let Some(cut) = cut {
            tampered.truncate(cut.index(car.len()));
        }
        if let Ok((_, bytes)) = fetch(root, &tampered, chunk) {
            prop_assert_eq!(bytes, right);
        }
    }

    /// Nodes that are almost valid break neither the decoder nor a walk, which relies on their
    /// hashes having been verified.
    #[test]
    fn nodes_that_are_tampered_with_are_no_disaster(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 0..3),
        which in any::<prop::sample::Index>(),
        sharded in any::<bool>(),
    ) {
        let car: &[u8] = if sharded {
            include_bytes!("vectors/foreign/tree-sharded.car")
        } else {
            include_bytes!("vectors/foreign/trickle-v0.car")
        };
        let mut blocks = read_car(car, car.len()).unwrap();
        let which = which.index(blocks.len());
        let mut bytes = blocks[which].1.to_vec();
        // An empty file's leaf has nothing to flip.
        if !bytes.is_empty() {
            for (at, bits) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
        }
        let bytes = Bytes::from(bytes);
        check_node(&bytes)?;
        blocks[which].1 = bytes;
        let mut walk = Walk::new(blocks[0].0, Limits::default());
        for (cid, bytes) in blocks {
            if walk.accept(cid, bytes).is_err() {
                break;
            }
            prop_assert!(walk.resume_point().is_some() || walk.is_done());
            let blocks = walk.blocks();
            let again = Walk::resume(blocks[0].cid, Limits::default(), blocks).unwrap();
            prop_assert_eq!(again.next_cid(), walk.next_cid());
            prop_assert_eq!(again.resume_point(), walk.resume_point());
        }
    }

    /// No input breaks the decoder of nodes.
    #[test]
    fn garbage_is_no_node_and_no_disaster(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        check_node(&bytes)?;
        let _ = read_car(&bytes, 17);
    }
}

/// Checks that if the bytes are a node, its record yields the same bytes and the same node.
fn check_node(bytes: &Bytes) -> Result<(), TestCaseError> {
    if let Ok(node) = unixfs::decode(bytes) {
        let (block, data) = node.split(cid_v1(DAG_PB, &[0; 32]), bytes);
        prop_assert_eq!(
            [&block.prefix[..], &data, &block.suffix].concat(),
            &bytes[..]
        );
        prop_assert_eq!(unixfs::decode_recorded(&block), Ok(node));
    }
    Ok(())
}

#[test]
fn a_directory_of_small_files_is_asked_for_at_once() {
    let point = |files: &[(String, u64)], have: usize| {
        let (dag, _) = directory(files, Profile::UnixfsV1_2025);
        let walk = Walk::resume(dag.root, Limits::default(), &dag.blocks[..have]);
        let point = walk.expect("recorded").resume_point().expect("not whole");
        (point.file == dag.root, point.path)
    };
    let small: Vec<_> = (0..50).map(|n| (format!("{n:02}"), 20_000)).collect();
    assert_eq!(point(&small, 26), (true, String::new()));
    // Near the end the remaining bytes cost less.
    assert_eq!(point(&small, 49), (false, "48".to_owned()));
    let large: Vec<_> = (0..5).map(|n| (n.to_string(), 1_000_000)).collect();
    assert_eq!(point(&large, 3), (false, "2".to_owned()));
    assert_eq!(point(&large, 0), (true, String::new()));
}

// ZIP.

/// A source of zeros of any length.
#[derive(Clone)]
struct Zeros(u64);

impl Source for Zeros {
    fn len(&self) -> u64 {
        self.0
    }
    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        async move { Ok(vec![0; (range.end - range.start) as usize].into()) }.boxed_local()
    }
    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let read = self.read(range);
        async move { Ok(digest(&[&prefix, &read.await?, &suffix])) }.boxed_local()
    }
}

/// A ZIP file as a map of its pieces by their offsets. It can be read at any offset outside the
/// slices.
struct Zipped<S> {
    pieces: BTreeMap<u64, Piece<S>>,
    len: u64,
}

impl<S: Source> Zipped<S> {
    fn of(dag: &Dag, source: &S) -> Self {
        let checksums = now(zip::checksums(dag, source, |_| {})).expect("readable");
        let mut len = 0;
        let mut pieces = BTreeMap::new();
        for piece in zip::pieces(dag, source, &checksums) {
            let start = len;
            len += piece.len();
            pieces.insert(start, piece);
        }
        Self { pieces, len }
    }

    fn bytes(&self, at: u64, len: usize) -> Vec<u8> {
        match self.pieces.range(..=at).next_back() {
            Some((start, Piece::Bytes(bytes))) => {
                let from = (at - start) as usize;
                bytes[from..from + len].to_vec()
            }
            _ => panic!("there are no own bytes at {at} of {}", self.len),
        }
    }

    fn number(&self, at: u64, len: usize) -> u64 {
        let bytes = self.bytes(at, len);
        bytes
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte))
    }

    /// The slice of the source at an offset.
    fn slice(&self, at: u64) -> Option<Range<u64>> {
        match self.pieces.get(&at) {
            Some(Piece::Slice(_, range)) => Some(range.clone()),
            _ => None,
        }
    }

    /// The name, checksum and slice of every file, found from the end of the ZIP file as an
    /// unzipper finds them.
    fn files(&self) -> Vec<(String, u32, Option<Range<u64>>)> {
        let end = self.len - 22;
        assert_eq!(self.bytes(end, 4), b"PK\x05\x06");
        let mut count = self.number(end + 10, 2);
        let mut at = self.number(end + 16, 4);
        if count == 0xffff || at == 0xffff_ffff {
            assert_eq!(self.bytes(end - 20, 4), b"PK\x06\x07");
            let end_64 = self.number(end - 12, 8);
            assert_eq!(self.bytes(end_64, 4), b"PK\x06\x06");
            count = self.number(end_64 + 32, 8);
            at = self.number(end_64 + 48, 8);
        }
        let mut files = Vec::new();
        for _ in 0..count {
            assert_eq!(self.bytes(at, 4), b"PK\x01\x02");
            let (name, extra) = (self.number(at + 28, 2), self.number(at + 30, 2));
            let crc = self.number(at + 16, 4) as u32;
            let mut len = self.number(at + 24, 4);
            let mut local = self.number(at + 42, 4);
            let mut more = at + 46 + name + 4;
            if len == 0xffff_ffff {
                len = self.number(more, 8);
                assert_eq!(self.number(more + 8, 8), len);
                more += 16;
            }
            if local == 0xffff_ffff {
                local = self.number(more, 8);
            }
            let path = String::from_utf8(self.bytes(at + 46, name as usize)).expect("UTF-8");
            assert_eq!(self.bytes(local, 4), b"PK\x03\x04", "{path}");
            assert_eq!(self.bytes(local + 30, name as usize), path.as_bytes());
            assert_eq!(self.number(local + 14, 4) as u32, crc);
            let data = local + 30 + name + self.number(local + 28, 2);
            let slice = (len > 0).then(|| self.slice(data)).flatten();
            assert_eq!(slice.as_ref().map_or(0, |s| s.end - s.start), len, "{path}");
            files.push((path, crc, slice));
            at += 46 + name + extra;
        }
        files
    }
}

#[test]
fn a_directory_is_zipped() {
    let files = [
        ("a/语言.txt".to_owned(), 9),
        ("empty".to_owned(), 0),
        ("b".to_owned(), 3_000_000),
    ];
    let (dag, body) = directory(&files, Profile::default());
    let found = Zipped::of(&dag, &Memory(body.clone())).files();
    assert_eq!(found.len(), 3);
    for (file, (path, crc, slice)) in dag.files.iter().zip(found) {
        assert_eq!(path, file.path);
        let range = slice.unwrap_or(file.offset..file.offset);
        assert_eq!(range, file.offset..file.offset + file.len, "{path}");
        let bytes = &body[range.start as usize..range.end as usize];
        assert_eq!(crc, crc32fast::hash(bytes), "{path}");
    }
}

#[test]
fn many_files_are_zipped() {
    let dag = Dag {
        root: cid_v1(DAG_PB, &[0; 32]),
        blocks: Vec::new(),
        files: (0..70_000)
            .map(|n| DagFile {
                path: format!("{n}"),
                offset: n,
                len: 1,
            })
            .collect(),
    };
    let found = Zipped::of(&dag, &Zeros(70_000)).files();
    assert_eq!(found.len(), 70_000);
    assert_eq!(
        found[69_999],
        ("69999".to_owned(), 0xd202_ef8d, Some(69_999..70_000))
    );
}

/// Ignored because the checksums alone read 5 GiB. Run it with `cargo test --test content --
/// --ignored`.
#[test]
#[ignore = "takes 10 s and more"]
fn large_files_are_zipped() {
    const GIB: u64 = 1 << 30;
    let file = |path: &str, offset, len| DagFile {
        path: path.to_owned(),
        offset,
        len,
    };
    let dag = Dag {
        root: cid_v1(DAG_PB, &[0; 32]),
        blocks: Vec::new(),
        files: vec![
            file("a", 0, 1),
            file("b", 1, 5 * GIB),
            file("c", 5 * GIB + 1, 1),
        ],
    };
    let found = Zipped::of(&dag, &Zeros(5 * GIB + 2)).files();
    let slices: Vec<_> = found
        .into_iter()
        .map(|(path, _, slice)| (path, slice))
        .collect();
    for (file, (path, slice)) in dag.files.iter().zip(&slices) {
        assert_eq!(path, &file.path);
        assert_eq!(slice, &Some(file.offset..file.offset + file.len), "{path}");
    }
}

#[test]
fn a_zip_file_is_made_while_its_files_come() {
    use std::io::Read as _;
    let files: [(&str, usize); 5] = [
        ("a.txt", 10),
        ("ü/empty", 0),
        ("ü/nothing/", 0),
        ("large.bin", 3_000_000),
        ("100%.txt", 1),
    ];
    let bytes_of = |len: usize| -> Vec<u8> { (0..len).map(|n| (n * 7 % 251) as u8).collect() };
    let mut stream = zip::Stream::default();
    let mut made = Vec::new();
    for (path, len) in files {
        made.extend(stream.begin(path));
        for piece in bytes_of(len).chunks(70_000) {
            stream.take(piece);
            made.extend(piece);
        }
    }
    made.extend(stream.end());
    let mut read = ::zip::ZipArchive::new(std::io::Cursor::new(&made)).expect("a ZIP file");
    assert_eq!(read.len(), files.len());
    for (at, (path, len)) in files.into_iter().enumerate() {
        let mut file = read.by_index(at).expect("readable");
        assert_eq!((file.name(), file.is_dir()), (path, path.ends_with('/')));
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("its checksum is right");
        assert!(bytes == bytes_of(len), "{path}");
    }
    // Nothing was shared.
    let nothing = zip::Stream::default().end();
    let read = ::zip::ZipArchive::new(std::io::Cursor::new(&nothing)).expect("a ZIP file");
    assert!(read.is_empty());
}
