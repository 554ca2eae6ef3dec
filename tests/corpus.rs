//! The inputs that fuzzing found worth keeping (`fuzz/corpus`), once more.

#[path = "../fuzz/bodies/content.rs"]
mod content;

#[path = "../fuzz/bodies/kept.rs"]
mod kept;

use kept::each;

#[test]
fn messages_of_calls() {
    each("fuzz/corpus/call", content::call);
}

#[test]
fn cars() {
    each("fuzz/corpus/car", content::car);
}

#[test]
fn names_links_and_addresses() {
    each("fuzz/corpus/names", content::names);
}

#[test]
fn nodes_of_dags() {
    each("fuzz/corpus/unixfs", content::unixfs);
}

#[test]
fn lists_of_nodes_and_of_gateways() {
    each("fuzz/corpus/lists", content::lists);
}

#[test]
fn archives_of_private_shares() {
    each("fuzz/corpus/archive", content::archive);
}
