//! A company of any size, from a seed: everybody is known by HR facts, one in five works in a team
//! that the policy governs, and twenty times as many groups are nobody's business of ours.

use std::{fmt::Write as _, path::Path, sync::PoisonError};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    ObjectId, PersonId, SpellId,
    case::{PersonRecord, person_stream},
    fact::{Attributes, EventKey, Fact, FactKind, Urgency},
};
use latchkey_ledger::Ledger;
use object_store::local::LocalFileSystem;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use sandbox::{Directory, World};
use serde_json::json;
use std::sync::Arc;

/// Teams of the policy, whatever the size of the company.
pub const TEAMS: usize = 20;
/// Users for each group that nobody governs.
const PER_GROUP: usize = 20;
/// Files of the ledger written at a time.
const AT_ONCE: usize = 64;

/// Whom there is.
pub struct Company {
    /// Object ids of the users, in the order of their person ids.
    pub users: Vec<String>,
}

/// The policy: two clusters, twenty teams with a namespace each, one per department.
pub fn policy() -> String {
    let mut text = String::from(
        "tenant: contoso.onmicrosoft.com\nlimits: { sweepCallsPerSecond: 1000 }\nclusters:\n",
    );
    for cluster in ["east-aks", "west-aks"] {
        let _ = writeln!(
            text,
            "  {cluster}:\n    resourceId: /subscriptions/00000000-0000-4000-8000-00000000000a/\
             resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/{cluster}\n    \
             authorization: azure-rbac\n    adminGroup: Admins_{}",
            &cluster[..4]
        );
    }
    text.push_str("teams:\n");
    for team in 0..TEAMS {
        let cluster = if team % 2 == 0 { "east-aks" } else { "west-aks" };
        let _ = writeln!(
            text,
            "  team-{team:02}:\n    group: Team_{team:02}\n    access: [{{ cluster: {cluster}, \
             namespace: space-{team:02}, role: writer }}]"
        );
    }
    text.push_str("birthright:\n");
    for team in 0..TEAMS {
        let _ = writeln!(
            text,
            "  - when: {{ department: Dept {team:02} }}\n    teams: [team-{team:02}]"
        );
    }
    text
}

/// Fills the tenant and the ledger with `size` people.
///
/// # Errors
/// When the ledger cannot be written.
pub async fn fill(world: &World, ledger: &Path, size: usize) -> Result<Company> {
    let users = directory(world, size)?;
    let store = LocalFileSystem::new_with_prefix(ledger)?;
    let ledger = Ledger::on(Arc::new(store));
    let writes = users.clone().into_iter().enumerate();
    let writes = writes.map(|(at, user)| {
        let ledger = ledger.clone();
        async move { hire(&ledger, at, &user).await }
    });
    stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(Company { users })
}

/// The team of a person: of five people one is in a team.
pub fn team_of(person: usize) -> Option<usize> {
    person.is_multiple_of(5).then_some(person / 5 % TEAMS)
}

fn directory(world: &World, size: usize) -> Result<Vec<String>> {
    let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
    let teams: Vec<String> = (0..TEAMS)
        .map(|team| group(&directory, &format!("Team_{team:02}")))
        .collect::<Result<_>>()?;
    let mut users = Vec::with_capacity(size);
    for person in 0..size {
        let user = directory.add_user(&format!("p{person}"));
        let employee = |user: &mut sandbox::directory::User| {
            user.other.insert("employeeId".to_owned(), json!(id(person)));
        };
        directory.change_user(&user, employee).context("the user was made")??;
        if let Some(team) = team_of(person) {
            directory.add_to_group(&teams[team], &user)?;
        }
        users.push(user);
    }
    let mut random = SmallRng::seed_from_u64(size as u64);
    for noise in 0..size / PER_GROUP {
        let group = directory.add_group(&format!("Club {noise}"));
        for _ in 0..PER_GROUP {
            let member = users.choose(&mut random).context("there are users")?.clone();
            directory.add_member(&group, &member);
        }
    }
    Ok(users)
}

fn group(directory: &Directory, name: &str) -> Result<String> {
    let found = directory.groups().find(|group| group.display_name == name);
    Ok(found.with_context(|| format!("group {name} was made"))?.id.clone())
}

/// The id HR knows somebody by.
fn id(person: usize) -> String {
    (100_000 + person).to_string()
}

async fn hire(ledger: &Ledger, at: usize, user: &str) -> Result<()> {
    let person = PersonId::new(id(at))?;
    let (stream, now) = (person_stream(&person), Timestamp::now());
    let records = [PersonRecord::Fact(hired(at, person, now)?), linked(user)?];
    for (sequence, record) in (0..).zip(&records) {
        ledger.append(&stream, sequence, now, record).await?;
    }
    ledger.append(&format!("links/{user}"), 0, now, &id(at)).await?;
    Ok(())
}

fn linked(user: &str) -> Result<PersonRecord> {
    Ok(PersonRecord::Linked { user: ObjectId::new(user)? })
}

fn hired(at: usize, person: PersonId, now: Timestamp) -> Result<Fact> {
    let department = match team_of(at) {
        Some(team) => format!("Dept {team:02}"),
        None => "Sales".to_owned(),
    };
    let effective = now - SignedDuration::from_hours(24 * 30);
    Ok(Fact {
        event: EventKey { source: "//hr/contoso".to_owned(), id: format!("h-{at}") },
        person,
        spell: SpellId::new("s-1")?,
        kind: FactKind::Hired,
        effective,
        revision: 1,
        recorded: effective,
        urgency: Urgency::Scheduled,
        worker_type: None,
        reason_class: None,
        attributes: Attributes {
            department: Some(department),
            user_principal_name: Some(format!("p{at}@contoso.onmicrosoft.com")),
            ..Attributes::default()
        },
        legal_hold: None,
    })
}

/// Edits `count` memberships by hand: every other edit adds somebody to a team that is not theirs.
///
/// # Errors
/// When an edit is not possible.
pub fn edit(world: &World, company: &Company, count: usize) -> Result<()> {
    let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
    let mut random = SmallRng::seed_from_u64(7);
    for at in 0..count {
        // People of no team, so that every edit is drift.
        let person = random.random_range(0..company.users.len() / 5) * 5 + 1;
        let team = group(&directory, &format!("Team_{:02}", at % TEAMS))?;
        directory.add_member(&team, &company.users[person]);
    }
    Ok(())
}
