//! A client has no guests: see `guests.rs`.

use fluence::call::Reply;
use libp2p::PeerId;

use crate::block::Block;

/// The peers that are connected to a node, which does not run in a browser.
#[derive(Clone)]
pub(crate) enum Guests {}

impl Guests {
    pub(crate) fn find(&self, _: &PeerId) -> Option<Option<Block>> {
        match *self {}
    }

    pub(crate) fn answered(&self, _: &Reply) {
        match *self {}
    }

    pub(crate) fn blame(&self, _: Option<Block>, _: &'static str) {
        match *self {}
    }

    pub(crate) fn admit(&self, _: PeerId, _: web_time::Instant) -> Option<Place> {
        match *self {}
    }
}

/// The place of a call until it is answered.
pub(crate) enum Place {}

impl Place {
    pub(crate) fn is_of_client(&self, _: &PeerId) -> bool {
        match *self {}
    }

    pub(crate) fn answered(&self, _: &Reply) {
        match *self {}
    }
}
