//! What a person can set: one type, its defaults, and its check. A face edits it, the engine uses
//! it, and the journal keeps it. `CONTRIBUTING.md` says how a setting is added.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Ends;
use crate::content::Profile;
use crate::failure::{Code, Failure, Reason};
use crate::names::safe_file_name;
use crate::storage::{MAX_ADDRESS, is_base_url};
use crate::text::is_host_name;

/// The most nodes that can be set.
pub const MAX_NODES: usize = 16;
/// The default of [`Settings::links`]; at most [`MAX_LINKS`] can be set.
pub const LINKS: u64 = 2;
/// See [`LINKS`].
pub const MAX_LINKS: u64 = 4;
/// The most routers, and the most gateways, that can be set.
pub const MAX_PUBLIC: usize = 8;
/// The router that is set at first. The IPFS Foundation runs it, and the gateway below, for everybody.
pub const ROUTER: &str = "https://delegated-ipfs.dev";
/// The gateway that is set at first.
pub const GATEWAY: &str = "https://trustless-gateway.link";
/// The largest number that JavaScript, through which settings go, counts exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;
/// The longest time after which a share can end, in seconds: a hundred years, which every calendar has.
const MAX_SHARE_FOR: u64 = 100 * 366 * 24 * 3600;

/// What a person can set. A setting that a journal or another version leaves out has its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Multiaddrs of nodes, in the order in which they are tried; each may end with `/p2p/…`. An
    /// empty list means that there is none.
    pub nodes: Vec<String>,
    /// At how many nodes this peer can be reached at the same time; [`Settings::links`] keeps it within its limits. It
    /// counts from the next start. With 1, only the nodes above are used; with more, others of their network too.
    pub links: u64,
    /// Whether files may be put into storages of nodes that the person did not choose, if none of the chosen ones takes
    /// them.
    pub foreign_storage: bool,
    /// How files are cut and hashed.
    pub profile: Profile,
    /// Whether a fetched file is provided to others too.
    pub provide_fetched: bool,
    /// Whether a fetched file is saved to the download folder at once.
    pub save_fetched: bool,
    /// The folder in the download folder into which files are saved; empty for the download folder itself.
    pub save_folder: String,
    /// Whether files are shared privately unless something else is chosen.
    pub private: bool,
    /// Whether the link goes to the clipboard when a file is shared.
    pub copy_link: bool,
    /// Whether notifications are shown.
    pub notify: bool,
    /// Which of them: that a file is shared.
    pub notify_shared: bool,
    /// That a file has arrived.
    pub notify_fetched: bool,
    /// That something failed.
    pub notify_failed: bool,
    /// That somebody asks for a file of which the person wants to be asked.
    pub notify_asked: bool,
    /// After how many seconds a file stops being shared, unless something else is set for it.
    pub share_for: Option<u64>,
    /// After how many calls for it a file stops being shared, unless something else is set for it.
    pub share_calls: Option<u64>,
    /// Whether sharing rests: nobody gets anything from here, and nothing is uploaded.
    pub paused: bool,
    /// The most bytes that are uploaded on a day.
    pub max_sent_day: Option<u64>,
    /// The largest file that is uploaded, in bytes.
    pub max_sent_file: Option<u64>,
    /// Whether files are uploaded over networks where each byte costs something.
    pub metered: bool,
    /// Whether the network that is used now is one of these, because the person says so. Not every platform knows by itself.
    pub metered_now: bool,
    /// The largest file that is shared or fetched, in bytes.
    pub max_file: u64,
    /// The most bytes that all files here together may take; `None` for a tenth of the disk, where the
    /// platform knows that ([`State::room`](super::State::room)).
    pub max_room: Option<u64>,
    /// Whether this peer has another identity in each session of the browser, so that nobody knows it again.
    pub session_identity: bool,
    /// Whether large files that are chosen are copied too, in place of being read where they are.
    pub copy_large: bool,
    /// An IPFS node of the person's own, used instead of asking `IPFS_multiaddr`.
    pub own_ipfs: Option<OwnIpfs>,
    /// Whether a file that nobody provides is looked for in the public IPFS; `None` before the person has decided, which
    /// means no.
    pub public: Option<bool>,
    /// The base URLs of the delegated routers that are asked then.
    pub routers: Vec<String>,
    /// The base URLs of the trustless gateways that are asked then, after those that routers name.
    pub gateways: Vec<String>,
}

