//! Do the texts name only what exists: files, headings, functions, tests?

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use handlers::needs;
use latchkey_runtime::Need;
use xtask::{apps::apps, pack::root};

/// A link of a text.
struct Link {
    /// The text, from the root.
    of: String,
    /// What is shown, without the marks of code.
    shown: String,
    /// Whether it is shown as code.
    code: bool,
    /// Where it leads, without its anchor.
    file: PathBuf,
    /// The heading it leads to.
    anchor: Option<String>,
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let headings: BTreeMap<_, _> =
        texts().into_iter().map(|file| (file.clone(), slugs(&read(&file)))).collect();
    let (mut followed, mut broken) = (0, Vec::new());
    for link in texts().iter().flat_map(|file| links(file)) {
        followed += 1;
        let Link { of, shown, file, anchor, .. } = link;
        match anchor {
            _ if !file.exists() => broken.push(format!("{of}: [{shown}] leads nowhere")),
            Some(anchor) if !headings.get(&file).is_some_and(|all| all.contains(&anchor)) => {
                broken.push(format!("{of}: [{shown}] leads to no heading #{anchor}"));
            }
            _ => {}
        }
    }
    assert!(followed > 100, "the links were not found");
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn what_is_shown_as_code_and_leads_to_a_source_stands_in_it() {
    let mut missing = Vec::new();
    for link in texts().iter().flat_map(|file| links(file)).filter(|link| link.code) {
        let source = ["rs", "json", "toml"].iter().any(|kind| ends(&link.file, kind));
        // A file may be shown by its own path.
        let path = link.file.to_string_lossy().ends_with(link.shown.trim_start_matches("../"));
        let text = fs::read_to_string(&link.file).unwrap_or_default();
        if source && !path && !text.contains(&link.shown) {
            missing.push(format!("{}: {} does not hold {}", link.of, show(&link.file), link.shown));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_threat_names_a_control_and_a_test_or_says_that_it_is_open() {
    let file = root().join("infra/threat-model.md");
    let text = read(&file);
    let tests: BTreeSet<_> = links(&file).into_iter().filter(is_test).map(|l| l.shown).collect();
    let mut threats = 0;
    for row in text.split("\n### ").skip(1) {
        let (name, body) = row.split_once('\n').expect("a heading has a body");
        threats += 1;
        for part in ["**Control.**", "**Shown by.**"] {
            assert!(body.contains(part), "{name}: has no {part}");
        }
        let shown = body.split("**Shown by.**").nth(1).expect("was found");
        let shown = shown.split("**Open.**").next().unwrap_or_default();
        let named = shown.split("[`").skip(1).filter_map(|rest| rest.split('`').next());
        let named: Vec<_> = named.collect();
        assert!(!named.is_empty() || body.contains("**Open.**"), "{name}: no test, and not open");
        for test in named {
            assert!(tests.contains(test), "{name}: {test} is no test of that file");
        }
    }
    assert!(threats >= 20, "the threats were not found");
}

#[test]
fn code_that_a_text_shows_is_the_code() {
    let mut shown = 0;
    for text in texts() {
        for block in read(&text).split("\n```rust\n// ").skip(1) {
            let (file, rest) = block.split_once('\n').expect("the file it is from");
            let code = rest.split("\n```").next().unwrap_or_default();
            let source = read(&root().join(file));
            assert!(source.contains(code), "{}: {file} does not hold\n{code}", show(&text));
            shown += 1;
        }
    }
    assert!(shown > 0, "no code was found");
}

#[test]
fn the_threat_model_names_every_right_to_write_of_every_app() {
    let text = read(&root().join("infra/threat-model.md"));
    let needs: BTreeMap<_, _> = needs().collect();
    for (app, packed) in apps().expect("apps.toml can be read") {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{app}` |")));
        let row = row.unwrap_or_else(|| panic!("{app} has no row in infra/threat-model.md"));
        for right in packed.iter().flat_map(|function| writes(&needs[function.as_str()])) {
            let named = row.contains(&format!("`{right}`"));
            assert!(named, "infra/threat-model.md: the row of {app} does not name {right}");
        }
    }
}

/// What a function may do beside reading, as the threat model names it.
fn writes(needs: &[Need]) -> Vec<String> {
    let mut writes = Vec::new();
    for need in needs {
        match need {
            Need::Graph(permission) if !permission.contains(".Read.") => {
                writes.push((*permission).to_owned());
            }
            Need::Arm(kind, actions) => {
                let kind = kind.split_once('/').map_or(*kind, |(_, kind)| kind);
                // That a kubeconfig is a POST makes it no write.
                let reads = ["read", "listClusterUserCredential/action"];
                let actions = actions.iter().filter(|action| !reads.contains(action));
                writes.extend(actions.map(|action| format!("{kind}/{action}")));
            }
            // Asking for a review writes nothing.
            Need::Kube("subjectaccessreviews", _) => {}
            Need::Kube(kind, verbs) if verbs.iter().any(|verb| !["get", "list"].contains(verb)) => {
                writes.push((*kind).to_owned());
            }
            _ => {}
        }
    }
    writes
}

/// Whether a link names a test function that is there.
fn is_test(link: &Link) -> bool {
    if !link.code || !ends(&link.file, "rs") {
        return false;
    }
    let text = fs::read_to_string(&link.file).unwrap_or_default();
    let name = format!("fn {}(", link.shown);
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    let at = lines.iter().position(|line| line.trim_start_matches("async ").starts_with(&name));
    let above = lines[..at.unwrap_or_default()].iter().rev();
    let mut attributes = above.take_while(|line| line.starts_with("#["));
    attributes.any(|line| line.contains("test"))
}

fn ends(file: &Path, kind: &str) -> bool {
    file.extension().is_some_and(|found| found == kind)
}

fn show(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every text of the repository.
fn texts() -> Vec<PathBuf> {
    let (mut texts, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && ![".git", "dist", "node_modules", "target"].contains(&name) {
                folders.push(path);
            } else if ends(&path, "md") {
                texts.push(path);
            }
        }
    }
    texts
}

/// The links of a text to other files and headings of the repository.
fn links(text: &Path) -> Vec<Link> {
    let content = prose(&read(text));
    let mut links = Vec::new();
    for (at, _) in content.match_indices("](") {
        let Some(target) = content[at + 2..].split(')').next() else { continue };
        if target.contains("://") || target.starts_with("mailto:") || target.contains(' ') {
            continue;
        }
        let shown = content[..at].rsplit('[').next().unwrap_or_default();
        let (file, anchor) = match target.split_once('#') {
            Some((file, anchor)) => (file, Some(anchor.to_owned())),
            None => (target, None),
        };
        let folder = text.parent().expect("a file is in a folder");
        let file = if file.is_empty() { text.to_path_buf() } else { plain(&folder.join(file)) };
        links.push(Link {
            of: show(text),
            shown: shown.trim_matches('`').to_owned(),
            code: shown.starts_with('`'),
            file,
            anchor,
        });
    }
    links
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        if part.as_os_str() == ".." {
            path.pop();
        } else {
            path.push(part);
        }
        path
    })
}

/// A text without its blocks of code.
fn prose(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    lines.map(without_patterns).collect::<Vec<_>>().join("\n")
}

/// A line without code that looks like a link, such as a regular expression.
fn without_patterns(line: &str) -> String {
    let parts = line.split('`').enumerate();
    let kept = parts.map(|(at, part)| if at % 2 == 1 && part.contains("](") { "" } else { part });
    kept.collect::<Vec<_>>().join("`")
}

/// What the headings of a text are called in links, as GitHub makes it.
fn slugs(text: &str) -> BTreeSet<String> {
    let mut slugs = BTreeSet::new();
    for line in prose(text).lines().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = (1..).map(|count| format!("{slug}-{count}"));
        let free = [slug.clone()].into_iter().chain(again).find(|slug| !slugs.contains(slug));
        slugs.extend(free);
    }
    slugs
}
