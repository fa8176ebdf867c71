//! Every body under `fixtures/servicenow` has a test that reads it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_body_has_a_test() {
    let root = common::fixtures();
    if !root.exists() {
        println!("skipped: no fixtures (set SHARED_DIR)");
        return;
    }
    let this = Path::new(file!()).file_name().unwrap();
    let tests = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let tests: Vec<String> = tests
        .iter()
        .filter(|path| path.file_name() != Some(this) && path.extension().is_some_and(|kind| kind == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let bodies =
        files(&root).into_iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
    let untested: Vec<String> = bodies
        .filter(|body| body != "README.md")
        .filter(|body| !tests.iter().any(|test| test.contains(body)))
        .collect();
    assert!(untested.is_empty(), "no test names {untested:#?}");
}
