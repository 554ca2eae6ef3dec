//! Nodes hand their records to one another: a node that comes, comes back, or gets nearer to a key because another node
//! has gone, asks the others for the records that it should hold. Before that it asks which ones their providers have taken
//! back, maybe while it was cut off.
//!
//! These are function calls, like everything else: `FLUENCE_withdrawn` and `FLUENCE_records`, which every node answers to
//! the nodes of its routing table. Nothing is sent to a node that has not asked, so that strangers cannot fill its store, and what it is
//! told counts against the address block of whoever told it (see [`crate::records`]).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use fluence::call::{
    CallError, ErrorCode, HoldsArgs, HoldsOk, MAX_SIGNED, Reply, Request, WithdrawArgs,
};
use libp2p::kad::{KBucketKey as Key, RecordKey};
use libp2p::request_response::OutboundRequestId;
use libp2p::swarm::Swarm;
use libp2p::{Multiaddr, PeerId};
use serde_json::{Map, Value, json};
use web_time::Instant;

use crate::behaviour::Behaviour;
use crate::codec::CallRequest;
use crate::guests::Guests;
use crate::libraries::HOLDERS;
use crate::limits::NEIGHBOURS;
use crate::records::{Handed, Hash};
use crate::taken_back::Withdrawal;

/// The names of the functions.
pub(super) const RECORDS: &str = "FLUENCE_records";
pub(super) const WITHDRAWN: &str = "FLUENCE_withdrawn";
/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nodes that are asked at the same time.
const AT_ONCE: usize = 2;
/// The time between two pages, which is that between two calls that a node takes of one peer in the long run.
const BETWEEN_PAGES: Duration = Duration::from_millis(150);
/// How long it takes until a node that did not answer is asked again: it may still be finding out where this node is. After
/// some tries the waits double, because it may have much to do; all of them together are more than four minutes.
const AGAIN: Duration = Duration::from_secs(2);
const SOON: u32 = 5;
const MAX_TRIES: u32 = 12;
/// How long after a node has gone the others are asked for what it held. Most come back before. Likewise after one has
/// come: when all come back at the same time, records are stored where few of them know one another yet.
pub(crate) const AFTER_LOSS: Duration = Duration::from_secs(30);
/// How many answers of one node are read; a node that has more is not believed.
const MAX_PAGES: u32 = 20_000;
/// How many records are looked at for one answer, and about how many bytes it has.
const SCANNED: usize = 1000;
const ANSWER_BYTES: usize = 48 * 1024;
/// About how many bytes of an answer a record takes besides its addresses.
const RECORD_BYTES: usize = 200;
/// How many withdrawals an answer has at most. Whoever reads it checks a signature for each.
pub(crate) const WITHDRAWALS: usize = 64;

/// What this node asks others for.
#[derive(Default)]
pub(super) struct Exchange {
    /// The nodes to be asked, and from when on.
    queue: VecDeque<(Instant, Asked)>,
    asked: HashMap<OutboundRequestId, Asked>,
    /// When the nearest nodes are asked again.
    again: Option<Instant>,
}

struct Asked {
    node: PeerId,
    /// The function: [`WITHDRAWN`], and then [`RECORDS`].
    function: &'static str,
    /// The last key that it has told of.
    after: Option<String>,
    pages: u32,
    tries: u32,
}

impl Exchange {
    /// Asks a node that has come.
    pub(super) fn has_come(&mut self, node: PeerId, now: Instant) {
        let queued = self.queue.iter_mut().find(|(_, asked)| asked.node == node);
        if let Some((due, asked)) = queued {
            // It may have been silent before.
            *due = now.min(*due);
            asked.tries = 0;
            return;
        }
        let is_known = self.asked.values().any(|asked| asked.node == node);
        if !is_known && self.queue.len() < NEIGHBOURS {
            let asked = Asked {
                node,
                function: WITHDRAWN,
                after: None,
                pages: 0,
                tries: 0,
            };
            self.queue.push_back((now, asked));
        }
    }

    /// Notes that a node has come or gone.
    pub(super) fn has_changed(&mut self, now: Instant) {
        self.again.get_or_insert(now + AFTER_LOSS);
    }

