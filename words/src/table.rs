//! The messages of the language that is used, and how values are put into them.
//!
//! Native programs speak English. In a browser, `words.js` has chosen a language and read its table before the program
//! starts, and formats numbers and chooses plurals, because the browser knows how.

use std::cell::Cell;

use crate::SIGNATURE;

#[path = "../../locales/src/code.rs"]
#[allow(dead_code)]
mod code;

use code::{CHOICE, END, KEY, NEW_LINE, OTHERS, VALUE, VARIANT};

/// What is put into a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(u64),
}

/// The messages of a language.
struct Table {
    /// The number of the first message.
    first: usize,
    lines: Vec<&'static str>,
    is_rtl: bool,
}

thread_local! {
    static TABLE: Cell<Option<&'static Table>> = const { Cell::new(None) };
}

fn table() -> &'static Table {
    TABLE.with(|kept| {
        kept.get().unwrap_or_else(|| {
            // It stays for as long as the program, so that what has no values in it need not be copied.
            let table = Box::leak(Box::new(Table::read(platform::text())));
            kept.set(Some(table));
            table
        })
    })
}

/// Reads the table anew, because another language was chosen.
pub fn changed() {
    TABLE.with(|kept| kept.set(None));
}

/// Speaks as a table of words says, in this thread alone. The table stays for as long as the program.
#[cfg(not(target_arch = "wasm32"))]
pub fn speak(text: String) {
    let table = Box::leak(Box::new(Table::read(text.leak())));
    TABLE.with(|kept| kept.set(Some(table)));
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines();
        let mut head = lines.next().unwrap_or_default().split(' ');
        // A table of another version would say something else.
        let fits = head.next() == Some(SIGNATURE);
        assert!(fits, "the words are of another version than the program");
        Self {
            is_rtl: head.next() == Some("rtl"),
            first: head
                .next()
                .and_then(|first| first.parse().ok())
                .unwrap_or_default(),
            lines: lines.collect(),
        }
    }

    fn message(&self, at: usize) -> &'static str {
        let line = at.checked_sub(self.first).and_then(|at| self.lines.get(at));
        line.copied().unwrap_or_default()
    }
}

/// A message without values.
pub(crate) fn plain(at: usize) -> &'static str {
    table().message(at)
}

/// A message with values.
pub(crate) fn render(at: usize, values: &[Value<'_>]) -> String {
    let put = |text: &mut String, place: usize| {
        if let Some(value) = values.get(place) {
            push(text, *value);
        }
    };
    let number = |place: usize| match values.get(place) {
        Some(Value::Number(number)) => *number,
        _ => 0,
    };
    fill(at, put, number)
}

/// A message into which `put` puts the value of a place, and which chooses by the number of a place.
pub(crate) fn fill(
    at: usize,
    put: impl Fn(&mut String, usize),
    number: impl Fn(usize) -> u64,
) -> String {
    let mut text = String::new();
    write(&mut plain(at).chars(), &put, &number, true, &mut text);
    text
}

/// Whether a message has the value of a place.
pub(crate) fn has(at: usize, place: usize) -> bool {
    let mut chars = plain(at).chars();
    while let Some(c) = chars.next() {
        if c == VALUE && place_of(chars.next()) == place {
            return true;
        }
    }
    false
}

/// Writes a message up to its end, or that of the variant, if it `is_wanted`.
fn write(
    chars: &mut std::str::Chars<'static>,
    put: &dyn Fn(&mut String, usize),
    number: &dyn Fn(usize) -> u64,
    is_wanted: bool,
    to: &mut String,
) {
    while let Some(c) = chars.next() {
        match c {
            VARIANT => return,
            VALUE => {
                let place = place_of(chars.next());
                if is_wanted {
                    put(to, place);
                }
            }
            CHOICE => {
                let count = number(place_of(chars.next()));
                let category = platform::plural(count);
                let mut is_found = false;
                loop {
                    let rest = chars.as_str();
                    let Some((key, _)) = rest.split_once(KEY).filter(|_| !rest.starts_with(END))
                    else {
                        chars.next();
                        break;
                    };
                    *chars = rest[key.len() + KEY.len_utf8()..].chars();
                    let fits = key == category || key == OTHERS || key.parse() == Ok(count);
                    write(chars, put, number, is_wanted && fits && !is_found, to);
                    is_found |= fits;
                }
            }
            NEW_LINE if is_wanted => to.push('\n'),
            c if is_wanted => to.push(c),
            _ => {}
        }
    }
}

fn place_of(c: Option<char>) -> usize {
    c.map_or(0, |c| c as usize).wrapping_sub('a' as usize)
}

/// Writes a value. A text whose direction may differ from that of the sentence is isolated, so that it cannot reorder the
/// words around it.
pub(crate) fn push(to: &mut String, value: Value<'_>) {
    match value {
        Value::Number(number) => to.push_str(&platform::number(number)),
        Value::Text(text) if table().is_rtl || text.chars().any(is_rtl) => {
            isolate(to, text);
        }
        Value::Text(text) => to.push_str(text),
    }
}

/// Writes a text so that its direction does not matter around it. The text can neither end that by itself, nor go on
/// after it.
fn isolate(to: &mut String, text: &str) {
    // A sentence whose words are all isolated says nothing of its direction.
    let is_sentence = table().is_rtl && text.contains('\u{2068}');
    to.push(if is_sentence { '\u{2067}' } else { '\u{2068}' });
    let mut open = 1;
    for c in text.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => open += 1,
            '\u{2069}' if open == 1 => continue,
            '\u{2069}' => open -= 1,
            _ => {}
        }
        to.push(c);
    }
    to.extend((0..open).map(|_| '\u{2069}'));
}

/// Whether a character is written from right to left, or makes others be: those of the blocks from Hebrew to Arabic
/// Extended-A, their presentation forms, the scripts of the supplementary plane, and overrides, embeddings and isolates.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A whole number, and the tenths after it if they are not zero.
pub(crate) fn tenths(tenths: u64) -> String {
    platform::tenths(tenths)
}

/// The language in which numbers and dates are written, as a tag of BCP 47.
pub fn locale() -> String {
    platform::locale()
}

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    pub fn text() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/english.txt"))
    }

    pub fn number(number: u64) -> String {
        number.to_string()
    }

    pub fn tenths(tenths: u64) -> String {
        match tenths % 10 {
            0 => (tenths / 10).to_string(),
            rest => format!("{}.{rest}", tenths / 10),
        }
    }

    pub fn plural(number: u64) -> &'static str {
        if number == 1 { "one" } else { "other" }
    }

    pub fn locale() -> String {
        "en".to_owned()
    }
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = words, js_name = table)]
        fn table_text() -> String;
        #[wasm_bindgen(js_namespace = words, js_name = number)]
        fn formatted(number: f64) -> String;
        #[wasm_bindgen(js_namespace = words, js_name = plural)]
        fn category(number: f64) -> String;
        #[wasm_bindgen(js_namespace = words, js_name = locale)]
        fn locale_tag() -> String;
    }

    pub fn text() -> &'static str {
        Box::leak(table_text().into_boxed_str())
    }

    pub fn number(number: u64) -> String {
        formatted(number as f64)
    }

    pub fn tenths(tenths: u64) -> String {
        formatted(tenths as f64 / 10.0)
    }

    pub fn plural(number: u64) -> String {
        category(number as f64)
    }

    pub fn locale() -> String {
        locale_tag()
    }
}
