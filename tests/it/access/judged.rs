//! The view, judged by the clusters' own authorizers: in worlds made at random, whoever may list
//! or create pods somewhere has a row that says so, and nobody else has.

use std::{
    collections::BTreeSet,
    sync::{
        PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use futures::future::join_all;
use jiff::SignedDuration;
use latchkey_cluster::Review;
use latchkey_core::ObjectId;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use reqwest::Method;
use sandbox::{
    ClusterSpec, Directory,
    azure::{Assignments, Permission},
    directory::{AccessId, Form, Schedule},
    kubernetes,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use xtask::tenant;

use crate::played::Played;

/// Worlds that are judged.
const WORLDS: u32 = 32;
const CLUSTERS: [&str; 2] = ["private-aks", "retail-aks"];
const NAMESPACES: [&str; 2] = ["shop", "dev"];
const SUBSCRIPTION: &str = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140";

/// What may hold access: four users, an application and four groups.
const USERS: usize = 4;
const GROUPS: usize = 4;
const HOLDERS: usize = USERS + 1 + GROUPS;

/// A small world. Holders are numbered: users, the application, then groups.
#[derive(Debug, Clone)]
struct World {
    /// Who is in which group.
    members: Vec<(usize, usize, How)>,
    /// Azure roles: which, where and whose.
    roles: Vec<(&'static str, Index, usize)>,
    /// Bindings: in which cluster and namespace, to what, and of whom.
    bindings: Vec<(usize, Option<usize>, &'static str, Named)>,
    /// For each cluster, whether Azure roles count in it, and its admin group.
    settings: [(bool, Option<usize>); 2],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Member,
    Eligible,
    ForATime,
}

/// How a binding names whom.
#[derive(Debug, Clone, Copy)]
enum Named {
    AsTokensDo(usize),
    InCapitals(usize),
    ByObjectId(usize),
    Everybody,
}

const AZURE: [&str; 7] = [
    "Azure Kubernetes Service RBAC Reader",
    "Azure Kubernetes Service RBAC Writer",
    "Azure Kubernetes Service RBAC Admin",
    "Azure Kubernetes Service RBAC Cluster Admin",
    "Azure Kubernetes Service Cluster User Role",
    "Pods of others",
    "Contributor",
];
const BOUND: [&str; 7] =
    ["view", "edit", "admin", "cluster-admin", "pod-lister", "config-reader", "no-such-role"];

fn worlds() -> impl Strategy<Value = World> {
    let how =
        prop_oneof![4 => Just(How::Member), 1 => Just(How::Eligible), 1 => Just(How::ForATime)];
    let named = prop_oneof![
        6 => (0..HOLDERS).prop_map(Named::AsTokensDo),
        1 => (0..HOLDERS).prop_map(Named::InCapitals),
        1 => (0..HOLDERS).prop_map(Named::ByObjectId),
        1 => Just(Named::Everybody),
    ];
    let binding = (0..2_usize, proptest::option::of(0..2_usize), select(&BOUND[..]), named);
    let setting = (any::<bool>(), proptest::option::of(0..GROUPS));
    (
        vec((0..HOLDERS, 0..GROUPS, how), 0..10),
        vec((select(&AZURE[..]), any::<Index>(), 0..HOLDERS), 0..6),
        vec(binding, 0..5),
        [setting.clone(), setting],
    )
        .prop_map(|(members, roles, bindings, settings)| World {
            members,
            roles,
            bindings,
            settings,
        })
}

/// The stage, and the holders of the world on it.
struct Court {
    played: Played,
    holders: Vec<String>,
    /// How often the answer was yes: a court that only hears no proves nothing.
    allowed: AtomicU32,
}

impl Court {
    /// Everything that gives access is forgotten, and the world put in its place.
    fn set(&mut self, world: &World) {
        let sandbox = &self.played.stage.sandbox.world;
        let nobody = Directory::new(&sandbox.config, sandbox.clock.clone());
        *sandbox.directory.write().unwrap_or_else(PoisonError::into_inner) = nobody;
        tenant::identities(&self.played.stage.sandbox).expect("the apps are readable");
        let mut directory = sandbox.directory.write().unwrap_or_else(PoisonError::into_inner);
        let mut holders: Vec<_> =
            (0..USERS).map(|at| directory.add_user(&format!("user{at}"))).collect();
        holders.push(directory.add_managed_identity("robot", "client-robot"));
        holders.extend((0..GROUPS).map(|at| directory.add_group(&format!("group{at}"))));
        let now = sandbox.clock.now();
        for &(member, group, how) in &world.members {
            let (member, group) = (&holders[member], &holders[USERS + 1 + group]);
            if member == group {
                continue;
            }
            match how {
                How::Member => assert!(directory.add_member(group, member)),
                How::Eligible | How::ForATime => {
                    let schedule = schedule(group, member, how, now);
                    directory.put_schedule(schedule).expect("both exist");
                }
            }
        }
        drop(directory);
        self.holders = holders;
        self.set_clusters(world);
        self.set_roles(world);
    }

    fn set_clusters(&self, world: &World) {
        let sandbox = &self.played.stage.sandbox.world;
        let mut azure = sandbox.azure.write().unwrap_or_else(PoisonError::into_inner);
        let mut clusters = sandbox.clusters.write().unwrap_or_else(PoisonError::into_inner);
        for (name, (azure_rbac, admins)) in CLUSTERS.into_iter().zip(world.settings) {
            let admins: Vec<_> =
                admins.map(|at| &self.holders[USERS + 1 + at]).into_iter().collect();
            azure.clusters.edit(name, |document| {
                document["properties"]["aadProfile"] = json!({
                    "managed": true, "enableAzureRBAC": azure_rbac, "adminGroupObjectIDs": admins,
                });
            });
            let resource_id = azure.clusters.named(name).expect("a cluster").resource_id.clone();
            let spec = ClusterSpec {
                name: name.to_owned(),
                resource_id,
                azure_rbac,
                admin_group: None,
                local_accounts: false,
            };
            let mut state = kubernetes::State::new(&spec);
            for (role, resource) in [("pod-lister", "pods"), ("config-reader", "configmaps")] {
                state.add(json!({
                    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                    "metadata": { "name": role },
                    "rules": [{ "apiGroups": [""], "resources": [resource], "verbs": ["list"] }],
                }));
            }
            NAMESPACES.iter().for_each(|namespace| state.add_namespace(namespace));
            clusters.insert(name.to_owned(), state);
        }
        for (at, &(cluster, namespace, role, named)) in world.bindings.iter().enumerate() {
            let state = clusters.get_mut(CLUSTERS[cluster]).expect("a cluster");
            let (kind, subject) = self.subject(named);
            let (name, subject) = (format!("b{at}"), (kind, subject.as_str()));
            match namespace {
                Some(namespace) => {
                    state.bind((NAMESPACES[namespace], &name), ("ClusterRole", role), subject);
                }
                None => state.bind_cluster(&name, role, subject),
            }
        }
    }

    fn set_roles(&self, world: &World) {
        let sandbox = &self.played.stage.sandbox.world;
        let mut azure = sandbox.azure.write().unwrap_or_else(PoisonError::into_inner);
        azure.assignments = Assignments::default();
        azure.add_custom_role(
            "Pods of others",
            Permission {
                data_actions: vec!["Microsoft.ContainerService/*/pods/*".to_owned()],
                not_data_actions: vec!["*/write".to_owned()],
                ..Permission::default()
            },
        );
        let ids = CLUSTERS.map(|name| azure.clusters.named(name).expect("one").resource_id.clone());
        let mut scopes =
            vec![SUBSCRIPTION.to_owned(), format!("{SUBSCRIPTION}/resourceGroups/rg-spoke")];
        for id in ids {
            scopes.extend(NAMESPACES.map(|namespace| format!("{id}/namespaces/{namespace}")));
            scopes.push(format!("{}/managedNamespaces/shop", id.to_uppercase()));
            scopes.push(id);
        }
        let mut given = BTreeSet::new();
        for &(role, at, holder) in &world.roles {
            let scope = at.get(&scopes);
            if given.insert((role, scope, holder)) {
                azure.assign(role, scope, self.kind(holder), &self.holders[holder]);
            }
        }
    }

    fn kind(&self, holder: usize) -> &'static str {
        match holder {
            0..USERS => "User",
            USERS => "ServicePrincipal",
            _ => "Group",
        }
    }

    /// What tokens call a holder.
    fn name(&self, holder: usize) -> String {
        match holder {
            0..USERS => format!("user{holder}@contoso.onmicrosoft.com"),
            _ => self.holders[holder].clone(),
        }
    }

    fn subject(&self, named: Named) -> (&'static str, String) {
        let kind = |holder| if holder > USERS { "Group" } else { "User" };
        match named {
            Named::AsTokensDo(holder) => (kind(holder), self.name(holder)),
            Named::InCapitals(holder) => (kind(holder), self.name(holder).to_uppercase()),
            Named::ByObjectId(holder) => (kind(holder), self.holders[holder].clone()),
            Named::Everybody => ("Group", "system:authenticated".to_owned()),
        }
    }

    /// Compares every answer of the authorizers with the rows.
    async fn judge(&self) -> Result<(), TestCaseError> {
        let answer = self.played.doors.ops(Method::GET, "access?limit=5000", None).await;
        let answer = answer.expect("an answer");
        prop_assert_eq!(answer.status, 200, "{}", answer.complaint());
        prop_assert_eq!(&answer.body["unseen"], &json!([]));
        let rows = answer.body["rows"].as_array().expect("rows");
        let asked =
            questions().map(|question| async move { (question, self.allowed(question).await) });
        for (question, allowed) in join_all(asked).await {
            let said: Vec<_> = rows
                .iter()
                .filter(|row| says(row, question, &self.holders[question.holder]))
                .collect();
            prop_assert_eq!(!said.is_empty(), allowed, "{:?}: {:?}", question, said);
            self.allowed.fetch_add(u32::from(allowed), Ordering::Relaxed);
        }
        Ok(())
    }

    async fn allowed(&self, question: Question) -> bool {
        let Question { cluster, place, verb, holder } = question;
        let oid = &self.holders[holder];
        let groups = {
            let world = &self.played.stage.sandbox.world;
            world.directory.read().unwrap_or_else(PoisonError::into_inner).groups_of(oid)
        };
        let id = |id: &String| ObjectId::new(id.as_str()).expect("an object id");
        let review = Review {
            user: self.name(holder),
            groups: groups.iter().map(id).collect(),
            oid: id(oid),
            namespace: place.map(|name| name.parse().expect("a namespace")),
            verb: verb.to_owned(),
            group: String::new(),
            resource: "pods".to_owned(),
        };
        let cx = self.played.stage.cx();
        let cluster = cx.cluster(&cluster.parse().expect("a cluster")).await.expect("it serves");
        cluster.review(&review).await.expect("a verdict").allowed
    }
}

fn schedule(group: &str, member: &str, how: How, now: jiff::Timestamp) -> Schedule {
    Schedule {
        id: format!("{group}_member_{member}"),
        group: group.to_owned(),
        principal: member.to_owned(),
        access: AccessId::Member,
        form: if how == How::Eligible { Form::Eligible } else { Form::Active },
        created_using: String::new(),
        created: now,
        modified: None,
        starts: now,
        ends: Some(now + SignedDuration::from_hours(8)),
        activated_using: None,
    }
}

/// May this holder do this to pods there?
#[derive(Debug, Clone, Copy)]
struct Question {
    cluster: &'static str,
    place: Option<&'static str>,
    verb: &'static str,
    holder: usize,
}

fn questions() -> impl Iterator<Item = Question> {
    let places = [None, Some(NAMESPACES[0]), Some(NAMESPACES[1])];
    let asked = places.into_iter().flat_map(|place| [(place, "list"), (place, "create")]);
    let of = move |(cluster, holder)| {
        asked.clone().map(move |(place, verb)| Question { cluster, place, verb, holder })
    };
    CLUSTERS.into_iter().flat_map(|cluster| (0..=USERS).map(move |at| (cluster, at))).flat_map(of)
}

/// Whether a row says that somebody may do this to pods there, now.
fn says(row: &Value, question: Question, id: &str) -> bool {
    let Question { cluster, place, verb, .. } = question;
    let theirs = row["who"]["id"] == id || row["who"]["kind"] == "everybody";
    let here = row["namespace"].is_null() || place.is_some_and(|place| row["namespace"] == place);
    let can = row["can"].as_str().unwrap_or_default();
    let enough = match verb {
        "list" => ["reader", "writer", "admin", "cluster-admin", "pod-lister", "Pods of others"]
            .contains(&can),
        _ => ["writer", "admin", "cluster-admin"].contains(&can),
    };
    theirs && here && enough && row["cluster"] == cluster && row["standing"]["state"] == "active"
}

#[test]
fn whoever_the_authorizers_allow_has_a_row_that_says_so_and_nobody_else() {
    let runtime = Runtime::new().expect("a runtime");
    let played = runtime.block_on(super::start());
    let court =
        std::cell::RefCell::new(Court { played, holders: Vec::new(), allowed: AtomicU32::new(0) });
    let config = Config { cases: WORLDS, failure_persistence: None, ..Config::default() };
    let judged = TestRunner::new(config).run(&worlds(), |world| {
        court.borrow_mut().set(&world);
        runtime.block_on(court.borrow().judge())
    });
    if let Err(wrong) = judged {
        panic!("{wrong}");
    }
    let allowed = court.borrow().allowed.load(Ordering::Relaxed);
    assert!(allowed > WORLDS * 5, "only {allowed} answers were yes");
}
