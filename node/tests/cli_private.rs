//! Private shares from the command line, through a real node: who has the link gets the file, and nobody else gets
//! anything of it.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use fluence::private::record::{HEADER, RECORD};
use serde_json::{Value, json};
use support::{Fluence, World, bytes, fluence, get, output};

const MIB: usize = 1024 * 1024;

/// The CID and the key in the link of a private share.
fn parts(link: &str) -> (String, String) {
    let (cid, key) = link.split_once('#').expect("a key");
    assert_eq!(key.len(), 22, "{link}");
    let cid = cid.strip_prefix("fluence:").expect("a link of ours");
    (cid.to_owned(), key.to_owned())
}

/// All files below a directory, with their paths.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            found.push((path, bytes));
        }
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The bytes of a key.
fn key_bytes(key: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(key).unwrap()
}

/// Fails if a file below the directory has one of the secrets in it or in its path. There must be files.
#[track_caller]
fn knows_nothing(directory: &Path, secrets: &[&[u8]]) {
    let files = files(directory);
    assert!(!files.is_empty(), "{directory:?}");
    for (path, bytes) in files {
        let inside = path.strip_prefix(directory).unwrap();
        for secret in secrets {
            let told = || String::from_utf8_lossy(secret).into_owned();
            assert!(!contains(&bytes, secret), "{path:?} has {}", told());
            let name = inside.as_os_str().as_encoded_bytes();
            assert!(!contains(name, secret), "{path:?} is called {}", told());
        }
    }
}

/// Fetches a link into a new directory; returns what was told of it.
#[track_caller]
fn fetch(world: &World, state: &str, link: &str, to: &Path) -> Value {
    fs::create_dir_all(to).unwrap();
    let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let fetch = world.client::<&OsStr>(state, "fetch", &args);
    let fetched = fetch.event("fetched");
    fetch.succeeds();
    fetched
}

/// Runs the script in Python, which shares no code with this program, with these bytes on its standard input. Returns what it
/// prints if it succeeds, and nothing if it refuses; `None` if it cannot run here.
fn python(args: &[&OsStr], body: &[u8]) -> Option<Result<Vec<u8>, ()>> {
    const MISSING: i32 = 77;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/private/private.py");
    let python = Command::new("python3")
        .arg(script)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let ended = python.ok().map(|mut python| {
        let mut stdin = python.stdin.take().unwrap();
        let body = body.to_owned();
        std::thread::spawn(move || stdin.write_all(&body));
        python.wait_with_output().unwrap()
    });
    let code = ended
        .as_ref()
        .map_or(Some(MISSING), |ended| ended.status.code());
    if code == Some(MISSING) {
        let why = "python3, and its package cryptography or Node.js, are needed";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("not checked by another implementation: {why}");
        return None;
    }
    ended.map(|ended| match ended.status.success() {
        true => Ok(ended.stdout),
        false => Err(()),
    })
}

/// Opens a body with the script, which must succeed.
fn by_python(what: &str, key: &str, body: &[u8]) -> Option<Vec<u8>> {
    python(&[what.as_ref(), key.as_ref()], body).map(Result::unwrap)
}

