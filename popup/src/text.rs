//! What the face says of items, nodes and the connection. The words themselves are in `locales/`: each message is a function
//! here, too. Sentences about failures, logs and links are in the crate `words`.

use fluence::failure::{About, Code, Failure, Reason};
use fluence::live::{LinkView, NodeView};
use fluence::state::{
    EventKind, Item, Left, LinkCause, LinkError, LogEntry, NetworkStatus, Origin, Settings, State,
    Status,
};
use fluence::text::{host_of, quote, shorten};
use words::{Extension, Words};

pub use words::files::*;
pub use words::happened::*;
pub use words::network::*;
pub use words::settings::*;
pub use words::welcome::*;
pub use words::{NAME, sentence};

use crate::askers::{Sent, Who};
use crate::face::Tested;
use crate::page::FileKind;
use crate::preferences::Sort;

/// What looks like the addresses of an IPFS node.
pub const OPTIONS_RPC_EXAMPLE: &str = "http://127.0.0.1:5001";
/// See [`OPTIONS_RPC_EXAMPLE`].
pub const OPTIONS_GATEWAY_EXAMPLE: &str = "http://127.0.0.1:8080";
/// The name of the sample.
pub const TRY_NAME: &str = "hello-from-fluence.txt";

/// The name of an order.
pub fn sort(by: Sort) -> &'static str {
    match by {
        Sort::Newest => sort_newest(),
        Sort::Name => sort_name(),
        Sort::Size => sort_size(),
        Sort::Asked => sort_asked(),
    }
}

/// That bytes have not moved for a while: out, or in.
pub fn stalled(out: bool) -> &'static str {
    match out {
        true => stalled_out(),
        false => stalled_in(),
    }
}

/// When a file stops being shared by itself: after so many seconds, and after so many calls.
pub const ENDS: [(Option<u64>, Option<u64>); 7] = [
    (None, None),
    (None, Some(1)),
    (None, Some(5)),
    (Some(3600), None),
    (Some(24 * 3600), None),
    (Some(7 * 24 * 3600), None),
    (Some(30 * 24 * 3600), None),
];

/// [`ENDS`] in words.
pub fn ends() -> [&'static str; ENDS.len()] {
    [
        ends_never(),
        ends_one_fetch(),
        ends_five_fetches(),
        ends_hour(),
        ends_day(),
        ends_week(),
        ends_month(),
    ]
}

/// The units in which sizes are typed ([`crate::draft::UNITS`]).
pub fn units() -> [&'static str; crate::draft::UNITS.len()] {
    [unit_megabytes(), unit_gigabytes(), unit_terabytes()]
}

/// The size that applies without another one ([`Settings::max_file`]).
pub fn options_max_none() -> String {
    words::size(Settings::default().max_file)
}

/// What a key does, by the name of its command in the manifest.
pub fn key_command(command: &str) -> Option<&'static str> {
    match command {
        "_execute_action" | "_execute_browser_action" => Some(key_open()),
        "share-files" => Some(key_share()),
        _ => None,
    }
}

/// What a person should know: an icon, a title and a sentence.
pub fn welcome_facts() -> [(&'static str, &'static str, &'static str); 4] {
    [
        ("file", fact_what(), fact_what_text()),
        ("copy", fact_whom(), fact_whom_text()),
        ("key", fact_seen(), fact_seen_text()),
        ("web", fact_node(), fact_node_text()),
    ]
}

/// The longest list of hosts that is shown, in bytes.
const MAX_HOSTS: usize = 600;

/// When a change of the settings is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is made once the person has said so.
    Next,
    /// It was made at the moment that is shown.
    Then,
}

