//! Settings as a person edits them: texts, which may be wrong for a while.

use fluence::content::Profile;
use fluence::failure::Failure;
use fluence::state::{Field, MAX_NODES, OwnIpfs, Settings};

use crate::text;

/// The units in which sizes are typed, in bytes.
pub const UNITS: [u64; 3] = [1_000_000, 1_000_000_000, 1_000_000_000_000];

/// A size as a person edits it.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// A decimal number of `unit`.
    pub number: String,
    /// The unit, as an index into [`UNITS`].
    pub unit: usize,
}

/// Settings as a person edits them.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The addresses of nodes, one on each line.
    pub nodes: String,
    /// How files are split into blocks and hashed.
    pub profile: Profile,
    /// Whether fetched files are provided to others.
    pub provide_fetched: bool,
    /// Whether fetched files are saved to the download folder at once.
    pub save_fetched: bool,
    /// The folder in the download folder into which they are saved.
    pub save_folder: String,
    /// Whether files are shared privately.
    pub private: bool,
    /// Whether the link of a file is copied when the file is shared.
    pub copy_link: bool,
    /// Whether notifications are shown, and those of each kind: shared, fetched, failed, asked.
    pub notify: bool,
    /// See [`Draft::notify`].
    pub notify_shared: bool,
    /// See [`Draft::notify`].
    pub notify_fetched: bool,
    /// See [`Draft::notify`].
    pub notify_failed: bool,
    /// See [`Draft::notify`].
    pub notify_asked: bool,
    /// When a file stops being shared, as an index into [`text::ENDS`]; `None` for something else, which is kept.
    pub ends: Option<usize>,
    /// How many bytes are uploaded in a day; the number is empty for no limit.
    pub max_sent_day: Size,
    /// The size of the largest file that is uploaded; the number is empty for no limit.
    pub max_sent_file: Size,
    /// Whether files are uploaded over metered networks.
    pub metered: bool,
    /// Whether the network of now is one of these.
    pub metered_now: bool,
    /// The size of the largest file; the number is empty for the default, which is more than most disks have.
    pub max_file: Size,
    /// The size of all files together; the number is empty for the default.
    pub max_room: Size,
    /// Whether large files are copied when they are shared.
    pub copy_large: bool,
    /// Whether the person's own IPFS node is used.
    pub use_ipfs: bool,
    /// The address of its RPC.
    pub rpc: String,
    /// The address of its gateway.
    pub gateway: String,
    /// Whether a file that nobody shares is looked for in the public IPFS.
    pub public: bool,
    /// The addresses of routers, one on each line.
    pub routers: String,
    /// The addresses of gateways, one on each line.
    pub gateways: String,
}

/// The address of a node without a slash at its end, so that the same node is found however a person typed it.
pub fn trimmed(address: &str) -> &str {
    address.trim_end_matches('/')
}

/// Adds nodes at the end of others, except those that are there already, as many as can be set. Returns those that were
/// added.
///
/// # Errors
/// In words, why none was added, or not all of them.
pub fn add_nodes(nodes: &mut Vec<String>, more: &[String]) -> (Vec<String>, Result<(), String>) {
    let mut added = Vec::new();
    let mut left = 0;
    for node in more {
        if nodes.iter().any(|known| trimmed(known) == trimmed(node)) {
            continue;
        }
        if nodes.len() < MAX_NODES {
            nodes.push(node.clone());
            added.push(node.clone());
        } else {
            left += 1;
        }
    }
    let told = match added.len() {
        _ if left > 0 => Err(text::nodes_left(left as u64, MAX_NODES as u64)),
        0 if more.len() == 1 => Err(text::node_known().to_owned()),
        0 => Err(text::nodes_known().to_owned()),
        _ => Ok(()),
    };
    (added, told)
}

/// What is wrong with a draft, with the setting that each problem concerns ([`Settings::check`]).
pub type Wrong = Vec<(Field, Failure)>;

