//! Where browsers differ.

pub mod chrome;
