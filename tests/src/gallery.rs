//! The gallery: every page and component of the extension in every state. A specimen is the extension's own program, as it is
//! shipped, to which made-up messages of a worker are sent. Nothing about it changes from run to run, so
//! that pictures of it can be compared ([`crate::pictures`]).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Request, State as Served};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fluence::Cid;
use fluence::command::{Answer, Entry, FolderFile, Look, Thumbnail, ToFace};
use fluence::content::car;
use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
use fluence::failure::{About, Code, Failure, Reason};
use fluence::journal;
use fluence::live::{CallLine, LinkView, NodeView, short};
use fluence::names::{canonical, cid_v1};
use fluence::private::Key;
use fluence::state::{
    Copy, Event, EventKind, Item, ItemId, ItemSource, Left, Limits, LinkCause, LinkError, LogEntry,
    LogLine, NetworkStatus, Origin, OwnIpfs, Progress, Secret, Settings, State, Status, Upload,
};
use locales::{Locales, Program, Pseudo};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, WebDriver};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use words::Words;

use crate::browser::{Kind, SETTLED, copy as copy_directory};
use crate::pictures::Picture;
use crate::process::repository;
use crate::{axe, files, languages};

/// The moment in all specimens: 14 March 2026, 15:09:26, in Unix milliseconds.
const NOW: u64 = 1_773_500_966_000;
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const MB: u64 = 1_000_000;

// A host without letters, because labels name it, and no language translates it.
const NODE: &str = "/ip4/192.0.2.1/tcp/4102/ws";
const STORAGE: &str = "/dns4/storage.example.org/tcp/443/https";
const PEER: &str = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
const OTHER: &str = "12D3KooWHCJbJKGDfCgHRoCuK9q4STyRnVveqLoXAPBbXHTZx9Cv";
const CID: &str = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
const PAGE: &str = "https://library.example.org/holidays/";

/// The width of the popup and of the narrowest page, and the height of the popup, in CSS pixels.
const POPUP: (u32, u32) = (400, 600);
const NARROW: u32 = 320;
/// The width of a tab with one column, in CSS pixels.
const WIDE: u32 = 760;
/// The height that only what is shown needs, in CSS pixels.
const LOW: u32 = 60;

/// The languages that nobody speaks, by the tags that they have in the gallery.
pub const PSEUDO: [(&str, Pseudo, &str); 2] = [
    ("xa", Pseudo::Accented, "ltr"),
    ("xb", Pseudo::Mirrored, "rtl"),
];

/// A page or a component in one state.
#[derive(Debug, Serialize)]
pub struct Specimen {
    /// Its name, which is that of the files of its pictures.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// The page that it is on, as in its address; `link` is the page of web links, and `notices` what notifications say.
    view: &'static str,
    /// What is at the end of its address.
    fragment: String,
    /// The width of its window in CSS pixels.
    width: u32,
    /// The least height of its window in CSS pixels.
    height: u32,
    /// The time, in Unix milliseconds.
    now: u64,
    /// The selector of the component that is shown alone.
    part: Option<&'static str>,
    /// The selector of what is there once all is shown.
    shows: &'static str,
    /// What the worker, or the node of a web link, does: it is `away`, `starts`, or `ends` once it has said everything.
    worker: Option<&'static str>,
    /// What an earlier worker left to be shown.
    remembered: Option<Value>,
    /// Where the bytes are that the worker hands over.
    gives: Option<&'static str>,
    /// Whether these are only the first ones of the file.
    is_part: bool,
    /// What the worker says.
    messages: Vec<Value>,
    /// What it answers, by the words of commands.
    answers: BTreeMap<&'static str, Answer>,
    /// What a person does: what, with which element, and with which value.
    acts: Vec<(&'static str, &'static str, Value)>,
    /// The address of the page that the popup was opened on.
    page: Option<&'static str>,
    /// What that page links to and shows; `None` if it cannot be read.
    links: Option<Value>,
    /// The sites that may be read.
    origins: Vec<&'static str>,
    /// The keys of the extension.
    keys: Value,
}

impl Specimen {
    fn new(name: &'static str, title: &'static str, view: &'static str) -> Self {
        let (width, height) = match view {
            "popup" => POPUP,
            "panel" => (NARROW, POPUP.1),
            "tab" => (POPUP.0, LOW),
            _ => (WIDE, LOW),
        };
        Self {
            name,
            title,
            view,
            fragment: String::new(),
            width,
            height,
            now: NOW,
            part: None,
            shows: "[data-testid=network]",
            worker: None,
            remembered: None,
            gives: None,
            is_part: false,
            messages: Vec::new(),
            answers: BTreeMap::new(),
            acts: Vec::new(),
            page: None,
            links: None,
            origins: Vec::new(),
            keys: json!([
                { "name": "_execute_action", "shortcut": "Alt+Shift+F" },
                { "name": "share-files", "shortcut": "" },
            ]),
        }
    }

    /// The widths at which it has to fit, in CSS pixels.
    pub fn widths(&self) -> &'static [u32] {
        match self.view {
            "popup" => &[POPUP.0],
            _ => &[NARROW, POPUP.0],
        }
    }

    /// The worker says what the list is like, and what else there is.
    fn state(self, state: State) -> Self {
        let count = state.items.len();
        self.says(ToFace::State {
            state: Box::new(state),
            defaults: Settings::default(),
            count,
        })
    }

    fn says(mut self, message: ToFace) -> Self {
        self.messages.push(json!(message));
        self
    }

    fn answers(mut self, command: &'static str, answer: Answer) -> Self {
        self.answers.insert(command, answer);
        self
    }

    fn part(mut self, selector: &'static str) -> Self {
        (self.part, self.shows) = (Some(selector), selector);
        self
    }

    fn shows(mut self, selector: &'static str) -> Self {
        self.shows = selector;
        self
    }

    fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    fn press(mut self, selector: &'static str) -> Self {
        self.acts.push(("press", selector, Value::Null));
        self
    }

    fn act(mut self, act: &'static str, selector: &'static str, value: Value) -> Self {
        self.acts.push((act, selector, value));
        self
    }
}

/// An id with this number.
fn id(number: u64) -> ItemId {
    ItemId(format!("{number:032x}"))
}

/// An item that was begun so many minutes ago, which is also its number.
fn item(minutes: u64, origin: Origin, name: &str, size: u64, status: Status) -> Item {
    let is_known = !matches!(
        status,
        Status::Preparing | Status::Hashing | Status::Failed { .. }
    );
    let has_hash = origin == Origin::Fetch || is_known;
    Item {
        id: id(minutes),
        origin,
        name: name.to_owned(),
        note: None,
        mime: None,
        size: Some(size),
        files: None,
        inside: None,
        cid: has_hash.then(|| CID.to_owned()),
        key: None,
        providing: origin == Origin::Share && status.is_offered(),
        status,
        since: NOW - minutes * MINUTE,
        progress: None,
        upload: None,
        placed: None,
        confirmed: false,
        requests: 0,
        limits: Limits::default(),
        ends: None,
        asks: false,
        asking: None,
        uploaded: 0,
        created: NOW - minutes * MINUTE,
        thumbnail: false,
        source: None,
        validator: None,
        saved_as: None,
        changed: 0,
        upload_failure: None,
        stays: false,
    }
}

