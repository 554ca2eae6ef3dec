//! The characters that stand for values and choices in a message of a table. `words/src/table.rs` reads them.

/// Comes before the place of a value.
pub const VALUE: char = '\u{1}';
/// Comes before the place of the value by which a choice is made; the variants follow, and [`END`].
pub const CHOICE: char = '\u{2}';
/// Ends the key of a variant: a number, a plural category, or [`OTHERS`].
pub const KEY: char = '\u{3}';
/// Ends a variant.
pub const VARIANT: char = '\u{4}';
/// Ends a choice.
pub const END: char = '\u{5}';
/// Stands for a new line.
pub const NEW_LINE: char = '\u{6}';
/// The key of the variant for all other values, which comes last.
pub const OTHERS: &str = "other";

/// The character for the place of a value.
pub fn place(at: usize) -> char {
    // A message has a dozen values at most.
    char::from(b'a' + at as u8)
}

/// A value in a message.
pub fn value(at: usize) -> String {
    [VALUE, place(at)].iter().collect()
}
