//! Putting the values of a failure into a sentence.

use fluence::failure::Failure;

use crate::table::{self, Value};
use crate::{FAILURE_VALUES, choose, size};

/// A message of `failures.ftl`, by its number. It can have the values of any failure.
#[derive(Debug, Clone, Copy)]
pub struct Sentence(pub(crate) usize);

impl Sentence {
    /// Whether it has the value with this name.
    pub(crate) fn has(self, name: &str) -> bool {
        let place = FAILURE_VALUES.iter().position(|value| *value == name);
        place.is_some_and(|place| table::has(self.0, place))
    }

    /// The sentence with the failure's values. General words stand for a value that is not set.
    pub(crate) fn fill(self, failure: &Failure) -> String {
        let put = |text: &mut String, place: usize| {
            let name = FAILURE_VALUES[place];
            // A sentence may begin with a value.
            let begins = text.is_empty() || text.ends_with(". ");
            let is_host = name == "host" && failure.host.is_some();
            match value(name, failure) {
                Some(Filled::Number(number)) => table::push(text, Value::Number(number)),
                Some(Filled::Text(words)) if begins && !is_host => {
                    table::push(text, Value::Text(&capital(&words)));
                }
                Some(Filled::Text(words)) => table::push(text, Value::Text(&words)),
                None => {
                    let words = table::plain(choose::unset(name).0);
                    if begins {
                        text.push_str(&capital(words));
                    } else {
                        text.push_str(words);
                    }
                }
            }
        };
        let number = |place: usize| match value(FAILURE_VALUES[place], failure) {
            Some(Filled::Number(number)) => number,
            _ => 0,
        };
        table::fill(self.0, put, number)
    }
}

enum Filled {
    Text(String),
    Number(u64),
}

fn value(name: &str, failure: &Failure) -> Option<Filled> {
    let text = match name {
        "host" => failure.host.clone(),
        "peer" => failure.peer.clone(),
        "name" => failure.name.clone(),
        "detail" => failure.detail.clone(),
        "size" => return failure.size.map(Filled::Number),
        "limit" => return failure.limit.map(Filled::Number),
        "codec" => failure.size.map(|codec| format!("0x{codec:x}")),
        "limit-size" => failure.limit.map(size),
        "status" => failure.status.map(|status| status.to_string()),
        "code" => Some(failure.code.as_str().to_owned()),
        "reason" => failure.reason.as_ref().map(|reason| {
            let clause = choose::reason(reason);
            // A clause must not contain a further reason, because filling it would never end.
            if clause.has("reason") {
                table::plain(clause.0).to_owned()
            } else {
                clause.fill(failure)
            }
        }),
        _ => None,
    };
    text.map(Filled::Text)
}

/// A text whose first letter is a capital, in languages that have them.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
