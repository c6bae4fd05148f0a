//! Expressions to values, declarations to resources.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde_json::{Map, Value, json};
use tree_sitter::Node;

use super::{File, Shared, children, functions};

/// Marks a value that stands for a resource, or for a part of one that is known only in Azure.
const PATH: &str = "$path";

/// A resource that would be made, or that is referred to.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its type without version.
    pub kind: String,
    /// `{type}:{name of the parents}/{name}`.
    pub id: String,
    /// What it is attached to: an id, where the body says `scope`.
    pub scope: String,
    pub is_existing: bool,
    /// Its body, evaluated.
    pub body: Value,
}

type Locals = BTreeMap<String, Value>;

/// A template with its parameters.
pub struct Template<'t> {
    pub file: &'t File,
    declared: HashMap<String, Node<'t>>,
    parameters: &'t Map<String, Value>,
    known: RefCell<HashMap<String, Value>>,
    found: Shared,
    /// The subscription it is deployed to.
    pub subscription: String,
    /// The resource group it is deployed to.
    pub group: String,
}

/// Reads a template, with its modules, and gives its outputs.
pub fn template(path: &str, parameters: &Map<String, Value>, found: &Shared) -> Map<String, Value> {
    let file = File::read(path);
    let template = Template::of(&file, parameters, found);
    for name in parameters.keys() {
        let kind = template.declared.get(name).map(Node::kind);
        assert_eq!(kind, Some("parameter_declaration"), "{path} has no parameter {name}");
    }
    let mut outputs = Map::new();
    for node in children(file.tree.root_node()) {
        let name = children(node).first().map(|name| file.text(*name).to_owned());
        match (node.kind(), name) {
            (
                "resource_declaration" | "module_declaration" | "parameter_declaration",
                Some(name),
            ) => {
                template.symbol(&name);
            }
            ("output_declaration", Some(name)) => {
                let value = template.value(last(node), &Locals::new());
                outputs.insert(name, value);
            }
            _ => {}
        }
    }
    outputs
}

/// The variables of a file.
pub fn variables(path: &str, found: &Shared) -> Map<String, Value> {
    let file = File::read(path);
    let none = Map::new();
    let template = Template::of(&file, &none, found);
    let names: Vec<_> = template.declared.keys().cloned().collect();
    names.into_iter().map(|name| (name.clone(), template.symbol(&name))).collect()
}

