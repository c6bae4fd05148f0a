//! Do lists, folders, generated files and dependencies agree?

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use handlers::{STEPS, needs};
use latchkey_core::Policy;
use serde_json::Value;
use xtask::{bless, pack::root};

const KINDS: [&str; 4] = ["events", "plans", "steps", "timers"];

#[test]
fn every_folder_with_a_function_json_is_in_the_written_lists_and_the_other_way_round() {
    let listed: BTreeSet<_> = needs().map(|(name, _)| name.to_owned()).collect();
    let found: BTreeSet<_> = functions().into_iter().map(|function| function.name).collect();
    if let Some(name) = found.difference(&listed).next() {
        panic!("handlers/*/{name} is in no list: add it to STEPS or FUNCTIONS in handlers/lib.rs");
    }
    if let Some(name) = listed.difference(&found).next() {
        panic!("handlers/lib.rs lists {name}: add its folder with a function.json, or delete it");
    }
}

#[test]
fn steps_are_those_of_the_folder_steps() {
    let listed: BTreeSet<_> = STEPS.iter().map(|entry| entry.name.to_owned()).collect();
    let steps = functions().into_iter().filter(|function| function.kind == "steps");
    assert_eq!(listed, steps.map(|function| function.name).collect());
}

#[test]
fn a_message_function_listens_where_its_folder_says() {
    for Function { kind, name, config } in functions() {
        let binding = &config["bindings"][0];
        let topic = match kind {
            "steps" => "steps",
            "plans" => "plans",
            _ if binding["type"] == "serviceBusTrigger" => {
                let queue = if name == "resolve_change" { "changes" } else { "people" };
                assert_eq!(binding["queueName"], queue, "{name}");
                ""
            }
            _ => continue,
        };
        if !topic.is_empty() {
            assert_eq!(binding["topicName"], topic, "{name}: topicName");
            assert_eq!(binding["subscriptionName"], *name, "{name}: subscriptionName");
        }
        assert_eq!(binding["type"], "serviceBusTrigger", "{name}: type");
        assert_eq!(binding["name"], "message", "{name}: name of the binding");
        assert_eq!(binding["connection"], "ServiceBus", "{name}: connection");
        assert_eq!(binding["isSessionsEnabled"], true, "{name}: one subject at a time");
        assert_eq!(binding["dataType"], "binary", "{name}: a body may be no text");
    }
}

#[test]
fn an_http_function_checks_its_callers_itself() {
    for Function { name, config, .. } in functions() {
        let binding = &config["bindings"][0];
        if binding["type"] == "httpTrigger" {
            assert_eq!(binding["name"], "req", "{name}: name of the binding");
            assert_eq!(binding["authLevel"], "anonymous", "{name}: no function keys");
            assert_eq!(config["bindings"][1]["name"], "res", "{name}: the answer");
        }
    }
}

#[test]
fn generated_files_are_what_the_code_says() {
    for generated in bless::files().expect("sources can be read") {
        let held = fs::read_to_string(generated.file()).unwrap_or_default();
        assert!(held == generated.text, "{}: run `cargo xtask bless`", generated.path);
    }
}

