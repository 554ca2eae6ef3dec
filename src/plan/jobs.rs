//! The jobs that run for an item. There is at most one of each kind, and each can be ended.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{AbortHandle, Abortable, FutureExt, Shared};

use super::Engine;
use crate::ports::Platform;
use crate::state::ItemId;

/// The kinds of jobs of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum JobKind {
    /// Bytes come in: a share is read and hashed, or a fetch runs.
    In,
    /// Bytes go out: an upload runs.
    Out,
}

/// How long a job that was asked to stop may take to clean up.
const GRACE: Duration = Duration::from_secs(3);

/// A signal that the job has to stop.
pub(super) type Stop = Shared<oneshot::Receiver<()>>;

#[derive(Default)]
pub(super) struct Jobs(RefCell<HashMap<(JobKind, ItemId), Job>>);

struct Job {
    /// The signal for a job that stops by itself when it is asked to.
    stop: Option<oneshot::Sender<()>>,
    abort: AbortHandle,
    ended: Shared<oneshot::Receiver<()>>,
}

impl<P: Platform> Engine<P> {
    /// Whether a job of this kind runs for the item.
    pub(super) fn has_job(&self, kind: JobKind, id: &ItemId) -> bool {
        self.0.jobs.0.borrow().contains_key(&(kind, id.clone()))
    }

    /// The number of jobs of this kind.
    pub(super) fn jobs_of(&self, kind: JobKind) -> usize {
        let jobs = self.0.jobs.0.borrow();
        jobs.keys().filter(|(of, _)| *of == kind).count()
    }

    /// Starts a job, unless one of this kind runs for the item already. It can be dropped at any moment.
    pub(super) fn start_job(
        &self,
        kind: JobKind,
        id: &ItemId,
        job: impl Future<Output = ()> + 'static,
    ) {
        self.insert_job(kind, id, None, job);
    }

    /// Starts a job that cleans up when it is asked to stop.
    pub(super) fn start_stoppable_job<F: Future<Output = ()> + 'static>(
        &self,
        kind: JobKind,
        id: &ItemId,
        job: impl FnOnce(Stop) -> F,
    ) {
        let (stop, stopped) = oneshot::channel();
        self.insert_job(kind, id, Some(stop), job(stopped.shared()));
    }

    fn insert_job(
        &self,
        kind: JobKind,
        id: &ItemId,
        stop: Option<oneshot::Sender<()>>,
        job: impl Future<Output = ()> + 'static,
    ) {
        let key = (kind, id.clone());
        let (abort, registration) = AbortHandle::new_pair();
        let job = Abortable::new(job, registration);
        let (sender, ended) = oneshot::channel::<()>();
        let ended = ended.shared();
        {
            let mut jobs = self.0.jobs.0.borrow_mut();
            if jobs.contains_key(&key) {
                return;
            }
            jobs.insert(key.clone(), Job { stop, abort, ended });
        }
        let engine = self.clone();
        self.spawn(async move {
            // Either way the job has ended, and everything that it held is dropped.
            let _ = job.await;
            engine.0.jobs.0.borrow_mut().remove(&key);
            drop(sender);
        });
    }

    /// Ends a job, and returns when nothing of it runs any more. Returns whether there was one.
    pub(super) async fn end_job(&self, kind: JobKind, id: &ItemId) -> bool {
        let (stop, abort, ended) = {
            let mut jobs = self.0.jobs.0.borrow_mut();
            let Some(job) = jobs.get_mut(&(kind, id.clone())) else {
                return false;
            };
            (job.stop.take(), job.abort.clone(), job.ended.clone())
        };
        // The job drops its sender when it has ended, which is the signal here.
        if let Some(stop) = stop
            && stop.send(()).is_ok()
            && self.within(GRACE, ended.clone()).await.is_some()
        {
            return true;
        }
        abort.abort();
        let _ = ended.await;
        true
    }
}