fn last(node: Node<'_>) -> Node<'_> {
    *children(node).last().expect("a declaration has a value")
}

impl<'t> Template<'t> {
    fn of(file: &'t File, parameters: &'t Map<String, Value>, found: &Shared) -> Self {
        let mut declared = HashMap::new();
        for node in children(file.tree.root_node()) {
            let named = children(node).into_iter().find(|child| child.kind() == "identifier");
            let kind = node.kind();
            let is_named = kind.ends_with("_declaration") && kind != "output_declaration";
            if let Some(name) = named.filter(|_| is_named) {
                let twice = declared.insert(file.text(name).to_owned(), node);
                assert!(twice.is_none(), "declared twice: {}", file.place(node));
            }
        }
        Self {
            file,
            declared,
            parameters,
            known: RefCell::default(),
            found: found.clone(),
            subscription: "5c3d2b1a-0f9e-4d8c-b7a6-958473625140".into(),
            group: "rg".into(),
        }
    }

    /// The value of a declared name.
    fn symbol(&self, name: &str) -> Value {
        if let Some(value) = self.known.borrow().get(name) {
            return value.clone();
        }
        let node = self.declared.get(name);
        let node = *node.unwrap_or_else(|| panic!("{}: what is {name}?", self.file.path));
        let value = match node.kind() {
            "parameter_declaration" => self.parameter(node, name),
            "variable_declaration" => self.value(last(node), &Locals::new()),
            "resource_declaration" | "module_declaration" => self.declaration(node),
            kind => panic!("{kind}: {}", self.file.place(node)),
        };
        self.known.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }

    fn parameter(&self, node: Node<'_>, name: &str) -> Value {
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        let has_default = node.children(&mut node.walk()).any(|child| child.kind() == "=");
        assert!(has_default, "not given: {}", self.file.place(node));
        self.value(last(node), &Locals::new())
    }

    fn declaration(&self, node: Node<'_>) -> Value {
        let parts = children(node);
        let kind = self.text(parts[1], &Locals::new());
        let is_existing = node.children(&mut node.walk()).any(|part| part.kind() == "existing");
        let make = |body: Node<'_>, locals: &Locals| {
            if node.kind() == "module_declaration" {
                self.module(&kind, body, locals)
            } else {
                self.resource(&kind, is_existing, body, locals)
            }
        };
        self.each(last(node), &Locals::new(), &make)
    }

    /// Goes through loops and conditions to the bodies; what is not made is null, so that indexes
    /// stay what they are.
    fn each(
        &self,
        node: Node<'_>,
        locals: &Locals,
        make: &dyn Fn(Node<'_>, &Locals) -> Value,
    ) -> Value {
        match node.kind() {
            "for_statement" => {
                let (list, inner) = self.rounds(node, locals);
                let body = node.child_by_field_name("body");
                let body = body.unwrap_or_else(|| panic!("no body: {}", self.file.place(node)));
                let rounds = (0..list.len()).map(|at| self.each(body, &inner(at), make));
                Value::Array(rounds.collect())
            }
            "if_statement" => {
                let parts = children(node);
                match self.value(parts[0], locals) {
                    Value::Bool(true) => self.each(parts[1], locals, make),
                    Value::Bool(false) => Value::Null,
                    other => panic!("{other}: {}", self.file.place(node)),
                }
            }
            _ => make(node, locals),
        }
    }

    /// What a loop goes through, and the names that each round knows.
    fn rounds(&self, node: Node<'_>, locals: &Locals) -> (Vec<Value>, impl Fn(usize) -> Locals) {
        let parts = children(node);
        let (names, over) = (parts[0], parts[1]);
        let names: Vec<_> = match names.kind() {
            "for_loop_parameters" => children(names),
            _ => vec![names],
        };
        let names: Vec<_> = names.into_iter().map(|name| self.file.text(name).to_owned()).collect();
        let Value::Array(list) = self.value(over, locals) else {
            panic!("no list: {}", self.file.place(over));
        };
        let (rounds, locals) = (list.clone(), locals.clone());
        let inner = move |at: usize| {
            let mut inner = locals.clone();
            inner.insert(names[0].clone(), rounds[at].clone());
            if let Some(index) = names.get(1) {
                inner.insert(index.clone(), json!(at));
            }
            inner
        };
        (list, inner)
    }

    fn resource(&self, kind: &str, is_existing: bool, body: Node<'_>, locals: &Locals) -> Value {
        let (kind, version) = kind.split_once('@').expect("a type has a version");
        assert!(version.len() >= 4, "{kind} has no version");
        let Value::Object(mut body) = self.value(body, locals) else { panic!("{kind}: no body") };
        let parent = body.get("parent").map(id_of);
        let own = body.get("name").map(functions::text).unwrap_or_default();
        let names = parent.as_deref().and_then(|parent| parent.split_once(':'));
        let name = names.map_or(own.clone(), |(_, above)| format!("{above}/{own}"));
        let id = format!("{kind}:{name}");
        let scope = body.get("scope").map(id_of).unwrap_or_default();
        if let Some(Value::Object(facts)) = self.found.borrow().facts.get(kind) {
            body.extend(facts.clone());
        }
        body.insert("id".into(), json!(id));
        body.insert(PATH.into(), json!(format!("<{id}>")));
        let resource = Resource {
            kind: kind.to_owned(),
            id,
            scope,
            is_existing,
            body: Value::Object(body.clone()),
        };
        self.found.borrow_mut().resources.push(resource);
        Value::Object(body)
    }

    fn module(&self, path: &str, body: Node<'_>, locals: &Locals) -> Value {
        let body = self.value(body, locals);
        let beside = Path::new(&self.file.path).parent().unwrap_or(Path::new(""));
        let path = beside.join(path).to_string_lossy().into_owned();
        let none = Map::new();
        let parameters = body["params"].as_object().unwrap_or(&none);
        json!({ "outputs": template(&path, parameters, &self.found) })
    }

    /// The value of an expression.
    pub fn value(&self, node: Node<'_>, locals: &Locals) -> Value {
        let field = |name| node.child_by_field_name(name).expect("the grammar has it");
        match node.kind() {
            "string" => Value::String(self.text(node, locals)),
            "number" => json!(self.file.text(node).parse::<i64>().expect("a number")),
            "boolean" => json!(self.file.text(node) == "true"),
            "null" => Value::Null,
            "identifier" => {
                let name = self.file.text(node);
                locals.get(name).cloned().unwrap_or_else(|| self.symbol(name))
            }
            "parenthesized_expression" => self.value(children(node)[0], locals),
            "array" => children(node).into_iter().map(|item| self.value(item, locals)).collect(),
            "object" => self.object(node, locals),
            "for_statement" => self.each(node, locals, &|body, inner| self.value(body, inner)),
            "member_expression" => {
                let of = self.value(field("object"), locals);
                member(&of, self.file.text(field("property")), &self.file.place(node))
            }
            "subscript_expression" => {
                let of = self.value(field("object"), locals);
                match self.value(field("index"), locals) {
                    Value::String(key) => member(&of, &key, &self.file.place(node)),
                    index => {
                        let at = index.as_u64().and_then(|at| usize::try_from(at).ok());
                        let item = at.and_then(|at| of.get(at)).cloned();
                        item.unwrap_or_else(|| panic!("no such item: {}", self.file.place(node)))
                    }
                }
            }
            "ternary_expression" => match self.value(field("condition"), locals) {
                Value::Bool(true) => self.value(field("consequence"), locals),
                Value::Bool(false) => self.value(field("alternative"), locals),
                other => panic!("{other}: {}", self.file.place(node)),
            },
            "unary_expression" => {
                let value = self.value(field("argument"), locals);
                json!(!value.as_bool().unwrap_or_else(|| panic!("{}", self.file.place(node))))
            }
            "binary_expression" => self.binary(node, locals),
            "call_expression" => functions::call(self, node, locals),
            kind => panic!("{kind} is not understood: {}", self.file.place(node)),
        }
    }

    fn object(&self, node: Node<'_>, locals: &Locals) -> Value {
        let mut object = Map::new();
        for property in children(node) {
            let parts = children(property);
            let key = match parts[0].kind() {
                "string" => self.text(parts[0], locals),
                _ => self.file.text(parts[0]).to_owned(),
            };
            let twice = object.insert(key, self.value(parts[1], locals));
            assert!(twice.is_none(), "given twice: {}", self.file.place(property));
        }
        Value::Object(object)
    }

    fn binary(&self, node: Node<'_>, locals: &Locals) -> Value {
        let side = |name| node.child_by_field_name(name).expect("two sides");
        let operator = side("left").next_sibling().map(|sign| self.file.text(sign));
        let left = self.value(side("left"), locals);
        let right = || self.value(side("right"), locals);
        match operator.unwrap_or_default() {
            "==" => json!(left == right()),
            "!=" => json!(left != right()),
            "&&" => json!(left == true && right() == true),
            "||" => json!(left == true || right() == true),
            other => panic!("{other} is not understood: {}", self.file.place(node)),
        }
    }

    /// A string with its interpolations. The grammar takes blanks before one for a part of it.
    pub fn text(&self, node: Node<'_>, locals: &Locals) -> String {
        let whole = self.file.text(node);
        let quotes = if whole.starts_with("'''") { 3 } else { 1 };
        let (mut text, mut at) = (String::new(), node.start_byte() + quotes);
        for part in children(node) {
            text += &self.file.text[at..part.start_byte()];
            text += &match part.kind() {
                "interpolation" => {
                    let blanks = self.file.text(part).split("${").next().unwrap_or_default();
                    blanks.to_owned() + &functions::text(&self.value(children(part)[0], locals))
                }
                "escape_sequence" => self.file.text(part).trim_start_matches('\\').to_owned(),
                _ => self.file.text(part).to_owned(),
            };
            at = part.end_byte();
        }
        text + &self.file.text[at..node.end_byte() - quotes]
    }
}

/// A property. Of a resource, what its body does not say is known only in Azure.
fn member(of: &Value, key: &str, place: &str) -> Value {
    let path = of.get(PATH).and_then(Value::as_str);
    let deeper = path.map(|path| format!("{path}.{key}"));
    match (of.get(key), deeper) {
        (Some(Value::Object(inside)), Some(deeper)) => {
            let mut inside = inside.clone();
            inside.insert(PATH.into(), json!(deeper));
            Value::Object(inside)
        }
        (Some(value), _) => value.clone(),
        (None, Some(deeper)) => json!({ PATH: deeper }),
        (None, None) => panic!("no {key}: {place}"),
    }
}

/// The id of a resource, or of what is known only in Azure.
pub fn id_of(value: &Value) -> String {
    value.get("id").map_or_else(|| functions::text(value), functions::text)
}

/// What stands for a value that is known only in Azure.
pub fn path_of(value: &Value) -> Option<&str> {
    value.get(PATH).and_then(Value::as_str)
}
