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

/// Whether a source file has a function of this name that is a test.
fn has_test(source: &str, name: &str) -> bool {
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
        return true;
    }
    let attributes = lines[..at].iter().rev();
    let mut attributes =
        attributes.take_while(|line| line.starts_with('#') || line.starts_with('/'));
    attributes.any(|line| line.contains("test]") || line.contains("test("))
}

/// The tests that a text names, each after the file that it is in; those of which there is none.
fn missing(text: &str) -> (usize, Vec<String>) {
    let (mut found, mut missing) = (0, Vec::new());
    let mut file: Option<(&str, String)> = None;
    for name in quoted(text) {
        if name.contains('/') && name.ends_with(".rs") {
            file = Some((name, read(name)));
        } else if is_test(name) {
            match &file {
                Some((_, source)) if has_test(source, name) => found += 1,
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
    assert!(!has_test("fn a_b_c_d() {}", "a_b_c_d"));
    assert!(has_test(
        "#[tokio::test]\n#[ignore]\nasync fn a_b_c_d() {}",
        "a_b_c_d"
    ));
}
