//! Address blocks. Identities cost nothing but addresses do, so what a node shares out among
//! strangers is counted by the block of addresses that they come from.

use std::fmt;
use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use serde::{Deserialize, Serialize};

/// What one customer of a provider usually has: one IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Block {
    /// An IPv4 address.
    #[serde(rename = "4")]
    V4([u8; 4]),
    /// The first half of an IPv6 address.
    #[serde(rename = "6")]
    V6([u8; 8]),
}

impl Block {
    /// The block of an address; an IPv4 address that is written as one of IPv6 is in its own.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip) => IpAddr::from(*ip).fmt(f),
            Self::V6(prefix) => {
                let mut ip = [0; 16];
                ip[..8].copy_from_slice(prefix);
                write!(f, "{}/64", IpAddr::from(ip))
            }
        }
    }
}

/// The IP address with which a multiaddr begins, if it begins with one.
pub(crate) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// How much of something scarce each address block holds.
///
/// Who asks for one more gets it while their block holds less than a part of what is *free*. A
/// block that takes all it can is thereby given less and less, and a place is always left for a
/// block that holds nothing: with a part of a quarter, one greedy block ends up with a fifth of
/// everything and three of them with three sevenths. Nobody loses what they hold. (This is the rule
/// of dynamic thresholds by which switches share their buffers: Choudhury and Hahne, 1998.)
#[derive(Debug)]
pub(crate) struct Shares {
    capacity: usize,
    /// A block may hold one of this many parts of what is free.
    part: usize,
    total: usize,
    held: std::collections::HashMap<Block, usize>,
}

impl Shares {
    pub(crate) fn new(capacity: usize, part: usize) -> Self {
        Self {
            capacity,
            part,
            total: 0,
            held: std::collections::HashMap::new(),
        }
    }

    /// Whether one more may be given. `None` stands for addresses that many share, such as that of
    /// a reverse proxy: they may have all but an eighth, which is kept for those who come by
    /// themselves.
    pub(crate) fn has_room(&self, block: Option<Block>) -> bool {
        let free = self.capacity.saturating_sub(self.total);
        match block {
            Some(block) => {
                let held = self.held.get(&block).copied().unwrap_or(0);
                held < free.div_ceil(self.part)
            }
            None => free > self.capacity / 8,
        }
    }

    /// Counts one more.
    pub(crate) fn take(&mut self, block: Option<Block>) {
        self.total += 1;
        if let Some(block) = block {
            *self.held.entry(block).or_default() += 1;
        }
    }

    /// Counts one less.
    pub(crate) fn give_back(&mut self, block: Option<Block>) {
        self.total = self.total.saturating_sub(1);
        let Some(block) = block else { return };
        if let Some(held) = self.held.get_mut(&block) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&block);
            }
        }
    }

    /// How many are given out.
    #[cfg_attr(target_family = "wasm", allow(dead_code))]
    pub(crate) fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Option<Block> {
        Some(Block::of(text.parse().unwrap()))
    }

    #[test]
    fn addresses_of_one_customer_are_one_block() {
        assert_eq!(block("2001:db8::1"), block("2001:db8::ffff:1"));
        assert_ne!(block("2001:db8::1"), block("2001:db8:0:1::1"));
        assert_eq!(block("::ffff:192.0.2.1"), block("192.0.2.1"));
        assert_ne!(block("192.0.2.1"), block("192.0.2.2"));
        assert_eq!(block("2001:db8::1").unwrap().to_string(), "2001:db8::/64");
        assert_eq!(block("192.0.2.1").unwrap().to_string(), "192.0.2.1");
    }

    #[test]
    fn greedy_blocks_leave_room_for_new_ones() {
        let mut shares = Shares::new(1000, 4);
        let greedy = [block("192.0.2.1"), block("192.0.2.2"), block("192.0.2.3")];
        let mut taken = [0; 3];
        for _ in 0..1000 {
            for (block, taken) in greedy.iter().zip(&mut taken) {
                if shares.has_room(*block) {
                    shares.take(*block);
                    *taken += 1;
                }
            }
        }
        assert_eq!(taken, [143; 3]);
        // A hundred others still get three each.
        for n in 1..=100 {
            let other = block(&format!("198.51.100.{n}"));
            for _ in 0..3 {
                assert!(shares.has_room(other), "{n}");
                shares.take(other);
            }
        }
        // What is given back is there for others.
        for _ in 0..143 {
            shares.give_back(greedy[0]);
        }
        assert_eq!(shares.total(), 2 * 143 + 300);
        assert!(!shares.has_room(greedy[1]));
        assert!(shares.has_room(greedy[0]));
    }

    #[test]
    fn the_last_place_is_for_a_block_that_has_none() {
        let mut shares = Shares::new(2, 4);
        shares.take(block("192.0.2.1"));
        assert!(!shares.has_room(block("192.0.2.1")));
        assert!(shares.has_room(block("192.0.2.2")));
        shares.take(block("192.0.2.2"));
        assert!(!shares.has_room(block("192.0.2.3")));
        assert!(!shares.has_room(None));
    }
}
