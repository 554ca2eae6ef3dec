//! Hosts with a network of their own each, joined by wires that can be slow, lose packets, or be cut, one way or both.
//!
//! Each host is a network namespace with a TUN interface, and this process passes the packets on between them. So the
//! kernel's own TCP is tested, as with `tc netem`, which many kernels lack.

use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::ioctl::{Opcode, Setter, ioctl, opcode};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tokio::runtime::{Builder, Runtime};

/// The ioctl that makes a TUN interface, and the kind of interface: IP packets without any further header.
const TUNSETIFF: Opcode = opcode::write::<i32>(b'T', 202);
const IFF_TUN: i16 = 0x0001;
const IFF_NO_PI: i16 = 0x1000;
/// Its name in each namespace.
const INTERFACE: &str = "wire";
/// Longer than a packet, of which the interface makes at most 1500 bytes.
const PACKET: usize = 2048;

/// What happens to the packets from one host to another.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wire {
    pub delay: Duration,
    /// The part of all packets that is lost.
    pub loss: f64,
}

impl Wire {
    pub const CUT: Self = Self {
        delay: Duration::ZERO,
        loss: 1.0,
    };

    pub fn slow(delay: Duration) -> Self {
        Self { delay, loss: 0.0 }
    }
}

/// The wires between hosts; those that are not mentioned pass on everything at once.
#[derive(Default, Clone)]
pub struct Wires(Arc<Mutex<HashMap<(u8, u8), Wire>>>);

impl Wires {
    /// Sets what happens on the way from one host to another.
    pub fn one_way(&self, from: u8, to: u8, wire: Wire) {
        self.0.lock().expect("no panic").insert((from, to), wire);
    }

    /// Sets what happens between two hosts in both directions.
    pub fn both_ways(&self, one: u8, other: u8, wire: Wire) {
        self.one_way(one, other, wire);
        self.one_way(other, one, wire);
    }

    /// Sets what happens between every host of one group and every host of another.
    pub fn between(&self, some: &[u8], others: &[u8], wire: Wire) {
        for one in some {
            for other in others.iter().filter(|other| *other != one) {
                self.both_ways(*one, *other, wire);
            }
        }
    }

    fn get(&self, from: u8, to: u8) -> Wire {
        let wires = self.0.lock().expect("no panic");
        wires.get(&(from, to)).copied().unwrap_or_default()
    }
}

/// A host. What runs in its runtime has its network; its address is 5.0.0.`n`, which looks like one on the internet.
pub struct Host {
    pub n: u8,
    runtime: Option<Runtime>,
}

impl Host {
    /// Runs work on this host.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let runtime = self.runtime.as_ref().expect("it is dropped last");
        runtime.spawn(work).await.expect("no panic")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // A runtime must not wait for its end within another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes hosts with the numbers 1 to `count`, and the wires between them.
///
/// # Errors
/// The system's, if it has no network namespaces or TUN interfaces for this process.
pub fn hosts<const COUNT: usize>() -> io::Result<([Host; COUNT], Wires)> {
    let wires = Wires::default();
    let (mut hosts, mut tuns) = (Vec::new(), Vec::new());
    for n in (1..=u8::MAX).take(COUNT) {
        // The threads of a runtime get the network of the thread that makes it.
        let made = thread::spawn(move || host(n)).join().expect("no panic")?;
        hosts.push(made.0);
        tuns.push(made.1);
    }
    let (sender, packets) = channel();
    for (n, tun) in (1..).zip(&tuns) {
        let (tun, wires, sender) = (tun.try_clone()?, wires.clone(), sender.clone());
        thread::spawn(move || take(n, tun, &wires, &sender));
    }
    thread::spawn(move || bring(tuns, &packets));
    let hosts = hosts.try_into();
    Ok((
        hosts.unwrap_or_else(|_| unreachable!("there are as many")),
        wires,
    ))
}

/// Makes a host and its interface, in the network of which this thread then is.
fn host(n: u8) -> io::Result<(Host, File)> {
    // SAFETY: no other thread shares what is separated here; open files are not.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    let tun = File::options()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    // This is `struct ifreq`: a name of 16 bytes, and flags in a union of 24.
    let mut request = [0u8; 40];
    request[..INTERFACE.len()].copy_from_slice(INTERFACE.as_bytes());
    request[16..18].copy_from_slice(&(IFF_TUN | IFF_NO_PI).to_ne_bytes());
    // SAFETY: TUNSETIFF reads a `struct ifreq`.
    unsafe { ioctl(&tun, Setter::<TUNSETIFF, [u8; 40]>::new(request)) }?;
    for arguments in [
        format!("address add 5.0.0.{n}/24 dev {INTERFACE}"),
        format!("link set {INTERFACE} up"),
        "link set lo up".to_owned(),
    ] {
        let status = Command::new("ip").args(arguments.split(' ')).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("`ip {arguments}` failed")));
        }
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let runtime = Some(runtime);
    Ok((Host { n, runtime }, tun))
}

/// A packet that is on its way.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    /// First of all, so that the heap yields the packets in the order of their arrival.
    arrives: std::cmp::Reverse<(Instant, u64)>,
    to: u8,
    bytes: Vec<u8>,
}

/// Takes what a host sends, for as long as there is somebody to bring it.
fn take(from: u8, mut tun: File, wires: &Wires, packets: &Sender<Packet>) {
    let mut buffer = [0; PACKET];
    let mut count = 0;
    while let Ok(length) = tun.read(&mut buffer) {
        let bytes = &buffer[..length];
        // Only IPv4 is passed on; the last byte of its destination is the number of the host.
        let (Some(0x40), Some(to)) = (bytes.first().map(|first| first & 0xf0), bytes.get(19))
        else {
            continue;
        };
        let wire = wires.get(from, *to);
        if rand::random_bool(wire.loss) {
            continue;
        }
        count += 1;
        let packet = Packet {
            arrives: std::cmp::Reverse((Instant::now() + wire.delay, count)),
            to: *to,
            bytes: bytes.to_vec(),
        };
        if packets.send(packet).is_err() {
            return;
        }
    }
}

/// Brings each packet to its host when it is time.
fn bring(mut tuns: Vec<File>, packets: &Receiver<Packet>) {
    let mut under_way = BinaryHeap::new();
    loop {
        let wait = under_way.peek().map(|packet: &Packet| {
            let std::cmp::Reverse((arrives, _)) = packet.arrives;
            arrives.saturating_duration_since(Instant::now())
        });
        match packets.recv_timeout(wait.unwrap_or(Duration::from_secs(60))) {
            Ok(packet) => under_way.push(packet),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(packet) = under_way.peek()
            && packet.arrives.0.0 <= Instant::now()
        {
            let Some(packet) = under_way.pop() else {
                return;
            };
            if let Some(tun) = tuns.get_mut(usize::from(packet.to).wrapping_sub(1)) {
                // A host that takes nothing loses it, as on a real wire.
                let _ = tun.write(&packet.bytes);
            }
        }
    }
}
