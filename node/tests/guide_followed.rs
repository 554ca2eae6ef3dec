//! docs/operating.md, followed to the letter: the commands of its steps, in their order, on a machine of its own. The machine
//! is made of namespaces, with another one as the internet; what such a machine lacks is stood in for, and named in
//! [`STAND_INS`]. It takes Linux and root; elsewhere the test is skipped, and says so.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{LONG, bytes, certificate, pebble};

/// What stands in for something that a server has and a namespace lacks: the program, and a script that does its work.
///
/// Beside these, the authority that gives the certificate is Pebble, and the DNS is Pebble's: there is no internet. Who
/// trusts Let's Encrypt has to be told to trust Pebble (`FLUENCE_CA`, `FLUENCE_ACME_DIRECTORY`, `CURL_CA_BUNDLE`).
const STAND_INS: [(&str, &str); 4] = [
    // The command was built before; the source directory has only what the guide installs from there.
    (
        "cargo",
        r#"
case "$*" in
    "xtask build") ;;
    "build --release --package fluence-cli") install -D "$BUILT" target/release/fluence ;;
    *) echo "nothing stands in for cargo $*"; exit 1 ;;
esac
"#,
    ),
    // Whoever runs this is root already.
    (
        "sudo",
        r#"
case "$1" in
    -u) user="$2"; shift 2; exec runuser -u "$user" -- "$@" ;;
    *) exec "$@" ;;
esac
"#,
    ),
    // The unit is run as its user, with its directory, umask, limit of files (or what may be had) and capabilities. What else shuts it in
    // (`ProtectSystem` and the like) is left out; `guide.rs` has systemd itself look at that.
    (
        "systemctl",
        r#"
unit=/etc/systemd/system/fluence.service
value() { sed -n "s/^$1=//p" "$unit"; }
start() {
    user="$(value User)"
    install -d -o "$user" -g "$user" -m "$(value StateDirectoryMode)" "/var/lib/$(value StateDirectory)"
    umask "$(value UMask)"
    ulimit -n "$(value LimitNOFILE)" 2>/dev/null || ulimit -n "$(ulimit -H -n)"
    right="$(value AmbientCapabilities | tr A-Z a-z | sed s/^cap_//)"
    env -i PATH=/usr/bin:/bin FLUENCE_CA="$AUTHORITY" ${ACME:+FLUENCE_ACME_DIRECTORY="$ACME"} \
        setpriv --reuid "$user" --regid "$user" --init-groups --no-new-privs --inh-caps "-all,+$right" \
        --ambient-caps "-all,+$right" --bounding-set "-all,+$right" $(value ExecStart) >>"$JOURNAL.out" 2>>"$JOURNAL" &
    echo $! >"$JOURNAL.pid"
}
signal() { kill "-$1" "$(cat "$JOURNAL.pid")"; }
case "$*" in
    "enable --now fluence") start ;;
    "reload fluence") test "$(value ExecReload)" = '/bin/kill -HUP $MAINPID'; signal HUP ;;
    "restart fluence") signal TERM; tail --pid="$(cat "$JOURNAL.pid")" -f /dev/null; start ;;
    *) echo "nothing stands in for systemctl $*"; exit 1 ;;
esac
"#,
    ),
    // buildah builds the image as podman does, and runs it as its user, with its command, in its root: without namespaces and
    // control groups, which few machines in a machine may make. So nothing publishes a port, and the one inside is used.
    (
        "podman",
        r#"
images() { buildah --root "$ROOT/images" --runroot "$ROOT/images.run" --storage-driver vfs "$@"; }
run() {
    images run --isolation chroot --volume "$ROOT/volume:/var/lib/fluence" --volume "$AUTHORITY:$AUTHORITY:ro" \
        --env FLUENCE_CA="$AUTHORITY" --env FLUENCE_ACME_DIRECTORY="$ACME" "$@"
}
case "$1" in
    build) shift; images bud --isolation chroot --pull-never "$@" ;;
    run)
        environment=()
        while [ $# -gt 1 ]; do
            [ "$1" != --env ] || environment+=(--env "$2")
            shift
        done
        container="$(images from --pull-never --name fluence "$1")"
        cp -a "$(images mount "$container")/var/lib/fluence" "$ROOT/volume"
        words='{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}{{range .OCIv1.Config.Cmd}}{{.}} {{end}}'
        run "${environment[@]}" "$container" -- $(images inspect --format "$words" "$container") >>"$JOURNAL.out" 2>>"$JOURNAL" &
        ;;
    exec) shift; container="$1"; shift; run "$container" -- "$@" ;;
    # There are no processes but those of this machine here.
    kill) test "$2 $4" = "--signal fluence"; pkill "-$3" -x fluence ;;
    *) echo "nothing stands in for podman $*"; exit 1 ;;
