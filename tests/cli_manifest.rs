//! What the page offers is written down before it is built: the file has to say what the protocols say.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use lamplight::cli::manifest;

#[test]
fn the_file_of_what_there_is_to_choose_from_is_current() {
    let mut now = Vec::new();
    manifest::write(&mut now).unwrap();
    let kept = include_str!("../static/catalogue.json");
    assert_eq!(
        String::from_utf8(now).unwrap(),
        kept,
        "`lamplight manifest > static/catalogue.json` makes it anew"
    );
}

/// Every protocol that is offered has an engine, and every engine is of a protocol that is offered.
#[test]
fn every_protocol_has_an_engine() {
    let mut engines: Vec<String> = std::fs::read_dir("src/bin")
        .unwrap()
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.strip_prefix("engine-")?.to_owned()))
        .collect();
    let mut protocols: Vec<String> =
        manifest::manifest().protocols.into_iter().map(|protocol| protocol.name).collect();
    engines.sort();
    protocols.sort();
    assert_eq!(engines, protocols);
}