/// An IPFS node of the person's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnIpfs {
    /// The base URL of its RPC, such as `http://127.0.0.1:5001`.
    pub rpc: String,
    /// The base URL of its gateway, such as `http://127.0.0.1:8080`; other peers are told of it
    /// too.
    pub gateway: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            links: LINKS,
            foreign_storage: false,
            profile: Profile::default(),
            provide_fetched: false,
            save_fetched: true,
            save_folder: String::new(),
            private: false,
            copy_link: true,
            notify: true,
            notify_shared: true,
            notify_fetched: true,
            notify_failed: true,
            notify_asked: true,
            share_for: None,
            share_calls: None,
            paused: false,
            max_sent_day: None,
            max_sent_file: None,
            metered: true,
            metered_now: false,
            max_file: 1 << 40,
            max_room: None,
            session_identity: false,
            copy_large: false,
            own_ipfs: None,
            public: None,
            routers: vec![ROUTER.to_owned()],
            gateways: vec![GATEWAY.to_owned()],
        }
    }
}

/// A setting that can have a wrong value; a form shows what is wrong beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// [`Settings::nodes`].
    Nodes,
    /// [`Settings::max_file`].
    MaxFile,
    /// [`Settings::max_room`].
    MaxRoom,
    /// [`Settings::max_sent_day`].
    MaxSentDay,
    /// [`Settings::max_sent_file`].
    MaxSentFile,
    /// [`Settings::share_for`].
    ShareFor,
    /// [`Settings::share_calls`].
    ShareCalls,
    /// [`Settings::save_folder`].
    SaveFolder,
    /// [`OwnIpfs::rpc`].
    Rpc,
    /// [`OwnIpfs::gateway`].
    Gateway,
    /// [`Settings::routers`].
    Routers,
    /// [`Settings::gateways`].
    Gateways,
}

impl Settings {
    /// What is wrong with these settings, each with the setting that it concerns; empty if they can
    /// be used. Both a form and the engine use this, and nothing else checks a setting.
    pub fn check(&self) -> Vec<(Field, Failure)> {
        // The fields are listed one by one, so that a new setting is not forgotten here.
        let Self {
            nodes,
            links: _,
            foreign_storage: _,
            profile: _,
            provide_fetched: _,
            save_fetched: _,
            save_folder,
            private: _,
            copy_link: _,
            notify: _,
            notify_shared: _,
            notify_fetched: _,
            notify_failed: _,
            notify_asked: _,
            share_for,
            share_calls,
            paused: _,
            max_sent_day,
            max_sent_file,
            metered: _,
            metered_now: _,
            max_file,
            max_room,
            session_identity: _,
            copy_large: _,
            own_ipfs,
            public: _,
            routers,
            gateways,
        } = self;
        let mut wrong = Vec::new();
        if nodes.len() > MAX_NODES {
            wrong.push((
                Field::Nodes,
                bad(Reason::TooManyNodes).limit(MAX_NODES as u64),
            ));
        } else if let Some(failure) = nodes.iter().find_map(|node| check_node(node).err()) {
            wrong.push((Field::Nodes, failure));
        }
        for (field, number, most) in [
            (Field::MaxFile, Some(*max_file), MAX_EXACT),
            (Field::MaxRoom, *max_room, MAX_EXACT),
            (Field::MaxSentDay, *max_sent_day, MAX_EXACT),
            (Field::MaxSentFile, *max_sent_file, MAX_EXACT),
            (Field::ShareFor, *share_for, MAX_SHARE_FOR),
            (Field::ShareCalls, *share_calls, MAX_EXACT),
        ] {
            match number {
                Some(0) => wrong.push((field, bad(Reason::Zero))),
                Some(number) if number > most => {
                    wrong.push((field, bad(Reason::TooLong).limit(most)));
                }
                None | Some(_) => {}
            }
        }
        if !save_folder.is_empty() && safe_file_name(save_folder) != *save_folder {
            let failure = bad(Reason::BadFolderName).name(save_folder);
            wrong.push((Field::SaveFolder, failure));
        }
        if let Some(own_ipfs) = own_ipfs {
            wrong.extend(own_ipfs.check());
        }
        for (field, urls) in [(Field::Routers, routers), (Field::Gateways, gateways)] {
            let is_bad = |url: &&String| url.len() > MAX_ADDRESS || !is_base_url(url);
            if urls.len() > MAX_PUBLIC {
                wrong.push((field, bad(Reason::TooManyNodes).limit(MAX_PUBLIC as u64)));
            } else if let Some(url) = urls.iter().find(is_bad) {
                wrong.push((field, bad(Reason::BadUrl).name(url)));
            }
        }
        wrong
    }

