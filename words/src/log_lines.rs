//! The lines of logs, and why there is no link to a node.

use fluence::failure::{About, Failure};
use fluence::state::{LinkCause, LinkError, LogEntry};

use crate::{Medium, Words, join, language, log as say, size};

/// A line of an item's log.
pub(crate) fn line<M: Medium>(entry: &LogEntry, about: About) -> String {
    let what = |failure: &Failure, about| crate::failure::<M>(failure, about).what;
    let both = |failure: &Failure, about| {
        let Words { what, advice } = crate::failure::<M>(failure, about);
        join(&what, &advice)
    };
    match entry {
        LogEntry::Hashed { cid, size: bytes } => say::hashed(&size(*bytes), cid),
        LogEntry::SharedAgain => say::shared_again().to_owned(),
        LogEntry::FetchedAgain => say::fetched_again().to_owned(),
        LogEntry::Reached => say::reached().to_owned(),
        LogEntry::NotReachedYet => say::not_reached_yet().to_owned(),
        LogEntry::NoLongerReached => say::no_longer_reached().to_owned(),
        LogEntry::Requested { peer } => say::requested(peer),
        LogEntry::MoreRequested { calls } => say::more_requested(*calls),
        LogEntry::NodeRefused { peer, failure } => {
            say::of_peer(peer, &what(failure, About::Upload))
        }
        LogEntry::AlreadyStored => say::already_stored().to_owned(),
        LogEntry::Expired => say::expired().to_owned(),
        LogEntry::Released { host } => say::released(host),
        LogEntry::KeptForOthers { host } => say::kept_for_others(host),
        LogEntry::NotHeld { host } => say::not_held(host),
        LogEntry::NotReleased { host } => say::not_released(host),
        LogEntry::Uploading { multiaddr, .. } => say::uploading(multiaddr),
        LogEntry::PartFailed { failure } => say::part_failed(&what(failure, About::Upload)),
        LogEntry::Uploaded { size: bytes } => say::uploaded(&size(*bytes)),
        LogEntry::UploadFailed {
            failure,
            size: Some(sent @ 1..),
        } => say::upload_failed_after(&size(*sent), &both(failure, About::Upload)),
        LogEntry::UploadFailed { failure, .. } => say::upload_failed(&both(failure, About::Upload)),
        LogEntry::NotGiven { peer } => say::not_given(peer),
        LogEntry::ResumedAfterRestart => say::resumed_after_restart().to_owned(),
        LogEntry::ResumedOnline => say::resumed_online().to_owned(),
        LogEntry::BeganAgain => say::began_again().to_owned(),
        LogEntry::ProviderFailed { peer, failure } => {
            say::of_peer(peer, &what(failure, About::Fetch))
        }
        LogEntry::StorageNamed { peer, host } => say::storage_named(peer, host),
        LogEntry::PublicGateway { host } => say::public_gateway(host),
        LogEntry::StillStored { host } => say::still_stored(host),
        LogEntry::StorageSilent { host, seconds } => say::storage_silent(host, *seconds),
        LogEntry::StorageChanged { host } => say::storage_changed(host),
        LogEntry::StoragesAdded { hosts } => say::storages_added(&list(hosts, hosts.len() as u64)),
        LogEntry::LinksLeftOut { names, count } => say::links_left_out(&list(names, *count)),
        LogEntry::NamesChanged { names, count } => say::names_changed(&list(names, *count)),
        LogEntry::OneStorageLeft { failure } => say::one_storage_left(&what(failure, About::Fetch)),
        LogEntry::SingleBlocks { failure } => say::single_blocks(&what(failure, About::Fetch)),
        LogEntry::StorageFailed { failure } => what(failure, About::Fetch),
        LogEntry::Kept { size: bytes } => say::kept(&size(*bytes)),
        LogEntry::Fetched { size: bytes } => say::fetched(&size(*bytes)),
        LogEntry::DiskFailed { failure } | LogEntry::NotSaved { failure } => what(failure, about),
        LogEntry::Failed { failure } => both(failure, about),
        LogEntry::Text { text } => text.clone(),
        LogEntry::Unknown => say::unknown().to_owned(),
    }
}

/// The first of so many things, and a sign that there are more.
fn list(first: &[String], count: u64) -> String {
    let more = (count > first.len() as u64).then(|| "…".to_owned());
    let all = first.iter().cloned().chain(more);
    let list = all.reduce(|first, second| language::list_and(&first, &second));
    list.unwrap_or_default()
}

/// Why there is no link to a node, as a clause.
pub(crate) fn link(error: &LinkError) -> String {
    let quoted = |text: &'static str, detail: &Option<String>| match detail {
        Some(detail) => language::clause_quoting(text, detail),
        None => text.to_owned(),
    };
    let mut cause = match &error.cause {
        LinkCause::ConnectionLost => say::link_lost().to_owned(),
        LinkCause::ConnectionClosed => say::link_closed().to_owned(),
        LinkCause::Unreachable { detail } => quoted(say::link_unreachable(), detail),
        LinkCause::DialTimeout => say::link_dial_timeout().to_owned(),
        LinkCause::UnsupportedAddress => say::link_unsupported_address().to_owned(),
        LinkCause::WrongPeer { found } => say::link_wrong_peer(found),
        LinkCause::OwnAddress => say::link_own_address().to_owned(),
        LinkCause::TooManyConnections => say::link_too_many_connections().to_owned(),
        LinkCause::ReservationRefused { detail } => quoted(say::link_reservation_refused(), detail),
        LinkCause::ReservationTimeout => say::link_reservation_timeout().to_owned(),
        LinkCause::ReservationEnded => say::link_reservation_ended().to_owned(),
        LinkCause::PingTimeout => say::link_ping_timeout().to_owned(),
        LinkCause::NotListening => say::link_not_listening().to_owned(),
    };
    if error.others_failed {
        cause = say::link_others_too(&cause);
    }
    match &error.node {
        Some(node) => say::link_of_node(node, &cause),
        None => cause,
    }
}
