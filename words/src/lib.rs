//! The sentences for what the other crates only name: failures, log lines, links and sizes. The
//! popup, the worker's notifications and the command line all take their sentences from this crate,
//! and no crate below them holds one.
//!
//! A language is a module with the functions of `english`; `CONTRIBUTING.md` says how to add one.
//! Codes, log lines and causes are matched without a wildcard, so that the compiler reports each
//! sentence that is missing; within a code, the reasons that need no sentence of their own share one.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod english;
mod fill;
mod units;

use fluence::failure::{About, Failure};
use fluence::state::{LinkError, LogEntry};

pub use english::{
    ALLOW, MENU_SHARE, MENU_SHARE_PRIVATELY, NAME, OMNIBOX, REFUSE, asking, button, fetched,
    shared, shared_many, would_fetch,
};
use fill::fill;
pub use units::{megabytes, size};

/// The medium in which a person reads the words, which decides what that person can do next. It is
/// a type, so that each program links only the words that it needs.
pub trait Medium {
    /// What to do next, as a sentence with places for the values of the failure.
    fn advice(failure: &Failure, about: About) -> &'static str;
}

/// The popup and the notifications of the extension, with their buttons.
#[derive(Debug, Clone, Copy)]
pub struct Extension;

/// The command line.
#[derive(Debug, Clone, Copy)]
pub struct Terminal;

impl Medium for Extension {
    fn advice(failure: &Failure, about: About) -> &'static str {
        english::advice_in_extension(failure, about)
    }
}

impl Medium for Terminal {
    fn advice(failure: &Failure, about: About) -> &'static str {
        english::advice_in_terminal(failure, about)
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
    let template = english::failure(failure, about);
    let mut what = fill(template, failure);
    // A failure may concern one file of several. It is named unless the sentences name it anyway.
    if let Some(name) = failure
        .name
        .as_deref()
        .filter(|_| !template.contains("{name}") && !M::advice(failure, about).contains("{name}"))
    {
        what.insert_str(0, "”: ");
        what.insert_str(0, name);
        what.insert(0, '“');
    }
    // The words of another program are quoted in parentheses if the sentence has no place for them.
    if let Some(detail) = failure
        .detail
        .as_deref()
        .filter(|_| !template.contains("{detail}"))
    {
        let detail = detail.trim_end_matches(['.', ' ']);
        what.truncate(what.trim_end_matches('.').len());
        what.push_str(" (");
        what.push_str(detail);
        what.push_str(").");
    }
    if let Some(others) = failure.others {
        what.push_str(&english::and_others_refused(others));
    }
    Words {
        what,
        advice: fill(M::advice(failure, about), failure),
    }
}

/// Says what happened to an item, for a line of its log.
pub fn log<M: Medium>(entry: &LogEntry, about: About) -> String {
    english::log::<M>(entry, about)
}

/// Says why there is no link to a node, as a clause without a full stop.
pub fn link(error: &LinkError) -> String {
    english::link(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::failure::{Code, Reason};

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
}
