//! Names in little space: the stylesheet cuts a name that is too long in the middle, between two
//! parts.

/// The largest number of bytes at the end of a name that always stay visible.
const TAIL: usize = 12;
/// The longest file extension that always stays visible, in bytes, with its dot.
const MAX_ENDING: usize = 8;

/// Splits a name into the part that may be cut and the part that is always shown: the extension,
/// and a few characters before it if they are plain ASCII (in other scripts, a cut could separate
/// joined letters).
pub fn split(name: &str) -> (&str, &str) {
    let ending = name
        .rfind('.')
        .filter(|dot| *dot > 0 && name.len() - dot <= MAX_ENDING && name.is_char_boundary(*dot))
        .unwrap_or(name.len());
    let mut at = ending;
    while at > 0 && name.len() - at < TAIL && plain(name.as_bytes()[at - 1]) {
        at -= 1;
    }
    // If the character before the cut is not ASCII, it may combine with its neighbours, as in `e` +
    // U+0301: cut at the extension.
    if at < ending
        && name[..at]
            .chars()
            .next_back()
            .is_some_and(|c| !c.is_ascii())
    {
        at = ending;
    }
    name.split_at(at)
}

fn plain(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_stays() {
        assert_eq!(
            split("a very long name of a holiday.jpg"),
            ("a very long name of a ", "holiday.jpg")
        );
        assert_eq!(
            split("archive-2026-11-22.tar.gz"),
            ("archive-2026-", "11-22.tar.gz")
        );
        assert_eq!(
            split("عطلة الصيف الطويلة.jpeg"),
            ("عطلة الصيف الطويلة", ".jpeg")
        );
        assert_eq!(split("語語語"), ("語語語", ""));
        assert_eq!(split(""), ("", ""));
        assert_eq!(split(".profile"), ("", ".profile"));
    }

    #[test]
    fn nothing_is_lost_whatever_the_script() {
        for name in [
            "é.x",
            "e\u{301}abc.txt",
            "🏳️‍🌈flag.png",
            "a.語語語語語語語語",
            "x",
            "…",
        ] {
            let (head, tail) = split(name);
            assert_eq!(format!("{head}{tail}"), name);
        }
    }
}
