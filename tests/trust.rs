//! Holds the tables of `docs/` that name tests to the tests that exist.

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What is between backticks in a text, in its order.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether this is the name of a test: a sentence with `_` between its words.
fn is_test(name: &str) -> bool {
    let words = name.split('_');
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.split('_').count() > 3 && words.clone().all(is_word)
}

/// What follows the name of a test that runs only when somebody asks for it.
const BY_NAME: &str = " (run by name)";

/// Whether a source file has a function of this name that is a test, and one that always runs or, if so, only `by_name`.
fn has_test(source: &str, name: &str, by_name: bool) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let function = format!("fn {name}(");
    let is_it = |line: &&str| line.contains(&function);
    let Some(at) = lines.iter().position(is_it) else {
        return false;
    };
    // A macro may make tests of the functions that are listed for it.
    if lines
        .iter()
        .any(|line| line.strip_suffix(',') == Some(name))
    {
        return !by_name;
    }
    let attributes = lines[..at].iter().rev();
    let attributes = attributes.take_while(|line| line.starts_with('#') || line.starts_with('/'));
    let mut attributes = attributes.filter(|line| line.starts_with('#'));
    let is_ignored = attributes.clone().any(|line| line.contains("ignore"));
    attributes.any(|line| line.contains("test]") || line.contains("test(")) && is_ignored == by_name
}

/// The tests that a text names, each after the file that it is in; those of which there is none.
fn missing(text: &str) -> (usize, Vec<String>) {
    let (mut found, mut missing) = (0, Vec::new());
    let mut file: Option<(&str, String)> = None;
    let parts: Vec<&str> = text.split('`').collect();
    for (at, name) in parts.iter().copied().enumerate().skip(1).step_by(2) {
        let by_name = parts
            .get(at + 1)
            .is_some_and(|next| next.starts_with(BY_NAME));
        if name.contains('/') && name.ends_with(".rs") {
            file = Some((name, read(name)));
        } else if is_test(name) {
            match &file {
                Some((_, source)) if has_test(source, name, by_name) => found += 1,
                Some((path, _)) => missing.push(format!("{path} {name}")),
                None => missing.push(format!("no file before {name}")),
            }
        }
    }
    (found, missing)
}

#[test]
fn each_row_of_who_can_see_what_is_held_by_tests_that_exist() {
    let page = read("docs/trust.md");
    let (found, missing) = missing(&page);
    assert_eq!(missing, Vec::<String>::new());
    assert!(found > 25, "{found}");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.skip(2).collect();
    assert!(rows.len() > 15, "{}", rows.len());
    for row in rows {
        let held = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let is_held = held.starts_with("the same") || quoted(held).any(is_test);
        assert!(is_held, "nothing holds {row}");
    }
}

#[test]
fn what_is_no_test_is_found_out() {
    let here = "`tests/trust.rs` `what_is_no_test_is_found_out`";
    assert_eq!(missing(here), (1, Vec::new()));
    for (text, told) in [
        (
            "`tests/trust.rs` `what_is_not_here_at_all`",
            "tests/trust.rs what_is_not_here_at_all",
        ),
        (
            "`what_is_no_test_is_found_out`",
            "no file before what_is_no_test_is_found_out",
        ),
    ] {
        assert_eq!(missing(text), (0, vec![told.to_owned()]));
    }
    let has = |attributes: &str, by_name| {
        let source = format!("{attributes}\nasync fn a_b_c_d() {{}}");
        has_test(&source, "a_b_c_d", by_name)
    };
    assert!(!has("", false));
    assert!(has("#[tokio::test]", false));
    // What nobody runs holds nothing.
    assert!(!has("#[tokio::test]\n#[ignore]", false));
    assert!(has("#[tokio::test]\n#[ignore]", true));
    assert!(!has("#[tokio::test]", true));
}
