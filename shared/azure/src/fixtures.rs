//! Published and recorded answers of Graph, kept beside the repository.

use std::{fs, path::PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/graph-examples")
}

/// All examples by name, such as `groups-get.200`. Where the folder is absent nothing can be
/// checked: that is said aloud, and is a failure in CI.
pub(crate) fn all() -> Vec<(String, Value)> {
    let folder = folder();
    let Ok(entries) = fs::read_dir(&folder) else {
        let message = format!("NOT CHECKED: no examples of Graph at {}", folder.display());
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("{message}");
        return Vec::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    let examples = files.filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    examples.map(|path| (path.file_stem().unwrap().to_str().unwrap().into(), read(&path))).collect()
}

/// One example; none when all are absent.
pub(crate) fn one(name: &str) -> Option<Value> {
    let all = all();
    if all.is_empty() {
        return None;
    }
    let found = all.into_iter().find(|(known, _)| known == name);
    Some(found.unwrap_or_else(|| panic!("there is no example {name}")).1)
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