/// What a change of the settings means, in sentences with the hosts that they end with: the nodes, and whatever else decides on
/// who sees what and differs between the settings of `now` and the new ones. `node_host` finds the host of a node.
pub fn changes(
    when: When,
    now: &Settings,
    new: &Settings,
    node_host: fn(&str) -> String,
) -> Vec<(&'static str, String)> {
    let say = |next: &'static str, then: &'static str| match when {
        When::Next => next,
        When::Then => then,
    };
    let hosts = |hosts: Vec<String>| shorten(&quote_all(hosts), MAX_HOSTS);
    let of_urls = |urls: &[String]| hosts(urls.iter().map(|url| host_of(url)).collect());
    let nodes = hosts(new.nodes.iter().map(|node| node_host(node)).collect());
    let mut changes = vec![match new.nodes.len() {
        0 => (say(import_no_node(), then_no_node()), String::new()),
        1 => (say(import_one_node(), then_one_node()), nodes),
        _ => (say(import_nodes(), then_nodes()), nodes),
    }];
    let mut add = |differs: bool, words, hosts| {
        if differs {
            changes.push((words, hosts));
        }
    };
    let switch = |now: bool, new: bool, on, off| (now != new, if new { on } else { off });
    match &new.own_ipfs {
        Some(own) => {
            let both = of_urls(&[own.rpc.clone(), own.gateway.clone()]);
            add(
                now.own_ipfs != new.own_ipfs,
                say(import_own_ipfs(), then_own_ipfs()),
                both,
            );
        }
        None => add(
            now.own_ipfs.is_some(),
            say(import_no_own_ipfs(), then_no_own_ipfs()),
            String::new(),
        ),
    }
    let is_public = |settings: &Settings| settings.public == Some(true);
    let (differs, words) = switch(
        is_public(now),
        is_public(new),
        say(import_public(), then_public()),
        say(import_not_public(), then_not_public()),
    );
    add(differs, words, String::new());
    if now.routers != new.routers {
        add(
            true,
            say(import_routers(), then_routers()),
            of_urls(&new.routers),
        );
    }
    if now.gateways != new.gateways {
        add(
            true,
            say(import_gateways(), then_gateways()),
            of_urls(&new.gateways),
        );
    }
    let (differs, words) = switch(
        now.provide_fetched,
        new.provide_fetched,
        say(import_provide(), then_provide()),
        say(import_not_provide(), then_not_provide()),
    );
    add(differs, words, String::new());
    let (differs, words) = switch(
        now.private,
        new.private,
        say(import_private(), then_private()),
        say(import_not_private(), then_not_private()),
    );
    add(differs, words, String::new());
    let (differs, words) = switch(
        now.session_identity,
        new.session_identity,
        say(import_session(), then_session()),
        say(import_not_session(), then_not_session()),
    );
    add(differs, words, String::new());
    // Whatever has no sentence of its own.
    let rest = Settings {
        nodes: now.nodes.clone(),
        own_ipfs: now.own_ipfs.clone(),
        public: now.public,
        routers: now.routers.clone(),
        gateways: now.gateways.clone(),
        provide_fetched: now.provide_fetched,
        private: now.private,
        session_identity: now.session_identity,
        paused: now.paused,
        metered_now: now.metered_now,
        ..new.clone()
    };
    add(rest != *now, say(import_rest(), then_rest()), String::new());
    changes
}

fn quote_all(texts: Vec<String>) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    list_of(&quoted)
}

fn list_of(texts: &[String]) -> String {
    words::list(texts.iter().map(String::as_str))
}

/// A time of a round trip.
pub fn millis(ms: u64) -> String {
    match ms {
        0 => under_a_millisecond().to_owned(),
        ms => millis_taken(ms),
    }
}

/// Why a node cannot be used, as a sentence.
pub fn link_cause(cause: &LinkCause) -> String {
    let error = LinkError {
        node: None,
        others_failed: false,
        cause: cause.clone(),
    };
    words::capital(&sentence(&words::link(&error)))
}

/// What the link to a node is like.
pub fn node_state(node: &NodeView) -> String {
    let rtt = node.rtt.map(millis);
    let mut words = match (node.link, &node.cause) {
        (LinkView::Online, _) => node_online().to_owned(),
        (LinkView::Unreachable, _) => node_full().to_owned(),
        (LinkView::Connecting, None) => node_connecting().to_owned(),
        (LinkView::Connecting, Some(cause)) => return node_connecting_again(&link_cause(cause)),
        (LinkView::Idle, Some(cause)) => return node_not_reachable(&link_cause(cause)),
        (LinkView::Idle, None) => node_spare().to_owned(),
    };
    if let Some(rtt) = rtt {
        words.push_str(" · ");
        words.push_str(&rtt);
    }
    if !node.chosen {
        words.push_str(" · ");
        words.push_str(node_found());
    }
    words
}

