//! Which addresses a peer dials.
//!
//! Most addresses come from strangers, who may name any machine: one in the network of whoever
//! looks something up, too. So what a person or an operator has not chosen is dialed only if it is
//! on the internet, or in the same private network as something that they have chosen.

use std::collections::HashSet;
#[cfg(not(target_family = "wasm"))]
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use fluence::storage::{is_private, is_private_ip};
use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;

use crate::address::bare;
use crate::block::ip_of;
use crate::config::Role;

/// Which addresses this peer dials. All clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dialing(Arc<Mutex<Chosen>>);

#[derive(Debug, Default)]
struct Chosen {
    addresses: HashSet<Multiaddr>,
    networks: HashSet<Network>,
}

/// The private network of an address: the first 24 bits of an IPv4 address, or the first 64 of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 3]),
    V6([u8; 8]),
}

impl Network {
    /// The network of a private address; `None` if the address is on the internet.
    fn of(ip: IpAddr) -> Option<Self> {
        let ip = ip.to_canonical();
        is_private_ip(ip).then(|| match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        })
    }
}

/// How an address may be dialed.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Wherever it leads.
    Anywhere,
    /// If it does not lead to a private network that nothing chosen is in.
    WithCare,
    No,
}

impl Dialing {
    /// What a peer may dial in this role.
    pub(crate) fn new(role: &Role) -> Self {
        let dialing = Self::default();
        match role {
            Role::Client { nodes } => dialing.choose(nodes),
            Role::Node {
                listen,
                external,
                peers,
                ..
            } => {
                let own = if external.is_empty() {
                    listen
                } else {
                    external
                };
                dialing.choose(own);
                dialing.choose(peers);
                // Strangers on the internet can reach this node, or it hears of them from the nodes that it joins, so it must
                // not reach into a private network for them. Of such a network it dials exactly what its operator has chosen.
                if external.iter().chain(peers).any(is_on_the_internet) {
                    dialing.chosen().networks.clear();
                }
            }
        }
        dialing
    }

    /// Adds addresses that a person or an operator has chosen.
    pub(crate) fn choose(&self, addresses: &[Multiaddr]) {
        let mut chosen = self.chosen();
        for address in addresses {
            chosen.addresses.insert(bare(address));
            let network = ip_of(address)
                .filter(|ip| !ip.is_unspecified())
                .and_then(Network::of);
            chosen.networks.extend(network);
        }
    }

    /// Whether an address may be dialed.
    pub(crate) fn allows(&self, address: &Multiaddr) -> bool {
        self.verdict(address) != Verdict::No
    }

    fn chosen(&self) -> MutexGuard<'_, Chosen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verdict(&self, address: &Multiaddr) -> Verdict {
        let chosen = self.chosen();
        if chosen.addresses.contains(&bare(address)) {
            return Verdict::Anywhere;
        }
        // No node needs a path, and with one an address is a request of somebody's choice to a web server.
        let has_path = address
            .iter()
            .any(|part| matches!(part, Protocol::Ws(path) | Protocol::Wss(path) if path != "/"));
        let leads_inside = match address.iter().next() {
            Some(Protocol::Ip4(ip)) => !chosen.allows_ip(ip.into()),
            Some(Protocol::Ip6(ip)) => !chosen.allows_ip(ip.into()),
            Some(
                Protocol::Dns(name)
                | Protocol::Dns4(name)
                | Protocol::Dns6(name)
                | Protocol::Dnsaddr(name),
            ) => is_private(&name),
            _ => true,
        };
        if has_path || leads_inside {
            Verdict::No
        } else {
            Verdict::WithCare
        }
    }
}

impl Chosen {
    fn allows_ip(&self, ip: IpAddr) -> bool {
        Network::of(ip).is_none_or(|network| self.networks.contains(&network))
    }
}

fn is_on_the_internet(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => Network::of(ip.into()).is_none(),
        Some(Protocol::Ip6(ip)) => Network::of(ip.into()).is_none(),
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => {
            !is_private(&name)
        }
        _ => false,
    }
}

/// A transport that dials only what may be dialed.
pub(crate) struct Choosy<T> {
    /// Dials anything, and listens.
    free: T,
    /// Dials names only if they lead to the internet.
    careful: T,
    dialing: Dialing,
}

impl<T> Choosy<T> {
    /// `careful` is like `free`, except that it uses [`Careful`] where that is possible.
    pub(crate) fn new(free: T, careful: T, dialing: Dialing) -> Self {
        Self {
            free,
            careful,
            dialing,
        }
    }
}