impl Size {
    fn of(bytes: Option<u64>) -> Self {
        let Some(bytes) = bytes else {
            let number = String::new();
            return Self { number, unit: 1 };
        };
        let unit = UNITS.iter().rposition(|unit| bytes >= *unit);
        let unit = unit.unwrap_or(0);
        let number = in_unit(bytes, UNITS[unit]);
        Self { number, unit }
    }

    /// The number of bytes; `None` if nothing was typed. Something that is not a number is as wrong as zero.
    fn bytes(&self) -> Option<u64> {
        let typed = !self.number.trim().is_empty();
        typed.then(|| of_unit(&self.number, UNITS[self.unit]).unwrap_or(0))
    }
}

impl Draft {
    /// The draft of settings.
    pub fn of(settings: &Settings) -> Self {
        // The fields are listed one by one, so that a new setting is not forgotten here.
        let Settings {
            nodes,
            // These are kept as they are.
            links: _,
            foreign_storage: _,
            paused: _,
            session_identity: _,
            share_for,
            share_calls,
            max_sent_day,
            max_sent_file,
            metered,
            metered_now,
            profile,
            provide_fetched,
            save_fetched,
            save_folder,
            private,
            copy_link,
            notify,
            notify_shared,
            notify_fetched,
            notify_failed,
            notify_asked,
            max_file,
            max_room,
            copy_large,
            own_ipfs,
            public,
            routers,
            gateways,
        } = settings;
        let own = own_ipfs.as_ref();
        Self {
            nodes: nodes.join("\n"),
            profile: *profile,
            provide_fetched: *provide_fetched,
            save_fetched: *save_fetched,
            save_folder: save_folder.clone(),
            private: *private,
            copy_link: *copy_link,
            notify: *notify,
            notify_shared: *notify_shared,
            notify_fetched: *notify_fetched,
            notify_failed: *notify_failed,
            notify_asked: *notify_asked,
            ends: text::ENDS
                .iter()
                .position(|(seconds, calls)| seconds == share_for && calls == share_calls),
            max_sent_day: Size::of(*max_sent_day),
            max_sent_file: Size::of(*max_sent_file),
            metered: *metered,
            metered_now: *metered_now,
            max_file: Size::of(Some(*max_file).filter(|size| *size != largest())),
            max_room: Size::of(*max_room),
            copy_large: *copy_large,
            use_ipfs: own.is_some(),
            rpc: own
                .map_or(text::OPTIONS_RPC_EXAMPLE, |own| &own.rpc)
                .to_owned(),
            gateway: own
                .map_or(text::OPTIONS_GATEWAY_EXAMPLE, |own| &own.gateway)
                .to_owned(),
            public: *public == Some(true),
            routers: routers.join("\n"),
            gateways: gateways.join("\n"),
        }
    }

