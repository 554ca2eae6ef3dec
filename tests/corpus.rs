//! The inputs that fuzzing found worth keeping (`fuzz/corpus`), once more.

#[path = "../fuzz/bodies/content.rs"]
mod content;

fn each(target: &str, body: fn(&[u8])) {
    let inputs = std::fs::read_dir(format!("fuzz/corpus/{target}")).expect("inputs were kept");
    let mut count = 0;
    for input in inputs {
        body(&std::fs::read(input.expect("a file").path()).expect("it is read"));
        count += 1;
    }
    assert!(count > 0, "{target}");
}

#[test]
fn messages_of_calls() {
    each("call", content::call);
}

#[test]
fn cars() {
    each("car", content::car);
}

#[test]
fn names_links_and_addresses() {
    each("names", content::names);
}

#[test]
fn nodes_of_dags() {
    each("unixfs", content::unixfs);
}