fn shared(minutes: u64, name: &str, size: u64) -> Item {
    item(minutes, Origin::Share, name, size, Status::Shared)
}

fn fetched(minutes: u64, name: &str, size: u64, status: Status) -> Item {
    item(minutes, Origin::Fetch, name, size, status)
}

fn failed(code: Code) -> Status {
    let failure = Failure::new(code).host("https://files.example.org/");
    Status::Failed { failure }
}

fn moving(bytes: u64, total: u64, rate: u64) -> Option<Progress> {
    let total = Some(total);
    Some(Progress { bytes, total, rate })
}

fn online() -> NetworkStatus {
    let node = NODE.to_owned();
    NetworkStatus::Online { node }
}

/// A state with these items, newest first, and a connection.
fn with(items: impl IntoIterator<Item = Item>) -> State {
    State {
        seq: 1,
        items: items.into_iter().collect(),
        network: online(),
        web: Some("https://storage.example.org".to_owned()),
        web_page: true,
        room: Some(50_000 * MB),
        settings: Some(Settings {
            nodes: vec![NODE.to_owned()],
            ..Settings::default()
        }),
        peer: Some(OTHER.to_owned()),
        sent_day: NOW / DAY,
        sent: 734 * MB,
        fetched_day: NOW / DAY,
        fetched: 81 * MB,
        ..State::default()
    }
}

/// The same with another connection.
fn connected(network: NetworkStatus, items: impl IntoIterator<Item = Item>) -> State {
    State {
        network,
        ..with(items)
    }
}

/// The same with other settings.
fn set(change: impl FnOnce(&mut Settings), mut state: State) -> State {
    change(state.settings.get_or_insert_default());
    state
}

fn copy(multiaddr: &str, left: Option<Left>) -> Copy {
    Copy {
        cid: CID.to_owned(),
        multiaddr: multiaddr.to_owned(),
        peer: PEER.to_owned(),
        until: Some((NOW + 3 * 60 * MINUTE) / 1000),
        at: NOW - 5 * MINUTE,
        owner: None,
        left,
    }
}

/// Files as people have them.
fn files() -> Vec<Item> {
    let mut photo = shared(1, "Sunset over the harbour.jpg", 3_482_112);
    photo.thumbnail = true;
    (photo.requests, photo.uploaded) = (12, 41_785_344);
    let mut letter = shared(2, "Letter to the council.pdf", 184_320);
    letter.key = Some(Secret(Key::new([7; 16])));
    let mut video = fetched(3, "Birthday.webm", 812 * MB, Status::Done);
    video.saved_as = Some("Birthday.webm".to_owned());
    let mut folder = shared(4, "Recipes", 9_400_000);
    folder.files = Some(48);
    folder.limits.until = Some(NOW + 90 * MINUTE);
    vec![photo, letter, video, folder]
}

/// A picture of a sunset, with which thumbnails are answered.
fn thumbnail() -> Answer {
    let data_url = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='72' height='72'%3E%3Cpath fill='%23f6b26b' d='M0 0h72v44H0z'/%3E%3Ccircle cx='36' cy='44' r='16' fill='%23fff2cc'/%3E%3Cpath fill='%23345d7e' d='M0 44h72v28H0z'/%3E%3C/svg%3E";
    Answer::Thumbnails {
        thumbnails: vec![Thumbnail {
            id: id(1),
            data_url: data_url.to_owned(),
        }],
    }
}

fn log() -> Answer {
    let line = |minutes: u64, entry| LogLine {
        at: NOW - minutes * MINUTE,
        entry,
    };
    let peer = || OTHER.to_owned();
    Answer::Log {
        lines: vec![
            line(
                9,
                LogEntry::Hashed {
                    cid: CID.to_owned(),
                    size: 3_482_112,
                },
            ),
            line(9, LogEntry::Reached),
            line(7, LogEntry::Requested { peer: peer() }),
            line(
                7,
                LogEntry::Uploading {
                    multiaddr: STORAGE.to_owned(),
                    peer: Some(peer()),
                },
            ),
            line(6, LogEntry::Uploaded { size: 3_482_112 }),
            line(3, LogEntry::MoreRequested { calls: 4 }),
            line(
                2,
                LogEntry::Requested {
                    peer: PEER.to_owned(),
                },
            ),
        ],
    }
}

fn nodes() -> ToFace {
    let node = |address: &str, link, rtt, cause| NodeView {
        address: address.to_owned(),
        peer: Some(PEER.to_owned()),
        chosen: true,
        link,
        rtt,
        cause,
    };
    let call = |number, function: &str, incoming, ms, failed| CallLine {
        number,
        at: NOW - (9 - number) * 7_000,
        incoming,
        function: function.to_owned(),
        peer: PEER[PEER.len() - 8..].to_owned(),
        ms,
        failed,
    };
    ToFace::Live {
        nodes: Some(vec![
            node(NODE, LinkView::Online, Some(38), None),
            node(
                "/dns4/second.example.org/tcp/4102/ws",
                LinkView::Unreachable,
                Some(112),
                None,
            ),
            node(
                "/ip4/192.0.2.7/tcp/4102/ws",
                LinkView::Idle,
                None,
                Some(LinkCause::DialTimeout),
            ),
        ]),
        peers: Some(vec![short(PEER).to_owned(), "Xb7RkdT2".to_owned()]),
        calls: vec![
            call(1, "IPFS_multiaddr", false, Some(41), None),
            call(2, "IPFS_…", true, Some(96), None),
            call(3, "IPFS_…", false, Some(5_000), Some(Reason::Silent)),
            call(4, "FLUENCE_holds", false, None, None),
        ],
    }
}

fn history() -> Answer {
    let event = |seq, minutes: u64, kind| {
        journal::event(&Event {
            seq,
            at: NOW - minutes * MINUTE,
            kind,
        })
    };
    let status = |status| EventKind::Status { id: id(1), status };
    Answer::History {
        snapshot: Some(journal::snapshot(&with(files().split_off(1)))),
        events: vec![
            event(
                2,
                9,
                EventKind::ShareBegan {
                    id: id(1),
                    name: "Sunset over the harbour.jpg".to_owned(),
                    mime: Some("image/jpeg".to_owned()),
                    size: Some(3_482_112),
                    source: None,
                    key: None,
                    ends: None,
                },
            ),
            event(
                3,
                9,
                EventKind::Hashed {
                    id: id(1),
                    cid: CID.to_owned(),
                    size: 3_482_112,
                    files: None,
                },
            ),
            event(4, 8, status(Status::Announcing)),
            event(5, 8, status(Status::Shared)),
            event(
                6,
                7,
                EventKind::Requested {
                    id: id(1),
                    peer: PEER.to_owned(),
                },
            ),
        ],
        more: false,
    }
}