/// How the test of a node ended.
pub fn tested((ms, error): &Tested) -> String {
    match (ms, error) {
        (Some(ms), None) => tested_in(&millis(*ms)),
        (None, None) => tested_good().to_owned(),
        (Some(ms), Some(error)) => tested_in_fetch_only(&millis(*ms), &link_cause(&error.cause)),
        (
            None,
            Some(LinkError {
                cause:
                    cause @ (LinkCause::ReservationRefused { .. }
                    | LinkCause::ReservationTimeout
                    | LinkCause::ReservationEnded),
                ..
            }),
        ) => tested_fetch_only(&link_cause(cause)),
        (None, Some(error)) => tested_bad(&link_cause(&error.cause)),
    }
}

/// The end of a peer id, by which people tell one from another. Peer ids are ASCII; of what is none nothing is shown.
pub fn peer_end(peer: &str) -> Option<String> {
    const END: usize = 8;
    let is_id = peer.is_ascii();
    is_id.then(|| format!("…{}", &peer[peer.len().saturating_sub(END)..]))
}

/// Why a call failed, in a few words.
pub fn call_failed(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoReply => call_no_reply(),
        Reason::Unreachable => call_not_reached(),
        Reason::NoSuchFunction => call_not_provided(),
        Reason::Refused => call_refused(),
        Reason::Busy => call_busy(),
        Reason::Unavailable => call_no_storage(),
        Reason::BadRequest | Reason::Malformed => call_not_understood(),
        _ => call_did_fail(),
    }
}

/// The time that is left, in words.
pub fn time_left(seconds: u64) -> String {
    match seconds {
        0..60 => seconds_left(seconds.max(1)),
        60..3600 => minutes_left(seconds.div_ceil(60)),
        3600..86_400 => {
            let minutes = seconds / 60;
            hours_left(minutes / 60, minutes % 60)
        }
        _ => days_left().to_owned(),
    }
}

/// The progress of a transfer: `12 MB of 50 MB · 3.4 MB/s · 12 s left`. How fast it is and how long it takes is left out
/// when nothing has moved for a while, because nobody knows then.
pub fn progress(
    progress: &fluence::state::Progress,
    moving: bool,
    stalled: Option<&'static str>,
) -> String {
    let mut text = match progress.total {
        Some(total) => words::units::of_total(&words::size(progress.bytes), &words::size(total)),
        None => words::size(progress.bytes),
    };
    if !moving {
        return text;
    }
    if let Some(stalled) = stalled {
        text.push_str(" · ");
        text.push_str(stalled);
    } else if progress.rate > 0 {
        text.push_str(" · ");
        text.push_str(&words::units::per_second(&words::size(progress.rate)));
        if let Some(seconds) = progress.seconds_left().filter(|seconds| *seconds > 0) {
            text.push_str(" · ");
            text.push_str(&time_left(seconds));
        }
    }
    text
}

/// The state of the connection, in a word or two.
pub fn network(status: &NetworkStatus) -> &'static str {
    match status {
        NetworkStatus::Starting => network_starting(),
        NetworkStatus::NoNode => network_no_node(),
        NetworkStatus::Connecting { .. } => network_connecting(),
        NetworkStatus::Online { .. } => network_online(),
        NetworkStatus::Unreachable { .. } => network_unreachable(),
        NetworkStatus::Offline { .. } => network_offline(),
    }
}

/// The time until the next attempt to connect.
pub fn next_try(seconds: u64) -> String {
    match seconds {
        0 => retry_now().to_owned(),
        seconds => retry_in(seconds),
    }
}

/// The status of an item in words while nothing is uploaded because the network is metered.
pub fn metered_status(item: &Item) -> &'static str {
    match item.origin {
        Origin::Share => metered_status_shared(),
        Origin::Fetch => metered_status_fetched(),
    }
}

/// The status of an item in words while sharing is paused.
pub fn paused_status(item: &Item) -> &'static str {
    match item.origin {
        Origin::Share => paused_status_shared(),
        Origin::Fetch => paused_status_fetched(),
    }
}

/// Whether the person has ended or paused it, which is nothing that has gone wrong.
pub fn is_paused(item: &Item) -> bool {
    let failure = item.status.failure();
    failure.is_some_and(|failure| failure.code == Code::Paused)
}