esac
"#,
    ),
];

/// What stands in for the images that the container file begins with, which come from a registry: one of this machine's own
/// shell and what else the file runs, with a `cargo` that has the command which was built before.
const IMAGES: &str = r#"
root="$ROOT/image"
mkdir -p "$root/etc" "$root/tmp" "$root/usr/sbin" "$root/usr/local/bin" "$root/var/lib"
ln -s usr/sbin "$root/sbin"
for program in sh install useradd "$BUILT"; do
    program="$(command -v "$program")"
    ldd "$program" | grep -o '/[^ ]*' | grep -v "^$BUILT" | while read -r library; do
        cp -L --parents "$library" "$root"
    done
    [ "$program" = "$BUILT" ] || cp -L "$program" "$root/usr/local/bin"
done
mkdir -p "$root/bin" && cp -L "$(command -v sh)" "$root/bin/sh"
echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
echo root:x:0: >"$root/etc/group"
touch "$root/etc/shadow" "$root/etc/gshadow"
echo USERGROUPS_ENAB yes >"$root/etc/login.defs"
cat >"$root/usr/local/bin/cargo" <<'END'
#!/bin/sh
test "$*" = "build --release --locked --package fluence-cli" && install -D built target/release/fluence
END
chmod 755 "$root/usr/local/bin/cargo"
strip -o built "$BUILT" 2>/dev/null || cp "$BUILT" built
images() { buildah --root "$ROOT/images" --runroot "$ROOT/images.run" --storage-driver vfs "$@"; }
container="$(images from scratch)"
images add --quiet "$container" "$root" /
images config --env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
sed -n 's/^FROM \([^ ]*\).*/\1/p' examples/operating/Containerfile | while read -r name; do
    images commit --quiet "$container" "docker.io/library/$name"
done
"#;

/// Makes the machine, whose address is 5.0.0.1, and the internet, which is 5.0.0.2, out of namespaces. In `$ROOT` are the
/// directories in which the machine's own are not to be changed.
const MACHINE: &str = r#"
set -euo pipefail
for program in curl ip runuser setpriv ss useradd; do
    command -v $program >/dev/null || { echo "$program is not installed" >&2; exit 1; }
done
for directory in /etc /var/lib /usr/local/bin; do
    mount --bind "$ROOT$directory" "$directory"
