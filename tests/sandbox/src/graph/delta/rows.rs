//! Pages: objects as they are now, with slices of the members that came and went.

use serde_json::{Map, Value, json};

use super::Of;
use super::knobs::Knobs;
use super::token::{Step, Token};
use super::window::{Happened, Window};
use crate::directory::{Directory, PrincipalKind};
use crate::graph::properties::{Entity, Select};

/// A page, and where the next one begins.
pub struct Page {
    /// Objects.
    pub value: Vec<Value>,
    /// The next page; none on the last one.
    pub next: Option<Step>,
}

/// One object, or one more member of it.
struct Unit<'w> {
    id: &'w str,
    happened: &'w Happened,
    member: Option<(&'w str, bool)>,
}

/// Page number `page` of what happened.
pub fn pages(
    directory: &Directory,
    window: &Window,
    select: &Select,
    minimal: bool,
    knobs: &Knobs,
    page: usize,
) -> Page {
    let mut units = units(window);
    if knobs.backwards {
        units.reverse();
    }
    let chunks: Vec<&[Unit<'_>]> = units.chunks(knobs.page.max(1)).collect();
    // With empty pages every other one is such, the first included.
    let (at, empty) = match knobs.empty_pages {
        true => (page / 2, page.is_multiple_of(2)),
        false => (page, false),
    };
    let shown: &[Unit<'_>] = match chunks.get(at) {
        Some(chunk) if !empty => chunk,
        _ => &[],
    };
    let mut value: Vec<Value> = Vec::new();
    for same in shown.chunk_by(|left, right| left.id == right.id) {
        value.push(row(directory, select, minimal, same));
    }
    let last = chunks.len().saturating_sub(1);
    let more = at < last || (empty && at <= last && !chunks.is_empty());
    let Window { from, to, .. } = *window;
    Page { value, next: more.then_some(Step::Changes { from, to, page: page + 1 }) }
}

fn units(window: &Window) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    for (id, happened) in &window.objects {
        if happened.members.is_empty() {
            units.push(Unit { id, happened, member: None });
        }
        for (member, left) in &happened.members {
            units.push(Unit { id, happened, member: Some((member, *left)) });
        }
    }
    units
}

fn row(directory: &Directory, select: &Select, minimal: bool, same: &[Unit<'_>]) -> Value {
    let (id, happened) = (same[0].id, same[0].happened);
    let Some(entity) = live(directory, id) else {
        let soft = directory.deleted_users().any(|user| user.id == id)
            || directory.deleted_groups().any(|group| group.id == id);
        let reason = if soft { "changed" } else { "deleted" };
        return json!({"id": id, "@removed": {"reason": reason}});
    };
    let changed = |name: &str| happened.properties.as_ref().is_none_or(|all| all.contains(name));
    let mut row: Map<String, Value> = entity.show(select);
    row.retain(|name, value| match name.as_str() {
        "id" => true,
        name if changed(name) => true,
        _ => !minimal && !value.is_null(),
    });
    row.insert("id".to_owned(), json!(id));
    let members: Vec<Value> =
        same.iter().filter_map(|unit| unit.member).map(|m| member(directory, m)).collect();
    if !members.is_empty() {
        row.insert("members@delta".to_owned(), Value::Array(members));
    }
    Value::Object(row)
}

fn live<'d>(directory: &'d Directory, id: &str) -> Option<Entity<'d>> {
    let user = directory.user(id).filter(|user| user.id == id).map(Entity::User);
    user.or_else(|| directory.group(id).map(Entity::Group))
}

fn member(directory: &Directory, (id, left): (&str, bool)) -> Value {
    let kind = match directory.principal(id).map(|principal| principal.kind) {
        Some(PrincipalKind::Group) => "group",
        Some(PrincipalKind::ServicePrincipal) => "servicePrincipal",
        _ => "user",
    };
    let mut member = json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id});
    if left {
        member["@removed"] = json!({"reason": "deleted"});
    }
    member
}

/// A page of everything there is.
#[expect(clippy::too_many_arguments, reason = "one caller")]
pub fn full(
    directory: &Directory,
    of: Of,
    token: &Token,
    select: &Select,
    members: bool,
    size: usize,
    after: Option<&(String, usize)>,
    to: u64,
) -> Page {
    let entities: Box<dyn Iterator<Item = Entity<'_>> + '_> = match of {
        Of::Users => Box::new(directory.users().map(Entity::User)),
        Of::Groups => Box::new(directory.groups().map(Entity::Group)),
    };
    let from = after.map_or("", |(id, _)| id.as_str());
    let mut left = size.max(1);
    let mut value = Vec::new();
    for entity in entities.filter(|one| one.id() >= from && token.is_about(one.id())) {
        let id = entity.id();
        let done = after.filter(|(last, _)| last == id).map_or(0, |(_, done)| *done);
        let all: Vec<&str> = if members { directory.members_of(id).collect() } else { Vec::new() };
        if done > 0 && done >= all.len().max(1) {
            continue;
        }
        if left == 0 {
            let step = Step::Full { to, after: Some((id.to_owned(), done)) };
            return Page { value, next: Some(step) };
        }
        let slice = &all[done.min(all.len())..(done + left).min(all.len())];
        let mut row = entity.show(select);
        row.retain(|_, value| !value.is_null());
        row.insert("id".to_owned(), json!(id));
        if !slice.is_empty() {
            let shown = slice.iter().map(|id| member(directory, (id, false))).collect();
            row.insert("members@delta".to_owned(), Value::Array(shown));
        }
        value.push(Value::Object(row));
        left -= slice.len().clamp(1, left);
        if done + slice.len() < all.len() {
            let step = Step::Full { to, after: Some((id.to_owned(), done + slice.len())) };
            return Page { value, next: Some(step) };
        }
    }
    Page { value, next: None }
}
