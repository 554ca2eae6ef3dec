//! What a client decides about its links to nodes. Nothing here looks at a clock, draws a random number or touches a
//! socket: [`crate::driver`] hands in what happened, the time and chance, and carries out what comes back.

mod backoff;
mod links;
mod one;

pub(crate) use links::{Links, Summary};
pub(crate) use one::{Action, Input};
