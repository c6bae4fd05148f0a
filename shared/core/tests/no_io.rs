//! What this crate depends on can decide, not act.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, PackageId};

/// Crates that open sockets, wait for them, or speak over them.
const SOCKETS: [&str; 24] = [
    "async-io",
    "async-net",
    "async-std",
    "axum",
    "curl",
    "h2",
    "hyper",
    "hyper-util",
    "isahc",
    "mio",
    "native-tls",
    "nix",
    "openssl",
    "polling",
    "quinn",
    "reqwest",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tokio-util",
    "tower",
    "ureq",
];

#[test]
fn nothing_that_can_open_a_socket_is_in_the_dependency_tree() {
    let tree = dependencies();
    assert!(tree.contains("serde_json") && tree.contains("jsonschema"), "the tree was read");
    let sockets: Vec<_> = SOCKETS.into_iter().filter(|name| tree.contains(*name)).collect();
    assert!(sockets.is_empty(), "{sockets:?}");
}

/// The names of all normal dependencies, direct or not, for the machine at hand.
fn dependencies() -> BTreeSet<String> {
    let host = env!("CARGO_MANIFEST_DIR");
    let metadata = MetadataCommand::new()
        .manifest_path(format!("{host}/Cargo.toml"))
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap();
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let nodes: BTreeMap<&PackageId, _> =
        metadata.resolve.as_ref().unwrap().nodes.iter().map(|node| (&node.id, node)).collect();
    let root = names.iter().find(|(_, name)| *name == "latchkey-core").expect("the crate is there");
    let (mut seen, mut next) = (BTreeSet::new(), vec![*root.0]);
    while let Some(id) = next.pop() {
        let normal = nodes[id].deps.iter().filter(|dep| {
            let kinds = &dep.dep_kinds;
            kinds.iter().any(|kind| kind.kind == DependencyKind::Normal && kind.target.is_none())
        });
        next.extend(normal.map(|dep| &dep.pkg).filter(|dep| seen.insert((*dep).clone())));
    }
    seen.iter().map(|id| names[id].clone()).collect()
}

#[test]
fn no_source_of_this_crate_reads_a_clock_or_opens_anything() {
    let mut sources = vec![];
    collect(concat!(env!("CARGO_MANIFEST_DIR"), "/src").as_ref(), &mut sources);
    assert!(sources.len() > 20);
    for (path, text) in sources {
        let forbidden = [
            "std::net",
            "std::fs",
            "std::process",
            "Timestamp::now",
            "SystemTime",
            "Instant::now",
            "async fn",
        ];
        let found: Vec<_> = forbidden.into_iter().filter(|word| text.contains(word)).collect();
        assert!(found.is_empty(), "{path}: {found:?}");
    }
}

fn collect(folder: &std::path::Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if !path.ends_with("tests.rs") && path.extension().is_some_and(|e| e == "rs") {
            into.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}