    /// When [`Exchange::ask`] is to be called next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let next = self.queue.iter().map(|(due, _)| *due).min();
        let next = next.filter(|_| self.asked.len() < AT_ONCE);
        next.into_iter().chain(self.again).min()
    }

    /// Asks the nodes whose turn it is.
    pub(super) fn ask(&mut self, swarm: &mut Swarm<Behaviour>, now: Instant) {
        if self.again.is_some_and(|due| due <= now) {
            self.again = None;
            for node in nearest(swarm) {
                self.has_come(node, now);
            }
        }
        while self.asked.len() < AT_ONCE {
            let Some(at) = self.queue.iter().position(|(due, _)| *due <= now) else {
                return;
            };
            let Some((_, asked)) = self.queue.remove(at) else {
                return;
            };
            if !swarm.is_connected(&asked.node) {
                continue;
            }
            let args = match &asked.after {
                Some(after) => json!({"after": after}),
                None => json!({}),
            };
            let request = json!({"function": asked.function, "args": args}).to_string();
            let request = CallRequest::Out(request.into_bytes(), now + PATIENCE);
            let calls = &mut swarm.behaviour_mut().calls;
            let id = calls.send_request(&asked.node, request);
            self.asked.insert(id, asked);
        }
    }

    /// Handles the answer to a call, or its failure; returns whether the call was one of these.
    pub(super) fn answered(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        guests: &Guests,
        id: OutboundRequestId,
        reply: Option<&Reply>,
        now: Instant,
    ) -> bool {
        let Some(mut asked) = self.asked.remove(&id) else {
            return false;
        };
        match reply {
            Some(Reply::Ok(ok)) => {
                let block = guests.find(&asked.node).flatten();
                let store = swarm.behaviour_mut().kad.store_mut();
                let is_honest = if asked.function == WITHDRAWN {
                    // Nodes keep nothing that is not signed.
                    withdrawals_of(ok).all(|withdrawal| store.hear_withdrawn(block, withdrawal))
                } else {
                    for record in records_of(ok) {
                        store.hear(block, record);
                    }
                    true
                };
                asked.pages += 1;
                asked.tries = 0;
                match next_of(ok, asked.after.as_deref()) {
                    Some(after) if is_honest && asked.pages < MAX_PAGES => {
                        asked.after = Some(after.to_owned());
                        self.queue.push_back((now + BETWEEN_PAGES, asked));
                    }
                    _ => self.go_on(asked, now),
                }
            }
            // A node of another version does not know this function.
            Some(Reply::Error(error)) if error.code == ErrorCode::NoSuchFunction => {
                self.go_on(asked, now);
            }
            Some(Reply::Error(_)) | None => {
                asked.tries += 1;
                if asked.tries < MAX_TRIES {
                    let wait = AGAIN * 2_u32.pow(asked.tries.saturating_sub(SOON));
                    self.queue.push_back((now + wait, asked));
                }
            }
        }
        true
    }

    /// Asks a node that has told of all withdrawals for its records.
    fn go_on(&mut self, asked: Asked, now: Instant) {
        if asked.function == WITHDRAWN {
            let asked = Asked {
                node: asked.node,
                function: RECORDS,
                after: None,
                pages: 0,
                tries: 0,
            };
            self.queue.push_back((now + BETWEEN_PAGES, asked));
        }
    }
}

/// The withdrawals in an answer; what is none is left out.
pub(crate) fn withdrawals_of(ok: &Map<String, Value>) -> impl Iterator<Item = Withdrawal> {
    let withdrawn = ok.get("withdrawn").and_then(Value::as_array);
    let withdrawn = withdrawn.into_iter().flatten().take(WITHDRAWALS);
    withdrawn.filter_map(read_withdrawal)
}

/// The records in an answer; what is none is left out.
pub(crate) fn records_of(ok: &Map<String, Value>) -> impl Iterator<Item = Handed> {
    let records = ok.get("records").and_then(Value::as_array);
    records.into_iter().flatten().filter_map(read)
}

/// The key after which the next answer begins, if there is one and it lies behind the last.
pub(crate) fn next_of<'a>(ok: &'a Map<String, Value>, last: Option<&str>) -> Option<&'a str> {
    let after = ok.get("after").and_then(Value::as_str);
    after.filter(|after| last < Some(*after))
}

/// The nodes that are nearest to this one, and hold what it holds.
fn nearest(swarm: &mut Swarm<Behaviour>) -> Vec<PeerId> {
    let own = Key::from(*swarm.local_peer_id());
    let kad = &mut swarm.behaviour_mut().kad;
    let nearest = kad.get_closest_local_peers(&own);
    nearest
        .take(HOLDERS.get())
        .map(|key| *key.preimage())
        .collect()
}

/// A node that asks for what it should hold.
struct Asker {
    key: Key<PeerId>,
    /// All other nodes that this one knows, and itself.
    others: Vec<Key<PeerId>>,
    /// The key after which it wants to be told.
    after: Option<Hash>,
}

