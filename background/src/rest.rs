//! A worker that rests gives memory back.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen_futures::spawn_local;
use web::garbage;
use web::time;

/// How long nothing must have happened.
const QUIET: Duration = Duration::from_secs(2);

/// Has garbage collected once nothing happens any more. With thousands of items, what a start and what each page that
/// watches leave in the browser's heap is many times what the worker needs, and the browser would keep it for as long as
/// nothing else happens.
#[derive(Default)]
pub struct Rest {
    /// Whether something has happened since it was last looked.
    stirred: Cell<bool>,
    /// Whether it is waited until nothing does.
    is_waiting: Cell<bool>,
}

impl Rest {
    /// Notes that something has happened.
    pub fn stir(self: &Rc<Self>) {
        self.stirred.set(true);
        if !self.is_waiting.replace(true) {
            let rest = Rc::clone(self);
            spawn_local(async move {
                while rest.stirred.replace(false) {
                    time::sleep(QUIET).await;
                }
                rest.is_waiting.set(false);
                garbage::collect();
            });
        }
    }
}
