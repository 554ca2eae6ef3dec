//! The open faces: popups, tabs and options pages that are connected by a port.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use fluence::command::{Answer, ToFace};
use fluence::failure::{Code, Failure};
use fluence::live::{CallLine, NodeView};
use fluence::state::{Event, EventKind};
use web::js;
use web::port::Port;
use web::time;

/// The most faces at the same time; the oldest is disconnected when there are more.
const MAX_FACES: usize = 16;
/// The most commands of one face that are carried out at the same time.
const MAX_COMMANDS: u32 = 64;

/// The number of a port, as `static/background.js` counts them.
pub type PortId = u32;

struct Face {
    port: Port,
    /// The number of the last event in the state that it was sent; `None` until it watches.
    watched: Option<u64>,
    commands: Rc<Cell<u32>>,
    live: Option<Live>,
}

/// What a face that asked for it was told of the nodes and the calls.
struct Live {
    nodes: Vec<NodeView>,
    /// The connected peers; `None` before it was told of any.
    peers: Option<Vec<String>>,
    /// The number of the last change of calls; `None` for a face that wants none of them.
    calls: Option<u64>,
}

/// All open faces, by the numbers of their ports.
#[derive(Default)]
pub struct Faces(RefCell<BTreeMap<PortId, Face>>);

/// The right to carry out one command of a face; it ends when this is dropped.
pub struct Turn(Rc<Cell<u32>>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Faces {
    /// Adds a face that does not watch yet. Returns the one whose place it takes, if there are too many.
    pub fn add(&self, id: PortId, port: Port) -> Option<PortId> {
        let mut faces = self.0.borrow_mut();
        let mut evicted = None;
        if faces.len() >= MAX_FACES
            && let Some((oldest, face)) = faces.pop_first()
        {
            face.port.disconnect();
            evicted = Some(oldest);
        }
        faces.insert(
            id,
            Face {
                port,
                watched: None,
                commands: Rc::default(),
                live: None,
            },
        );
        evicted
    }

    /// Removes a face whose port is closed.
    pub fn remove(&self, id: PortId) {
        self.0.borrow_mut().remove(&id);
    }

    /// Whether this is the port of a face.
    pub fn has(&self, id: PortId) -> bool {
        self.0.borrow().contains_key(&id)
    }

    /// Whether any face watches.
    pub fn any_watching(&self) -> bool {
        self.0.borrow().values().any(|face| face.watched.is_some())
    }

    /// The right to carry out one more command of this face; `None` if too many are under way or
    /// the face is gone.
    pub fn turn(&self, id: PortId) -> Option<Turn> {
        let faces = self.0.borrow();
        let commands = &faces.get(&id)?.commands;
        if commands.get() >= MAX_COMMANDS {
            return None;
        }
        commands.set(commands.get() + 1);
        Some(Turn(Rc::clone(commands)))
    }

    /// Sends the state as it is after the event `seq`, in several messages; only events after it follow.
    pub fn watch(&self, id: PortId, state: impl Iterator<Item = ToFace>, seq: u64) {
        if let Some(face) = self.0.borrow_mut().get_mut(&id) {
            face.watched = Some(seq);
        }
        for message in state {
            self.send(id, &message);
        }
    }

    /// Tells a face of the nodes from now on, and of the calls if it wants them.
    pub fn live(&self, id: PortId, with_calls: bool) {
        if let Some(face) = self.0.borrow_mut().get_mut(&id) {
            face.live = Some(Live {
                nodes: Vec::new(),
                peers: None,
                calls: with_calls.then_some(0),
            });
        }
    }

    /// Whether any face is told of the nodes.
    pub fn any_live(&self) -> bool {
        self.0.borrow().values().any(|face| face.live.is_some())
    }

    /// Tells the faces that want to know of what has changed. Those that want the calls are also told which peers are connected.
    /// `calls_since` gives the calls since a change, and the number
    /// of the last one.
    pub fn show_live(
        &self,
        nodes: &[NodeView],
        peers: &[String],
        calls_since: impl Fn(u64) -> (Vec<CallLine>, u64),
    ) {
        for face in self.0.borrow_mut().values_mut() {
            let Some(live) = &mut face.live else {
                continue;
            };
            let calls = match &mut live.calls {
                Some(last) => {
                    let (calls, now) = calls_since(*last);
                    *last = now;
                    calls
                }
                None => Vec::new(),
            };
            let changed = (live.nodes != nodes).then(|| nodes.to_vec());
            if let Some(nodes) = &changed {
                live.nodes.clone_from(nodes);
            }
            let known = live.peers.as_deref();
            let peers = (live.calls.is_some() && known != Some(peers)).then(|| peers.to_vec());
            if peers.is_some() {
                live.peers.clone_from(&peers);
            }
            if changed.is_some() || peers.is_some() || !calls.is_empty() {
                let live = ToFace::Live {
                    nodes: changed,
                    peers,
                    calls,
                };
                post(&face.port, &live);
            }
        }
    }

    /// Sends a message to one face. It is not an error if the face is gone.
    pub fn send(&self, id: PortId, message: &ToFace) {
        let port = self.0.borrow().get(&id).map(|face| face.port.clone());
        if let Some(port) = port {
            post(&port, message);
        }
    }

    /// Shows an event to all faces that watch and whose state lacks it.
    pub fn show(&self, event: &Event) {
        let ephemeral = event.kind.is_ephemeral();
        self.to_all(
            &ToFace::Event {
                event: event.clone(),
            },
            |watched| ephemeral || event.seq > watched,
        );
    }

    /// Shows all watching faces an event of the worker itself, which is not in the journal; `seq`
    /// is the number of the last recorded event.
    pub fn tell(&self, seq: u64, kind: EventKind) {
        let at = time::now_ms();
        self.show(&Event { seq, at, kind });
    }

    /// Sends a message to all faces that watch.
    pub fn send_all(&self, message: &ToFace) {
        self.to_all(message, |_| true);
    }

    fn to_all(&self, message: &ToFace, wanted: impl Fn(u64) -> bool) {
        if !self.any_watching() {
            return;
        }
        for face in self.0.borrow().values() {
            if face.watched.is_some_and(&wanted) {
                post(&face.port, message);
            }
        }
    }
}

/// Sends a message over a port. If it cannot be sent, the other side is told so, unless it is gone.
fn post(port: &Port, message: &ToFace) {
    let send = |message: &ToFace| {
        let plain = js::plain(message)?;
        port.post(&plain).map_err(|why| js::message_of(&why))
    };
    let Err(why) = send(message) else {
        return;
    };
    js::warn_on_error("a message to a page was not sent", Err::<(), _>(&why));
    // This fails if the other side is gone, which then need not be told.
    let _ = send(&not_sent(message, &why));
}

/// What takes the place of a message that could not be sent, so that a person sees that something is missing.
fn not_sent(message: &ToFace, why: &str) -> ToFace {
    let failure = Failure::new(Code::NotSent).detail(why);
    match message {
        // The face waits for an answer.
        ToFace::Answer { number, .. } => ToFace::Answer {
            number: *number,
            answer: Answer::Refused { failure },
        },
        ToFace::State { .. }
        | ToFace::Items { .. }
        | ToFace::Event { .. }
        | ToFace::Live { .. }
        | ToFace::Access { .. } => ToFace::Event {
            event: Event {
                seq: 0,
                at: time::now_ms(),
                kind: EventKind::Notice { failure },
            },
        },
    }
}
