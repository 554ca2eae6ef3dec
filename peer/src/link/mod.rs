//! The decisions of a client about its links to nodes. Nothing here reads a clock, draws a random
//! number or touches a socket: [`crate::driver`] passes in what happened, the time and a random
//! number, and carries out the actions that come back.

mod links;
mod one;
mod pool;

pub(crate) use links::{Links, Summary};
#[cfg(target_family = "wasm")]
pub(crate) use one::DIAL;
pub(crate) use one::{Action, Input};

#[cfg(test)]
mod herd;
