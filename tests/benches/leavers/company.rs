//! Many clusters, and people who leave at once: each is in a team, has a binding made by hand in
//! three clusters and an Azure role at a fourth.

use std::{fmt::Write as _, sync::PoisonError};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use sandbox::{World, directory::User};
use serde_json::{Value, json};
use xtask::doors::Doors;

/// Teams of the policy, each with a namespace in a cluster of its own as far as there are enough.
const TEAMS: usize = 10;
/// Clusters in which each person has a binding made by hand.
const BOUND: usize = 3;
/// Events sent at a time while the company is made.
const AT_ONCE: usize = 8;

/// Somebody who will leave.
#[derive(Debug, Clone)]
pub struct Leaver {
    /// As HR knows them.
    pub person: String,
    /// The Entra user's object id.
    pub user: String,
    /// Clusters with a binding by hand, which is named after the person.
    pub bound: Vec<String>,
    /// The name of the role assignment.
    pub role: String,
}

/// Name of a cluster by its number.
pub fn cluster(at: usize) -> String {
    format!("aks-{at:03}")
}

/// The name of a person's binding by hand.
pub fn binding(person: &str) -> String {
    format!("by-hand-{person}")
}

/// The policy: that many clusters, every other one with Azure RBAC, and ten teams.
pub fn policy(clusters: usize) -> String {
    let mut text = String::from(
        "tenant: contoso.onmicrosoft.com\nlimits: { leaversPerHour: 10000 }\n\
         people: { match: employeeId, create: true }\nclusters:\n",
    );
    for at in 0..clusters {
        let (name, kind) = (cluster(at), ["azure-rbac", "kubernetes-rbac"][at % 2]);
        let _ = writeln!(
            text,
            "  {name}:\n    resourceId: /subscriptions/00000000-0000-4000-8000-00000000000a/\
             resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/{name}\n    \
             authorization: {kind}\n    adminGroup: Cluster_admins"
        );
    }
    text.push_str("teams:\n");
    for team in 0..TEAMS {
        let _ = writeln!(
            text,
            "  team-{team}:\n    group: Team_{team}\n    access: [{{ cluster: {}, namespace: \
             space-{team}, role: writer }}]",
            cluster(team % clusters)
        );
    }
    text.push_str("birthright:\n");
    for team in 0..TEAMS {
        let _ = writeln!(text, "  - when: {{ department: Dept {team} }}\n    teams: [team-{team}]");
    }
    text
}

/// Hires the people with these numbers. What follows is still to come.
///
/// # Errors
/// When the door refuses one.
pub async fn hire(doors: &Doors, people: impl Iterator<Item = usize>) -> Result<()> {
    let hired = people.map(|at| async move {
        let data = json!({
            "effectiveFrom": "2024-01-02T09:00:00", "tz": "Europe/Paris", "attributes": {
                "department": format!("Dept {}", at % TEAMS), "displayName": "Robin Example",
                "userPrincipalName": upn(&person(at)),
            },
        });
        tell(doors, "person.hired.v1", &person(at), 1, data).await
    });
    stream::iter(hired).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(drop)
}

/// The end of somebody's employment, now.
///
/// # Errors
/// When the door refuses it.
pub async fn leave(doors: &Doors, person: &str, now: Timestamp) -> Result<()> {
    let data = json!({
        "effectiveFrom": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(), "tz": "UTC",
        "urgency": "immediate",
    });
    tell(doors, "person.terminated.v1", person, 2, data).await
}

async fn tell(doors: &Doors, kind: &str, person: &str, revision: u32, data: Value) -> Result<()> {
    let mut event = json!({
        "specversion": "1.0", "id": format!("{kind}-{person}"), "source": "//hr/contoso",
        "type": kind, "subject": format!("person/{person}"), "data": data,
    });
    event["data"]["personId"] = json!(person);
    event["data"]["spellId"] = json!("s-1");
    event["data"]["sourceRevision"] = json!(revision);
    let answer = doors.hr(event.to_string().as_bytes()).await?;
    ensure!(answer.ok(), "{kind} of {person}: {}", answer.complaint());
    Ok(())
}

/// Gives the people with these numbers what others gave them by hand.
///
/// # Errors
/// When one of them has no user yet.
pub fn burden(
    world: &World,
    clusters: usize,
    people: impl Iterator<Item = usize>,
) -> Result<Vec<Leaver>> {
    people.map(|at| burdened(world, clusters, at)).collect()
}

fn burdened(world: &World, clusters: usize, at: usize) -> Result<Leaver> {
    let person = person(at);
    let user = {
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        // They have worked here for a while: Entra counts in seconds, and whoever was made in the
        // second of their end has no session from before it.
        let before = |user: &mut User| user.sessions_valid_from -= SignedDuration::from_hours(1);
        directory.change_user(&upn(&person), before).context("a user")??;
        directory.user(&upn(&person)).context("a user")?.id.clone()
    };
    let bound: Vec<_> = (0..BOUND).map(|n| cluster((at * BOUND + n) % clusters)).collect();
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let mut states = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    for name in &bound {
        let state = states.get_mut(name).context("a cluster")?;
        state.bind_cluster(&binding(&person), "edit", ("User", &upn(&person)));
    }
    let scope = &states[&cluster(at % clusters)].resource_id;
    let id = azure.assign("Contributor", scope, "User", &user);
    let role = id.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Leaver { person, user, bound, role })
}

fn person(at: usize) -> String {
    (20_000 + at).to_string()
}

fn upn(person: &str) -> String {
    format!("p{person}@contoso.onmicrosoft.com")
}
