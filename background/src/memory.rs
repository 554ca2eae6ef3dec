//! What a popup shows while the worker starts: the newest items, as an earlier worker left them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use fluence::command::{REMEMBERED, ToFace};
use fluence::plan::Engine;
use fluence::state::Settings;
use wasm_bindgen_futures::spawn_local;
use web::extension::storage;
use web::js;
use web::time;

use crate::platform::Browser;

/// How long changes are gathered before they are kept.
const MOMENT: Duration = Duration::from_secs(1);

/// Keeps the newest items where a popup finds them without a worker. The browser has them in its memory, and forgets
/// them when it is closed or the extension is updated.
pub struct Memory {
    engine: Engine<Browser>,
    defaults: Settings,
    is_scheduled: Cell<bool>,
}

impl Memory {
    /// A memory of what this engine has.
    pub fn new(engine: Engine<Browser>, defaults: Settings) -> Self {
        Self {
            engine,
            defaults,
            is_scheduled: Cell::new(false),
        }
    }

    /// Keeps the state as it is in a moment. Many changes are kept as one.
    pub fn keep(self: &Rc<Self>) {
        if !self.is_scheduled.replace(true) {
            let memory = Rc::clone(self);
            spawn_local(async move {
                time::sleep(MOMENT).await;
                memory.is_scheduled.set(false);
                let first = memory
                    .engine
                    .with_state(|state| ToFace::remembered(state, &memory.defaults));
                let kept = match js::plain(&first) {
                    Ok(first) => storage::keep_for_session(REMEMBERED, first).await,
                    Err(why) => Err(why),
                };
                js::warn_on_error("the list is not shown at once next time", kept);
            });
        }
    }
}
