//! What a JSON value may look like: the one model that OpenAPI definitions and CSDL types become.

use std::collections::{HashMap, HashSet};

use super::text::Text;

/// Index of an [`Object`] in its [`Shapes`].
pub type Id = usize;

/// The form of one JSON value.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Whatever.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second, both included.
    Int(i64, i64),
    /// Any number.
    Number,
    /// A string.
    Text(Text),
    /// One of these words.
    Choice(Choice),
    /// An array of such values.
    List(Box<Shape>),
    /// An object with free keys and such values.
    Map(Box<Shape>),
    /// An object of the table.
    Named(Id),
    /// A type that the contract names and does not define.
    Undefined(String),
}

/// The words of an enumeration.
#[derive(Clone, Debug)]
pub struct Choice {
    /// In lower case: Azure and Graph compare them without regard to case.
    pub words: HashSet<String>,
    /// Several words may stand together, separated by commas.
    pub flags: bool,
}

/// What an [`Object`] may hold beside its fields.
#[derive(Clone, Debug)]
pub enum Extra {
    /// Nothing.
    None,
    /// Values of this form under any key.
    Of(Shape),
    /// Directory extensions: keys with an underscore, `extension_{appId}_{name}`.
    Extensions,
}

/// One field of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its value's form.
    pub shape: Shape,
    /// Answers, and requests that send the whole object, must have it.
    pub required: bool,
    /// Only the service sets it: requests may leave it out although it is required.
    pub read_only: bool,
    /// `null` may stand for it.
    pub nullable: bool,
    /// Whether it is a navigation property.
    pub leads: Leads,
}

/// Where a property leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To its own value.
    Nowhere,
    /// To entities that exist elsewhere: they are bound and unbound by reference.
    Elsewhere,
    /// To entities that exist only there.
    Inside,
}

/// How the members of an inheritance tree are told apart.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// The telling field.
    pub field: String,
    /// The object for each of its values.
    pub by: HashMap<String, Id>,
    /// The field must be there and must name one of [`Kinds::by`].
    pub closed: bool,
}

/// The form of one JSON object.
#[derive(Clone, Debug)]
pub struct Object {
    /// The contract's name for it.
    pub name: String,
    /// Its fields.
    pub fields: HashMap<String, Field>,
    /// What else may be in it.
    pub extra: Extra,
    /// The kinds it may turn out to be.
    pub kinds: Option<Kinds>,
}

/// The objects of one contract.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    /// `@odata.…` annotations may stand in every object.
    pub odata: bool,
    /// What examples show of types that the contract names and does not define.
    pub learnt: HashMap<String, Shape>,
    objects: Vec<Object>,
}

impl Shapes {
    /// Adds an object and answers where.
    pub fn add(&mut self, object: Object) -> Id {
        self.objects.push(object);
        self.objects.len() - 1
    }

    /// The object at `id`.
    pub fn get(&self, id: Id) -> &Object {
        &self.objects[id]
    }

    /// The object at `id`, to complete it.
    pub fn get_mut(&mut self, id: Id) -> &mut Object {
        &mut self.objects[id]
    }

    /// The field `name` of the object at `id` or, where kinds need not be told, of a kind of it.
    pub fn field(&self, id: Id, name: &str) -> Option<&Field> {
        let object = self.get(id);
        let kinds = object.kinds.iter().filter(|kinds| !kinds.closed);
        let below = kinds.flat_map(|kinds| kinds.by.values());
        let find = |id: &Id| self.get(*id).fields.get(name);
        object.fields.get(name).or_else(|| below.into_iter().find_map(find))
    }

    /// Every object with its place.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Object)> {
        self.objects.iter().enumerate()
    }
}

impl Object {
    /// An object without fields.
    pub fn new(name: &str, extra: Extra) -> Object {
        Object { name: name.to_owned(), fields: HashMap::new(), extra, kinds: None }
    }
}

impl Field {
    /// A field that may be absent or null.
    pub fn optional(shape: Shape) -> Field {
        Field { shape, required: false, read_only: false, nullable: true, leads: Leads::Nowhere }
    }
}

impl Choice {
    /// A choice among `words`.
    pub fn of<S: AsRef<str>>(words: impl IntoIterator<Item = S>, flags: bool) -> Choice {
        let words = words.into_iter().map(|word| word.as_ref().to_ascii_lowercase()).collect();
        Choice { words, flags }
    }

    /// Whether `text` is one of the words.
    pub fn has(&self, text: &str) -> bool {
        let known = |word: &str| self.words.contains(&word.trim().to_ascii_lowercase());
        if self.flags { text.split(',').all(known) } else { known(text) }
    }
}
