//! Languages that nobody speaks, made of English: they show which words are not translated, and which layouts break
//! when words are longer or go from right to left.

/// How English is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pseudo {
    /// Accented, and 40 % longer.
    Accented,
    /// The same, from right to left.
    Mirrored,
}

impl Pseudo {
    /// What stands around each message, so that a test sees where it begins and whether it was cut off.
    pub const BRACKETS: (&str, &str) = ("⟦", "⟧");

    /// The text in the language.
    pub(crate) fn text(self, english: &str) -> String {
        let mut text = String::with_capacity(english.len() * 2);
        if self == Self::Mirrored {
            text.push('\u{202e}');
        }
        for letter in english.chars() {
            let accented = accented(letter);
            text.push(accented);
            // Vowels are about two letters of five.
            if "aeiouAEIOU".contains(letter) {
                text.extend(accented.to_lowercase());
            }
        }
        if self == Self::Mirrored {
            text.push('\u{202c}');
        }
        text
    }
}

fn accented(letter: char) -> char {
    const PLAIN: &str = "abcdefghijklmnoprstuwyzABCDEFGHIJKLMNOPRSTUWYZ";
    const ACCENTED: &str = "åƀçðéƒĝĥîĵķļɱñöþŕšţûŵýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞŔŠŢÛŴÝŽ";
    let at = PLAIN.chars().position(|plain| plain == letter);
    at.and_then(|at| ACCENTED.chars().nth(at)).unwrap_or(letter)
}
