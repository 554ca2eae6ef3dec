//! The words of all faces: sentences about failures, log lines, links and sizes, and those of the
//! popup, the worker's notifications and the page for web links. No crate below them holds one.
//!
//! The messages are in `locales/LANGUAGE/TOPIC.ftl`. This crate has a module for each topic with a function for each of
//! them; `build.rs` makes it, and fails if a language lacks one. Codes, log lines and causes are matched without a
//! wildcard, so that the compiler reports each sentence that is missing; within a code, the reasons that need no sentence
//! of their own share one. `docs/architecture.md` says how to add a message and a language.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod choose;
mod fill;
mod log_lines;
mod size;
mod table;
mod terminal;

use fluence::failure::{About, Code, Failure};
use fluence::state::{LinkError, LogEntry, NetworkStatus};

pub use fill::{Sentence, capital};
pub use size::{megabytes, size};
#[cfg(not(target_arch = "wasm32"))]
pub use table::speak;
pub use table::{changed, locale};

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// The name of the extension, in all languages.
pub const NAME: &str = "Fluence Share";

/// The medium in which a person reads the words, which decides what that person can do next. It is
/// a type, so that each program links only the words that it needs.
pub trait Medium {
    /// What to do next.
    fn advice(failure: &Failure, about: About) -> Advice;
}

/// What to do next.
#[derive(Debug, Clone, Copy)]
pub enum Advice {
    /// Nothing.
    None,
    /// A sentence in the language of the person.
    Sentence(Sentence),
    /// An English sentence.
    English(&'static str),
}

/// The popup and the notifications of the extension, with their buttons.
#[derive(Debug, Clone, Copy)]
pub struct Extension;

/// The command line.
#[derive(Debug, Clone, Copy)]
pub struct Terminal;

impl Medium for Extension {
    fn advice(failure: &Failure, about: About) -> Advice {
        choose::advice(failure, about).map_or(Advice::None, Advice::Sentence)
    }
}

impl Medium for Terminal {
    fn advice(failure: &Failure, about: About) -> Advice {
        Advice::English(terminal::advice(failure, about))
    }
}

/// The words about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What happened: one or two sentences.
    pub what: String,
    /// What to do next: one or two sentences, or nothing.
    pub advice: String,
}

/// Says what went wrong with something, and what to do next.
pub fn failure<M: Medium>(failure: &Failure, about: About) -> Words {
    let sentence = choose::failure(failure, about);
    let advice = M::advice(failure, about);
    let has =
        |name| sentence.has(name) || matches!(advice, Advice::Sentence(advice) if advice.has(name));
    let mut what = sentence.fill(failure);
    // A failure may concern one file of several. It is named unless the sentences name it anyway.
    if let Some(name) = failure.name.as_deref().filter(|_| !has("name")) {
        what = language::named(name, &what);
    }
    // The words of another program are quoted in parentheses if the sentence has no place for them.
    if let Some(detail) = failure
        .detail
        .as_deref()
        .filter(|_| !sentence.has("detail"))
    {
        let detail = detail.trim_end_matches(['.', ' ']);
        what = language::quoting(what.trim_end_matches(STOPS), detail);
    }
    if let Some(others) = failure.others.filter(|others| *others > 0) {
        what = join(&what, &log::and_others_refused(others));
    }
    Words {
        what,
        advice: match advice {
            Advice::None => String::new(),
            Advice::Sentence(sentence) => sentence.fill(failure),
            Advice::English(text) => text.to_owned(),
        },
    }
}

/// What ends a sentence.
const STOPS: [char; 2] = ['.', '。'];

/// Two sentences after one another, of which either may be empty.
pub fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second.to_owned(),
        (_, true) => first.to_owned(),
        _ => language::sentences(first, second),
    }
}

/// A text as a sentence: with a full stop if it has none.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    // The end of what was isolated is no end of a sentence.
    let last = text.trim_end_matches('\u{2069}');
    if last.is_empty() || last.ends_with(['.', '!', '?', '…', '。', '！', '？', '؟']) {
        text.to_owned()
    } else {
        language::with_stop(text)
    }
}

/// Texts as a list.
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts = texts.into_iter().map(str::to_owned);
    let list = texts.reduce(|first, second| language::list_more(&first, &second));
    list.unwrap_or_default()
}

/// Says what happened to an item, for a line of its log.
pub fn log<M: Medium>(entry: &LogEntry, about: About) -> String {
    log_lines::line::<M>(entry, about)
}

/// Says why there is no link to a node, as a clause without a full stop.
pub fn link(error: &LinkError) -> String {
    log_lines::link(error)
}

/// A notification: a file is shared, and its link is on the clipboard or not.
pub fn shared(name: &str, copied: bool) -> Words {
    let advice = if copied {
        worker::shared_copied()
    } else {
        worker::shared_not_copied()
    };
    Words {
        what: worker::shared(name),
        advice: advice.to_owned(),
    }
}

/// A notification: somebody asks for a file of which the person wants to be asked.
pub fn asking(name: &str) -> Words {
    Words {
        what: worker::asking(name),
        advice: worker::asking_text().to_owned(),
    }
}