#[test]
fn the_example_policy_fits_its_schema_and_names_it() {
    let text = fs::read_to_string(root().join("access.yaml")).expect("access.yaml");
    let schema = fs::read(root().join("infra/access.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_slice(&schema).expect("a schema is JSON");
    assert!(text.starts_with("# yaml-language-server: $schema=infra/access.schema.json\n"));
    let policy = Policy::parse(&text).expect("the example is valid");
    let policy = serde_json::to_value(policy).expect("a policy is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let errors: Vec<_> = validator.iter_errors(&policy).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

/// Which crates of ours a crate may depend on. ARCHITECTURE.md draws it.
const ARROWS: &[(&str, &[&str])] = &[
    ("azure-functions-handler", &[]),
    ("latchkey-core", &[]),
    ("latchkey-telemetry", &["latchkey-core"]),
    ("latchkey-azure", &["latchkey-core", "latchkey-telemetry"]),
    ("latchkey-bus", &["latchkey-azure", "latchkey-core", "latchkey-telemetry"]),
    ("latchkey-cluster", &["latchkey-azure", "latchkey-core", "latchkey-telemetry"]),
    ("latchkey-ledger", &["latchkey-azure", "latchkey-core", "latchkey-telemetry"]),
    ("latchkey-seal", &["latchkey-core", "latchkey-ledger"]),
    (
        "latchkey-runtime",
        &[
            "latchkey-azure",
            "latchkey-bus",
            "latchkey-cluster",
            "latchkey-core",
            "latchkey-ledger",
            "latchkey-seal",
            "latchkey-telemetry",
        ],
    ),
    ("sandbox", &[]),
    ("dev-host", &["sandbox"]),
];

/// Crates that stand above the libraries and may depend on all of them, but not on each other
/// against this order.
const ABOVE: [&str; 3] = ["handlers", "xtask", "tests"];

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    let packages = packages();
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in packages.iter().filter(|package| !ABOVE.contains(&package.name.as_str())) {
        let allowed = arrows.get(package.name.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{} has no place in ARROWS", package.name));
        for name in ours(package, &packages) {
            assert!(allowed.contains(&name), "{} must not depend on {name}", package.name);
        }
    }
    let handlers = packages.iter().find(|package| *package.name == "handlers").expect("handlers");
    for name in ours(handlers, &packages) {
        let product = name.starts_with("latchkey-") || name == "azure-functions-handler";
        assert!(product, "handlers must not depend on {name}: nothing that ships knows of tests");
    }
}

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec();
    metadata.expect("cargo metadata").packages
}

/// Names of our crates that a crate depends on, beside dev-dependencies.
fn ours<'a>(package: &'a Package, all: &[Package]) -> Vec<&'a str> {
    let product = package.dependencies.iter().filter(|dep| dep.kind != DependencyKind::Development);
    let names = product.map(|dependency| dependency.name.as_str());
    names.filter(|name| all.iter().any(|package| package.name.as_str() == *name)).collect()
}

#[test]
fn a_file_that_ships_holds_one_idea_in_at_most_300_lines() {
    for file in sources().filter(|file| ships(file)) {
        let text = fs::read_to_string(&file).expect("a source");
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        assert!(lines <= 300, "{} has {lines} lines beside its tests", file.display());
    }
}

/// Whether a file is of the product and holds more than tests.
fn ships(file: &Path) -> bool {
    let path = relative(file);
    let tests = ["/tests/", "/tests.rs", "_tests.rs", "/benches/", "/examples/"];
    let product = path.starts_with("shared/") || path.starts_with("handlers/");
    product && path.ends_with(".rs") && !tests.iter().any(|part| path.contains(part))
}

#[test]
fn no_source_knows_the_machine_it_was_written_on() {
    let paths = ["home", "root", "tmp", "work"].map(|dir| format!("/{dir}/"));
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for path in &paths {
            let line = text.lines().position(|line| line.contains(path));
            assert_eq!(line, None, "{} names {path} (line from 0)", relative(&file));
        }
        if relative(&file).ends_with("package-lock.json") {
            assert!(!text.contains("\"resolved\""), "{} names a registry", relative(&file));
        }
    }
    let config = fs::read_to_string(root().join(".cargo/config.toml")).unwrap_or_default();
    assert!(!config.contains("[source") && !config.contains("[registries"), "a registry is named");
}

#[test]
fn nothing_is_left_for_later_and_no_test_sleeps_for_ever() {
    let unfinished = ["todo", "unimplemented"].map(|name| format!("{name}!("));
    let bare = ["#[ign", "ore]"].concat();
    for file in sources().filter(|file| file.extension().is_some_and(|kind| kind == "rs")) {
        let text = fs::read_to_string(&file).expect("a source");
        for mark in unfinished.iter().chain([&bare]) {
            assert!(!text.contains(mark.as_str()), "{} holds {mark}", relative(&file));
        }
    }
}

#[test]
fn readme_tells_every_setting() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    for file in ["shared/runtime/src/config.rs", "handlers/main.rs"] {
        let text = fs::read_to_string(root().join(file)).expect("a source");
        for setting in text.split('"').filter(|part| is_setting(part)) {
            assert!(readme.contains(&format!("`{setting}`")), "README.md lacks {setting}");
        }
    }
}

fn is_setting(text: &str) -> bool {
    text.strip_prefix("LATCHKEY_").is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

/// A folder with a `function.json`.
struct Function {
    kind: &'static str,
    name: String,
    config: Value,
}

fn functions() -> Vec<Function> {
    let mut functions = Vec::new();
    for kind in KINDS {
        let folder = root().join("handlers").join(kind);
        for entry in fs::read_dir(&folder).expect("a folder of functions") {
            let dir = entry.expect("an entry").path();
            let Ok(text) = fs::read(dir.join("function.json")) else { continue };
            let name = dir.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            let config = serde_json::from_slice(&text);
            let config = config.unwrap_or_else(|error| panic!("{name}/function.json: {error}"));
            functions.push(Function { kind, name, config });
        }
    }
    functions
}

fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

/// Every text of the repository, without what tools put there.
fn sources() -> impl Iterator<Item = PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let skipped = [".git", "dist", "node_modules", "target", "Cargo.lock"];
            if skipped.contains(&name) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.into_iter()
}