    /// When a file stops being shared by itself, unless something else is set for it.
    pub fn ends(&self) -> Ends {
        Ends {
            seconds: self.share_for,
            calls: self.share_calls,
        }
    }

    /// At how many nodes this peer can be reached at the same time: 1 to [`MAX_LINKS`].
    pub fn links(&self) -> usize {
        self.links.clamp(1, MAX_LINKS) as usize
    }

    /// Reads as many settings as can be read from what was written, and returns them with the names
    /// of those that could not be read and so have their defaults.
    pub fn salvage(written: &Value) -> (Self, Vec<String>) {
        let Some(written) = written.as_object() else {
            return (Self::default(), vec!["settings".to_owned()]);
        };
        let mut good = Map::new();
        let mut lost = Vec::new();
        for (name, value) in written {
            let mut one = Map::new();
            one.insert(name.clone(), value.clone());
            if read(one).is_ok() {
                good.insert(name.clone(), value.clone());
            } else {
                lost.push(name.clone());
            }
        }
        (read(good).unwrap_or_default(), lost)
    }
}

/// Reads settings from text, like everything in the journal, so that there is one code to read them and not two.
fn read(written: Map<String, Value>) -> serde_json::Result<Settings> {
    serde_json::from_str(&Value::Object(written).to_string())
}

impl OwnIpfs {
    /// What is wrong with these addresses, each with the setting that it concerns.
    pub fn check(&self) -> Vec<(Field, Failure)> {
        let Self { rpc, gateway } = self;
        [(Field::Rpc, rpc), (Field::Gateway, gateway)]
            .into_iter()
            .filter(|(_, url)| url.len() > MAX_ADDRESS || !is_base_url(url))
            .map(|(field, url)| (field, bad(Reason::BadUrl).name(url)))
            .collect()
    }
}

fn bad(reason: Reason) -> Failure {
    Failure::new(Code::BadSetting).reason(reason)
}

/// Checks that a browser can reach a node at this multiaddr. It needs a host, a TCP port and
/// WebSocket, and may have the node's peer id.
///
/// # Errors
/// [`Code::BadSetting`] with the address and the part of it that is wrong.
pub fn check_node(address: &str) -> Result<(), Failure> {
    let wrong = |reason| bad(reason).name(address);
    if address.len() > MAX_ADDRESS {
        return Err(wrong(Reason::TooLong));
    }
    let parts: Vec<&str> = address
        .strip_prefix('/')
        .ok_or_else(|| wrong(Reason::BadNodeAddress))?
        .trim_end_matches('/')
        .split('/')
        .collect();
    let [kind, host, rest @ ..] = parts.as_slice() else {
        return Err(wrong(Reason::BadNodeAddress));
    };
    let good_host = match *kind {
        "ip4" => host.parse::<std::net::Ipv4Addr>().is_ok(),
        "ip6" => host.parse::<std::net::Ipv6Addr>().is_ok(),
        "dns" | "dns4" | "dns6" | "dnsaddr" => is_host_name(host),
        _ => return Err(wrong(Reason::BadNodeAddress)),
    };
    if !good_host {
        return Err(wrong(Reason::BadHost));
    }
    let ["tcp", port, rest @ ..] = rest else {
        return Err(wrong(Reason::NotWebSocket));
    };
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(wrong(Reason::BadPort));
    }
    let rest = match rest {
        ["tls", "ws", rest @ ..]
        | ["tls", "sni", _, "ws", rest @ ..]
        | ["ws" | "wss", rest @ ..] => rest,
        _ => return Err(wrong(Reason::NotWebSocket)),
    };
    match rest {
        [] => Ok(()),
        ["p2p", peer] if is_peer_id(peer) => Ok(()),
        ["p2p", ..] => Err(wrong(Reason::BadPeerId)),
        _ => Err(wrong(Reason::NotWebSocket)),
    }
}