    /// The settings that the draft describes. `held` are those that it was made from: a size that was not
    /// edited stays exact.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn settings(&self, held: &Settings) -> Result<Settings, Wrong> {
        let untouched = Self::of(held);
        let size = |size: &Size, untouched: &Size, held| {
            if size == untouched {
                held
            } else {
                size.bytes()
            }
        };
        let max_file = size(&self.max_file, &untouched.max_file, Some(held.max_file));
        let max_room = size(&self.max_room, &untouched.max_room, held.max_room);
        let (share_for, share_calls) = match self.ends {
            Some(at) => text::ENDS[at],
            None => (held.share_for, held.share_calls),
        };
        let day = (&self.max_sent_day, &untouched.max_sent_day);
        let file = (&self.max_sent_file, &untouched.max_sent_file);
        let settings = Settings {
            share_for,
            share_calls,
            max_sent_day: size(day.0, day.1, held.max_sent_day),
            max_sent_file: size(file.0, file.1, held.max_sent_file),
            metered: self.metered,
            metered_now: self.metered_now,
            paused: held.paused,
            session_identity: held.session_identity,
            nodes: addresses(&self.nodes),
            links: held.links,
            foreign_storage: held.foreign_storage,
            profile: self.profile,
            provide_fetched: self.provide_fetched,
            save_fetched: self.save_fetched,
            save_folder: self.save_folder.trim().to_owned(),
            private: self.private,
            copy_link: self.copy_link,
            notify: self.notify,
            notify_shared: self.notify_shared,
            notify_fetched: self.notify_fetched,
            notify_failed: self.notify_failed,
            notify_asked: self.notify_asked,
            max_file: max_file.unwrap_or(largest()),
            max_room,
            copy_large: self.copy_large,
            own_ipfs: self.use_ipfs.then(|| self.own_ipfs()),
            // Who has not touched it has not decided.
            public: if self.public == untouched.public {
                held.public
            } else {
                Some(self.public)
            },
            routers: addresses(&self.routers),
            gateways: addresses(&self.gateways),
        };
        let wrong = settings.check();
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(wrong)
        }
    }

    /// The nodes, in their order.
    pub fn node_list(&self) -> Vec<String> {
        addresses(&self.nodes)
    }

    /// The addresses of the person's own IPFS node alone, for a test.
    pub fn own_ipfs(&self) -> OwnIpfs {
        let url = |typed: &str| typed.trim().trim_end_matches('/').to_owned();
        OwnIpfs {
            rpc: url(&self.rpc),
            gateway: url(&self.gateway),
        }
    }
}

/// The largest file by default.
fn largest() -> u64 {
    Settings::default().max_file
}

/// The addresses in a text, separated by white space or commas. Duplicates are dropped.
fn addresses(text: &str) -> Vec<String> {
    let mut nodes: Vec<String> = Vec::new();
    for address in text.split(|c: char| c.is_whitespace() || c == ',') {
        if !address.is_empty() && !nodes.iter().any(|node| node == address) {
            nodes.push(address.to_owned());
        }
    }
    nodes
}