impl<T: Transport + Unpin> Transport for Choosy<T> {
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = T::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<T::Error>> {
        self.free.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.free.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<T::Dial, TransportError<T::Error>> {
        match self.dialing.verdict(&address) {
            Verdict::Anywhere => self.free.dial(address, options),
            Verdict::WithCare => self.careful.dial(address, options),
            Verdict::No => {
                tracing::debug!(%address, "not dialed: it is not on the internet");
                Err(TransportError::MultiaddrNotSupported(address))
            }
        }
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<T::ListenerUpgrade, T::Error>> {
        Pin::new(&mut self.free).poll(cx)
    }
}

/// A transport under that for names, which sees what a name has led to.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Careful<T> {
    inner: T,
    /// `None` if anything may be dialed.
    dialing: Option<Dialing>,
}

#[cfg(not(target_family = "wasm"))]
impl<T> Careful<T> {
    pub(crate) fn new(inner: T, dialing: Option<Dialing>) -> Self {
        Self { inner, dialing }
    }
}

#[cfg(not(target_family = "wasm"))]
impl<T: Transport<Error = io::Error> + Unpin> Transport for Careful<T> {
    type Output = T::Output;
    type Error = io::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = T::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<T::Dial, TransportError<io::Error>> {
        let is_allowed = match (&self.dialing, ip_of(&address)) {
            (Some(dialing), Some(ip)) => dialing.chosen().allows_ip(ip),
            _ => true,
        };
        if is_allowed {
            self.inner.dial(address, options)
        } else {
            Err(TransportError::Other(
                io::ErrorKind::PermissionDenied.into(),
            ))
        }
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<T::ListenerUpgrade, io::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RelayLimits;
    use crate::meter::Meter;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn node(listen: &[&str], external: &[&str], peers: &[&str]) -> Dialing {
        Dialing::new(&Role::Node {
            listen: addresses(listen),
            external: addresses(external),
            announce_private: false,
            peers: addresses(peers),
            known: Vec::new(),
            pages: Vec::new(),
            limits: RelayLimits::default(),
            admission: Default::default(),
            meter: Meter::default(),
        })
    }

    fn allowed<'a>(dialing: &Dialing, texts: &[&'a str]) -> Vec<&'a str> {
        let allows = |text: &&&str| dialing.allows(&text.parse().unwrap());
        texts.iter().filter(allows).copied().collect()
    }

    const PUBLIC: [&str; 3] = [
        "/ip4/1.1.1.1/tcp/4101",
        "/dns4/node.example.org/tcp/443/tls/ws",
        "/ip6/2606:4700::1111/tcp/4102/ws",
    ];
    const INSIDE: [&str; 6] = [
        "/ip4/127.0.0.1/tcp/22",
        "/ip4/192.168.1.1/tcp/80/ws",
        "/ip6/::1/tcp/5001",
        "/ip6/::ffff:10.0.0.1/tcp/80",
        "/dns4/localhost/tcp/5001",
        "/dns4/printer.local/tcp/80/ws",
    ];
    const WITH_PATH: [&str; 2] = [
        "/ip4/1.1.1.1/tcp/80/x-parity-ws/%2fadmin",
        "/dns4/example.org/tcp/443/x-parity-wss/%2fadmin",
    ];

    #[test]
    fn strangers_lead_nobody_into_a_private_network() {
        let everything = [&PUBLIC[..], &INSIDE, &WITH_PATH].concat();
        let client = Dialing::new(&Role::Client {
            nodes: addresses(&["/dns4/node.example.org/tcp/443/tls/ws"]),
        });
        assert_eq!(allowed(&client, &everything), PUBLIC);
        let public = node(&["/ip4/0.0.0.0/tcp/4101"], &["/ip4/1.1.1.2/tcp/4101"], &[]);
        assert_eq!(allowed(&public, &everything), PUBLIC);
    }

    #[test]
    fn what_was_chosen_is_dialed_and_so_is_its_network() {
        let texts = ["/ip4/192.168.1.7/tcp/4101", "/ip4/192.168.2.7/tcp/4101"];
        let home = Dialing::new(&Role::Client {
            nodes: addresses(&["/ip4/192.168.1.2/tcp/4102/ws"]),
        });
        assert_eq!(allowed(&home, &texts), texts[..1]);
        let chosen = [
            "/ip4/10.0.0.1/tcp/80/x-parity-ws/%2fbehind",
            "/dns4/localhost/tcp/4102/ws",
        ];
        home.choose(&addresses(&chosen));
        assert_eq!(allowed(&home, &chosen), chosen);
        // A node that is on the internet dials a neighbour that its operator chose, and no other.
        let public = node(&[], &["/dns4/node.example.org/tcp/443/tls/ws"], &texts[..1]);
        assert_eq!(allowed(&public, &texts), texts[..1]);
        assert_eq!(allowed(&public, &["/ip4/192.168.1.8/tcp/4101"]), [""; 0]);
        // So does one that listens in a private network only, and joins nodes on the internet.
        let joining = node(&["/ip4/192.168.1.9/tcp/4101"], &[], &[PUBLIC[0], texts[0]]);
        assert_eq!(allowed(&joining, &texts), texts[..1]);
        assert_eq!(allowed(&joining, &["/ip4/192.168.1.8/tcp/4101"]), [""; 0]);
        let lan = node(&["/ip4/192.168.2.1/tcp/4101"], &[], &[]);
        assert_eq!(allowed(&lan, &texts), texts[1..]);
    }
}
