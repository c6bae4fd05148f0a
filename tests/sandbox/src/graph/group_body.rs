//! Bodies that create and change groups.

use serde_json::{Map, Value};

use super::answer::Refused;
use super::references::{at_most_20, take_bound};
use super::user_body::{take_bool, take_text};
use crate::directory::{Group, NewGroup};

/// What `POST /groups` asks for.
pub struct NewGroupBody {
    /// The group.
    pub group: NewGroup,
    /// References to its first owners.
    pub owners: Vec<Value>,
    /// References to its first members.
    pub members: Vec<Value>,
}

impl NewGroupBody {
    /// Reads the body.
    pub fn read(mut body: Map<String, Value>) -> Result<NewGroupBody, Refused> {
        let owners = take_bound(&mut body, "owners")?;
        let members = take_bound(&mut body, "members")?;
        at_most_20(owners.len() + members.len())?;
        let display_name = take_text(&mut body, "displayName")?
            .filter(|name| name.chars().count() <= 256)
            .ok_or_else(Refused::invalid_values)?;
        let mail_nickname =
            take_text(&mut body, "mailNickname")?.ok_or_else(Refused::invalid_values)?;
        check_nickname(&mail_nickname)?;
        let mail_enabled =
            take_bool(&mut body, "mailEnabled")?.ok_or_else(Refused::invalid_values)?;
        let security_enabled =
            take_bool(&mut body, "securityEnabled")?.ok_or_else(Refused::invalid_values)?;
        let types = group_types(&mut body)?;
        let unified = types.iter().any(|kind| kind == "Unified");
        let dynamic = types.iter().any(|kind| kind == "DynamicMembership");
        let role_assignable = take_bool(&mut body, "isAssignableToRole")?.unwrap_or(false);
        let fits = mail_enabled == unified && (security_enabled || unified);
        if !fits || (role_assignable && (dynamic || !security_enabled)) {
            return Err(Refused::invalid_values());
        }
        let group = NewGroup {
            display_name,
            mail_nickname,
            description: take_text(&mut body, "description")?,
            security_enabled,
            role_assignable,
            types,
            synced: false,
            unique_name: take_text(&mut body, "uniqueName")?,
            other: plain(body)?,
        };
        Ok(NewGroupBody { group, owners, members })
    }
}

/// Properties of `PATCH /groups/{id}` other than references.
#[derive(Debug, Default)]
pub struct GroupChange {
    display_name: Option<String>,
    mail_nickname: Option<String>,
    description: Option<Value>,
    other: Map<String, Value>,
}

impl GroupChange {
    /// Reads the body, from which references have been taken.
    pub fn read(mut body: Map<String, Value>) -> Result<GroupChange, Refused> {
        let mail_nickname = take_text(&mut body, "mailNickname")?;
        if let Some(nickname) = &mail_nickname {
            check_nickname(nickname)?;
        }
        Ok(GroupChange {
            display_name: take_text(&mut body, "displayName")?,
            mail_nickname,
            description: body.remove("description"),
            other: plain(body)?,
        })
    }

    /// Nothing changes.
    pub fn is_empty(&self) -> bool {
        self.display_name.is_none()
            && self.mail_nickname.is_none()
            && self.description.is_none()
            && self.other.is_empty()
    }

    /// Makes the change.
    pub fn apply(self, group: &mut Group) {
        if let Some(name) = self.display_name {
            group.display_name = name;
        }
        if let Some(nickname) = self.mail_nickname {
            group.mail_nickname = nickname;
        }
        if let Some(description) = self.description {
            group.description = description.as_str().map(str::to_owned);
        }
        group.other.extend(self.other);
    }
}

fn group_types(body: &mut Map<String, Value>) -> Result<Vec<String>, Refused> {
    let Some(types) = body.remove("groupTypes") else { return Ok(Vec::new()) };
    serde_json::from_value(types).map_err(|_| Refused::invalid_values())
}

fn check_nickname(nickname: &str) -> Result<(), Refused> {
    let bad = |c: char| "@()\\[]\";:<>, ".contains(c) || !c.is_ascii();
    if nickname.len() <= 64 && !nickname.contains(bad) {
        return Ok(());
    }
    Err(Refused::bad("Invalid value specified for property 'mailNickname' of resource 'Group'."))
}

/// Properties that are stored as they come; `isAssignableToRole` and the like are not among them.
fn plain(body: Map<String, Value>) -> Result<Map<String, Value>, Refused> {
    const PLAIN: [&str; 7] = [
        "classification",
        "membershipRule",
        "membershipRuleProcessingState",
        "preferredDataLocation",
        "preferredLanguage",
        "theme",
        "visibility",
    ];
    let known = body.keys().all(|name| PLAIN.contains(&name.as_str()) || name.starts_with('@'));
    if known { Ok(body) } else { Err(Refused::invalid_values()) }
}