/// The status of an item in a few words, which are true of the network as it is now.
pub fn status(item: &Item, network: &NetworkStatus) -> String {
    let online = network.is_online();
    let words = match &item.status {
        Status::Preparing => match item.source.as_ref().and_then(|source| source.url.as_ref()) {
            Some(url) if item.progress.is_none() => return status_waiting_for(&host_of(url)),
            _ => status_reading(),
        },
        Status::Hashing => status_hashing(),
        Status::Announcing if online => status_announcing(),
        Status::Announcing => status_waiting(),
        Status::Shared if item.upload.is_some() => status_sending(),
        Status::Shared if online => status_shared(),
        Status::Shared => status_waiting(),
        Status::Stopped => status_stopped(),
        Status::Searching if network.can_call() => status_searching(),
        Status::Searching => status_waiting(),
        Status::Asked { .. } => status_asked(),
        Status::Downloading { from } => return status_downloading(from),
        Status::Interrupted { .. } if is_paused(item) => status_paused(),
        Status::Interrupted { .. } => status_interrupted(),
        Status::Done if item.upload.is_some() => status_fetched_sending(),
        Status::Done if item.providing && !online => status_fetched_waiting(),
        Status::Done if item.is_shared() => status_fetched_shared(),
        Status::Done if item.providing => status_fetched_announcing(),
        Status::Done => status_fetched(),
        Status::Failed { .. } if is_paused(item) => status_cancelled(),
        Status::Failed { .. } if item.needs_click() => status_needs_click(),
        Status::Failed { .. } if item.origin == Origin::Share => status_not_shared(),
        Status::Failed { .. } => status_not_fetched(),
    };
    words.to_owned()
}

/// What others can do with an item now, in a sentence; nothing while it is on its way here.
pub fn now(item: &Item, network: &NetworkStatus, paused: bool) -> Option<&'static str> {
    Some(match () {
        () if !item.status.is_here() => return None,
        () if !item.providing && item.origin == Origin::Share => now_not_from_you(),
        () if !item.providing => now_only_yours(),
        () if paused => now_paused(),
        () if !network.is_online() => now_offline(),
        () if !item.is_shared() => now_announcing(),
        () if item.asks => now_asks(),
        () => now_shared(),
    })
}

/// A file that others can fetch is also at a storage, at least until a moment.
pub fn copied_until(until: Option<String>) -> String {
    match until {
        Some(until) => copy_until(&until),
        None => copy_somewhere().to_owned(),
    }
}

/// A file that is not shared any more is still at storages, which are asked to remove it.
pub fn still_at_storages(hosts: &str, until: Option<String>) -> String {
    match until {
        Some(until) => still_at_until(hosts, &until),
        None => still_at(hosts),
    }
}

/// A storage keeps a file that is not shared any more, because its node takes nothing back.
pub fn still_not_taken_back(hosts: &str, until: Option<String>) -> String {
    match until {
        Some(until) => still_refused_until(hosts, &until),
        None => still_refused(hosts),
    }
}

/// Storages that have copies of removed files are asked to remove them.
pub fn removed_at_storages(hosts: &str, until: Option<String>) -> String {
    match until {
        Some(until) => removed_still_at_until(hosts, &until),
        None => removed_still_at(hosts),
    }
}

/// Storages would give up copies of removed files only to a former identity.
pub fn former_at_storages(hosts: &str, until: Option<String>) -> String {
    match until {
        Some(until) => former_still_at_until(hosts, &until),
        None => former_still_at(hosts),
    }
}

/// Storages did not take back copies of removed files.
pub fn removed_not_taken_back(hosts: &str, until: Option<String>) -> String {
    match until {
        Some(until) => removed_refused_until(hosts, &until),
        None => removed_refused(hosts),
    }
}

/// A copy of a file at a storage, and until when the storage has to keep it.
pub fn kept(host: &str, left: Option<Left>, until: Option<String>) -> String {
    let host = match left {
        None => host.to_owned(),
        Some(Left::ForOthers) => return copy_for_others(host),
        Some(Left::Refused) => copy_not_taken_back(host),
    };
    match until {
        Some(until) => kept_until(&host, &until),
        None => host,
    }
}

/// What others did with a file; empty if nothing.
pub fn counters(requests: u64, uploaded: u64) -> String {
    let asked = (requests > 0).then(|| asked_times(requests));
    let sent = (uploaded > 0).then(|| uploaded_size(&words::size(uploaded)));
    let parts: Vec<String> = asked.into_iter().chain(sent).collect();
    parts.join(" · ")
}

/// That an item was saved, and under which name if it could not keep its own.
pub fn saved_under(name: &str, own: &str) -> String {
    match name == own {
        true => saved().to_owned(),
        false => saved_as_another(name),
    }
}