/// A notification: several files that were chosen together are shared, except for so many that failed.
pub fn shared_many(count: usize, failed: usize) -> Words {
    let advice = match failed {
        0 => worker::shared_many_text().to_owned(),
        failed => worker::shared_some_text(failed as u64),
    };
    Words {
        what: worker::shared_many(count as u64),
        advice,
    }
}

/// A notification: of several files that belong together none is shared, because so many failed.
pub fn not_shared_many(count: usize) -> Words {
    Words {
        what: worker::not_shared_many(count as u64),
        advice: worker::not_shared_many_text().to_owned(),
    }
}

/// A notification: a file was fetched.
pub fn fetched(name: &str) -> Words {
    Words {
        what: worker::fetched(name),
        advice: worker::fetched_text().to_owned(),
    }
}

/// A notification: something failed. Its title is short, because systems cut it off, and does not have the reason.
pub fn failed(name: &str, failed: &Failure, about: About) -> Words {
    let title = match about {
        About::Fetch => worker::not_fetched(name),
        About::Share | About::Upload | About::Other => worker::not_shared(name),
    };
    told(title, failed, about)
}

/// A notification: something failed that belongs to no file, or to several.
pub fn trouble(failed: &Failure) -> Words {
    // The browser wants the same click for all files.
    let title = match failed.code {
        Code::NeedsClick => worker::click_needed(),
        _ => worker::trouble(),
    };
    told(title.to_owned(), failed, About::Other)
}

fn told(title: String, failed: &Failure, about: About) -> Words {
    let Words { what, advice } = failure::<Extension>(failed, about);
    Words {
        what: title,
        advice: join(&what, &advice),
    }
}

/// What the toolbar button says of the connection, with the number of files that are shared.
pub fn button(status: &NetworkStatus, shared: usize) -> String {
    match status {
        NetworkStatus::NoNode => worker::button_no_node().to_owned(),
        NetworkStatus::Offline { error, .. } => worker::button_offline(&link(error)),
        NetworkStatus::Starting | NetworkStatus::Connecting { .. } => {
            worker::button_connecting().to_owned()
        }
        NetworkStatus::Unreachable { .. } => worker::button_unreachable().to_owned(),
        NetworkStatus::Online { .. } if shared == 0 => worker::button_online().to_owned(),
        NetworkStatus::Online { .. } => worker::button_online_shared(shared as u64),
    }
}