/// A number of bytes in a unit, rounded to two decimals, without zeros at the end.
fn in_unit(bytes: u64, unit: u64) -> String {
    let hundredths = bytes.saturating_add(unit / 200) / (unit / 100);
    let (whole, part) = (hundredths / 100, hundredths % 100);
    let number = format!("{whole}.{part:02}");
    number
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// The number of bytes that a number in a unit means. It may have a point or a comma; fractions of a byte are
/// cut off. `None` if it is not a number.
fn of_unit(number: &str, unit: u64) -> Option<u64> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = number.trim();
    let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, ""));
    if !digits(whole) || !digits(part) {
        return None;
    }
    let mut bytes = if whole.is_empty() {
        0
    } else {
        // A number that is too large stays too large, so that the check of settings says so.
        whole
            .parse::<u64>()
            .unwrap_or(u64::MAX)
            .saturating_mul(unit)
    };
    let mut place = unit;
    for digit in part.bytes() {
        place /= 10;
        bytes = bytes.saturating_add(u64::from(digit - b'0') * place);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Reason;

    #[test]
    fn a_size_that_cannot_be_set_is_refused_for_what_it_is() {
        let held = Settings::default();
        for (size, reason) in [
            ("0", Reason::Zero),
            ("much", Reason::Zero),
            ("99999", Reason::TooLong),
            ("99999999999999999999999", Reason::TooLong),
        ] {
            let mut draft = Draft::of(&held);
            draft.max_file = Size {
                number: size.to_owned(),
                unit: 2,
            };
            let [(field, failure)] = &draft.settings(&held).unwrap_err()[..] else {
                panic!("{size}");
            };
            assert_eq!(
                (*field, &failure.reason),
                (Field::MaxFile, &Some(reason)),
                "{size}"
            );
        }
    }

    #[test]
    fn nodes_are_added_once_and_as_many_as_fit() {
        let node = |n: usize| format!("/dns4/a/tcp/{n}/ws");
        let mut nodes = vec![node(1)];
        let slash = node(1) + "/";
        let (added, told) = add_nodes(&mut nodes, &[slash]);
        assert!(added.is_empty());
        assert_eq!(told, Err(text::node_known().to_owned()));
        let (added, told) = add_nodes(&mut nodes, &[node(2), node(1)]);
        assert_eq!((added, told), (vec![node(2)], Ok(())));
        assert_eq!(nodes, [node(1), node(2)]);
        let many: Vec<String> = (1..=MAX_NODES + 1).map(node).collect();
        let (added, told) = add_nodes(&mut nodes, &many);
        assert_eq!((added.len(), nodes.len()), (MAX_NODES - 2, MAX_NODES));
        assert_eq!(told, Err(text::nodes_left(1, MAX_NODES as u64)));
    }

    #[test]
    fn settings_survive_being_edited() {
        let mut held = Settings {
            nodes: vec!["/ip4/127.0.0.1/tcp/4102/ws".into()],
            ..Settings::default()
        };
        assert_eq!(Draft::of(&held).settings(&held), Ok(held.clone()));
        held.own_ipfs = Some(OwnIpfs {
            rpc: "http://127.0.0.1:5001".into(),
            gateway: "https://ipfs.example.org".into(),
        });
        held.max_file = 1_234_567;
        held.max_room = Some(7_654_321_000);
        held.max_sent_day = Some(1_234_567_890);
        held.share_for = Some(77);
        held.notify_failed = false;
        held.save_folder = "From friends".into();
        held.paused = true;
        held.session_identity = true;
        held.metered_now = true;
        assert_eq!(Draft::of(&held).settings(&held), Ok(held.clone()));
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let held = Settings::default();
        for (number, unit, bytes) in [
            ("1,5", 1, Some(1_500_000_000)),
            (".5", 0, Some(500_000)),
            ("0.0000019", 0, Some(1)),
            (".", 0, None),
            (" 2 ", 0, Some(2_000_000)),
            ("0", 0, None),
            ("-1", 0, None),
            ("", 2, Some(largest())),
            ("1e300", 2, None),
            ("NaN", 1, None),
            ("inf", 1, None),
        ] {
            let draft = Draft {
                max_file: Size {
                    number: number.into(),
                    unit,
                },
                ..Draft::of(&held)
            };
            assert_eq!(
                draft.settings(&held).ok().map(|settings| settings.max_file),
                bytes,
                "{number}"
            );
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let held = Settings::default();
        let draft = Draft {
            nodes: "nonsense".into(),
            max_file: Size {
                number: "x".into(),
                unit: 0,
            },
            max_room: Size {
                number: "0".into(),
                unit: 0,
            },
            use_ipfs: true,
            rpc: "127.0.0.1:5001".into(),
            gateway: "http://127.0.0.1:8080/ipfs/".into(),
            ..Draft::of(&held)
        };
        let wrong = draft.settings(&held).unwrap_err();
        let fields: Vec<Field> = wrong.into_iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                Field::Nodes,
                Field::MaxFile,
                Field::MaxRoom,
                Field::Rpc,
                Field::Gateway
            ]
        );
        let unused = Draft {
            use_ipfs: false,
            nodes: String::new(),
            max_file: Size {
                number: "1".into(),
                unit: 0,
            },
            max_room: Size {
                number: " ".into(),
                unit: 2,
            },
            ..draft
        };
        assert_eq!(unused.settings(&held).unwrap().max_room, None);
    }

    #[test]
    fn nodes_are_read_as_people_write_them() {
        let lines = "/dns4/a/tcp/1/ws\n\n  /dns4/b/tcp/1/ws, /dns4/a/tcp/1/ws\n";
        assert_eq!(addresses(lines), ["/dns4/a/tcp/1/ws", "/dns4/b/tcp/1/ws"]);
        assert!(addresses(" \n\n").is_empty());
    }
}