/// The number and size of the picked files, before they are shared.
pub fn picked(count: usize, bytes: u64) -> String {
    format!("{} · {}", file_count(count as u64), words::size(bytes))
}

/// The bytes that files take, and those that are left.
pub fn room(used: u64, limit: u64) -> String {
    let used_words = room_used(&words::size(used));
    match limit {
        u64::MAX => used_words,
        _ => format!(
            "{used_words} · {}",
            room_free(&words::size(limit.saturating_sub(used)))
        ),
    }
}

/// The number and size of the selected files.
pub fn selected_bytes(count: usize, bytes: u64) -> String {
    format!("{} · {}", selected_count(count as u64), words::size(bytes))
}

/// Says why access to origins is requested: for these files, of which there may be none that is known.
pub fn access(origins: &[String], names: &[&str]) -> String {
    let hosts: Vec<String> = origins.iter().map(|origin| origin_host(origin)).collect();
    let hosts = list_of(&hosts);
    match names {
        [] => access_this(&hosts),
        [name] => access_one(name, &hosts),
        [name, others @ ..] => access_many(name, &and_more(others.len() as u64), &hosts),
    }
}

/// Whether a match pattern permits what is at an address, as far as their hosts tell.
pub fn is_of_origin(url: &str, pattern: &str) -> bool {
    let without_port = |host: String| match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_owned(),
        _ => host,
    };
    let host = origin_host(pattern);
    host == all_sites() || without_port(host) == without_port(host_of(url))
}

/// The host of a match pattern, as people know it.
fn origin_host(pattern: &str) -> String {
    match host_of(pattern).as_str() {
        "*" | "" | "<all_urls>" => all_sites().to_owned(),
        host => host.strip_prefix("*.").unwrap_or(host).to_owned(),
    }
}

/// Asks whether an item is to be removed.
pub fn remove_question(item: &Item) -> &'static str {
    match item.origin {
        _ if item.status.is_interrupted() => remove_partial(),
        Origin::Share => remove_shared(),
        Origin::Fetch => remove_fetched(),
    }
}

/// What the words about an item refer to.
pub fn about(origin: Origin) -> About {
    match origin {
        Origin::Share => About::Share,
        Origin::Fetch => About::Fetch,
    }
}

/// A notice, which belongs to no item.
pub fn notice(failure: &Failure) -> String {
    words::failure::<Extension>(failure, About::Other).what
}

/// Why the typed hash or link is not fetched, and what to do.
pub fn fetch_refused(failure: &Failure) -> String {
    match failure.code {
        // What is in the list stays as it is, and nothing else was fetched.
        Code::NotOpened => words::failure::<Extension>(failure, About::Fetch).what,
        _ => both(failure, About::Fetch),
    }
}

/// What is wrong with a setting, and what to do.
pub fn setting_wrong(failure: &Failure) -> String {
    both(failure, About::Other)
}

fn both(failure: &Failure, about: About) -> String {
    let Words { what, advice } = words::failure::<Extension>(failure, about);
    words::join(&what, &advice)
}

/// A line of an item's log.
pub fn log(entry: &LogEntry, about: About) -> String {
    words::log::<Extension>(entry, about)
}

/// Who called.
pub fn who(who: Who<'_>) -> String {
    match who {
        Who::Peer(peer) => peer.to_owned(),
        Who::Others(calls) => more_calls(calls),
    }
}

/// What was uploaded because of a call.
pub fn sent(who: Who<'_>, sent: Sent) -> String {
    match sent {
        // Nobody wrote down which of them had what.
        Sent::Nothing if matches!(who, Who::Others(_)) => String::new(),
        Sent::Nothing => sent_nothing().to_owned(),
        Sent::Uploading => sent_uploading().to_owned(),
        Sent::Bytes(bytes) => words::size(bytes),
        Sent::Failed(0) => sent_failed().to_owned(),
        Sent::Failed(bytes) => sent_failed_after(&words::size(bytes)),
        Sent::NotGiven => sent_not_given().to_owned(),
    }
}

