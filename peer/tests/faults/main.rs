//! Tests of networks that are slow, lose packets, or reach some hosts only: each peer is on a host of its own (see
//! `wires.rs`). They need Linux and the right to make network namespaces; elsewhere they are listed as ignored. (Lines
//! that are cut are in `namespaces.rs`.)

#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod wires;

fn main() {
    #[cfg(target_os = "linux")]
    faults::run();
    #[cfg(not(target_os = "linux"))]
    eprintln!("ignored: the tests of faulty networks need Linux");
}
