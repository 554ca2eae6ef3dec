//! The storage behind its HTTP interface, as other programs see it: real requests over loopback.

mod gateway;
mod hostile;
mod kubo;
mod network;
mod open;
mod persistence;
mod quotas;
mod strangers;
mod uploads;
mod waiting;
mod world;