/// Everything that is in the gallery.
pub fn specimens() -> Vec<Specimen> {
    [
        components(),
        rows(),
        lists(),
        previews(),
        pages(),
        links(),
        vec![notices()],
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The field, banners and questions.
fn components() -> Vec<Specimen> {
    let field = |name, title| {
        Specimen::new(name, title, "tab")
            .state(with([]))
            .part(".give")
    };
    let banner = |name, title, state| {
        Specimen::new(name, title, "tab")
            .state(state)
            .part(".banner")
    };
    let offline = NetworkStatus::Offline {
        error: LinkError {
            node: Some(NODE.to_owned()),
            others_failed: true,
            cause: LinkCause::DialTimeout,
        },
        retry_at: NOW + 8_000,
    };
    let node = || NODE.to_owned();
    let mut waits = item(1, Origin::Share, "Annual report.pdf", 0, Status::Preparing);
    waits.size = None;
    waits.source = Some(ItemSource {
        url: Some(format!("{PAGE}report.pdf")),
        page: Some(PAGE.to_owned()),
        own_cookies: false,
        seen: None,
    });
    let seen = |look| Answer::Seen { look };
    let link = format!("fluence:{CID}");
    let typed = |specimen: Specimen| specimen.act("type", "[data-testid=fetch-input]", json!(link));
    let inside = |name, title, has_entries: bool| {
        let entry = |name: &str, size, folder| Entry {
            name: name.to_owned(),
            part: name.to_owned(),
            cid: CID.to_owned(),
            size: Some(size),
            folder: Some(folder),
        };
        let entries = vec![
            entry("2025", 310 * MB, true),
            entry("2026", 812 * MB, true),
            entry("Letter to the council.pdf", 184_320, false),
            entry("Sunset over the harbour.jpg", 3_482_112, false),
        ];
        typed(field(name, title).answers(
            "look",
            seen(Look {
                name: Some("Holidays".to_owned()),
                mime: Some("inode/directory".to_owned()),
                size: Some(1_125 * MB),
                peer: Some(PEER.to_owned()),
                private: false,
            }),
        ))
        .answers(
            "inside",
            Answer::Inside {
                root: CID.to_owned(),
                entries: has_entries.then_some(entries),
                more: has_entries,
            },
        )
        .press("[data-testid=inside-show]")
    };
    let mut notice = with([]);
    notice.notice = Some(Failure::new(Code::StoreFailed).detail("507"));
    notice.noticed = NOW;
    let mut tight = with(files());
    tight.room = Some(850 * MB);
    vec![
        field("field", "Field"),
        typed(field("field-looked", "Field: what is at the link").answers(
            "look",
            seen(Look {
                name: Some("Sunset over the harbour.jpg".to_owned()),
                mime: Some("image/jpeg".to_owned()),
                size: Some(3_482_112),
                peer: Some(PEER.to_owned()),
                private: false,
            }),
        ))
        .shows("[data-testid=look]"),
        typed(field("field-looking", "Field: being asked")).shows("[data-testid=look-waiting]"),
        typed(field("field-not-seen", "Field: nobody answers").answers(
            "look",
            Answer::Refused {
                failure: Failure::new(Code::NoProvider),
            },
        ))
        .shows("[data-testid=look-failed]"),
        typed(
            field("field-acts", "Field: a program is at the link").answers(
                "look",
                seen(Look {
                    name: Some("setup.exe".to_owned()),
                    mime: None,
                    size: Some(48 * MB),
                    peer: Some(PEER.to_owned()),
                    private: false,
                }),
            ),
        )
        .shows("[data-testid=look-acts]"),
        inside(
            "field-inside",
            "Field: what is in the folder at the link",
            true,
        )
        .shows("[data-testid=entry]"),
        inside(
            "field-inside-upload",
            "Field: a folder that nobody has uploaded",
            false,
        )
        .shows("[data-testid=inside-upload]"),
        field("field-refused", "Field: not a link")
            .act("type", "[data-testid=fetch-input]", json!("nonsense"))
            .answers(
                "fetch",
                Answer::Refused {
                    failure: Failure::new(Code::BadLink).reason(Reason::NotACid),
                },
            )
            .press("[data-testid=fetch-button]")
            .shows("[data-testid=fetch-error]"),
        field("field-stage", "Field: files that were chosen")
            .act(
                "drop",
                ".face",
                json!(["one.txt", "two.txt", "three.txt", "four.txt"]),
            )
            .shows("[data-testid=stage]"),
        field("field-named", "Field: a name and a note before sharing")
            .press("[data-testid=names-first]")
            .act("drop", ".face", json!(["IMG_1437.jpg"]))
            .act("type", "[data-testid=naming-name]", json!("Sunset.jpg"))
            .act(
                "type",
                "[data-testid=naming-note]",
                json!("For the calendar"),
            )
            .shows("[data-testid=stage]"),
        field("field-code", "Field: a picture with a QR code in it")
            .act("show", ".face", json!([CODE, "From the poster.png"]))
            .shows("[data-testid=stage-link]"),
        Specimen::new("dragging", "Files over the page", "tab")
            .size(POPUP.0, 360)
            .state(with([]))
            .act("drag", ".face", Value::Null)
            .shows(".curtain"),
        banner(
            "banner-no-node",
            "Banner: no node",
            connected(NetworkStatus::NoNode, []),
        ),
        banner("banner-offline", "Banner: offline", connected(offline, [])),
        banner(
            "banner-unreachable",
            "Banner: not reachable",
            connected(NetworkStatus::Unreachable { node: node() }, []),
        ),
        banner(
            "banner-paused",
            "Banner: sharing rests",
            set(|settings| settings.paused = true, with([])),
        ),
        banner(
            "banner-metered",
            "Banner: metered connection",
            set(
                |settings| {
                    settings.metered = false;
                    settings.metered_now = true;
                },
                with([]),
            ),
        ),
        banner("banner-room", "Banner: little room", tight),
        Specimen::new("banner-notice", "Notice", "tab")
            .state(notice)
            .part("[data-testid=notice]"),
        Specimen {
            worker: Some("ends"),
            ..banner("banner-lost", "Banner: the worker has ended", with([]))
        },
        Specimen {
            worker: Some("away"),
            ..Specimen::new("banner-silent", "Banner: the worker is silent", "tab").part(".banner")
        },
        Specimen {
            messages: vec![json!({ "type": "of another version" })],
            ..Specimen::new(
                "banner-strange",
                "Banner: the worker is another version",
                "tab",
            )
            .part(".banner")
        },
        Specimen::new("access", "Permission to read a site", "tab")
            .state(with([waits]))
            .says(ToFace::Access {
                origins: vec!["https://library.example.org/*".to_owned()],
            })
            .shows("[data-testid=access]"),
    ]
}

/// Rows in each status, and what opens in them.
fn rows() -> Vec<Specimen> {
    let list = |name, title, items: Vec<Item>| {
        Specimen::new(name, title, "tab")
            .state(with(items))
            .part("#items-list")
            .answers("thumbnails", thumbnail())
    };
    let one = |name, title| {
        Specimen::new(name, title, "tab")
            .state(with(files().into_iter().take(1)))
            .part("#items-list")
            .answers("thumbnails", thumbnail())
    };
    let share = |minutes, name: &str, status| item(minutes, Origin::Share, name, 48 * MB, status);
    let noted = |mut item: Item| {
        item.note = Some("What we agreed on in May".to_owned());
        item
    };

    let mut hashing = share(3, "hashing.iso", Status::Hashing);
    hashing.progress = moving(12 * MB, 48 * MB, 90 * MB);
    let mut reading = share(2, "preparing.iso", Status::Preparing);
    reading.progress = moving(30 * MB, 48 * MB, 0);
    let mut uploading = shared(5, "uploading.mp4", 48 * MB);
    uploading.requests = 1;
    uploading.progress = moving(20 * MB, 48 * MB, 3 * MB);
    uploading.upload = Some(Upload {
        multiaddr: STORAGE.to_owned(),
        token: None,
        expires: None,
        peer: None,
        sent: 20 * MB,
    });
    let mut asked = shared(6, "asks first.txt", 1_234);
    asked.asks = true;
    asked.asking = Some(OTHER.to_owned());
    let mut limited = shared(7, "three times.zip", 48 * MB);
    limited.limits.calls = Some(3);
    let mut copied = shared(8, "copied.ogg", 6 * MB);
    copied.placed = Some(STORAGE.to_owned());
    let mut sharing = with(vec![
        share(1, "begun.iso", Status::Preparing),
        reading,
        hashing,
        share(4, "announcing.iso", Status::Announcing),
        uploading,
        asked,
        limited,
        copied,
        share(9, "stopped.iso", Status::Stopped),
    ]);
    sharing.copies = vec![copy(STORAGE, None)];

    let from_page = |mut item: Item| {
        item.source = Some(ItemSource {
            url: Some(format!("{PAGE}{}", item.name)),
            page: Some(PAGE.to_owned()),
            own_cookies: false,
            seen: None,
        });
        item
    };
    let locked = Failure::new(Code::NeedsClick);
    let mut locked = share(4, "after a restart.iso", Status::Failed { failure: locked });
    locked.stays = true;
    locked.cid = Some(CID.to_owned());
    let mut refused = shared(5, "not uploaded.mp4", 48 * MB);
    refused.upload_failure = Some(Failure::new(Code::Offline));
    let failing = vec![
        from_page(share(1, "unreachable.pdf", failed(Code::SourceUnreachable))),
        from_page(share(2, "login.html", failed(Code::LoginPage))),
        share(3, "gone.iso", failed(Code::FileGone)),
        locked,
        refused,
    ];

    let arriving = |minutes, name: &str, status| fetched(minutes, name, 812 * MB, status);
    let mut loading = arriving(
        3,
        "downloading.webm",
        Status::Downloading {
            from: "storage.example.org".to_owned(),
        },
    );
    loading.progress = moving(240 * MB, 812 * MB, 39 * MB);
    let mut paused = arriving(
        4,
        "paused.webm",
        Status::Interrupted {
            failure: Failure::new(Code::Paused),
        },
    );
    paused.progress = moving(240 * MB, 812 * MB, 0);
    let mut broken = arriving(
        5,
        "interrupted.webm",
        Status::Interrupted {
            failure: Failure::new(Code::Offline),
        },
    );
    broken.progress = moving(500 * MB, 812 * MB, 0);
    let mut unnamed = arriving(1, "", Status::Searching);
    unnamed.size = None;
    let mut provided = arriving(7, "provided too.webm", Status::Done);
    (provided.providing, provided.confirmed) = (true, true);
    let mut saved = arriving(8, "saved.webm", Status::Done);
    saved.saved_as = Some("saved (2).webm".to_owned());
    let fetching = vec![
        unnamed,
        arriving(
            2,
            "asked.webm",
            Status::Asked {
                peer: PEER.to_owned(),
            },
        ),
        loading,
        paused,
        broken,
        arriving(6, "done.webm", Status::Done),
        provided,
        saved,
        arriving(9, "nobody.webm", failed(Code::NoProvider)),
        arriving(10, "wrong.webm", failed(Code::WrongBytes)),
    ];
    let long = "A very long name of a file that somebody has saved from a page with a long title, again and again.tar.gz";
    let rtl = "صورة من العطلة الصيفية الطويلة جدا على شاطئ البحر مع الأصدقاء والعائلة.jpg";
    let mut private = shared(2, rtl, 3 * MB);
    private.key = Some(Secret(Key::new([7; 16])));
    private.requests = 123_456;
    private.uploaded = 1_234_567 * MB;
    private.limits = Limits {
        until: Some(NOW + 9 * DAY),
        calls: Some(200_000),
    };
    vec![
        list("rows-files", "Rows: files", files()),
        Specimen::new("rows-sharing", "Rows: sharing", "tab")
            .state(sharing)
            .part("#items-list"),
        list("rows-failed", "Rows: shares that failed", failing),
        list("rows-fetching", "Rows: fetching", fetching),
        list(
            "rows-long",
            "Rows: long names",
            vec![shared(1, long, 3 * MB), private],
        ),
        one("row-menu", "Row: its menu")
            .size(POPUP.0, 420)
            .press("[data-testid=item-menu]")
            .shows("[role=menu]"),
        one("row-details", "Row: details, and who asked")
            .answers("log", log())
            .press("[data-testid=item-log-toggle]")
            .shows("[data-testid=item-askers]"),
        one("row-log-refused", "Row: a log that cannot be read")
            .answers(
                "log",
                Answer::Refused {
                    failure: Failure::new(Code::StoreFailed),
                },
            )
            .press("[data-testid=item-log-toggle]")
            .shows("[data-testid=item-log-refused]"),
        one("row-qr", "Row: QR code")
            .press("[data-testid=item-menu]")
            .press("[data-testid=item-qr]")
            .shows("[data-testid=item-qr-code]"),
        one("row-naming", "Row: a name and a note")
            .press("[data-testid=item-menu]")
            .press("[data-testid=item-rename]")
            .act(
                "type",
                "[data-testid=naming-note]",
                json!("For the calendar"),
            )
            .shows("[data-testid=item-naming]"),
        list(
            "row-naming-private",
            "Row: a note about a private file, and what was noted",
            files().into_iter().skip(1).take(1).map(noted).collect(),
        )
        .press("[data-testid=item-log-toggle]")
        .press("[data-testid=item-menu]")
        .press("[data-testid=item-rename]")
        .shows("[data-testid=item-naming]"),
        one("row-remove", "Row: to be removed")
            .press("[data-testid=item-menu]")
            .press("[data-testid=item-remove]")
            .shows("[data-testid=item-confirm]"),
        one("row-refused", "Row: a command that was refused")
            .answers(
                "stop",
                Answer::Refused {
                    failure: Failure::new(Code::StoreFailed),
                },
            )
            .press("[data-testid=item-menu]")
            .press("[data-testid=item-stop]")
            .shows("[data-testid=item-refused]"),
    ]
}

/// The lists, and what is done with them.
fn lists() -> Vec<Specimen> {
    let many = || {
        (1..=24).map(|number| {
            let kind = ["jpg", "pdf", "webm", "zip", "ogg", "bin"][number as usize % 6];
            shared(number, &format!("File {number}.{kind}"), number * 1_111_111)
        })
    };
    let tab = |name, title, state| {
        Specimen::new(name, title, "tab")
            .size(POPUP.0, 480)
            .state(state)
    };
    let mut left = with(files().into_iter().skip(2));
    left.copies = vec![
        copy(STORAGE, None),
        copy(
            "/dns4/other.example.org/tcp/443/https",
            Some(Left::ForOthers),
        ),
        copy("/dns4/third.example.org/tcp/443/https", Some(Left::Refused)),
    ];
    let links = json!([
        { "kind": "download", "url": format!("{PAGE}programme.pdf"), "name": "programme.pdf", "text": "Programme", "width": 0, "height": 0, "small": "" },
        { "kind": "image", "url": format!("{PAGE}beach.jpg"), "name": "", "text": "The beach", "width": 1280, "height": 960, "small": "" },
        { "kind": "video", "url": format!("{PAGE}waves.webm"), "name": "", "text": "", "width": 0, "height": 0, "small": "" },
        { "kind": "link", "url": format!("{PAGE}photos.zip"), "name": "", "text": "All photos", "width": 0, "height": 0, "small": "" },
    ]);
    let page = |name, title, links: Option<&Value>| Specimen {
        page: Some(PAGE),
        links: links.cloned(),
        ..Specimen::new(name, title, "popup").state(with([]))
    };
    vec![
        Specimen::new("popup", "Popup", "popup")
            .state(with(files()))
            .answers("thumbnails", thumbnail())
            .shows("img.picture"),
        Specimen::new("popup-first", "Popup: nothing yet", "popup")
            .state(with([]))
            .shows("[data-testid=page-closed], [data-testid=empty]"),
        Specimen {
            worker: Some("starts"),
            ..Specimen::new(
                "starting",
                "Popup: the worker starts, and nothing is known",
                "popup",
            )
            .shows("[data-testid=starting]")
        },
        Specimen {
            worker: Some("starts"),
            remembered: Some(json!(ToFace::remembered(
                &with(files()),
                &Settings::default()
            ))),
            ..Specimen::new("starting-list", "Popup: the worker starts", "popup")
                .answers("thumbnails", thumbnail())
                .shows("[data-testid=item]")
        },
        Specimen::new("panel", "Side panel", "panel")
            .state(with(files()))
            .answers("thumbnails", thumbnail())
            .shows("img.picture"),
        Specimen {
            width: WIDE,
            ..tab("tab", "Tab", with(files()))
                .answers("thumbnails", thumbnail())
                .shows("img.picture")
        },
        tab(
            "empty-shared",
            "Nothing shared",
            with([fetched(1, "fetched.txt", 1_234, Status::Done)]),
        )
        .press("[data-testid=filter-shared]")
        .shows("[data-testid=empty]"),
        tab("empty-search", "Nothing found", with(many()))
            .press("[data-testid=search-toggle]")
            .act("type", "[data-testid=items-search]", json!("holiday"))
            .shows("[data-testid=empty]"),
        tab("list-menu", "Menu of the list", with(many().take(6)))
            .press("[data-testid=list-menu]")
            .shows("[role=menu]"),
        tab("selection", "Selecting", with(files()))
            .press("[data-testid=select-toggle]")
            .press("[data-testid=item-select]")
            .shows("[data-testid=selection]"),
        tab(
            "selection-remove",
            "Selected files to be removed",
            with(files()),
        )
        .press("[data-testid=select-toggle]")
        .press("[data-testid=select-all]")
        .press("[data-testid=selected-remove]")
        .shows("[data-testid=selected-confirm]"),
        tab("free", "Free space", left)
            .press("[data-testid=list-menu]")
            .press("[data-testid=clear-old]")
            .shows("[data-testid=room-remove]"),
        page("page", "This page", Some(&links)).shows("[data-testid=page-file]"),
        page("page-selected", "This page: selected", Some(&links))
            .press("[data-testid=page-select-all]")
            .shows("[data-testid=page-share-selected]"),
        page("page-none", "This page: no files", Some(&json!([])))
            .press("[data-testid=filter-page]")
            .shows("[data-testid=page-none]"),
        page("page-unreadable", "This page: not readable", None)
            .press("[data-testid=filter-page]")
            .shows(".page .hint"),
    ]
}

/// What is in files and folders, over the page.
fn previews() -> Vec<Specimen> {
    let shown = |name, title, item: Item| {
        Specimen::new(name, title, "tab")
            .size(POPUP.0, POPUP.1)
            .state(with([item]))
            .answers("show", Answer::Done { id: None })
            .press("[data-testid=item-menu]")
            .press("[data-testid=item-show]")
    };
    let file = |name, title, (file, size): (&str, u64), gives| Specimen {
        gives: Some(gives),
        ..shown(name, title, shared(1, file, size))
    };
    let coming = |name, title, (file, size, here): (&str, u64, u64), gives| {
        let from = "storage.example.org".to_owned();
        let mut item = fetched(1, file, size, Status::Downloading { from });
        item.progress = moving(here, size, MB);
        Specimen {
            gives: Some(gives),
            is_part: true,
            ..shown(name, title, item)
        }
    };
    let in_folder = |path: &str, size| FolderFile {
        path: path.to_owned(),
        size,
    };
    let mut folder = shared(1, "Recipes", 9_400_000);
    folder.files = Some(740);
    vec![
        file(
            "preview-picture",
            "Preview: a picture",
            ("Sunset over the harbour.jpg", 3_482_112),
            PICTURE,
        )
        .shows("[data-testid=preview-image]"),
        file(
            "preview-text",
            "Preview: a text that can act, cut off",
            ("index.html", 812_034),
            TEXT,
        )
        .shows("[data-testid=preview-cut]"),
        file(
            "preview-document",
            "Preview: a document, before it is opened",
            ("Letter to the council.pdf", 184_320),
            DOCUMENT,
        )
        .shows("[data-testid=preview-open]"),
        file(
            "preview-none",
            "Preview: what cannot be shown",
            ("setup.exe", 48 * MB),
            PROGRAM,
        )
        .shows("[data-testid=preview-nothing]"),
        file(
            "preview-broken",
            "Preview: a broken picture",
            ("Beach.png", 1_482_112),
            BROKEN,
        )
        .shows("[data-testid=preview-nothing]"),
        shown(
            "preview-waiting",
            "Preview: being opened",
            shared(1, "Birthday.webm", 812 * MB),
        )
        .shows("[data-testid=preview-waiting]"),
        coming(
            "preview-coming",
            "Preview: a picture of which some is here",
            ("Sunset over the harbour.jpg", 3_482_112, 1_310_720),
            PICTURE,
        )
        .shows("[data-testid=preview-image]"),
        coming(
            "preview-whole",
            "Preview: a document of which some is here",
            ("Letter to the council.pdf", 184_320, 65_536),
            DOCUMENT,
        )
        .shows("[data-testid=preview-nothing]"),
        shown(
            "preview-refused",
            "Preview: the file is gone",
            shared(1, "Birthday.webm", 812 * MB),
        )
        .answers(
            "show",
            Answer::Refused {
                failure: Failure::new(Code::FileGone),
            },
        )
        .shows("[data-testid=preview-refused]"),
        shown("preview-folder", "Preview: a folder", folder)
            .answers(
                "files",
                Answer::Files {
                    files: vec![
                        in_folder("bread/rye.txt", 4_120),
                        in_folder("bread/wheat.txt", 3_904),
                        in_folder("cakes/birthday/candles.jpg", 2_482_112),
                        in_folder("cakes/birthday/list of everybody who comes.txt", 812),
                        in_folder("readme.txt", 1_024),
                    ],
                    count: 740,
                },
            )
            .shows("[data-testid=preview-file]"),
    ]
}

/// The page of a node for web links.
fn links() -> Vec<Specimen> {
    let link = |name, title, file: &str, fragment: String| Specimen {
        fragment: format!("#{fragment}&name={}", file.replace(' ', "%20")),
        ..Specimen::new(name, title, "link")
    };
    let to = |given| {
        let (_, root, _) = given_car(given);
        root.to_string()
    };
    let done = "#checked:not([hidden])";
    vec![
        link(
            "link-picture",
            "Web link: a picture",
            "Sunset over the harbour.png",
            to(PICTURE),
        )
        .size(WIDE, 700)
        .shows("#preview img"),
        link(
            "link-text",
            "Web link: a text that can act",
            "index.html",
            to(TEXT),
        )
        .size(WIDE, 1100)
        .shows("#preview pre"),
        link("link-folder", "Web link: a folder", "Holidays", to(FOLDER)).shows("#files li"),
        link(
            "link-none",
            "Web link: what cannot be shown",
            "songs.bin",
            to(PROGRAM),
        )
        .shows(done),
        Specimen {
            worker: Some("away"),
            ..link(
                "link-waiting",
                "Web link: the node is asked for a program",
                "setup.exe",
                CID.to_owned(),
            )
        }
        .shows("#acts:not([hidden])"),
        link(
            "link-gone",
            "Web link: nobody has it",
            "songs.bin",
            CID.to_owned(),
        )
        .shows("#again:not([hidden])"),
        Specimen {
            fragment: "#nonsense".to_owned(),
            ..link("link-wrong", "Web link: not a link", "", String::new())
        }
        .shows("#trouble:not([hidden])"),
    ]
}

/// What the notifications say.
fn notices() -> Specimen {
    Specimen::new("notices", "Notifications", "notices")
        .size(POPUP.0, LOW)
        .shows("article")
}

/// The title, the text and the buttons of each notification, in the language of this thread.
fn said() -> Value {
    let name = "Sunset over the harbour.jpg";
    let failed = |code, about| {
        let failure = Failure::new(code).host("storage.example.org").peer(PEER);
        words::failed(name, &failure, about)
    };
    let plain = |Words { what, advice }| json!({ "title": what, "text": advice, "buttons": [] });
    let asks = words::asking(name);
    let mut all = vec![json!({
        "title": asks.what,
        "text": asks.advice,
        "buttons": [words::worker::allow(), words::worker::refuse()],
    })];
    all.extend(
        [
            words::shared(name, true),
            words::shared(name, false),
            words::shared_many(500, 0),
            words::shared_many(497, 3),
            words::not_shared_many(3),
            words::fetched(name),
            failed(Code::LoginPage, About::Share),
            failed(Code::NoProvider, About::Fetch),
            failed(Code::WrongBytes, About::Fetch),
            words::trouble(&Failure::new(Code::NeedsClick)),
            words::trouble(&Failure::new(Code::StoreFailed)),
        ]
        .map(plain),
    );
    Value::from(all)
}

/// Where made-up files are in the directory of the gallery.
const PICTURE: &str = "given/picture";
const TEXT: &str = "given/text";
const DOCUMENT: &str = "given/document";
const PROGRAM: &str = "given/program";
const BROKEN: &str = "given/broken";
const CODE: &str = "given/code";
/// The folder at a web link.
const FOLDER: &str = "given/folder";

/// The bytes of a made-up file.
fn given(file: &str) -> Vec<u8> {
    match file {
        PICTURE => files::picture(480, 320).unwrap_or_default(),
        TEXT => "<!doctype html>\n<title>Recipes</title>\n<script>alert(1)</script>\n<p>Everything is a function call.</p>\n"
            .repeat(3_000)
            .into_bytes(),
        DOCUMENT => files::document("Everything is a function call."),
        PROGRAM => b"MZ\x00\x01\x02\x00".repeat(100),
        CODE => files::code(&format!("fluence:{CID}")).unwrap_or_default(),
        BROKEN => b"\x89PNG\r\n\x1a\nnothing of a picture".to_vec(),
        _ => Vec::new(),
    }
}

/// The path, the root and the bytes of the CAR with which a node answers for a made-up file.
fn given_car(file: &str) -> (String, Cid, Vec<u8>) {
    let raw = |bytes: Vec<u8>| (cid_v1(RAW, &Sha256::digest(&bytes).into()), bytes);
    let mut blocks = Vec::new();
    if file == FOLDER {
        let within = [("2026 sunset.png", PICTURE), ("index.html", TEXT)];
        let leaves = within.map(|(name, file)| (name, raw(given(file))));
        let children = leaves.iter().map(|(name, (cid, bytes))| {
            let size = bytes.len() as u64;
            let child = Child {
                cid: *cid,
                size,
                tsize: size,
            };
            (*name, child)
        });
        let node = unixfs::directory(children).to_vec();
        blocks.push((cid_v1(DAG_PB, &Sha256::digest(&node).into()), node));
        blocks.extend(leaves.map(|(_, leaf)| leaf));
    } else {
        blocks.push(raw(given(file)));
    }
    let root = blocks[0].0;
    let mut bytes = car::header(&root).to_vec();
    for (cid, block) in blocks {
        let cid = cid.to_bytes();
        bytes.extend(varint((cid.len() + block.len()) as u64));
        bytes.extend(cid);
        bytes.extend(block);
    }
    (format!("ipfs/{}", canonical(&root)), root, bytes)
}

/// A number as CARs have it.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The pages beside the list.
fn pages() -> Vec<Specimen> {
    let options = |name, title| {
        Specimen {
            origins: vec!["https://library.example.org/*"],
            ..Specimen::new(name, title, "options")
        }
        .state(with(files()))
        .says(nodes())
        .shows("[data-testid=settings-folder]")
    };
    let own = |settings: &mut Settings| {
        settings.own_ipfs = Some(OwnIpfs {
            rpc: "http://127.0.0.1:5001".to_owned(),
            gateway: "http://127.0.0.1:8080".to_owned(),
        });
    };
    let identity = |name, title| {
        Specimen::new(name, title, "options")
            .state(with(files()))
            .press("[data-testid=advanced]")
            .part("[aria-labelledby=identity-title]")
    };
    let network = |name, title| {
        Specimen::new(name, title, "network")
            .state(with(files()))
            .says(nodes())
            .shows("[data-testid=call]")
    };
    let time = |name, title| {
        Specimen::new(name, title, "time")
            .state(with(files()))
            .answers("history", history())
            .shows("[data-testid=time-event]")
    };
    vec![
        options("options", "Settings"),
        options("options-tested", "Settings: a node that was tested")
            .part("[aria-labelledby=nodes-title]")
            .answers(
                "test_node",
                Answer::Tested {
                    ms: Some(38),
                    error: None,
                },
            )
            .press("[data-testid=node-test]")
            .shows(".tested .good"),
        options("options-code", "Settings: the QR code of a list of nodes")
            .part("[aria-labelledby=nodes-title]")
            .act(
                "type",
                "[data-testid=node-add]",
                json!("https://nodes.example.org"),
            )
            .press("[data-testid=node-qr]")
            .shows("[data-testid=node-qr-code] svg"),
        Specimen::new("options-advanced", "Settings: advanced", "options")
            .state(set(own, with(files())))
            .press("[data-testid=advanced]")
            .part(".advanced"),
        identity("identity-new", "Identity: to be replaced")
            .press("[data-testid=identity-new]")
            .shows("[data-testid=identity-question]"),
        identity("identity-replaced", "Identity: replaced")
            .answers("new_identity", Answer::Done { id: None })
            .press("[data-testid=identity-new]")
            .press("[data-testid=identity-confirm]")
            .shows("[data-testid=identity-state]:not(:empty)"),
        identity("identity-save", "Identity: to be saved, with a passphrase")
            .press("[data-testid=identity-save]")
            .shows("#passphrase-again"),
        identity("identity-short", "Identity: a passphrase that is too short")
            .press("[data-testid=identity-save]")
            .act("type", "[data-testid=passphrase-again]", json!("short"))
            .press("[data-testid=identity-confirm]")
            .shows("[data-testid=identity-wrong]"),
        identity(
            "identity-use",
            "Identity: that of a file, with a passphrase",
        )
        .act(
            "choose",
            "[data-testid=identity-use]",
            json!("identity.json"),
        )
        .shows("[data-testid=identity-question]"),
        identity(
            "identity-refused",
            "Identity: another passphrase than that of the file",
        )
        .act(
            "choose",
            "[data-testid=identity-use]",
            json!("identity.json"),
        )
        .answers(
            "import_identity",
            Answer::Refused {
                failure: Failure::new(Code::WrongPassphrase),
            },
        )
        .press("[data-testid=identity-confirm]")
        .shows("[data-testid=identity-failure]"),
        options("options-import", "Settings: those of a file")
            .act(
                "choose",
                "[data-testid=settings-import]",
                json!("settings.json"),
            )
            .answers(
                "read_settings",
                Answer::Settings {
                    settings: Box::default(),
                    theme: None,
                },
            )
            .part("[aria-labelledby=file-title]")
            .shows("[data-testid=import-question]"),
        options("options-wrong", "Settings: a value that cannot be")
            .act("type", "[data-testid=settings-folder]", json!("../other"))
            .press("[type=submit]")
            .part("[aria-labelledby=fetching-title]")
            .shows("#folder-wrong"),
        Specimen::new("welcome", "First page", "welcome")
            .state(connected(
                NetworkStatus::Connecting {
                    node: NODE.to_owned(),
                },
                [],
            ))
            .says(nodes())
            .shows("[data-testid=welcome-private]"),
        Specimen::new("welcome-no-node", "First page: no node", "welcome")
            .state(set(
                |settings| settings.nodes.clear(),
                connected(NetworkStatus::NoNode, []),
            ))
            .shows("[data-testid=welcome-private]"),
        network("network", "Network"),
        network("network-reply", "Network: a reply")
            .act("type", "[data-testid=call-name]", json!("weather"))
            .answers(
                "call",
                Answer::Text {
                    text: "{\n  \"temperature\": 21\n}".to_owned(),
                    peer: Some(PEER.to_owned()),
                    ms: Some(84),
                },
            )
            .press("[data-testid=call-button]")
            .part(".call")
            .shows("[data-testid=call-reply]"),
        time("time", "What happened"),
        time("time-forget", "What happened, to be forgotten")
            .press("[data-testid=time-forget]")
            .part("[aria-labelledby=time-file-title]")
            .shows("[data-testid=time-forget-now]"),
    ]
}

/// The gallery as files, and the server of them, which ends when this is dropped.
pub struct Gallery {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gallery {
    /// Makes the gallery of a built extension in a directory, whose old content goes, and serves it at this port, or at any
    /// for 0.
    ///
    /// # Errors
    /// If files cannot be written, or if the port cannot be used.
    pub async fn open(extension: &Path, directory: &Path, port: u16) -> Result<Self> {
        write(extension, directory)?;
        let router = Router::new()
            .fallback(serve)
            .with_state(directory.to_owned());
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("the gallery cannot use port {port}"))?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            // The server ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, task })
    }

    /// The address of its page.
    pub fn url(&self) -> String {
        format!("http://{}/gallery.html", self.address)
    }

    /// Shows a specimen alone in a language, in the only frame of the page, and waits until all of it is there.
    ///
    /// # Errors
    /// If it is not shown within a minute, because something of it never came.
    pub async fn show(&self, driver: &WebDriver, name: &str, language: &str) -> Result<()> {
        let url = format!("{}?show={name}&lang={language}", self.url());
        driver.goto(url).await?;
        timeout(SHOWN, driver.execute_async(IS_SHOWN, vec![json!(name)]))
            .await
            .with_context(|| format!("“{name}” in {language} is not shown within {SHOWN:?}"))??;
        Ok(())
    }

    /// Shows the specimen in a theme.
    ///
    /// # Errors
    /// If the browser cannot.
    pub async fn dress(&self, driver: &WebDriver, theme: Theme) -> Result<()> {
        theme.apply(driver).await?;
        driver.enter_frame(0).await?;
        driver.execute_async(SETTLED, vec![]).await?;
        Ok(driver.enter_default_frame().await?)
    }

    /// Gives the specimen that is shown another size, in CSS pixels.
    ///
    /// # Errors
    /// If the browser cannot.
    pub async fn resize(&self, driver: &WebDriver, (width, height): (u32, u32)) -> Result<()> {
        let resize = "Object.assign(document.querySelector('iframe'), { width: arguments[0], height: arguments[1] });";
        driver
            .execute(resize, vec![json!(width), json!(height)])
            .await?;
        Ok(())
    }

    /// Takes a picture of the specimen that is shown.
    ///
    /// # Errors
    /// If the browser takes none.
    pub async fn picture(&self, driver: &WebDriver) -> Result<Picture> {
        let frame = driver.find(By::Tag("iframe")).await?;
        Picture::read(&frame.screenshot_as_png().await?)
    }

    /// Checks the specimen that is shown with axe-core, and that its icons are there.
    ///
    /// # Errors
    /// If axe-core finds anything, or if the sprite lacks an icon.
    pub async fn check(&self, driver: &WebDriver, label: &str) -> Result<()> {
        driver.enter_frame(0).await?;
        let missing = driver.execute(MISSING_ICONS, vec![]).await?;
        let checked = axe::check(driver, label).await;
        driver.enter_default_frame().await?;
        let missing = missing.json();
        ensure!(
            *missing == json!([]),
            "{label}: there are no icons {missing}"
        );
        checked
    }

    /// What of the specimen that is shown does not fit at a width, or is not translated if its language is one that nobody
    /// speaks.
    ///
    /// # Errors
    /// If the page cannot be looked at.
    pub async fn wrong(
        &self,
        driver: &WebDriver,
        width: u32,
        language: &str,
    ) -> Result<Vec<String>> {
        let resize = "document.querySelector('iframe').width = arguments[0];";
        driver.execute(resize, vec![json!(width)]).await?;
        driver.enter_frame(0).await?;
        driver.execute_async(SETTLED, vec![]).await?;
        let place = format!("{language} at {width} px");
        let mut wrong = languages::broken(driver, &place).await?;
        if PSEUDO.iter().any(|(tag, ..)| *tag == language) {
            wrong.extend(languages::untranslated(driver, &place).await?);
        }
        driver.enter_default_frame().await?;
        Ok(wrong)
    }
}

/// How long a specimen may take to be shown on a busy machine.
const SHOWN: Duration = Duration::from_secs(60);

/// JavaScript that ends when a specimen is shown.
const IS_SHOWN: &str = "const [name, done] = arguments;
    const root = document.documentElement;
    const look = () => root.dataset.shown === name && (observer.disconnect(), done(true));
    const observer = new MutationObserver(look);
    observer.observe(root, { attributes: true });
    look();";

/// JavaScript that lists the icons that the sprite does not have.
const MISSING_ICONS: &str = "return [...document.querySelectorAll('use')]
    .map(use => use.getAttribute('href')).filter(icon => !document.querySelector(icon));";

/// What a picture is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// The colours of a system with high contrast, which only Chromium can be told to have.
    Forced,
}

impl Theme {
    /// Its name in the names of files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Forced => "forced",
        }
    }

    async fn apply(self, driver: &WebDriver) -> Result<()> {
        let set = "document.querySelector('iframe').contentDocument.documentElement.dataset.theme = arguments[0];";
        let theme = if self == Self::Dark { "dark" } else { "light" };
        driver.execute(set, vec![json!(theme)]).await?;
        if Kind::tested() == Kind::Chromium {
            let value = if self == Self::Forced {
                "active"
            } else {
                "none"
            };
            let features = json!({ "features": [{ "name": "forced-colors", "value": value }] });
            ChromeDevTools::new(driver.handle.clone())
                .execute_cdp_with_params("Emulation.setEmulatedMedia", features)
                .await?;
        }
        Ok(())
    }
}

