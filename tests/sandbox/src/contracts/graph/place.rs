//! Where a path below `/v1.0/` leads.

use std::borrow::Cow;

use super::container::CONTAINER;
use super::model::{Bound, Model};
use crate::contracts::allowed;
use crate::contracts::exchange::decode;
use crate::contracts::shape::{Id, Leads, Shape};

/// What a path addresses.
#[derive(Clone, Debug)]
pub enum Target<'m> {
    /// Entities of this type.
    Many(Id),
    /// One of them.
    One(Id),
    /// References to entities: of a collection, or the one after a key or of a single property.
    References {
        /// Whether it is a collection's.
        many: bool,
    },
    /// How many entities of this type there are.
    Count(Id),
    /// The value of a property.
    Value(Shape),
    /// An action or function.
    Call(&'m Bound),
    /// Part of a type that the contract does not have and the allow-list lets pass.
    Free,
}

/// A path that has been followed to its end.
#[derive(Clone, Debug)]
pub struct Place<'m> {
    /// What it addresses.
    pub target: Target<'m>,
    /// The path with `{id}` for keys.
    pub template: String,
    /// The last key was that of a property, `groups(uniqueName='…')`.
    pub alternate: bool,
    /// The entity, or the collection, exists only here: it can be deleted, or created in.
    pub owned: bool,
}

/// Follows `path`; `None` when the contract has no such path.
pub fn follow<'m>(model: &'m Model, path: &str) -> Option<Place<'m>> {
    let parts: Vec<Cow<'_, str>> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
    let mut segments = Vec::new();
    for part in &parts {
        split(part, &mut segments);
    }
    let (mut place, rest) = start(model, &segments)?;
    for segment in rest {
        place = next(model, place, segment)?;
    }
    Some(place)
}

/// One step of a path.
#[derive(Debug)]
enum Segment<'p> {
    Name(&'p str),
    /// A key in parentheses, and the property that it is of.
    Key(Option<&'p str>),
}

/// `users('x')` is a name and a key; `delta()` and `delta(token='x')` are names.
fn split<'p>(part: &'p str, segments: &mut Vec<Segment<'p>>) {
    match part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        Some((name, "")) => segments.push(Segment::Name(name)),
        Some((name, key)) => {
            segments.push(Segment::Name(name));
            segments.push(Segment::Key(key.split_once('=').map(|(property, _)| property)));
        }
        None => segments.push(Segment::Name(part)),
    }
}

fn start<'m, 's>(
    model: &'m Model,
    segments: &'s [Segment<'s>],
) -> Option<(Place<'m>, &'s [Segment<'s>])> {
    let begins = |path: &str| {
        let names: Vec<&str> = path.split('/').collect();
        let fits = segments.len() >= names.len()
            && names.iter().zip(segments).all(|(name, segment)| is_name(segment, name));
        fits.then_some(names.len())
    };
    let place = |path: &str, target| Place {
        target,
        template: format!("/{path}"),
        alternate: false,
        owned: true,
    };
    if let Some((path, length)) =
        allowed::GRAPH_SETS.iter().find_map(|(_, path, _)| Some((path, begins(path)?)))
    {
        return Some((place(path, Target::Free), &segments[length..]));
    }
    let (path, kind, length) =
        CONTAINER.iter().find_map(|(path, kind)| Some((path, kind, begins(path)?)))?;
    let target = lead(&model.shape(kind))?;
    Some((place(path, target), &segments[length..]))
}

fn is_name(segment: &Segment<'_>, name: &str) -> bool {
    matches!(segment, Segment::Name(own) if *own == name)
}

fn lead<'m>(shape: &Shape) -> Option<Target<'m>> {
    match shape {
        Shape::Named(id) => Some(Target::One(*id)),
        Shape::List(item) => match **item {
            Shape::Named(id) => Some(Target::Many(id)),
            _ => None,
        },
        _ => None,
    }
}

fn next<'m>(model: &'m Model, place: Place<'m>, segment: &Segment<'_>) -> Option<Place<'m>> {
    match place.target {
        Target::Many(id) => of_many(model, place, id, segment),
        Target::One(id) => of_one(model, place, id, segment),
        Target::Value(Shape::Named(id)) => {
            let Segment::Name(name) = segment else { return None };
            let shape = model.property(id, name)?.shape.clone();
            Some(place.with(name, Target::Value(shape)))
        }
        Target::Free => Some(place),
        _ => None,
    }
}

fn of_many<'m>(
    model: &'m Model,
    place: Place<'m>,
    id: Id,
    segment: &Segment<'_>,
) -> Option<Place<'m>> {
    let name = match segment {
        Segment::Name(name) => *name,
        Segment::Key(None) => return Some(place.with("{id}", Target::One(id))),
        Segment::Key(Some(property)) => {
            model.property(id, property)?;
            let key = format!("{{{property}}}");
            return Some(Place { alternate: true, ..place.with(&key, Target::One(id)) });
        }
    };
    match name {
        "$count" => return Some(place.with(name, Target::Count(id))),
        "$ref" => return Some(place.with(name, Target::References { many: true })),
        _ => {}
    }
    if let Some(kind) = cast(model, id, name) {
        return Some(place.with(name, Target::Many(kind)));
    }
    match model.bound(id, true, name) {
        Some(bound) => Some(place.with(name, Target::Call(bound))),
        None if name.starts_with('$') || name.starts_with("microsoft.") => None,
        None => Some(place.with("{id}", Target::One(id))),
    }
}

fn of_one<'m>(
    model: &'m Model,
    place: Place<'m>,
    id: Id,
    segment: &Segment<'_>,
) -> Option<Place<'m>> {
    let Segment::Name(name) = segment else { return None };
    if *name == "$ref" {
        return Some(place.with(name, Target::References { many: false }));
    }
    if let Some(kind) = cast(model, id, name) {
        return Some(place.with(name, Target::One(kind)));
    }
    if let Some(bound) = model.bound(id, false, name) {
        return Some(place.with(name, Target::Call(bound)));
    }
    let field = model.property(id, name)?;
    if field.leads == Leads::Nowhere {
        return Some(place.with(name, Target::Value(field.shape.clone())));
    }
    let owned = field.leads == Leads::Inside;
    Some(Place { owned, ..place.with(name, lead(&field.shape)?) })
}

/// `microsoft.graph.user` where entities may be users.
fn cast(model: &Model, id: Id, name: &str) -> Option<Id> {
    let kind = model.object(name).filter(|_| name.starts_with("microsoft."))?;
    model.is(kind, id).then_some(kind)
}

impl<'m> Place<'m> {
    fn with(mut self, segment: &str, target: Target<'m>) -> Place<'m> {
        self.template.push('/');
        self.template.push_str(segment);
        Place { target, alternate: false, ..self }
    }
}