/// Who asks, or why it is told nothing.
fn asker(
    swarm: &mut Swarm<Behaviour>,
    from: PeerId,
    request: &Request,
) -> Result<Asker, CallError> {
    let kad = &mut swarm.behaviour_mut().kad;
    let mut nodes: Vec<Key<PeerId>> = Vec::new();
    for bucket in kad.kbuckets() {
        nodes.extend(bucket.iter().map(|entry| *entry.node.key));
    }
    let Some(at) = nodes.iter().position(|node| *node.preimage() == from) else {
        let message = "records are told to nodes that can be reached";
        return Err(CallError::new(ErrorCode::Unavailable, message));
    };
    let key = nodes.swap_remove(at);
    nodes.push(Key::from(*swarm.local_peer_id()));
    let after = request.args.get("after").and_then(Value::as_str);
    let after = match after.map(hash_of) {
        Some(None) => {
            let message = "“after” is not a key";
            return Err(CallError::new(ErrorCode::BadRequest, message));
        }
        after => after.flatten(),
    };
    Ok(Asker {
        key,
        others: nodes,
        after,
    })
}

/// Answers a node that asks for the records that it should hold.
pub(super) fn records(swarm: &mut Swarm<Behaviour>, from: PeerId, request: &Request) -> Reply {
    let asker = match asker(swarm, from, request) {
        Ok(asker) => asker,
        Err(error) => return Reply::Error(error),
    };
    let store = swarm.behaviour_mut().kad.store_mut();
    let mut bytes = 0;
    let page = store.page(asker.after, SCANNED, |key, addresses| {
        if bytes > ANSWER_BYTES {
            return None;
        }
        let is_its = is_among_nearest(key, &asker.key, &asker.others);
        if is_its {
            bytes += RECORD_BYTES + addresses;
        }
        Some(is_its)
    });
    let records: Vec<Value> = page.records.iter().map(written).collect();
    Reply::ok(&json!({"records": records, "after": page.after.map(|after| text_of(&after))}))
}

/// Answers a node that asks which of the records that it should hold were taken back.
pub(super) fn withdrawn(swarm: &mut Swarm<Behaviour>, from: PeerId, request: &Request) -> Reply {
    let asker = match asker(swarm, from, request) {
        Ok(asker) => asker,
        Err(error) => return Reply::Error(error),
    };
    let store = swarm.behaviour_mut().kad.store_mut();
    let is_its = |key: &RecordKey| is_among_nearest(key, &asker.key, &asker.others);
    let withdrawn = store.withdrawn();
    let page = withdrawn.page(asker.after, SCANNED, WITHDRAWALS, is_its);
    let withdrawn: Vec<Value> = page.withdrawals.iter().map(written_withdrawal).collect();
    Reply::ok(&json!({"withdrawn": withdrawn, "after": page.after.map(|after| text_of(&after))}))
}

/// Answers anybody who asks under which keys a provider has records here. A look-up of each key would say the same.
pub(super) fn holds(swarm: &mut Swarm<Behaviour>, request: &Request) -> Reply {
    let asked = || {
        let args = request.args::<HoldsArgs>()?;
        let digests = args.digests()?;
        let provider: PeerId = args
            .provider
            .parse()
            .map_err(|_| CallError::new(ErrorCode::BadRequest, "“provider” is not a peer id"))?;
        Ok((provider, digests))
    };
    let (provider, digests) = match asked() {
        Ok(asked) => asked,
        Err(error) => return Reply::Error(error),
    };
    let store = swarm.behaviour_mut().kad.store_mut();
    let held = digests.iter().map(|digest| store.holds(digest, &provider));
    Reply::ok(&HoldsOk {
        held: held.collect(),
    })
}

/// Removes the records that a provider takes back, who is the caller.
pub(super) fn withdraw(swarm: &mut Swarm<Behaviour>, from: PeerId, request: &Request) -> Reply {
    let asked = || {
        let args = request.args::<WithdrawArgs>()?;
        Ok((args.digests()?, args.signed))
    };
    let (digests, signed) = match asked() {
        Ok(asked) => asked,
        Err(error) => return Reply::Error(error),
    };
    let store = swarm.behaviour_mut().kad.store_mut();
    let mut signed = signed.iter().take(MAX_SIGNED);
    for digest in digests {
        let signed = signed.next().and_then(|signed| {
            Some(Withdrawal {
                hash: digest,
                provider: from,
                at: signed.at,
                signature: bytes_of(&signed.signature)?,
            })
        });
        store.take_back(&digest, &from, signed);
    }
    Reply::ok(&json!({}))
}

