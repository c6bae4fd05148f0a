//! The types and operations of Graph as shapes.

use std::collections::{HashMap, HashSet};

use super::csdl::{self, Csdl, qualified};
use crate::contracts::allowed;
use crate::contracts::shape::{Choice, Extra, Field, Id, Kinds, Leads, Object, Shape, Shapes};
use crate::contracts::text::Text;

/// What Graph's types and operations are.
#[derive(Debug, Default)]
pub struct Model {
    /// Every object.
    pub shapes: Shapes,
    /// Statuses beyond those of the operation's kind, by method and template, from the examples.
    pub statuses: HashSet<(String, u16)>,
    types: HashMap<String, Shape>,
    bases: HashMap<Id, Id>,
    operations: Vec<Bound>,
}

/// An action or function.
#[derive(Debug)]
pub struct Bound {
    /// Without its namespace.
    pub name: String,
    /// It only reads.
    pub function: bool,
    /// What it is bound to.
    to: Shape,
    /// Its parameters as the fields of a body.
    pub body: Id,
    /// What it answers.
    pub returns: Option<Shape>,
}

impl Model {
    /// Builds the model of `csdl`.
    pub fn new(csdl: &Csdl) -> Model {
        let mut model = Model::default();
        model.shapes.odata = true;
        for one in &csdl.enums {
            let choice = Shape::Choice(Choice::of(&one.members, one.flags));
            model.types.insert(one.name.clone(), choice);
        }
        for one in &csdl.types {
            let extra = extra(one);
            let id = model.shapes.add(Object::new(&one.name, extra));
            model.types.insert(one.name.clone(), Shape::Named(id));
        }
        for (name, _, _) in allowed::GRAPH_SETS {
            let id = model.shapes.add(Object::new(name, Extra::Of(Shape::Any)));
            model.types.insert(name.to_owned(), Shape::Named(id));
            model.extend("microsoft.graph.directoryObject", id);
        }
        for one in &csdl.types {
            if let (Some(Shape::Named(id)), Some(base)) = (model.types.get(&one.name), &one.base) {
                model.extend(base, *id);
            }
        }
        model.fill(csdl);
        model.bind(csdl);
        model
    }

    /// Notes that the object at `id` extends the type `base`.
    fn extend(&mut self, base: &str, id: Id) {
        if let Some(Shape::Named(base)) = self.types.get(base) {
            self.bases.insert(id, *base);
        }
    }