/// The kind, size and sender of what is at a link.
pub fn seen(kind: Option<FileKind>, size: Option<u64>, peer: Option<&str>) -> String {
    let kind = kind.and_then(|kind| match kind {
        FileKind::Image => Some(kind_image()),
        FileKind::Video => Some(kind_video()),
        FileKind::Audio => Some(kind_audio()),
        FileKind::Document => Some(kind_document()),
        FileKind::Archive => Some(kind_archive()),
        FileKind::Folder => Some(kind_folder()),
        FileKind::Other => None,
    });
    let parts = [
        kind.map(str::to_owned),
        size.map(words::size),
        peer.map(look_from),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// That a folder has to be uploaded before it is listed, and how large it is.
pub fn inside_upload(size: Option<u64>) -> String {
    match size {
        Some(size) => inside_upload_size(&words::size(size)),
        None => inside_upload_all().to_owned(),
    }
}

/// Why nothing is known about what is at a link.
pub fn not_seen(failure: &Failure) -> String {
    match failure.code {
        Code::NoProvider => look_nobody().to_owned(),
        _ => words::failure::<Extension>(failure, About::Fetch).what,
    }
}

/// What happened, where `state` is the one after it.
pub fn event(kind: &EventKind, state: &State) -> String {
    let item = match kind {
        EventKind::Merged { into, .. } => Some(into),
        kind => kind.item(),
    };
    let item = item.and_then(|id| state.items.get(id));
    let what = match kind {
        EventKind::ShareBegan { .. } => event_share_began(),
        EventKind::FetchBegan { .. } => event_fetch_began(),
        EventKind::Described { .. } | EventKind::Found { .. } => event_described(),
        EventKind::Named { .. } => event_named(),
        EventKind::Thumbnail { .. } => event_thumbnail(),
        EventKind::Hashed { .. } => event_hashed(),
        EventKind::Requested { .. } => event_requested(),
        EventKind::UploadBegan { .. } => event_upload_began(),
        EventKind::UploadSent { .. } => event_upload_sent(),
        EventKind::UploadEnded { error: None, .. } => event_uploaded(),
        EventKind::UploadEnded { error: Some(_), .. } => event_upload_failed(),
        EventKind::Limited { .. } => event_limited(),
        EventKind::AsPage { .. } => event_as_page(),
        EventKind::AsksFirst { .. } => event_asks_first(),
        EventKind::Providing {
            providing: true, ..
        } => event_provided(),
        EventKind::Providing {
            providing: false, ..
        } => event_not_provided(),
        EventKind::Saved { .. } => event_saved(),
        EventKind::Stays { .. } => event_stays(),
        EventKind::Merged { .. } => event_merged(),
        EventKind::Removed { .. } => event_removed(),
        EventKind::Unconfirmed => event_unconfirmed(),
        EventKind::Confirmed { .. } => event_confirmed(),
        EventKind::Released { .. } => event_released(),
        EventKind::Withdrawn { .. } => event_withdrawn(),
        EventKind::Settings { .. } => event_settings(),
        EventKind::Started { .. } => event_started(),
        EventKind::Status { .. }
        | EventKind::Progress { .. }
        | EventKind::Asking { .. }
        | EventKind::Log { .. }
        | EventKind::Network { .. }
        | EventKind::Web { .. }
        | EventKind::Room { .. }
        | EventKind::Notice { .. } => "",
    };
    match item {
        Some(item) if what.is_empty() => {
            // Whether others can reach it now says nothing about then.
            let online = NetworkStatus::Online {
                node: String::new(),
            };
            event_about(&item.name, &status(item, &online))
        }
        Some(item) => event_about(&item.name, what),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::state::{Event, EventKind, ItemId, Progress, State};

    #[test]
    fn times_are_told_in_the_unit_that_matters() {
        for (seconds, text) in [
            (0, "1 s left"),
            (59, "59 s left"),
            (60, "1 min left"),
            (61, "2 min left"),
            (3600, "1 h 0 min left"),
            (90_000, "more than a day left"),
        ] {
            assert_eq!(time_left(seconds), text);
        }
    }

    #[test]
    fn progress_says_only_what_is_known() {
        let of = |bytes, total, rate| progress(&Progress { bytes, total, rate }, true, None);
        assert_eq!(
            of(12_000_000, Some(50_000_000), 3_400_000),
            "12 MB of 50 MB · 3.4 MB/s · 12 s left"
        );
        assert_eq!(of(12_000_000, None, 0), "12 MB");
        assert_eq!(of(5, Some(5), 10), "5 bytes of 5 bytes · 10 bytes/s");
        assert_eq!(of(6, Some(5), 10), "6 bytes of 5 bytes · 10 bytes/s");
        let moved = Progress {
            bytes: 12_000_000,
            total: Some(50_000_000),
            rate: 3_400_000,
        };
        assert_eq!(
            progress(&moved, true, Some(stalled(false))),
            "12 MB of 50 MB · nothing has come for a while"
        );
        assert_eq!(
            progress(&moved, true, Some(stalled(true))),
            "12 MB of 50 MB · nothing has moved for a while"
        );
        // A fetch that was just paused is not slow.
        assert_eq!(
            progress(&moved, false, Some(stalled(false))),
            "12 MB of 50 MB"
        );
    }

    #[test]
    fn a_settings_file_says_what_it_means_before_it_is_used() {
        let now = Settings {
            nodes: vec!["/dns4/a/tcp/1/ws".into()],
            private: true,
            ..Settings::default()
        };
        let said = |new: &Settings| {
            let changes = changes(When::Next, &now, new, |node| format!("host of {node}"));
            let lines = changes.into_iter();
            let lines: Vec<String> = lines
                .map(|(words, hosts)| format!("{words} {hosts}"))
                .collect();
            lines.join("\n")
        };
        assert_eq!(said(&now), "There is 1 node: host of /dns4/a/tcp/1/ws");
        let stranger = Settings {
            nodes: vec!["/dns4/b/tcp/1/ws".into(), "/dns4/c/tcp/1/ws".into()],
            private: false,
            provide_fetched: !now.provide_fetched,
            public: Some(true),
            own_ipfs: Some(fluence::state::OwnIpfs {
                rpc: "https://evil.example".into(),
                gateway: "https://other.example".into(),
            }),
            routers: vec!["https://router.example".into()],
            gateways: vec!["https://gateway.example".into()],
            max_sent_day: Some(1),
            ..now.clone()
        };
        let none = Settings {
            nodes: Vec::new(),
            ..now.clone()
        };
        assert!(said(&none).contains("nothing can be shared or fetched"));
        // What is asked about in the settings does not go by unsaid in a file of them.
        let renewed = |session_identity| Settings {
            session_identity,
            ..now.clone()
        };
        let said_of_id = said(&renewed(true));
        assert!(said_of_id.contains("another peer id now"), "{said_of_id}");
        assert!(!said_of_id.contains("other settings"), "{said_of_id}");
        let back = changes(When::Next, &renewed(true), &renewed(false), str::to_owned);
        assert_eq!(back[1..], [(import_not_session(), String::new())]);
        // Of what was changed earlier nothing is said as if it were so now.
        let then = changes(When::Then, &now, &stranger, str::to_owned);
        let next = changes(When::Next, &now, &stranger, str::to_owned);
        assert_eq!(then.len(), next.len());
        for ((then, hosts), (next, same)) in then.iter().zip(&next) {
            assert_eq!(hosts, same);
            assert_ne!(then, next);
            assert!(!then.contains(" is ") && !then.contains(" are "), "{then}");
        }
        let said = said(&stranger);
        for part in [
            "host of /dns4/b/tcp/1/ws, host of /dns4/c/tcp/1/ws",
            "evil.example, other.example",
            "without asking you",
            "router.example",
            "gateway.example",
            "What you fetch is",
            "What you share is not private",
            "Limits or other settings",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn a_peer_is_known_by_the_end_of_its_id() {
        let id = "12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5";
        assert_eq!(peer_end(id).as_deref(), Some("…oaMtimQ5"));
        assert_eq!(peer_end("Q5").as_deref(), Some("…Q5"));
        assert_eq!(peer_end("ю".repeat(9).as_str()), None);
    }

    #[test]
    fn the_size_in_an_empty_field_is_the_one_that_applies() {
        assert_eq!(options_max_none(), "1 TB");
    }

    #[test]
    fn a_test_of_a_node_says_what_it_found() {
        let found = |ms, cause| {
            tested(&(
                ms,
                Some(LinkError {
                    node: None,
                    others_failed: false,
                    cause,
                }),
            ))
        };
        let refused = || LinkCause::ReservationRefused { detail: None };
        assert!(found(Some(7), refused()).contains("you can only fetch through it"));
        assert!(found(None, refused()).starts_with("You can connect to it"));
        assert!(found(None, LinkCause::ConnectionLost).starts_with("It does not work"));
    }

    /// The item that results from these events.
    fn item(kinds: impl IntoIterator<Item = EventKind>) -> Item {
        let mut state = State::default();
        for kind in kinds {
            state.apply(&Event {
                seq: 1,
                at: 1,
                kind,
            });
        }
        state.items.newest().next().cloned().unwrap()
    }

    #[test]
    fn nobody_is_said_to_get_anything_without_the_network() {
        let id = ItemId("0".repeat(32));
        let status_is = |status| EventKind::Status {
            id: id.clone(),
            status,
        };
        let online = NetworkStatus::Online {
            node: String::new(),
        };
        let shared = item([
            EventKind::ShareBegan {
                key: None,
                ends: None,
                id: id.clone(),
                name: "a".into(),
                mime: None,
                size: None,
                source: None,
            },
            status_is(Status::Shared),
        ]);
        assert_eq!(status(&shared, &online), "Others can fetch it");
        assert_eq!(
            now(&shared, &online, false),
            Some("Anybody with the link can fetch this while your browser is open.")
        );
        for (network, paused) in [(&NetworkStatus::NoNode, false), (&online, true)] {
            let now = now(&shared, network, paused).unwrap_or_default();
            assert!(now.starts_with("Nobody can fetch this"), "{now}");
        }
        assert_eq!(
            status(&shared, &NetworkStatus::NoNode),
            "Waiting to go online"
        );
        let fetched = |confirmed: bool| {
            let mut kinds = vec![
                EventKind::FetchBegan {
                    key: None,
                    id: id.clone(),
                    cid: "Qm".into(),
                    path: None,
                },
                status_is(Status::Done),
                EventKind::Providing {
                    id: id.clone(),
                    providing: true,
                },
            ];
            if confirmed {
                let ids = vec![id.clone()];
                kinds.push(EventKind::Confirmed { ids });
            }
            item(kinds)
        };
        assert_eq!(
            status(&fetched(false), &online),
            "Fetched. Telling the network"
        );
        assert_eq!(status(&fetched(true), &online), "Fetched. You share it too");
        assert_eq!(
            status(&fetched(true), &NetworkStatus::NoNode),
            "Fetched. Waiting to share it too"
        );
    }

    #[test]
    fn a_pause_of_ones_own_is_no_failure() {
        let id = ItemId("0".repeat(32));
        let online = NetworkStatus::Online {
            node: String::new(),
        };
        for (code, words) in [
            (Code::Paused, "Paused"),
            (Code::Interrupted, "Interrupted"),
            (Code::DiskFull, "Interrupted"),
        ] {
            let failure = Failure::new(code);
            let began = EventKind::FetchBegan {
                key: None,
                id: id.clone(),
                cid: "Qm".into(),
                path: None,
            };
            let status_is = EventKind::Status {
                id: id.clone(),
                status: Status::Interrupted { failure },
            };
            let fetch = item([began, status_is]);
            assert_eq!(status(&fetch, &online), words);
            assert_eq!(is_paused(&fetch), words == "Paused");
        }
    }

    #[test]
    fn sentences_end() {
        assert_eq!(sentence("it is closed "), "it is closed.");
        assert_eq!(sentence("Closed."), "Closed.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn counters_are_silent_when_nothing_happened() {
        assert_eq!(counters(0, 0), "");
        assert_eq!(counters(1, 0), "asked for once");
        assert_eq!(counters(0, 5), "5 bytes uploaded");
        assert_eq!(counters(12, 5000), "asked for 12 times · 5 kB uploaded");
    }

    #[test]
    fn access_names_files_and_hosts_as_people_know_them() {
        let one = access(&["https://example.org/*".into()], &["a.png"]);
        assert!(one.starts_with("To share “a.png”, "), "{one}");
        assert!(one.contains("from example.org."), "{one}");
        let three = access(&["*://*.example.org/*".into()], &["a.png", "b", "c"]);
        assert!(three.contains("“a.png” and 2 more, "), "{three}");
        assert!(three.contains("from example.org."), "{three}");
        for pattern in ["*://*/*", "<all_urls>"] {
            assert!(access(&[pattern.into()], &[]).contains("from all sites."));
            assert!(is_of_origin("https://example.org/a", pattern));
        }
        let at = "http://127.0.0.1:8080/a";
        assert!(is_of_origin(at, "http://127.0.0.1/*"));
        assert!(is_of_origin(at, "http://127.0.0.1:8080/*"));
        assert!(!is_of_origin(at, "http://127.0.0.2/*"));
    }
}