/// Whether a text has the form of a peer id in base58; libp2p decodes it when it dials.
fn is_peer_id(text: &str) -> bool {
    let base58 = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    (40..=64).contains(&text.len()) && text.bytes().all(base58)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PEER: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    #[test]
    fn nodes_that_a_browser_can_reach_are_taken() {
        for node in [
            "/ip4/127.0.0.1/tcp/4102/ws".to_owned(),
            format!("/dns4/node.example.org/tcp/443/tls/ws/p2p/{PEER}"),
            "/ip6/::1/tcp/1/ws".to_owned(),
            "/dns/n.example/tcp/443/wss".to_owned(),
        ] {
            assert_eq!(check_node(&node), Ok(()), "{node}");
        }
    }

    #[test]
    fn other_nodes_are_refused_with_the_reason() {
        for (node, reason) in [
            ("node.example.org", Reason::BadNodeAddress),
            ("/unix/x", Reason::BadNodeAddress),
            ("/ip4/127.0.0/tcp/1/ws", Reason::BadHost),
            ("/dns4/a_b/tcp/1/ws", Reason::BadHost),
            ("/dns4/a b/tcp/1/ws", Reason::BadHost),
            ("/dns4//tcp/1/ws", Reason::BadHost),
            ("/ip4/127.0.0.1/tcp/0/ws", Reason::BadPort),
            ("/ip4/127.0.0.1/tcp/65536/ws", Reason::BadPort),
            ("/ip4/127.0.0.1/tcp/4101", Reason::NotWebSocket),
            ("/ip4/127.0.0.1/udp/4101/quic-v1", Reason::NotWebSocket),
            ("/ip4/127.0.0.1/tcp/1/ws/p2p/short", Reason::BadPeerId),
            ("/ip4/127.0.0.1/tcp/1/ws/p2p", Reason::BadPeerId),
        ] {
            let failure = check_node(node).unwrap_err();
            assert_eq!(
                (failure.code, failure.reason),
                (Code::BadSetting, Some(reason)),
                "{node}"
            );
        }
        let long = format!("/dns4/{}/tcp/1/ws", "a".repeat(MAX_ADDRESS));
        assert_eq!(check_node(&long).unwrap_err().reason, Some(Reason::TooLong));
    }

    #[test]
    fn every_wrong_setting_is_named() {
        let wrong = Settings {
            nodes: vec!["nonsense".into()],
            max_file: 0,
            save_folder: "../up".into(),
            own_ipfs: Some(OwnIpfs {
                rpc: "127.0.0.1:5001".into(),
                gateway: "http://127.0.0.1:8080/ipfs/".into(),
            }),
            ..Settings::default()
        };
        let fields: Vec<Field> = wrong.check().into_iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                Field::Nodes,
                Field::MaxFile,
                Field::SaveFolder,
                Field::Rpc,
                Field::Gateway
            ]
        );
        let many = Settings {
            nodes: (0..=MAX_NODES)
                .map(|n| format!("/dns4/a/tcp/{}/ws", n + 1))
                .collect(),
            max_file: 1 << 60,
            ..Settings::default()
        };
        let reasons: Vec<_> = many
            .check()
            .into_iter()
            .map(|(_, failure)| failure.reason)
            .collect();
        assert_eq!(reasons, [Some(Reason::TooManyNodes), Some(Reason::TooLong)]);
        assert_eq!(Settings::default().check(), []);
        // A file of settings may come from anybody.
        for (share_for, share_calls, expected) in [
            (
                Some(0),
                Some(0),
                vec![
                    (Field::ShareFor, Reason::Zero),
                    (Field::ShareCalls, Reason::Zero),
                ],
            ),
            (
                Some(u64::MAX),
                Some(u64::MAX),
                vec![
                    (Field::ShareFor, Reason::TooLong),
                    (Field::ShareCalls, Reason::TooLong),
                ],
            ),
            (Some(1), Some(1), vec![]),
            (Some(MAX_SHARE_FOR), Some(MAX_EXACT), vec![]),
        ] {
            let ends = Settings {
                share_for,
                share_calls,
                ..Settings::default()
            };
            let wrong = ends.check().into_iter();
            let wrong: Vec<_> = wrong
                .map(|(field, failure)| (field, failure.reason.unwrap()))
                .collect();
            assert_eq!(wrong, expected);
        }
    }

    #[test]
    fn one_setting_that_cannot_be_read_costs_no_other() {
        let written = json!({
            "nodes": ["/dns4/a/tcp/1/ws"], "max_file": "large", "copy_link": false, "of_a_newer_version": 7,
        });
        let (settings, lost) = Settings::salvage(&written);
        assert_eq!(settings.nodes, ["/dns4/a/tcp/1/ws"]);
        assert_eq!(settings.max_file, Settings::default().max_file);
        assert!(!settings.copy_link);
        assert_eq!(lost, ["max_file"]);
        assert_eq!(Settings::salvage(&json!(7)).1, ["settings"]);
    }
}