#[test]
fn who_has_the_link_gets_the_file_and_nobody_else_anything_of_it() {
    let world = World::new();
    for (number, (name, len)) in [
        ("nothing-in-it.txt", 0),
        ("отпуск 2026 🏖.jpg", 3000),
        ("large-and-secret.bin", 5 * MIB + 17),
    ]
    .into_iter()
    .enumerate()
    {
        fs::create_dir(world.path(&format!("in{number}"))).unwrap();
        let path = world.file(&format!("in{number}/{name}"), len);
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|who| format!("{who}{number}"));
        let args = ["--private".as_ref(), "-vv".as_ref(), path.as_os_str()];
        let share = world.client::<&OsStr>(&alice, "share", &args);
        let shared = share.event("shared");
        let link = shared["link"].as_str().unwrap().to_owned();
        let (cid, key) = parts(&link);
        assert_eq!(
            (&shared["name"], &shared["size"]),
            (&json!(name), &json!(len))
        );
        // Only a page that decrypts could open it, which a node has if `cargo xtask build` came before it.
        let (status, _) = get(&world.http, "/");
        let web = (status == 200).then(|| format!("{}/#{cid}&key={key}", world.http));
        assert_eq!(shared["web"], json!(web));
        assert_eq!(shared["cid"], json!(cid));

        // This fetch goes on to provide what it has, so that its directory stays.
        let folder = world.path(&format!("out{number}"));
        fs::create_dir(&folder).unwrap();
        let args = ["--provide", "-vv", &link, "-o", folder.to_str().unwrap()];
        let provider = world.client(&bob, "fetch", &args);
        let fetched = provider.event("fetched");
        assert_eq!(
            (&fetched["name"], &fetched["size"]),
            (&json!(name), &json!(len))
        );
        assert_eq!(fetched["path"], json!(folder.join(name)));
        assert!(fs::read(folder.join(name)).unwrap() == bytes(len));
        let there: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(there.len(), 1, "nothing else is left");

        // Without the key it is the bytes that are stored, and nothing says what they are.
        let body = world.path(&format!("body{number}"));
        let args = [cid.as_ref(), "-o".as_ref(), body.as_os_str()];
        let keyless = world.client::<&OsStr>(&carol, "fetch", &args);
        keyless.event("fetched");
        let warned = keyless.event("warning");
        assert_eq!(warned["code"], "lacks_key", "{warned}");
        assert!(!keyless.story().contains(name));
        keyless.succeeds();
        let body = fs::read(&body).unwrap();

        let plain = bytes(len);
        let mut secrets = vec![name.as_bytes(), key.as_bytes()];
        let raw = key_bytes(&key);
        secrets.push(&raw);
        if len > 0 {
            secrets.extend([&plain[100..164], &plain[len - 64..]]);
        }
        assert!(secrets.iter().all(|secret| !contains(&body, secret)));
        for state in ["node", &alice, &bob] {
            knows_nothing(&world.path(state), &secrets);
        }
        let told = |who: &Fluence, what: &str| who.story().matches(what).count();
        assert_eq!(told(&world.node, &key) + told(&world.node, name), 0);
        let links = 1 + usize::from(shared["web"].is_string());
        assert_eq!(
            told(&share, &key),
            links,
            "it is in the links alone: {}",
            share.story()
        );
        assert_eq!(told(&provider, &key), 0, "{}", provider.story());

        if let Some(listed) = by_python("list", &key, &body) {
            let entries: Value = serde_json::from_slice(&listed).unwrap();
            let entry = &entries.as_array().unwrap()[0];
            assert_eq!(
                (&entry["path"], &entry["size"]),
                (&json!(name), &json!(len))
            );
            assert_eq!(entry["owner"], json!([0, 0, "", "", 0]));
            let media_type = ["text/plain", "image/jpeg", "application/octet-stream"][number];
            assert_eq!(entry["type"], media_type);
            use sha2::Digest;
            let digest: String = sha2::Sha256::digest(&plain)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(entry["sha256"], digest);
        }
    }
}

