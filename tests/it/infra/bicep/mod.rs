//! What a Bicep file would deploy, found by reading it: no compiler of Bicep comes from a package
//! registry. Only what our files use is understood; anything else ends the test with its place.

mod evaluate;
mod functions;

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, rc::Rc};

pub use evaluate::{Resource, path_of};
use serde_json::{Map, Value};
use tree_sitter::{Node, Parser, Tree};
use xtask::pack::root;

/// A file and its tree.
pub struct File {
    pub path: String,
    pub text: String,
    pub tree: Tree,
}

impl File {
    /// Reads and parses a file of `infra/`.
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join("infra").join(path));
        let text = text.unwrap_or_else(|error| panic!("infra/{path}: {error}"));
        // Two things newer than the grammar: extensions, and parameter files.
        let mut text = text.replace("\nextension ", "\n// extension ");
        if path.ends_with(".bicepparam") {
            text = text.replace("\nparam ", "\nvar ");
        }
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_bicep::LANGUAGE.into()).expect("the grammar fits");
        let tree = parser.parse(&text, None).expect("no time limit is set");
        let file = Self { path: path.to_owned(), text, tree };
        let unread = file.errors(file.tree.root_node());
        assert!(unread.is_empty(), "{path} is no Bicep: {unread:?}");
        file
    }

    fn errors(&self, node: Node<'_>) -> Vec<String> {
        if node.is_error() || node.is_missing() {
            return vec![self.place(node)];
        }
        children(node).into_iter().flat_map(|child| self.errors(child)).collect()
    }

    pub fn text(&self, node: Node<'_>) -> &str {
        &self.text[node.byte_range()]
    }

    /// Where a node is, for people.
    pub fn place(&self, node: Node<'_>) -> String {
        let line = node.start_position().row + 1;
        format!("{}:{line}: {}", self.path, self.text(node).lines().next().unwrap_or_default())
    }
}

pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).filter(|child| child.kind() != "comment").collect()
}

/// What is found out while a template is read.
#[derive(Default)]
pub struct Found {
    pub resources: Vec<Resource>,
    /// Properties that a resource has which is only referred to, by its type.
    pub facts: BTreeMap<String, Value>,
}

pub type Shared = Rc<RefCell<Found>>;

/// Everything that a template would deploy, with its outputs.
pub fn deploy(path: &str, parameters: &Map<String, Value>, facts: &[(&str, Value)]) -> Deployed {
    let facts = facts.iter().map(|(kind, value)| ((*kind).to_owned(), value.clone())).collect();
    let found: Shared = Rc::new(RefCell::new(Found { resources: Vec::new(), facts }));
    let outputs = evaluate::template(path, parameters, &found);
    let resources = std::mem::take(&mut found.borrow_mut().resources);
    Deployed { resources, outputs }
}

/// A deployment as it would be.
pub struct Deployed {
    pub resources: Vec<Resource>,
    pub outputs: Map<String, Value>,
}

impl Deployed {
    /// Everything of a type that is made, not only referred to.
    pub fn of(&self, kind: &str) -> Vec<&Resource> {
        let made = self.resources.iter().filter(|resource| !resource.is_existing);
        made.filter(|resource| resource.kind == kind).collect()
    }
}

/// The values of a parameter file.
pub fn parameters(path: &str) -> Map<String, Value> {
    let found = Rc::new(RefCell::new(Found::default()));
    evaluate::variables(path, &found)
}

/// Every Bicep file, from `infra/`.
pub fn files() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["", "modules"] {
        for entry in fs::read_dir(root().join("infra").join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|kind| kind == "bicep" || kind == "bicepparam") {
                let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
                files.push(Path::new(folder).join(name).to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}
