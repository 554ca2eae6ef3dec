//! The native side of Fluence Share: the node, and the `fluence` command.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod acme;
pub mod commands;
pub mod exit;
pub mod fairness;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
pub mod gateway;
pub mod home;
pub mod kubo;
pub mod node;
pub mod operator;
pub mod output;
pub mod platform;
pub mod storage;
mod text;
pub mod tls;