#[test]
fn a_folder_is_one_archive_and_becomes_a_folder() {
    let world = World::new();
    let folder = world.path("secret-holiday");
    fs::create_dir_all(folder.join("a/deep er")).unwrap();
    fs::create_dir_all(folder.join("nothing/in it")).unwrap();
    let long = format!("{}.txt", "я".repeat(98));
    let contents = [
        ("z.bin", 3 * MIB),
        ("a/empty", 0),
        ("a/deep er/ü.txt", 10),
        (&long, 511),
        (".hidden", 1),
    ];
    for (name, len) in contents {
        fs::write(folder.join(name), bytes(len)).unwrap();
    }
    let (share, link) = world.share("alice", &["--private".as_ref(), folder.as_os_str()]);
    let fetched = fetch(&world, "bob", &link, &world.path("copies"));
    assert_eq!(fetched["name"], "secret-holiday");
    let to = world.path("copies/secret-holiday");
    for (name, len) in contents {
        assert!(fs::read(to.join(name)).unwrap() == bytes(len), "{name}");
    }
    assert!(to.join("nothing/in it").is_dir());
    assert_eq!(fs::read_dir(world.path("copies")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(world.path("bob/work")).unwrap().count(), 0);
    let (_, key) = parts(&link);
    let secrets: [&[u8]; 3] = [b"secret-holiday", b"deep er", key.as_bytes()];
    for state in ["node", "alice"] {
        knows_nothing(&world.path(state), &secrets);
    }
    // It is never mixed with another one, and not written to standard output.
    let (copies, dash) = (world.path("copies"), PathBuf::from("-"));
    for (to, code) in [(&copies, "exists"), (&dash, "usage")] {
        let args = ["fetch", "--node", &world.tcp, &link, "--force", "-o"];
        let mut command = fluence(&world.path("carol"));
        let ended = output(command.args(args).arg(to));
        assert!(!ended.status.success());
        let said = [ended.stdout, ended.stderr].concat();
        assert!(
            contains(&said, code.as_bytes()),
            "{}",
            String::from_utf8_lossy(&said)
        );
    }
    drop(share);
}

/// The body of a private share, as whoever has no key gets it.
#[track_caller]
fn body_of(world: &World, link: &str, to: &str) -> Vec<u8> {
    let (cid, _) = parts(link);
    let to = world.path(to);
    let args = [
        cid.as_ref(),
        "--force".as_ref(),
        "-o".as_ref(),
        to.as_os_str(),
    ];
    world.client::<&OsStr>("keyless", "fetch", &args).succeeds();
    fs::read(to).unwrap()
}

/// The body of a private share, changed in every way that a record, the order, the end and the header can be.
fn tampered(sealed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (header, rest) = sealed.split_at(HEADER);
    let records: Vec<&[u8]> = rest.chunks(RECORD as usize).collect();
    let (last, middle) = (records.len() - 1, records.len() / 2);
    let whole = |records: &[&[u8]]| [header, &records.concat()].concat();
    let flipped = |at: usize| {
        let mut body = sealed.to_vec();
        body[at] ^= 1;
        body
    };
    let in_record = |number: usize| flipped(HEADER + number * RECORD as usize + 9);
    let (mut swapped, mut without, mut twice) = (records.clone(), records.clone(), records.clone());
    swapped.swap(middle, middle + 1);
    without.remove(middle);
    twice.insert(middle, records[middle]);
    vec![
        ("salt", flipped(3)),
        ("record size", flipped(18)),
        ("key id", flipped(HEADER - 1)),
        ("first record", in_record(0)),
        ("middle record", in_record(middle)),
        ("last record", in_record(last)),
        ("last tag", flipped(sealed.len() - 1)),
        ("order", whole(&swapped)),
        ("a record less", whole(&without)),
        ("a record twice", whole(&twice)),
        ("cut between records", whole(&records[..middle])),
        ("without the last record", whole(&records[..last])),
        ("cut within a record", sealed[..sealed.len() - 1].to_vec()),
        ("nothing but the header", header.to_vec()),
        ("longer", [sealed, b"more"].concat()),
    ]
}

#[test]
fn nothing_is_saved_or_printed_of_what_was_tampered_with() {
    let world = World::new();
    let path = world.file("secret.bin", 17 * MIB);
    let (_share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    let (_, key) = parts(&link);
    let sealed = body_of(&world, &link, "body");
    let out = world.path("out");
    fs::create_dir(&out).unwrap();
    for (about, body) in tampered(&sealed) {
        let path = world.path("changed.bin");
        fs::write(&path, &body).unwrap();
        let (_changed, changed) = world.share("mallory", &[&path]);
        let link = format!("{changed}#{key}");
        let args = [link.as_ref(), "-o".as_ref(), out.as_os_str()];
        let (code, error) = world.client::<&OsStr>("bob", "fetch", &args).fails();
        assert_eq!((code, &error["code"]), (5, &json!("not_opened")), "{about}");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "{about}");
        let mut command = fluence(&world.path("carol"));
        command.args(["fetch", "--node", &world.tcp, &link, "-o", "-"]);
        let printed = output(&mut command);
        assert!(!printed.status.success(), "{about}");
        assert_eq!(printed.stdout.len(), 0, "{about}: it was printed");
        let refused = python(&["open".as_ref(), key.as_ref()], &body);
        assert!(refused.is_none_or(|opened| opened.is_err()), "{about}");
    }
    let opened = by_python("open", &key, &sealed);
    assert!(opened.is_none_or(|archive| contains(&archive, &bytes(17 * MIB)[MIB..MIB + 64])));
}

#[test]
fn another_implementation_reads_folders_and_writes_what_is_read_here() {
    let world = World::new();
    let folder = world.path("Ferien 🏖");
    fs::create_dir_all(folder.join("in/nothing")).unwrap();
    let long = format!("{}.txt", "я".repeat(60));
    let contents = [("z.bin", 200_000), ("in/empty", 0), (long.as_str(), 511)];
    for (name, len) in contents {
        fs::write(folder.join(name), bytes(len)).unwrap();
    }
    let is_there = |to: &Path| {
        for (name, len) in contents {
            assert!(fs::read(to.join(name)).unwrap() == bytes(len), "{name}");
        }
        assert!(to.join("in/nothing").is_dir());
    };
    // Read by it.
    let (_share, link) = world.share("alice", &["--private".as_ref(), folder.as_os_str()]);
    let (_, key) = parts(&link);
    let body = body_of(&world, &link, "body");
    let Some(listed) = by_python("list", &key, &body) else {
        return;
    };
    let entries: Vec<Value> = serde_json::from_slice(&listed).unwrap();
    for (name, len) in contents {
        let path = json!(format!("Ferien 🏖/{name}"));
        let entry = entries.iter().find(|entry| entry["path"] == path);
        assert_eq!(entry.unwrap()["size"], len, "{name}");
    }
    let nothing = json!("Ferien 🏖/in/nothing");
    assert!(
        entries
            .iter()
            .any(|entry| entry["path"] == nothing && entry["folder"] == true)
    );
    // Written by it: a folder, a file of some records, and one without bytes.
    let key = "AQIDBAUGBwgJCgsMDQ4PEA";
    let (large, empty) = (world.file("large.bin", 300_000), world.file("empty", 0));
    for (number, path) in [&folder, &large, &empty].into_iter().enumerate() {
        let args = ["seal".as_ref(), key.as_ref(), path.as_os_str()];
        let sealed = python(&args, b"").unwrap().unwrap();
        let body = world.path(&format!("by python {number}"));
        fs::write(&body, sealed).unwrap();
        let (_share, link) = world.share("carol", &[&body]);
        let to = world.path(&format!("to {number}"));
        fetch(&world, "bob", &format!("{link}#{key}"), &to);
        let name = path.file_name().unwrap();
        match number {
            0 => is_there(&to.join(name)),
            _ => assert!(fs::read(to.join(name)).unwrap() == fs::read(path).unwrap()),
        }
    }
}

#[test]
fn several_files_together_are_one_archive_and_each_share_is_its_own() {
    let world = World::new();
    let [a, b] = ["a.bin", "b.bin"].map(|name| world.file(name, 100_000));
    let together = [
        "--private".as_ref(),
        "--together".as_ref(),
        "--name".as_ref(),
        "both".as_ref(),
        a.as_os_str(),
        b.as_os_str(),
    ];
    let (_share, link) = world.share("alice", &together);
    fetch(&world, "bob", &link, &world.path("copies"));
    for name in ["both/a.bin", "both/b.bin"] {
        let copy = fs::read(world.path("copies").join(name)).unwrap();
        assert!(copy == bytes(100_000), "{name}");
    }
    // The same file twice in one command, and once more in another.
    let twice = ["--private".as_ref(), a.as_os_str(), a.as_os_str()];
    let share = world.client::<&OsStr>("carol", "share", &twice);
    let first = share.event("shared")["link"].as_str().unwrap().to_owned();
    let second = share.event("shared")["link"].as_str().unwrap().to_owned();
    let (_other, third) = world.share("dave", &["--private".as_ref(), a.as_os_str()]);
    let links = [first, second, third].map(|link| parts(&link));
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        assert_ne!(
            links[one].0, links[other].0,
            "the hash says which file it is"
        );
        assert_ne!(links[one].1, links[other].1);
    }
}