/// What it says of the files that are moving, and their bytes so far.
pub fn button_moving(files: usize, bytes: u64) -> String {
    match bytes {
        0 => worker::button_moving(files as u64),
        bytes => worker::button_moving_bytes(files as u64, &megabytes(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::Reason;

    const ABOUT: [About; 4] = [About::Share, About::Fetch, About::Upload, About::Other];

    /// Every failure that can be made of a code and a reason, with and without its values.
    fn all() -> impl Iterator<Item = Failure> {
        let codes = Code::ALL
            .iter()
            .cloned()
            .chain([Code::Unknown("quantum_lost".into())]);
        let reasons: Vec<Option<Reason>> = std::iter::once(None)
            .chain(Reason::ALL.iter().cloned().map(Some))
            .chain([Some(Reason::Unknown("decayed".into()))])
            .collect();
        codes.flat_map(move |code| {
            reasons.clone().into_iter().flat_map(move |reason| {
                let bare = Failure {
                    reason,
                    ..Failure::new(code.clone())
                };
                let full = bare
                    .clone()
                    .host("a.example")
                    .peer("12D3Koo")
                    .name("holiday.jpg")
                    .size(112)
                    .limit(1_000_000)
                    .status(404)
                    .detail("out of cheese");
                [bare, full]
            })
        })
    }

    /// A command to be copied has no full stop after it.
    fn ends_with_command(failure: &Failure) -> bool {
        failure.code == Code::OriginRefused
    }

    #[test]
    fn every_failure_is_whole_sentences_in_both_media() {
        for failure in all() {
            for about in ABOUT {
                for words in [
                    super::failure::<Extension>(&failure, about),
                    super::failure::<Terminal>(&failure, about),
                ] {
                    let Words { what, advice } = words;
                    for text in [&what, &advice] {
                        assert!(!text.contains(['{', '}']), "{failure:?}: {text}");
                        assert!(
                            !text.contains("  ") && !text.contains(" ."),
                            "{failure:?}: {text}"
                        );
                        assert!(
                            text.is_empty() || text.ends_with('.') || ends_with_command(&failure),
                            "{failure:?}: {text}"
                        );
                    }
                    let first = what.chars().next().expect("something is said");
                    assert!(
                        first.is_uppercase()
                            || "“1".contains(first)
                            || what.starts_with("a.example"),
                        "{what}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_title_of_a_notification_is_short_and_its_text_says_why() {
        let nobody = Failure::new(Code::NoProvider);
        let words = failed("holiday.jpg", &nobody, About::Fetch);
        assert_eq!(words.what, "Not fetched: holiday.jpg");
        let Words { what, advice } = failure::<Extension>(&nobody, About::Fetch);
        assert_eq!(words.advice, format!("{what} {advice}"));
        let words = failed("holiday.jpg", &Failure::new(Code::LoginPage), About::Share);
        assert_eq!(words.what, "Not shared: holiday.jpg");
        for failure in all() {
            let Words { what, advice } = trouble(&failure);
            assert!(what.len() < 40 && !what.ends_with('.'), "{what}");
            assert!(advice.len() > what.len(), "{failure:?}: {advice}");
        }
    }

    #[test]
    fn the_command_line_speaks_of_no_buttons() {
        for failure in all() {
            for about in ABOUT {
                let advice = super::failure::<Terminal>(&failure, about).advice;
                for button in [
                    "Resume",
                    "choose",
                    "click",
                    "button",
                    "Allow access",
                    "“Try again”",
                ] {
                    assert!(!advice.contains(button), "{failure:?}: {advice}");
                }
            }
        }
    }

    #[test]
    fn a_newer_code_is_shown_as_such() {
        let failure = Failure::new(Code::Unknown("quantum_lost".into()));
        let words = super::failure::<Extension>(&failure, About::Fetch);
        assert!(words.what.contains("quantum_lost"), "{words:?}");
    }

    #[test]
    fn values_stand_where_they_belong() {
        let failure = Failure::new(Code::WrongBytes)
            .host("https://a.example/ipfs/x")
            .peer("12D3Koo");
        let words = super::failure::<Extension>(&failure, About::Fetch);
        assert!(
            words.what.contains("a.example") && words.what.contains("12D3Koo"),
            "{words:?}"
        );
        let failure = Failure::new(Code::TooLarge).limit(1 << 40);
        let words = super::failure::<Terminal>(&failure, About::Share);
        assert!(words.what.contains("1 TB"), "{words:?}");
        let failure = Failure::new(Code::Refused).detail("over 1 GB");
        let words = super::failure::<Extension>(&failure, About::Upload);
        assert!(words.what.ends_with("(over 1 GB)."), "{words:?}");
    }

    #[test]
    fn every_language_says_every_failure_and_every_line_in_whole_sentences() {
        let locales = locales::Locales::read(&locales::Locales::directory()).unwrap();
        let control = |c: char| c.is_control() || "{}".contains(c);
        for language in locales.languages() {
            table::speak(locales.table(language, locales::Program::Extension));
            for failure in all() {
                let Words { what, advice } = super::failure::<Extension>(&failure, About::Fetch);
                assert!(!what.is_empty(), "{}: {failure:?}", language.tag);
                for text in [what, advice] {
                    let end = text.trim_end_matches('\u{2069}');
                    assert!(!text.contains(control), "{}: {text}", language.tag);
                    assert!(
                        end.is_empty() || end.ends_with(STOPS) || ends_with_command(&failure),
                        "{}: {text}",
                        language.tag
                    );
                }
            }
            let entry = LogEntry::StoragesAdded {
                hosts: vec!["a.example".into(), "b.example".into()],
            };
            let line = super::log::<Extension>(&entry, About::Fetch);
            assert!(
                line.contains("a.example") && line.contains("b.example"),
                "{line}"
            );
        }
    }

    #[test]
    fn plurals_are_chosen_by_number_and_by_kind() {
        for (count, words) in [
            (0, "asked for 0 times"),
            (1, "asked for once"),
            (2, "asked for twice"),
            (12, "asked for 12 times"),
        ] {
            assert_eq!(files::asked_times(count), words);
        }
        // A value after the choice, which the variants that are not chosen have, too.
        assert_eq!(
            worker::button_moving_bytes(1, "3 MB"),
            "1 file is on the way, 3 MB so far."
        );
        assert_eq!(
            worker::button_moving_bytes(2, "3 MB"),
            "2 files are on the way, 3 MB so far."
        );
    }

    #[test]
    fn a_name_cannot_reorder_the_words_around_it() {
        assert_eq!(worker::fetched("a.pdf"), "a.pdf is here");
        for name in ["تقرير.pdf", "exe\u{202e}fdp.a"] {
            assert_eq!(
                worker::fetched(name),
                format!("\u{2068}{name}\u{2069} is here")
            );
        }
        // Whatever the name is, in a language from right to left.
        let locales = locales::Locales::read(&locales::Locales::directory()).unwrap();
        let arabic = locales
            .languages()
            .iter()
            .find(|language| language.tag == "ar");
        table::speak(locales.table(arabic.unwrap(), locales::Program::Extension));
        assert!(worker::fetched("a.pdf").contains("\u{2068}a.pdf\u{2069}"));
        // A sentence in another one keeps its direction, and its full stop stays at its end.
        let reason = sentence("لا ترد العقدة");
        assert_eq!(reason, "\u{2068}لا ترد العقدة\u{2069}.");
        let inner = format!("\u{2067}{reason}\u{2069}");
        assert!(worker::button_offline(&reason).contains(&inner));
    }

    #[test]
    fn a_name_that_could_end_its_isolation_cannot() {
        let text = worker::fetched("a\u{2069}\u{202e}b");
        assert_eq!(text.matches('\u{2069}').count(), 1, "{text:?}");
    }
}
