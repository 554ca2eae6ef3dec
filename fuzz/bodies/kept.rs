//! The inputs that fuzzing found worth keeping, for the ordinary tests.

/// Does with each input in this folder what its fuzz target does.
pub fn each(folder: &str, body: fn(&[u8])) {
    let inputs = std::fs::read_dir(folder).expect("inputs were kept");
    let mut count = 0;
    for input in inputs {
        body(&std::fs::read(input.expect("a file").path()).expect("it is read"));
        count += 1;
    }
    assert!(count > 0, "{folder}");
}
