//! Which way a cluster says it allowed something: the reason of an access review, read.
//!
//! The texts are those of the RBAC authorizer of Kubernetes and of the Azure authorizer of AKS.
//! Both may name the user who was asked for; nothing here prints a user's name.

use std::fmt;

use uuid::Uuid;

use crate::{
    Names,
    azure_role::AzureRole,
    holdings::{RoleRef, Subject},
};

/// What allowed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A binding in the cluster.
    Binding {
        /// The binding's name.
        name: String,
        /// Its namespace; none for a ClusterRoleBinding.
        namespace: Option<String>,
        /// What it gives.
        role: RoleRef,
        /// The subject that matched.
        subject: Subject,
    },
    /// An Azure role assignment.
    AzureRole {
        /// The assignment's name.
        assignment: String,
        /// The role definition's id.
        role: Uuid,
    },
}

impl Way {
    /// Reads a reason; none when it tells no way, or in words we do not know.
    pub fn parse(reason: &str) -> Option<Self> {
        reason.strip_prefix("RBAC: allowed by ").map_or_else(|| azure(reason), binding)
    }

    /// The way in words. A user is told by person id when these are their names; a group by the
    /// name that `called` knows; an Azure role's place by what `placed` knows of the assignment.
    pub fn told(
        &self,
        names: Option<&Names>,
        called: impl Fn(&str) -> Option<String>,
        placed: impl Fn(&str) -> Option<String>,
    ) -> String {
        match self {
            Self::Binding { subject, .. } => {
                format!("{self} to {}", holder(subject, names, called))
            }
            Self::AzureRole { assignment, .. } => {
                let at = placed(assignment).map(|place| format!(" at {place}"));
                format!("{self}{}", at.unwrap_or_default())
            }
        }
    }
}

/// The way without its holder.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binding { name, namespace: Some(namespace), role, .. } => {
                write!(f, "RoleBinding {name} in {namespace} of {role}")
            }
            Self::Binding { name, namespace: None, role, .. } => {
                write!(f, "ClusterRoleBinding {name} of {role}")
            }
            Self::AzureRole { role, .. } => match AzureRole::from_id(*role) {
                Some(known) => write!(f, "Azure role {known}"),
                None => write!(f, "Azure role {role}"),
            },
        }
    }
}

fn holder(
    subject: &Subject,
    names: Option<&Names>,
    called: impl Fn(&str) -> Option<String>,
) -> String {
    match subject {
        Subject::Group(id) => called(id).unwrap_or_else(|| format!("group {id}")),
        Subject::ServiceAccount(name) => format!("service account {name}"),
        user => names
            .filter(|names| names.is(user))
            .map_or_else(|| "a user".to_owned(), |names| names.person.to_string()),
    }
}

/// `{kind} "{name}" of {kind} "{role}" to {kind} "{subject}"`; the name of a RoleBinding is
/// followed by its namespace. Source: `k8s.io/kubernetes` plugin/pkg/auth/authorizer/rbac.
fn binding(text: &str) -> Option<Way> {
    let (kind, rest) = text.split_once(' ')?;
    let (name, rest) = quoted(rest)?;
    let (name, namespace) = match kind {
        "ClusterRoleBinding" => (name, None),
        "RoleBinding" => {
            let (name, namespace) = name.rsplit_once('/')?;
            (name.to_owned(), Some(namespace.to_owned()))
        }
        _ => return None,
    };
    let (kind, rest) = rest.strip_prefix(" of ")?.split_once(' ')?;
    let (role, rest) = quoted(rest)?;
    let role = match kind {
        "Role" => RoleRef::Role(role),
        "ClusterRole" => RoleRef::ClusterRole(role),
        _ => return None,
    };
    let (kind, rest) = rest.strip_prefix(" to ")?.split_once(' ')?;
    let (subject, rest) = quoted(rest)?;
    let subject = match kind {
        "User" => Subject::User(subject),
        "Group" => Subject::Group(subject),
        "ServiceAccount" => {
            let (name, namespace) = subject.split_once('/')?;
            Subject::ServiceAccount(place_of(namespace, name))
        }
        _ => return None,
    };
    rest.is_empty().then_some(Way::Binding { name, namespace, role, subject })
}

fn place_of(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// `Access allowed by Azure RBAC Role Assignment {id} of Role {id} to user {user}`; an id may be
/// a name or a whole resource id. Source: the guard authorizer that AKS runs.
fn azure(text: &str) -> Option<Way> {
    let rest = text.strip_prefix("Access allowed by Azure RBAC Role Assignment ")?;
    let (assignment, rest) = rest.split_once(" of Role ")?;
    let (role, _user) = rest.split_once(" to user ")?;
    let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let role = Uuid::try_parse(&last(role)).ok()?;
    Some(Way::AzureRole { assignment: last(assignment), role })
}

/// The text between double quotes at the beginning, as Go's `%q` writes it, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((found, &text[at + 2..])),
            '\\' => found.push(escaped(&mut chars)?),
            plain => found.push(plain),
        }
    }
    None
}

fn escaped(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    let (_, kind) = chars.next()?;
    let digits = match kind {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        plain => return Some(plain),
    };
    let code: String = chars.take(digits).map(|(_, digit)| digit).collect();
    char::from_u32(u32::from_str_radix(&code, 16).ok()?)
}

#[cfg(test)]
mod tests;
