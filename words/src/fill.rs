//! Putting the values of a failure into a sentence.

use fluence::failure::Failure;

use crate::{english, size};

/// The sentence with the failure's values in place of `{host}`, `{peer}`, `{name}`, `{size}`,
/// `{codec}`, `{limit}`, `{limit_size}`, `{status}`, `{reason}`, `{code}` and `{detail}`. General
/// words stand for a value that is not set.
pub(crate) fn fill(template: &str, failure: &Failure) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (place, after) = after.split_once('}').unwrap_or((after, ""));
        let value = value(place, failure);
        // A sentence may begin with a value.
        if text.is_empty() || text.ends_with(". ") {
            push_capital(&mut text, &value, place == "host" && failure.host.is_some());
        } else {
            text.push_str(&value);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn value(place: &str, failure: &Failure) -> String {
    let number = |value: Option<u64>| value.map(|value| value.to_string());
    let text = |value: &Option<String>| value.clone();
    let value = match place {
        "host" => text(&failure.host),
        "peer" => text(&failure.peer),
        "name" => text(&failure.name),
        "detail" => text(&failure.detail),
        "size" => number(failure.size),
        "codec" => failure.size.map(|codec| format!("0x{codec:x}")),
        "limit" => number(failure.limit),
        "limit_size" => failure.limit.map(size),
        "status" => number(failure.status.map(u64::from)),
        "code" => Some(failure.code.as_str().to_owned()),
        "reason" => failure.reason.as_ref().map(|reason| {
            let clause = english::reason(reason);
            // A clause must not contain a further reason, because filling it would never end.
            if clause.contains("{reason}") {
                clause.to_owned()
            } else {
                fill(clause, failure)
            }
        }),
        _ => None,
    };
    value.unwrap_or_else(|| english::unset(place).to_owned())
}

fn push_capital(text: &mut String, value: &str, verbatim: bool) {
    let mut chars = value.chars();
    match chars.next() {
        Some(first) if !verbatim => {
            text.extend(first.to_uppercase());
            text.push_str(chars.as_str());
        }
        _ => text.push_str(value),
    }
}
