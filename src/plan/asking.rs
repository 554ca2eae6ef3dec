//! Asks the person before a caller gets a file, where they want that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{FutureExt, Shared};

use super::Engine;
use crate::call::{CallError, ErrorCode};
use crate::ports::{PeerName, Platform};
use crate::state::{EventKind, ItemId};
use crate::text::quote;

/// How long the person may take to decide; after that the caller is refused.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a call waits for that, which is less than callers wait.
const CALL_PATIENCE: Duration = Duration::from_secs(24);
/// When a caller who is not decided about may call again, in milliseconds.
const AGAIN_MS: u64 = 3_000;
/// How long a decision about a caller counts, in milliseconds, and how many are remembered.
const DECIDED_MS: u64 = 10 * 60_000;
const MAX_DECIDED: usize = 256;
/// The most questions at the same time. Identities are free, and the person is not to be asked by a thousand of them.
const MAX_ASKING: usize = 4;

/// The questions that wait for the person, and their decisions.
#[derive(Default)]
pub(super) struct Asking {
    waiting: RefCell<HashMap<ItemId, Question>>,
    /// Whether a caller gets a file, and until when that counts.
    decided: RefCell<HashMap<(ItemId, PeerName), (bool, u64)>>,
}

struct Question {
    peer: PeerName,
    answer: oneshot::Sender<bool>,
    answered: Shared<oneshot::Receiver<bool>>,
}

impl<P: Platform> Engine<P> {
    /// Whether a caller gets a file, for which the person may have to be asked.
    ///
    /// # Errors
    /// `refused` if the person does not want it, and `busy` while they have not decided.
    pub(super) async fn may_have(&self, id: &ItemId, from: &PeerName) -> Result<(), CallError> {
        if self.item(id, |item| item.asks) != Some(true) {
            return Ok(());
        }
        let decide = |allow: bool| {
            let refused =
                || CallError::new(ErrorCode::Refused, "its owner does not share it with you");
            if allow { Ok(()) } else { Err(refused()) }
        };
        let now = self.now();
        let decided = {
            let mut decided = self.0.asking.decided.borrow_mut();
            decided.retain(|_, (_, until)| *until > now);
            decided.get(&(id.clone(), from.clone())).copied()
        };
        if let Some((allow, _)) = decided {
            return decide(allow);
        }
        let undecided = || CallError {
            retry_after_ms: Some(AGAIN_MS),
            ..CallError::new(ErrorCode::Busy, "its owner is being asked")
        };
        let waiting = {
            let waiting = self.0.asking.waiting.borrow();
            let question = waiting.get(id);
            let is_other = question.is_some_and(|question| question.peer != *from);
            if is_other || question.is_none() && waiting.len() >= MAX_ASKING {
                return Err(undecided());
            }
            question.map(|question| question.answered.clone())
        };
        let answered = waiting.unwrap_or_else(|| self.ask(id, from));
        match self.within(CALL_PATIENCE, answered).await {
            Some(Ok(allow)) => decide(allow),
            Some(Err(_)) => decide(false),
            None => Err(undecided()),
        }
    }

    fn ask(&self, id: &ItemId, from: &PeerName) -> Shared<oneshot::Receiver<bool>> {
        let (answer, answered) = oneshot::channel();
        let answered = answered.shared();
        let question = Question {
            peer: from.clone(),
            answer,
            answered: answered.clone(),
        };
        self.0
            .asking
            .waiting
            .borrow_mut()
            .insert(id.clone(), question);
        self.tell([EventKind::Asking {
            id: id.clone(),
            peer: Some(quote(from)),
        }]);
        let (engine, id, until) = (self.clone(), id.clone(), answered.clone());
        self.spawn(async move {
            if engine.within(PATIENCE, until).await.is_none() {
                engine.decide(&id, false);
            }
        });
        answered
    }

    /// Decides about the caller about whom the person is asked. Without a question it changes nothing.
    pub(super) fn decide(&self, id: &ItemId, allow: bool) {
        let waiting = self.0.asking.waiting.borrow();
        let Some(peer) = waiting.get(id).map(|question| question.peer.clone()) else {
            return;
        };
        drop(waiting);
        let mut decided = self.0.asking.decided.borrow_mut();
        if decided.len() < MAX_DECIDED {
            let until = self.now() + DECIDED_MS;
            decided.insert((id.clone(), peer), (allow, until));
        }
        drop(decided);
        self.ask_no_more(id, allow);
    }

    /// Ends the question about a file, if there is one, and gives the file to who waits or not. What was not the person's
    /// decision about them is not remembered.
    pub(super) fn ask_no_more(&self, id: &ItemId, allow: bool) {
        let Some(question) = self.0.asking.waiting.borrow_mut().remove(id) else {
            return;
        };
        // The call may have been given up.
        let _ = question.answer.send(allow);
        self.tell([EventKind::Asking {
            id: id.clone(),
            peer: None,
        }]);
    }
}