#[test]
fn a_wrong_key_fails_and_leaves_nothing() {
    let world = World::new();
    let path = world.file("secret.bin", 200_000);
    let (_share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    let (cid, key) = parts(&link);
    let out = world.path("out");
    fs::create_dir(&out).unwrap();
    let nothing = || assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    let fails = |link: &str| {
        let args = [link.as_ref(), "-o".as_ref(), out.as_os_str()];
        let fetch = world.client::<&OsStr>("bob", "fetch", &args);
        fetch.fails()
    };
    let wrong = if key.starts_with('A') { "B" } else { "A" };
    let (code, error) = fails(&format!("fluence:{cid}#{wrong}{}", &key[1..]));
    assert_eq!((code, &error["code"]), (5, &json!("not_opened")));
    assert_eq!(error["reason"], "wrong_key");
    nothing();
    assert_eq!(
        fs::read_dir(world.path("bob/work")).unwrap().count(),
        0,
        "nothing can come of it"
    );

    // A key that is none ends before anything is fetched, and is not repeated.
    for bad in ["", "x", &key[..21], &format!("{key}A")] {
        let (code, error) = fails(&format!("fluence:{cid}#{bad}"));
        assert_eq!((code, &error["code"]), (2, &json!("bad_link")), "{bad}");
        assert_eq!(error["reason"], "bad_key");
        assert!(bad.len() < 4 || !error.to_string().contains(bad), "{error}");
    }
    assert!(!world.path("bob/work").join(format!("fetch-{cid}")).exists());
    let (_, error) = fails(&format!("fluence:{}#{key}", &cid[1..]));
    assert!(!error.to_string().contains(&key[..4]), "{error}");

    // The key of another share, and a link of a plain file to which somebody added one.
    let plain = world.file("plain.bin", 200_000);
    let (_plain, plain) = world.share("carol", &[&plain]);
    let (code, error) = fails(&format!("{plain}#{key}"));
    assert_eq!((code, &error["code"]), (5, &json!("not_opened")));
    assert_eq!(error["reason"], "not_private");
    nothing();

    // The right key opens it still.
    let fetched = fetch(&world, "bob", &link, &out);
    assert_eq!(fetched["name"], "secret.bin");
}

#[test]
fn no_complaint_about_a_command_line_repeats_a_key() {
    let world = World::new();
    let key = "vu7uQ0zTVAkd9rNvFJ6hrA";
    let link = format!("fluence:bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku#{key}");
    // What somebody types who takes one command for another, or forgets one.
    for (args, code) in [
        (&["fetch", &link, &link][..], 2),
        (&[&link], 2),
        (&["fetch", "--wait", &link, &link], 2),
        (&["fetch", "--node", &link, &link], 2),
        (&["share", &link], 1),
        (&["share", "--profile", &link, "a"], 2),
        (&["hash", &link], 1),
        (&["call", "--node", &world.tcp, &link], 3),
        (&["call", &format!("see {link}")], 2),
        (&["provide", &format!("see {link}"), "--", "true"], 2),
    ] {
        for log in [
            "error",
            "fluence=trace,fluence_cli=trace,fluence_peer=trace",
        ] {
            let mut command = fluence(&world.path("state"));
            let ended = command.args(args).env("RUST_LOG", log).output().unwrap();
            assert_eq!(ended.status.code(), Some(code), "{args:?}: {ended:?}");
            let said = [ended.stdout, ended.stderr].concat();
            assert!(!said.is_empty(), "{args:?}");
            let text = String::from_utf8_lossy(&said);
            assert!(
                !text.contains(&key[..8]) && !text.contains(&key[8..]),
                "{text}"
            );
        }
    }
    knows_nothing(&world.path("state"), &[key.as_bytes()]);
}

#[test]
fn a_link_is_fetched_however_a_message_has_changed_it() {
    let world = World::new();
    let path = world.file("secret.bin", 3000);
    let (_share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    let (cid, key) = parts(&link);
    let (first, last) = key.split_at(10);
    for (number, link) in [
        format!("http://node.example/#{cid}&key={key}"),
        format!("Look: <http://node.example/#{cid}&key={key}>."),
        format!("fluence:{cid}%23{key}"),
        format!("fluence:{cid}#{first}\n{last}"),
    ]
    .into_iter()
    .enumerate()
    {
        let to = world.path(&format!("to{number}"));
        let fetched = fetch(&world, "bob", &link, &to);
        assert_eq!(fetched["name"], "secret.bin", "{link}");
        assert!(fs::read(to.join("secret.bin")).unwrap() == bytes(3000));
    }
    // What the page leaves in the address bar has no key, and is not fetched as something else.
    let link = format!("http://node.example/#{cid}&private");
    let (code, error) = world.client("bob", "fetch", &[&link]).fails();
    assert_eq!((code, &error["code"]), (2, &json!("bad_link")));
    assert_eq!(error["reason"], "bad_key");
    // A browser sends what it was made to send. The node says so, and writes nothing of it down.
    let (status, said) = get(&world.http, &format!("/%23{cid}&key={key}"));
    assert_eq!(status, 404);
    assert!(contains(&said, b"%23") && !contains(&said, key.as_bytes()));
    assert!(!world.node.story().contains(&key));
    knows_nothing(&world.path("node"), &[key.as_bytes()]);
}

#[test]
fn a_private_folder_that_is_no_longer_shared_leaves_nothing() {
    let world = World::new();
    let folder = world.path("secret-holiday");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.bin"), bytes(2 * MIB)).unwrap();
    let args = ["--private".as_ref(), folder.as_os_str()];
    let (share, link) = world.share("alice", &args);
    let (cid, _) = parts(&link);
    fetch(&world, "bob", &link, &world.path("copies"));
    assert!(world.is_stored(&cid));
    share.terminate();
    share.succeeds();
    assert!(!world.is_stored(&cid));
    assert_eq!(fs::read_dir(world.path("alice/work")).unwrap().count(), 0);
    // It is stopped before there is a link, too.
    let large = fs::File::create(folder.join("b.bin")).unwrap();
    large.set_len(2 << 30).unwrap();
    let share = world.client::<&OsStr>("dave", "share", &args);
    share.event_where("that it is being read", |event| {
        event["status"]["status"] == "hashing"
    });
    share.terminate();
    let (code, _) = share.fails();
    assert_eq!(code, 130);
    assert_eq!(fs::read_dir(world.path("dave/work")).unwrap().count(), 0);
}

#[test]
fn nothing_is_overwritten_unasked_and_standard_output_gets_the_file_alone() {
    let world = World::new();
    let path = world.file("secret.bin", 300_000);
    let (_share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    let to = world.path("out");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("secret.bin"), "old").unwrap();
    let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let (_, error) = world.client::<&OsStr>("bob", "fetch", &args).fails();
    assert_eq!(error["code"], "exists");
    assert_eq!(fs::read(to.join("secret.bin")).unwrap(), b"old");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    let args = [
        "--force".as_ref(),
        link.as_ref(),
        "-o".as_ref(),
        to.as_os_str(),
    ];
    world.client::<&OsStr>("bob", "fetch", &args).succeeds();
    assert!(fs::read(to.join("secret.bin")).unwrap() == bytes(300_000));

    let mut command = fluence(&world.path("carol"));
    command.args(["fetch", "--node", &world.tcp, &link, "-o", "-"]);
    let printed = output(&mut command);
    assert!(printed.status.success());
    assert!(printed.stdout == bytes(300_000));
    let said = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert!(!said.contains(&parts(&link).1), "{said}");
}

#[test]
fn a_killed_fetch_continues_where_it_was() {
    let world = World::new();
    let len = 192 * MIB;
    let path = world.file("secret.bin", len);
    let (_share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    let (cid, key) = parts(&link);
    let to = world.path("out");
    fs::create_dir(&to).unwrap();
    let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let mut first = world.client::<&OsStr>("bob", "fetch", &args);
    first.event_where("progress beyond what is synced at intervals", |event| {
        event["event"] == "progress" && event["progress"]["bytes"].as_u64() > Some(80 * MIB as u64)
    });
    first.kill();
    assert!(!to.join("secret.bin").exists(), "a part is never the whole");
    let part = bytes(len)[100..164].to_vec();
    let secrets: [&[u8]; 4] = [b"secret.bin", key.as_bytes(), &key_bytes(&key), &part];
    knows_nothing(&world.path("bob"), &secrets);
    let list = output(fluence(&world.path("bob")).args(["fetch", "--unfinished"]));
    let told: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(told["cid"], cid, "{told}");

    let before = world.counters(&cid)["served_bytes"].as_u64().unwrap();
    let second = world.client::<&OsStr>("bob", "fetch", &args);
    second.succeeds();
    assert!(fs::read(to.join("secret.bin")).unwrap() == bytes(len));
    let again = world.counters(&cid)["served_bytes"].as_u64().unwrap() - before;
    assert!(again < (len - 20 * MIB) as u64, "{again} bytes came again");
    let left: Vec<_> = fs::read_dir(&to).unwrap().map(Result::unwrap).collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_is_stopped_and_discarded_leaves_nothing() {
    let world = World::new();
    let path = world.file("secret.bin", 192 * MIB);
    let (_share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    let to = world.path("out");
    fs::create_dir(&to).unwrap();
    let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let left = || fs::read_dir(&to).unwrap().count();
    let begin = || {
        let fetch = world.client::<&OsStr>("bob", "fetch", &args);
        fetch.event_where("progress", |event| {
            event["event"] == "progress" && event["progress"]["bytes"].as_u64() > Some(1000)
        });
        fetch
    };
    let fetch = begin();
    fetch.terminate();
    let (code, _) = fetch.fails();
    assert_eq!((code, left()), (130, 0));
    begin().kill();
    let discard = ["fetch", "--discard", &link];
    assert!(
        output(fluence(&world.path("bob")).args(discard))
            .status
            .success()
    );
    assert_eq!(left(), 0);
    assert_eq!(fs::read_dir(world.path("bob/work")).unwrap().count(), 0);
}

#[test]
fn a_file_that_was_changed_is_not_served() {
    let world = World::new();
    let path = world.file("secret.bin", 2 * MIB);
    let (share, link) = world.share("alice", &["--private".as_ref(), path.as_os_str()]);
    fs::write(&path, bytes(2 * MIB + 1)).unwrap();
    let to = world.path("out");
    let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let (code, error) = world.client::<&OsStr>("bob", "fetch", &args).fails();
    assert!([3, 4].contains(&code), "{code} {error}");
    assert!(!to.exists());
    share.event_where("a failure because the file is gone", |event| {
        event.to_string().contains("file_gone")
    });
}

/// Somebody who listens at the line to a port of this computer, and hears what goes both ways.
struct Listener {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    fn at(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let hears = Arc::clone(&heard);
        // The threads end with the test, or with the connection.
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for (mut from, mut to) in [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ] {
                    let hears = Arc::clone(&hears);
                    thread::spawn(move || {
                        let mut piece = [0; 16 * 1024];
                        while let Ok(len @ 1..) = from.read(&mut piece) {
                            hears.lock().unwrap().extend_from_slice(&piece[..len]);
                            if to.write_all(&piece[..len]).is_err() {
                                break;
                            }
                        }
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { port: own, heard }
    }
}

#[test]
fn who_listens_at_the_line_to_a_node_hears_no_call() {
    let world = World::new();
    let port = world.tcp.split('/').nth(4).unwrap();
    let listener = Listener::at(port.parse().unwrap());
    let node = world.tcp.replace(port, &listener.port.to_string());
    for (number, private) in [false, true].into_iter().enumerate() {
        let name = "отпуск-2026.bin";
        fs::create_dir(world.path(&format!("in{number}"))).unwrap();
        let path = world.file(&format!("in{number}/{name}"), 700_000 + number);
        let at_node = |state: String, command: &str| {
            let mut fluence = fluence(&world.path(&state));
            fluence.args([command, "--node", &node]);
            fluence
        };
        let mut sharing = at_node(format!("alice{number}"), "share");
        sharing.args(private.then_some("--private")).arg(&path);
        let share = Fluence::start(&mut sharing);
        let link = share.event("shared")["link"].as_str().unwrap().to_owned();
        let folder = world.path(&format!("out{number}"));
        fs::create_dir(&folder).unwrap();
        let mut fetching = at_node(format!("bob{number}"), "fetch");
        fetching.args([&link, "-o"]).arg(&folder);
        let fetch = Fluence::start(&mut fetching);
        fetch.event("fetched");
        fetch.succeeds();

        let (cid, key) = link
            .trim_start_matches("fluence:")
            .split_once('#')
            .unwrap_or((link.trim_start_matches("fluence:"), "no key"));
        let heard = listener.heard.lock().unwrap();
        assert!(heard.len() > 10_000, "{}", heard.len());
        let plain = fs::read(&path).unwrap();
        for secret in [
            cid.as_bytes(),
            key.as_bytes(),
            name.as_bytes(),
            b"IPFS_",
            b"multiaddr",
            &plain[1000..1032],
        ] {
            assert!(
                !contains(&heard, secret),
                "{}",
                String::from_utf8_lossy(secret)
            );
        }
    }
}