done
ip link set lo up
unshare --net sleep infinity &
export INTERNET=/proc/$!/ns/net
until [ "$(readlink $INTERNET)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add eth0 type veth peer name eth0 netns $!
ip address add 5.0.0.1/24 dev eth0
ip link set eth0 up
nsenter --net=$INTERNET ip address add 5.0.0.2/24 dev eth0
nsenter --net=$INTERNET ip link set eth0 up
nsenter --net=$INTERNET ip link set lo up
exec bash
"#;

/// Stands between the output of one command and that of the next; its exit code follows.
const END: char = '\u{1e}';

/// The machine, at which commands are given to a shell.
struct Machine {
    root: PathBuf,
    shell: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    said: String,
}

impl Machine {
    /// Makes the machine; `None`, and a word about it, where that cannot be done.
    fn new(root: &Path) -> Option<Self> {
        for (directory, from) in [
            ("etc", Some("/etc")),
            ("var/lib", None),
            ("usr/local/bin", None),
        ] {
            let own = root.join(directory);
            fs::create_dir_all(own.parent().unwrap()).unwrap();
            match from {
                Some(from) => {
                    let copied = Command::new("cp").arg("-a").arg(from).arg(&own).status();
                    if !copied.is_ok_and(|status| status.success()) {
                        eprintln!("skipped: {from} cannot be copied here, which takes root");
                        return None;
                    }
                }
                None => fs::create_dir(&own).unwrap(),
            }
            fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
        }
        // It may be a link, and what it leads to is this machine's own.
        let resolver = root.join("etc/resolv.conf");
        let _ = fs::remove_file(&resolver);
        fs::write(resolver, "nameserver 5.0.0.2\n").unwrap();
        let programs = root.join("programs");
        fs::create_dir(&programs).unwrap();
        for (name, script) in STAND_INS {
            let path = programs.join(name);
            fs::write(&path, format!("#!/bin/bash\nset -euo pipefail{script}")).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        // What the guide installs from the source directory.
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/operating");
        let source = root.join("source");
        fs::create_dir_all(source.join("examples/operating")).unwrap();
        for file in fs::read_dir(examples).unwrap() {
            let file = file.unwrap();
            let copy = source.join("examples/operating").join(file.file_name());
            fs::copy(file.path(), copy).unwrap();
        }
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "--net", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "bash", "-c", MACHINE])
            .current_dir(source)
            .env_clear()
            .env("ROOT", root)
            .env("HOME", root)
            .env("BUILT", env!("CARGO_BIN_EXE_fluence"))
            .env("AUTHORITY", "/etc/ca.pem")
            .env("ACME", "https://5.0.0.2:14000/dir")
            .env("JOURNAL", root.join("journal"))
            .env(
                "PATH",
                format!(
                    "{}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    programs.display()
                ),
            );
        let shell = unshare
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut shell = match shell {
            Ok(shell) => shell,
            Err(error) => {
                eprintln!("skipped: no machine can be made here: unshare: {error}");
                return None;
            }
        };
        let (sender, output) = channel();
        let mut stdout = shell.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = stdout.read(&mut buffer) {
                if sender.send(buffer[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut machine = Self {
            root: root.to_owned(),
            input: shell.stdin.take().unwrap(),
            shell,
            output,
            said: String::new(),
        };
        if machine.perform("true").is_none() {
            let mut why = String::new();
            let mut errors = machine.shell.stderr.take().unwrap();
            errors.read_to_string(&mut why).unwrap();
            eprintln!(
                "skipped: no machine can be made here, which takes root and a few programs: {why}"
            );
            return None;
        }
        Some(machine)
    }

    /// Gives a command to the shell; returns its exit code and what it printed, or `None` if the shell has ended.
    fn perform(&mut self, command: &str) -> Option<(i32, String)> {
        let line = format!("{{ {command}\n}} </dev/null 2>&1; printf '{END}%s{END}' $?\n");
        self.input.write_all(line.as_bytes()).ok()?;
        let end = Instant::now() + LONG;
        loop {
            let mut parts = self.said.splitn(3, END);
            if let (Some(said), Some(code), Some(rest)) = (parts.next(), parts.next(), parts.next())
            {
                let (said, code) = (said.to_owned(), code.parse().unwrap());
                self.said = rest.to_owned();
                return Some((code, said));
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{command} takes too long: {}", self.said);
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.said += &String::from_utf8_lossy(&bytes),
                Err(_) => assert!(!left.is_zero()),
            }
            if self.shell.try_wait().unwrap().is_some() && !self.said.contains(END) {
                return None;
            }
        }
    }

    /// Gives a command to the shell, which must succeed; returns what it printed.
    #[track_caller]
    fn run(&mut self, command: &str) -> String {
        let (code, said) = self.perform(command).unwrap();
        assert_eq!(code, 0, "{command}: {said}\n{}", self.story());
        said
    }

    /// The same, on the internet.
    #[track_caller]
    fn run_far(&mut self, command: &str) -> String {
        self.run(&format!("nsenter --net=$INTERNET {command}"))
    }

    /// Gives a command again until what it prints is as wanted.
    #[track_caller]
    fn run_until(&mut self, command: &str, is_wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LONG;
        loop {
            let (_, said) = self.perform(command).unwrap();
            if is_wanted(&said) {
                return said;
            }
            let is_over = Instant::now() >= end;
            assert!(!is_over, "{command}: {said}\n{}", self.story());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The log of the node, without what it prints.
    fn journal(&self) -> String {
        fs::read_to_string(self.root.join("journal")).unwrap_or_default()
    }

    /// All logs, for whoever looks at a failure.
    fn story(&self) -> String {
        let logs = ["names.log", "pebble.log", "share.log", "journal"].map(|name| {
            let log = fs::read_to_string(self.root.join(name));
            format!("{name}:\n{}", log.unwrap_or_default())
        });
        logs.join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // All processes of the machine end with the first one of it.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn guide() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    fs::read_to_string(path).unwrap()
}

/// The section of the guide with this heading.
fn section<'a>(guide: &'a str, heading: &str) -> &'a str {
    let (_, section) = guide.split_once(&format!("\n## {heading}\n")).unwrap();
    section.split("\n## ").next().unwrap()
}

/// The commands of a section, each a line of those that are set apart.
fn commands(section: &str) -> Vec<&str> {
    let commands = section.lines().filter_map(|line| line.strip_prefix("    "));
    commands.collect()
}

/// The command in the text of the guide that begins like this.
fn named<'a>(guide: &'a str, begin: &str) -> &'a str {
    let at = guide.find(&format!("`{begin}")).unwrap();
    guide[at + 1..].split('`').next().unwrap()
}

/// Starts the authority and the DNS on the internet. Whoever looks up a name is told the address of the machine, and the
/// authority looks at this port of it.
fn start_authority(machine: &mut Machine, [pebble, names]: &[PathBuf; 2], port: u16) {
    let root = machine.root.clone();
    certificate(&root, "5.0.0.2");
    // Where the node may read it.
    fs::copy(root.join("ca.pem"), root.join("etc/ca.pem")).unwrap();
    let config = json!({"pebble": {
        "listenAddress": "5.0.0.2:14000",
        "managementListenAddress": "5.0.0.2:15000",
        "certificate": root.join("fullchain.pem"),
        "privateKey": root.join("privkey.pem"),
        "httpPort": 80,
        "tlsPort": port,
        "retryAfter": {"authz": 1, "order": 1},
    }});
    fs::write(root.join("pebble.json"), config.to_string()).unwrap();
    machine.run(&format!(
        "nsenter --net=$INTERNET {} -dnsserver 5.0.0.2:53 -management 5.0.0.2:8055 -defaultIPv4 5.0.0.1 \
         -defaultIPv6 '' -http01 '' -https01 '' -tlsalpn01 '' -doh '' >$ROOT/names.log 2>&1 &",
        names.display()
    ));
    machine.run(&format!(
        "PEBBLE_VA_NOSLEEP=1 nsenter --net=$INTERNET {} -config $ROOT/pebble.json -dnsserver 5.0.0.2:53 \
         >$ROOT/pebble.log 2>&1 &",
        pebble.display()
    ));
    let ask = "nsenter --net=$INTERNET curl --silent --show-error --cacert $ROOT/ca.pem https://5.0.0.2:15000/roots/0";
    let trusted = machine.run_until(ask, |said| said.contains("-----END CERTIFICATE-----"));
    fs::write(root.join("roots.pem"), trusted).unwrap();
    machine.run("export CURL_CA_BUNDLE=$ROOT/roots.pem");
}

#[test]
fn the_guide_leads_from_an_empty_machine_to_a_node() {
    let Some(programs) = pebble() else { return };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let Some(mut machine) = Machine::new(root) else {
        return;
    };
    start_authority(&mut machine, &programs, 443);
    let guide = guide();
    let photograph = bytes(300_000);
    fs::write(root.join("source/holiday.jpg"), &photograph).unwrap();
    let (mut status, mut ready, mut link) = (None, None, None);
    for command in commands(section(&guide, "In ten minutes")) {
        if command.starts_with("fluence share ") {
            // “From another machine”. It goes on to share.
            machine.run_far(&format!(
                "env FLUENCE_CA=$ROOT/roots.pem {command} >$ROOT/share.log 2>&1 &"
            ));
            let said = machine.run_until("cat $ROOT/share.log", |said| said.contains("fluence:"));
            link = said
                .split_whitespace()
                .find_map(|word| word.strip_prefix("fluence:"))
                .map(str::to_owned);
        } else if command.contains(" node status") {
            // “Says `ready yes` once it has its certificate, which takes a few seconds.”
            let is_ready = |said: &str| {
                let mut lines = said.lines().map(str::split_whitespace);
                lines.any(|words| words.eq(["ready", "yes"]))
            };
            status = Some((command, machine.run_until(command, is_ready)));
        } else if command.starts_with("curl ") {
            ready = Some((command, machine.run(&format!("{command} --silent"))));
        } else {
            machine.run(command);
        }
        if command.ends_with(" /etc/fluence/node.toml") {
            // “Write your host name …, and say how much of the disk others may fill.” The name is that of the guide here.
            let change = "sed -i -e s/50GB/1GB/ -e s/2GB/1MB/ /etc/fluence/node.toml";
            machine.run(change);
        }
    }
    let (status_command, status) = status.expect("the status was asked for");
    let says = |status: &str, what: &str| {
        let line = status.lines().find(|line| line.starts_with(what));
        line.unwrap_or_else(|| panic!("no {what} in {status}"))
            .to_owned()
    };
    let addresses = says(&status, "addresses");
    assert!(
        addresses.ends_with("/dns/node.example.org/tcp/443/tls/ws /dns/node.example.org/tcp/4101"),
        "{addresses}"
    );
    assert!(
        says(&status, "HTTP").ends_with(" https://node.example.org"),
        "{status}"
    );
    assert!(says(&status, "storage").contains(" of 1 GB "), "{status}");
    let (ready_command, ready) = ready.expect("it was asked whether the node is ready");
    assert_eq!(ready, "ready\n");

    // The link opens from elsewhere.
    let link = link.expect("something was shared");
    let fetch =
        format!("curl --silent --fail --output $ROOT/fetched https://node.example.org/ipfs/{link}");
    machine.run_far(&fetch);
    assert!(fs::read(root.join("fetched")).unwrap() == photograph);
    // What the guide has one look at when something is wrong.
    let probe = named(&guide, "curl https://node.example.org/ipfs/");
    machine.run_far(&format!("{probe} --silent --fail"));
    let ports = machine.run(named(&guide, "sudo ss "));
    assert!(
        ports
            .lines()
            .any(|line| line.contains(":443 ") && line.contains("fluence")),
        "{ports}"
    );
    // It runs as its user, and what is to be kept is where the guide says, its key for nobody else.
    let user = machine.run("stat --format %U /proc/$(cat $JOURNAL.pid)");
    assert_eq!(user, "fluence\n");
    for line in section(&guide, "Backup").lines() {
        let path = line
            .strip_prefix("| `")
            .and_then(|line| line.split('`').next());
        if let Some(path) = path.filter(|path| path.starts_with('/')) {
            machine.run(&format!("test -e {path}"));
        }
    }
    let key = machine.run("stat --format '%U %a' /var/lib/fluence/identity.key");
    assert_eq!(key, "fluence 600\n");

    // The lists are read again, and the newer program takes the place of the older one, as the same node with what it has.
    machine.run(named(&guide, "systemctl reload fluence"));
    machine.run_until("cat $JOURNAL", |log| log.contains("were read again"));
    for command in commands(section(&guide, "Upgrade")) {
        machine.run(command);
    }
    machine.run_until(&format!("{ready_command} --silent"), |said| {
        said == "ready\n"
    });
    let after = machine.run(status_command);
    assert_eq!(says(&after, "peer"), says(&status, "peer"));
    machine.run_far(&fetch);
    for line in machine.journal().lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

/// Whether a program is there; says so if not.
fn is_installed(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").output();
    let is_there = asked.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: {program} is not installed");
    }
    is_there
}

#[test]
fn the_container_of_the_guide_is_built_and_run() {
    if !is_installed("buildah") {
        return;
    }
    let Some(programs) = pebble() else { return };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let Some(mut machine) = Machine::new(root) else {
        return;
    };
    // The port inside, as nothing publishes it.
    start_authority(&mut machine, &programs, 8443);
    fs::write(root.join("images.sh"), format!("set -euo pipefail{IMAGES}")).unwrap();
    machine.run("bash $ROOT/images.sh");
    let guide = guide();
    let section = commands(section(&guide, "In a container")).join("\n");
    let section = section.replace("\\\n", "");
    let [build, run, status] = section.lines().collect::<Vec<_>>()[..] else {
        panic!("other commands than these are to be followed: {section}");
    };
    machine.run(build);
    machine.run(run);
    let is_ready = |said: &str| {
        let mut lines = said.lines().map(str::split_whitespace);
        lines.any(|words| words.eq(["ready", "yes"]))
    };
    let status = machine.run_until(status, is_ready);
    let told = " /dns/node.example.org/tcp/443/tls/ws /dns/node.example.org/tcp/4101";
    assert!(
        status
            .lines()
            .any(|line| line.starts_with("addresses") && line.ends_with(told)),
        "{status}"
    );
    let ready =
        "curl --silent --connect-to ::node.example.org:8443 https://node.example.org/readyz";
    assert_eq!(machine.run_far(ready), "ready\n");
    // Its user, and what outlasts the container.
    let user = machine.run("stat --format %u /proc/$(pgrep -x fluence)");
    assert_eq!(user, "10001\n");
    let kept = machine.run("stat --format '%u %a %n' $ROOT/volume $ROOT/volume/*.key");
    let kept = kept.replace(root.to_str().unwrap(), "");
    assert_eq!(kept, "10001 700 /volume\n10001 600 /volume/identity.key\n");
    machine.run(named(&guide, "podman kill "));
    machine.run_until("cat $JOURNAL", |log| log.contains("were read again"));
    machine.run("pkill -TERM -x fluence");
    machine.run_until("cat $JOURNAL", |log| log.contains("Stopping."));
}

/// What the guide says about a certificate from elsewhere, with Debian's certbot in place of the node's own client.
#[test]
fn certbot_gets_and_renews_the_certificate_as_the_guide_says() {
    if !is_installed("certbot") {
        return;
    }
    let Some(programs) = pebble() else { return };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let Some(mut machine) = Machine::new(root) else {
        return;
    };
    start_authority(&mut machine, &programs, 443);
    let guide = guide();
    for command in commands(section(&guide, "In ten minutes")) {
        if command.starts_with("sudo systemctl ") {
            break;
        }
        machine.run(command);
    }
    let change = "sed -i -e s/50GB/1GB/ -e s/2GB/1MB/ -e 's/^domain/# domain/' -e 's/^# tls-/tls-/' \
                  /etc/fluence/node.toml";
    machine.run(change);

    // Which authority it is, and what certbot would ask. It would log where this machine does.
    let answers = format!(
        "server = https://5.0.0.2:14000/dir\nagree-tos = true\nregister-unsafely-without-email = true\n\
         non-interactive = true\nlogs-dir = {}\n",
        root.join("certbot").display()
    );
    let _ = fs::remove_dir_all(root.join("etc/letsencrypt"));
    fs::create_dir(root.join("etc/letsencrypt")).unwrap();
    fs::write(root.join("etc/letsencrypt/cli.ini"), answers).unwrap();
    machine.run("export REQUESTS_CA_BUNDLE=$ROOT/ca.pem");
    machine.run(&commands(section(&guide, "Certificates")).join("\n"));
    let key = machine.run("stat --format '%U %G %a' /etc/fluence/tls/privkey.pem");
    assert_eq!(key, "fluence fluence 640\n");

    // The node gets no certificate by itself, so it is not told from whom.
    machine.run("unset ACME; sudo systemctl enable --now fluence");
    let ready = "curl --silent https://node.example.org/readyz";
    machine.run_until(ready, |said| said == "ready\n");
    let metric = "curl --silent http://127.0.0.1:4190/metrics | \
                  sed -n 's/^fluence_certificate_expiry_timestamp_seconds //p'";
    let until = |said: &str| said.trim().parse::<f64>().ok();
    let first = until(&machine.run(metric)).expect("the certificate expires");

    // certbot remembers what it is to do with what it gets, and the node takes it up by itself.
    machine.run("sudo certbot renew --force-renewal --no-random-sleep-on-renew");
    machine.run_until(metric, |said| {
        until(said).is_some_and(|until| until > first)
    });
    assert_eq!(machine.run(ready), "ready\n");
    let journal = machine.journal();
    assert!(
        journal.contains("the certificate was read again"),
        "{journal}"
    );
}