    fn fill(&mut self, csdl: &Csdl) {
        for one in &csdl.types {
            let Some(Shape::Named(id)) = self.types.get(&one.name) else { continue };
            let id = *id;
            for property in &one.properties {
                let field = self.field(property);
                self.shapes.get_mut(id).fields.insert(property.name.clone(), field);
            }
        }
        let ids: Vec<Id> = self.shapes.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.inherit(id);
        }
    }

    /// Gives the object at `id` the fields of everything it extends, and a place among their kinds.
    fn inherit(&mut self, id: Id) {
        let name = format!("#{}", self.shapes.get(id).name);
        let mut next = Some(id);
        while let Some(base) = next {
            if base != id {
                let fields = self.shapes.get(base).fields.clone();
                for (name, field) in fields {
                    self.shapes.get_mut(id).fields.entry(name).or_insert(field);
                }
            }
            let kinds = self.shapes.get_mut(base).kinds.get_or_insert_with(|| Kinds {
                field: "@odata.type".to_owned(),
                ..Kinds::default()
            });
            kinds.by.insert(name.clone(), id);
            next = self.bases.get(&base).copied();
        }
    }

    fn field(&self, property: &csdl::Property) -> Field {
        let leads = match property.navigation {
            None => Leads::Nowhere,
            Some(false) => Leads::Elsewhere,
            Some(true) => Leads::Inside,
        };
        let shape = self.shape(&property.kind);
        Field { nullable: property.nullable, leads, ..Field::optional(shape) }
    }

    fn bind(&mut self, csdl: &Csdl) {
        for one in &csdl.operations {
            let Some((to, parameters)) = one.parameters.split_first() else { continue };
            let mut body = Object::new(&one.name, Extra::None);
            for parameter in parameters {
                let field = Field { required: !parameter.nullable, ..self.field(parameter) };
                body.fields.insert(parameter.name.clone(), field);
            }
            self.operations.push(Bound {
                name: one.name.clone(),
                function: one.function,
                to: self.shape(&to.kind),
                body: self.shapes.add(body),
                returns: one.returns.as_deref().map(|kind| self.shape(kind)),
            });
        }
    }

    /// The shape of a type such as `Collection(graph.user)`.
    pub fn shape(&self, kind: &str) -> Shape {
        let kind = qualified(kind);
        if let Some(item) = kind.strip_prefix("Collection(").and_then(|kind| kind.strip_suffix(')'))
        {
            return Shape::List(Box::new(self.shape(item)));
        }
        match kind.as_str() {
            "Edm.String" => Shape::Text(Text::Any),
            "Edm.Boolean" => Shape::Bool,
            "Edm.Guid" => Shape::Text(Text::Guid),
            "Edm.DateTimeOffset" => Shape::Text(Text::Instant),
            "Edm.Date" => Shape::Text(Text::Day),
            "Edm.TimeOfDay" => Shape::Text(Text::Clock),
            "Edm.Duration" => Shape::Text(Text::Duration),
            "Edm.Binary" => Shape::Text(Text::Base64),
            "Edm.Int16" => Shape::Int(i64::from(i16::MIN), i64::from(i16::MAX)),
            "Edm.Int32" => Shape::Int(i64::from(i32::MIN), i64::from(i32::MAX)),
            "Edm.Int64" => Shape::Int(i64::MIN, i64::MAX),
            "Edm.Double" | "Edm.Single" | "Edm.Decimal" => Shape::Number,
            name => self.types.get(name).cloned().unwrap_or(Shape::Undefined(kind)),
        }
    }

    /// The object of a type, if it is one.
    pub fn object(&self, kind: &str) -> Option<Id> {
        match self.types.get(&qualified(kind)) {
            Some(Shape::Named(id)) => Some(*id),
            _ => None,
        }
    }

    /// Whether the object at `id` is, or extends, the one at `base`.
    pub fn is(&self, id: Id, base: Id) -> bool {
        id == base || self.bases.get(&id).is_some_and(|next| self.is(*next, base))
    }

    /// The operation called `name` that is bound to the object at `id`, or to lists of them.
    pub fn bound(&self, id: Id, many: bool, name: &str) -> Option<&Bound> {
        let fits = |to: &Shape| match to {
            Shape::Named(base) => !many && self.is(id, *base),
            Shape::List(item) => many && matches!(**item, Shape::Named(base) if self.is(id, base)),
            _ => false,
        };
        let exact = |to: &Shape| match to {
            Shape::Named(base) => *base == id,
            Shape::List(item) => matches!(**item, Shape::Named(base) if base == id),
            _ => false,
        };
        let name = name.rsplit('.').next().unwrap_or(name);
        let all = self.operations.iter().filter(|one| one.name == name && fits(&one.to));
        all.max_by_key(|one| exact(&one.to))
    }

    /// The field `name` of the object at `id` or of any kind of it.
    pub fn property(&self, id: Id, name: &str) -> Option<&Field> {
        self.shapes.field(id, name)
    }

    /// Adds a type that no schema defines, as a kind of `base`.
    pub fn learn_kind(&mut self, base: Id, mut object: Object) {
        object.kinds = None;
        let id = self.shapes.add(object);
        self.bases.insert(id, base);
        self.inherit(id);
    }
}

/// Types of the directory are open for extensions; an open type without properties is free.
fn extra(one: &csdl::Type) -> Extra {
    match (one.open, one.properties.is_empty()) {
        (false, _) => Extra::None,
        (true, true) => Extra::Of(Shape::Any),
        (true, false) => Extra::Extensions,
    }
}