/// Whether a node is one of those that hold the records of a key, if these are the others.
pub(crate) fn is_among_nearest(
    key: &RecordKey,
    node: &Key<PeerId>,
    others: &[Key<PeerId>],
) -> bool {
    let key = Key::new(key.clone());
    let distance = key.distance(node);
    let nearer = |other: &&Key<PeerId>| key.distance(*other) < distance;
    others.iter().filter(nearer).take(HOLDERS.get()).count() < HOLDERS.get()
}

pub(crate) fn written(record: &Handed) -> Value {
    let addresses: Vec<String> = record.addresses.iter().map(Multiaddr::to_string).collect();
    json!({
        "key": text_of(&record.hash),
        "provider": record.provider.to_string(),
        "seconds": record.seconds,
        "multiaddrs": addresses,
    })
}

pub(crate) fn read(record: &Value) -> Option<Handed> {
    let addresses = record.get("multiaddrs")?.as_array()?;
    Some(Handed {
        hash: hash_of(record.get("key")?.as_str()?)?,
        provider: record.get("provider")?.as_str()?.parse().ok()?,
        seconds: u32::try_from(record.get("seconds")?.as_u64()?).ok()?,
        addresses: addresses
            .iter()
            .filter_map(|address| address.as_str()?.parse().ok())
            .collect(),
    })
}

pub(crate) fn written_withdrawal(withdrawal: &Withdrawal) -> Value {
    json!({
        "key": text_of(&withdrawal.hash),
        "provider": withdrawal.provider.to_string(),
        "at": withdrawal.at,
        "signature": text_of(&withdrawal.signature),
    })
}

pub(crate) fn read_withdrawal(withdrawal: &Value) -> Option<Withdrawal> {
    Some(Withdrawal {
        hash: hash_of(withdrawal.get("key")?.as_str()?)?,
        provider: withdrawal.get("provider")?.as_str()?.parse().ok()?,
        at: withdrawal.get("at")?.as_u64()?,
        signature: bytes_of(withdrawal.get("signature")?.as_str()?)?,
    })
}

/// Bytes in hexadecimal digits.
fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn hash_of(text: &str) -> Option<Hash> {
    bytes_of(text)
}

fn bytes_of<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    if text.len() != 2 * LENGTH || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use libp2p::identity::Keypair;

    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let record = Handed {
            hash: std::array::from_fn(|n| n as u8 * 7),
            provider: PeerId::random(),
            seconds: 7,
            addresses: vec!["/ip4/10.0.0.1/tcp/1".parse().unwrap()],
        };
        let value = written(&record);
        assert!(value.to_string().len() < RECORD_BYTES + 2 * record.addresses[0].len());
        let again = read(&value).unwrap();
        assert_eq!(written(&again), value);
        for wrong in ["", "00", &"zz".repeat(32), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(hash_of(wrong), None, "{wrong}");
        }
        assert!(fluence::call::encode(&Reply::ok(&json!({"records": [value]}))).is_ok());
    }

    #[test]
    fn withdrawals_are_read_as_they_were_written_and_fit_into_an_answer() {
        let keypair = Keypair::generate_ed25519();
        let signed = (0..WITHDRAWALS).map(|n| Withdrawal::sign(&keypair, [n as u8; 32], 7));
        let signed: Vec<Withdrawal> = signed.map(Option::unwrap).collect();
        let written: Vec<Value> = signed.iter().map(written_withdrawal).collect();
        let answer = Reply::ok(&json!({"withdrawn": written, "after": null}));
        assert!(fluence::call::encode(&answer).is_ok());
        let Reply::Ok(answer) = answer else {
            unreachable!();
        };
        assert!(withdrawals_of(&answer).eq(signed));
    }

    #[test]
    fn a_node_holds_what_few_others_are_nearer_to() {
        let node = Key::from(PeerId::random());
        let others: Vec<Key<PeerId>> = (0..40).map(|_| Key::from(PeerId::random())).collect();
        let name = |n: u32| -> RecordKey {
            let name: fluence::names::FunctionName = format!("f{n}").parse().unwrap();
            RecordKey::new(&name.dht_key())
        };
        let held = (0..1000).filter(|n| is_among_nearest(&name(*n), &node, &others));
        let held = held.count();
        // Its share is 8 of 41 on average, and depends on where it is.
        assert!((50..600).contains(&held), "{held}");
        let few = &others[..HOLDERS.get() - 1];
        assert!((0..100).all(|n| is_among_nearest(&name(n), &node, few)));
    }
}