/// Writes the gallery: the extension's own files, of which one begins with what stands in for the browser's API.
fn write(extension: &Path, directory: &Path) -> Result<()> {
    if directory.exists() {
        std::fs::remove_dir_all(directory)?;
    }
    copy_directory(extension, directory)?;
    let own = repository().join("tests").join("gallery");
    copy_directory(&own, directory)?;
    let page = extension.with_file_name("page");
    copy_directory(&page, &directory.join("page")).context("the page of web links is not built")?;
    write_link_page(directory)?;
    for path in ["given", "ipfs"] {
        std::fs::create_dir(directory.join(path))?;
    }
    for file in [PICTURE, TEXT, DOCUMENT, PROGRAM, BROKEN, CODE] {
        std::fs::write(directory.join(file), given(file))?;
    }
    for file in [PICTURE, TEXT, PROGRAM, FOLDER] {
        let (path, _, car) = given_car(file);
        std::fs::write(directory.join(path), car)?;
    }
    let program = directory.join("popup.js");
    let text = std::fs::read_to_string(&program)?;
    // Modules run in the order in which they are imported.
    std::fs::write(&program, format!("import \"./stand_in.js\";\n{text}"))?;
    let module = |name: &str, value: String| {
        std::fs::write(directory.join(name), format!("export default {value};\n"))
    };
    module("specimens.js", serde_json::to_string(&specimens())?)?;
    let locales = Locales::read(&Locales::directory())?;
    let mut directions = BTreeMap::new();
    for language in locales.languages() {
        let direction = if language.is_rtl() { "rtl" } else { "ltr" };
        directions.insert(&*language.tag, direction);
    }
    let mut notices = BTreeMap::new();
    for language in locales.languages() {
        words::speak(locales.table(language, Program::Extension));
        notices.insert(&*language.tag, said());
    }
    for (tag, pseudo, direction) in PSEUDO {
        directions.insert(tag, direction);
        let table = locales.pseudo(pseudo, Program::Extension);
        std::fs::write(directory.join(format!("words.{tag}.txt")), &table)?;
        let page = locales.pseudo(pseudo, Program::Page);
        std::fs::write(directory.join(format!("page/words.{tag}.txt")), page)?;
        words::speak(table);
        notices.insert(tag, said());
    }
    words::changed();
    let directions = serde_json::to_string(&directions)?;
    module("notices_said.js", serde_json::to_string(&notices)?)?;
    module(
        "page/languages.js",
        format!("{directions};\nexport const failed = {{}}"),
    )?;
    module("languages.js", directions)?;
    Ok(())
}

/// Writes the page of web links, so that it has the theme and the language of a specimen.
fn write_link_page(directory: &Path) -> Result<()> {
    let text = std::fs::read_to_string(directory.join("page/index.html"))?;
    let script = "<script ";
    ensure!(text.contains(script), "the page of web links has no script");
    let first = format!("<script type=\"module\" src=\"/link.js\"></script>\n    {script}");
    let text = text.replace(script, &first);
    Ok(std::fs::write(directory.join("link.html"), text)?)
}

/// Answers with a file of the gallery.
async fn serve(Served(directory): Served<PathBuf>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let is_plain = path
        .split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.'));
    let file = directory.join(path);
    let kind = match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    };
    match tokio::fs::read(&file).await {
        Ok(bytes) if is_plain => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_specimen_has_a_name_of_its_own() {
        let specimens = specimens();
        let names: BTreeSet<&str> = specimens.iter().map(|specimen| specimen.name).collect();
        assert_eq!(names.len(), specimens.len());
    }
}
