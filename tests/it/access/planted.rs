//! Every way into a cluster, planted beside what the policy gives, and what `GET /api/access` says
//! of it through the host.

use std::sync::PoisonError;

use insta::assert_snapshot;
use jiff::SignedDuration;
use reqwest::Method;
use sandbox::{
    azure::{Permission, RoleSchedule},
    directory::{AccessId, Form, Schedule},
};
use serde_json::{Value, json};
use xtask::{doors::Answer, play::plan_all};

use crate::played::{Played, hire};

const SUBSCRIPTION: &str = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140";

/// A tenant in which the policy holds for person 1001, and other doors stand open.
struct Planted(Played);

impl Planted {
    async fn start() -> Self {
        let played = super::start().await;
        plan_all(&played.stage).await.expect("sent");
        played.settled().await;
        let answer = played.send(&hire("1001", "Frontend Ops")).await;
        assert_eq!(answer.status, 202, "{}", answer.complaint());
        played.settled().await;
        let planted = Self(played);
        planted.azure_doors();
        planted.cluster_doors();
        planted.temporary_members();
        planted
    }

    /// An object of the directory: a user, a group or an application, made when it is not there.
    fn user(&self, name: &str) -> String {
        self.directory(|directory| directory.add_user(name))
    }

    fn group(&self, name: &str) -> String {
        self.directory(|directory| {
            let found = directory.groups().find(|g| g.display_name == name).map(|g| g.id.clone());
            found.unwrap_or_else(|| directory.add_group(name))
        })
    }

    fn directory<T>(&self, change: impl FnOnce(&mut sandbox::Directory) -> T) -> T {
        let world = &self.0.stage.sandbox.world;
        change(&mut world.directory.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn azure(&self, change: impl FnOnce(&mut sandbox::azure::State)) {
        let world = &self.0.stage.sandbox.world;
        change(&mut world.azure.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// A Contributor of the subscription, an Owner group of a resource group with a group in it,
    /// a robot with a role of the tenant's own, somebody eligible and somebody for four hours.
    fn azure_doors(&self) {
        let [carol, nora, pia, tom] = ["carol", "nora", "pia", "tom"].map(|name| self.user(name));
        let now = self.0.stage.sandbox.world.clock.now();
        let (owners, nested) = (self.group("Owners"), self.group("Nested"));
        let robot = self.directory(|d| d.add_managed_identity("deployer", "client-deployer"));
        self.directory(|d| d.add_member(&owners, &nested) && d.add_member(&nested, &nora));
        let write = "Microsoft.ContainerService/managedClusters/write".to_owned();
        let permission = Permission { actions: vec![write], ..Permission::default() };
        self.azure(|azure| {
            azure.assign("Contributor", SUBSCRIPTION, "User", &carol);
            let group = format!("{SUBSCRIPTION}/resourceGroups/rg-spoke");
            azure.assign("Owner", &group, "Group", &owners);
            azure.assign("Reader", SUBSCRIPTION, "User", &nora);
            let role = azure.add_custom_role("Cluster deployer", permission);
            let contributor = azure.roles.named("Contributor").expect("built in").guid.clone();
            for (eligible, user) in [(true, &pia), (false, &tom)] {
                let assignment =
                    (!eligible).then(|| azure.assign(&contributor, &group, "User", user));
                azure.schedules.push(RoleSchedule {
                    eligible,
                    role: contributor.clone(),
                    scope: group.clone(),
                    principal_type: "User".to_owned(),
                    principal_id: user.clone(),
                    assignment,
                    starts: now,
                    ends: Some(now + SignedDuration::from_hours(4)),
                });
            }
            azure.assign(&role, &group, "ServicePrincipal", &robot);
        });
    }

    /// A ClusterRoleBinding by name, and local accounts.
    fn cluster_doors(&self) {
        let uma = "uma@contoso.onmicrosoft.com";
        self.user(uma);
        let world = &self.0.stage.sandbox.world;
        let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
        let retail = clusters.get_mut("retail-aks").expect("the cluster of the policy");
        retail.bind_cluster("uma-is-admin", "cluster-admin", ("User", uma));
        drop(clusters);
        self.azure(|azure| {
            azure.clusters.edit("retail-aks", |document| {
                document["properties"]["disableLocalAccounts"] = json!(false);
            });
        });
    }

    /// Somebody eligible for the admin group, and somebody in it for two hours.
    fn temporary_members(&self) {
        let group = self.group("ClusterAdminGroup");
        let now = self.0.stage.sandbox.world.clock.now();
        for (name, form, hours) in [("elias", Form::Eligible, 1000), ("anna", Form::Active, 2)] {
            let principal = self.user(name);
            let schedule = Schedule {
                id: format!("{group}_member_{name}"),
                group: group.clone(),
                principal,
                access: AccessId::Member,
                form,
                created_using: String::new(),
                created: now,
                modified: None,
                starts: now,
                ends: Some(now + SignedDuration::from_hours(hours)),
                activated_using: None,
            };
            self.directory(|directory| directory.put_schedule(schedule)).expect("they exist");
        }
    }

    async fn ask(&self, query: &str) -> Answer {
        let path = format!("access?{query}");
        self.0.doors.ops(Method::GET, &path, None).await.expect("an answer")
    }

    async fn rows(&self, query: &str) -> Vec<Value> {
        let answer = self.ask(query).await;
        assert_eq!(answer.status, 200, "{}", answer.complaint());
        answer.body["rows"].as_array().expect("rows").clone()
    }

    /// Rows as lines, with the names of the directory and without times that each run has anew.
    fn lines(&self, rows: &[Value]) -> String {
        let line = |row: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let who = row["who"]["person"].as_str().map(str::to_owned).unwrap_or_else(|| {
                let id = text(&row["who"]["id"]);
                self.directory(|directory| directory.label(&id)).unwrap_or(id)
            });
            let through: Vec<_> =
                row["through"].as_array().expect("a path").iter().map(text).collect();
            let through = through.join(" -> ").replace("Azure Kubernetes Service", "AKS");
            let until = if row["standing"]["until"].is_string() { " for a time" } else { "" };
            let standing = format!("{}{until}", text(&row["standing"]["state"]));
            let (place, can, why) = (
                format!("{}/{}", text(&row["cluster"]), text(&row["namespace"])),
                &row["can"],
                &row["why"],
            );
            let since = text(&row["since"]["known"]);
            let through = through.split(" until ").next().unwrap_or_default().to_owned()
                + through.split_once('Z').map_or("", |(_, rest)| rest);
            format!(
                "{place} | {who} | {} | {through} | {standing} | {since} | {}",
                text(can),
                text(why)
            )
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_in_has_a_row_with_its_path_and_its_reason() {
    let planted = Planted::start().await;
    let answer = planted.ask("").await;
    assert_eq!(answer.status, 200, "{}", answer.complaint());
    assert_eq!((&answer.body["unseen"], &answer.body["leftOut"]), (&json!([]), &json!(0)));
    let rows = planted.rows("cluster=private-aks").await;
    assert_snapshot!(planted.lines(&rows), @r#"
    private-aks/- | site-admin-1@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> Azure role AKS RBAC Cluster Admin at private-aks | active | notBefore | not in the policy: nothing puts them into team platform
    private-aks/- | site-admin-1@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active | unknown | not in the policy: nothing puts them into team platform
    private-aks/- | tom@contoso.onmicrosoft.com | changes the cluster | Azure role Contributor at resource group rg-spoke | active for a time | exactly | not in the policy
    private-aks/- | tom@contoso.onmicrosoft.com | takes admin credentials | Azure role Contributor at resource group rg-spoke | dormant for a time | exactly | not in the policy
    private-aks/- | tom@contoso.onmicrosoft.com | runs commands | Azure role Contributor at resource group rg-spoke | active for a time | exactly | not in the policy
    private-aks/- | carol@contoso.onmicrosoft.com | changes the cluster | Azure role Contributor at subscription 5c3d2b1a-0f9e-4d8c-b7a6-958473625140 | active | exactly | not in the policy
    private-aks/- | carol@contoso.onmicrosoft.com | takes admin credentials | Azure role Contributor at subscription 5c3d2b1a-0f9e-4d8c-b7a6-958473625140 | dormant | exactly | not in the policy
    private-aks/- | carol@contoso.onmicrosoft.com | runs commands | Azure role Contributor at subscription 5c3d2b1a-0f9e-4d8c-b7a6-958473625140 | active | exactly | not in the policy
    private-aks/- | anna@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> Azure role AKS RBAC Cluster Admin at private-aks | active for a time | exactly | not in the policy: nothing puts them into team platform
    private-aks/- | anna@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active for a time | notBefore | not in the policy: nothing puts them into team platform
    private-aks/- | site-admin-2@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> Azure role AKS RBAC Cluster Admin at private-aks | active | notBefore | not in the policy: nothing puts them into team platform
    private-aks/- | site-admin-2@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active | unknown | not in the policy: nothing puts them into team platform
    private-aks/- | pia@contoso.onmicrosoft.com | changes the cluster | eligible for Azure role Contributor at resource group rg-spoke | eligible for a time | exactly | not in the policy
    private-aks/- | pia@contoso.onmicrosoft.com | takes admin credentials | eligible for Azure role Contributor at resource group rg-spoke | dormant for a time | exactly | not in the policy
    private-aks/- | pia@contoso.onmicrosoft.com | runs commands | eligible for Azure role Contributor at resource group rg-spoke | eligible for a time | exactly | not in the policy
    private-aks/- | elias@contoso.onmicrosoft.com | cluster-admin | eligible for group ClusterAdminGroup -> Azure role AKS RBAC Cluster Admin at private-aks | eligible for a time | exactly | not in the policy: nothing puts them into team platform
    private-aks/- | elias@contoso.onmicrosoft.com | cluster-admin | eligible for group ClusterAdminGroup -> admin group of the cluster | eligible for a time | notBefore | not in the policy: nothing puts them into team platform
    private-aks/- | nora@contoso.onmicrosoft.com | changes the cluster | group Nested -> group Owners -> Azure role Owner at resource group rg-spoke | active | notBefore | not in the policy
    private-aks/- | nora@contoso.onmicrosoft.com | takes admin credentials | group Nested -> group Owners -> Azure role Owner at resource group rg-spoke | dormant | notBefore | not in the policy
    private-aks/- | nora@contoso.onmicrosoft.com | runs commands | group Nested -> group Owners -> Azure role Owner at resource group rg-spoke | active | notBefore | not in the policy
    private-aks/- | nora@contoso.onmicrosoft.com | assigns roles | group Nested -> group Owners -> Azure role Owner at resource group rg-spoke | active | notBefore | not in the policy
    private-aks/- | deployer | changes the cluster | Azure role Cluster deployer at resource group rg-spoke | active | exactly | not in the policy
    private-aks/frontend | 1001 | writer | group Ops_Frontend_team -> Azure role AKS RBAC Writer at private-aks/frontend | active | notBefore | team frontend: birthright: department = Frontend Ops
    "#);
    let rows = planted.rows("cluster=retail-aks").await;
    assert_snapshot!(planted.lines(&rows), @r#"
    retail-aks/- | site-admin-1@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active | unknown | not in the policy: nothing puts them into team platform
    retail-aks/- | carol@contoso.onmicrosoft.com | changes the cluster | Azure role Contributor at subscription 5c3d2b1a-0f9e-4d8c-b7a6-958473625140 | active | exactly | not in the policy
    retail-aks/- | carol@contoso.onmicrosoft.com | takes admin credentials | Azure role Contributor at subscription 5c3d2b1a-0f9e-4d8c-b7a6-958473625140 | active | exactly | not in the policy
    retail-aks/- | carol@contoso.onmicrosoft.com | runs commands | Azure role Contributor at subscription 5c3d2b1a-0f9e-4d8c-b7a6-958473625140 | active | exactly | not in the policy
    retail-aks/- | anna@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active for a time | notBefore | not in the policy: nothing puts them into team platform
    retail-aks/- | site-admin-2@contoso.onmicrosoft.com | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active | unknown | not in the policy: nothing puts them into team platform
    retail-aks/- | elias@contoso.onmicrosoft.com | cluster-admin | eligible for group ClusterAdminGroup -> admin group of the cluster | eligible for a time | notBefore | not in the policy: nothing puts them into team platform
    retail-aks/- | uma@contoso.onmicrosoft.com | cluster-admin | ClusterRoleBinding uma-is-admin to ClusterRole/cluster-admin | active | exactly | not in the policy
    retail-aks/- | clusterAdmin | cluster-admin | static credential of the cluster | active | unknown | the policy leaves local accounts as they are
    retail-aks/- | 1001 | reader | ClusterRoleBinding latchkey-f3222281635e7b99 to ClusterRole/view | active | exactly | granted by name
    retail-aks/shop | 1001 | reader | group Ops_Frontend_team -> RoleBinding shop/latchkey-ba93e60c0bd34e48 to ClusterRole/view | active | notBefore | team frontend: birthright: department = Frontend Ops
    "#);
    assert!(!answer.body.to_string().contains('@'), "no name, no mail address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_parameter_narrows_and_an_unknown_one_is_named() {
    let planted = Planted::start().await;
    let person = planted.rows("person=1001").await;
    assert!(person.iter().all(|row| row["who"]["person"] == "1001") && !person.is_empty());
    let carol = planted.user("carol");
    let object = planted.rows(&format!("person={carol}&cluster=private-aks")).await;
    assert!(object.iter().all(|row| row["who"]["id"] == json!(carol)) && !object.is_empty());
    let team = planted.rows("team=frontend").await;
    assert_eq!(team.len(), 2, "{team:?}");
    let namespace = planted.rows("cluster=private-aks&namespace=frontend").await;
    let here = |row: &Value| row["namespace"].is_null() || row["namespace"] == "frontend";
    assert!(namespace.iter().all(here) && !namespace.is_empty());
    let everything = planted.rows("cluster=&namespace=&person=&team=").await;
    assert_eq!(everything, planted.rows("").await);
    for (query, status, field) in [
        ("cluster=nowhere", 404, "cluster"),
        ("team=nobody", 404, "team"),
        ("person=4711", 404, "person"),
        ("cluster=a/b", 400, "cluster"),
        ("namespace=No_Such", 400, "namespace"),
        ("person=a%20b", 400, "person"),
        ("clusters=private-aks", 400, "clusters"),
        ("limit=0", 400, "limit"),
        ("from=-1", 400, "from"),
    ] {
        let answer = planted.ask(query).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.complaint());
        assert_eq!(answer.body["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_say_what_they_leave_out_and_together_hold_everything() {
    let planted = Planted::start().await;
    let all = planted.rows("").await;
    let (mut paged, mut next) = (Vec::new(), "limit=7&team=".to_owned());
    loop {
        let answer = planted.ask(&next).await;
        let rows = answer.body["rows"].as_array().expect("rows").clone();
        assert_eq!(answer.body["total"], json!(all.len()));
        assert_eq!(answer.body["leftOut"], json!(all.len() - rows.len()));
        paged.extend(rows);
        match answer.body["next"].as_str() {
            Some(link) => link.strip_prefix("/api/access?").expect("a link").clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(paged, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_seen_is_said_and_the_rest_is_told_all_the_same() {
    let planted = Planted::start().await;
    planted.azure(|azure| {
        azure.clusters.edit("retail-aks", |document| {
            document["properties"]["powerState"] = json!({ "code": "Stopped" });
        });
    });
    let mut rights = xtask::tenant::rights(handlers::events::ops::NEEDS);
    rights.arm.remove("Microsoft.Authorization/roleDefinitions/read");
    rights.arm.remove("Microsoft.Authorization/roleEligibilityScheduleInstances/read");
    rights.graph.retain(|permission| !permission.starts_with("Privileged"));
    planted.0.stage.sandbox.world.grant("ops", rights);
    let answer = planted.ask("").await;
    assert_eq!(answer.status, 200, "{}", answer.complaint());
    let unseen = answer.body["unseen"].as_array().expect("notes").iter();
    // Which groups and roles: what the planners' looks at the clusters have read is known already.
    let told = unseen.map(|note| {
        let what = note["what"].as_str().expect("what").to_owned();
        let kind = what.split(':').next().unwrap_or_default();
        let kind = kind.split(" ClusterAdminGroup").next().unwrap_or_default();
        format!("{kind}: {}", note["why"])
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    PIM memberships, eligible or for a time, in groups: "Graph denied GET PIM instances of a group: Authorization_RequestDenied"
    what Azure roles permit: "ARM denied GET roleDefinition: AuthorizationFailed"
    Azure roles under PIM, eligible or for a time: "ARM denied GET roleEligibilityScheduleInstances: AuthorizationFailed"
    Azure roles under PIM, eligible or for a time: "ARM denied GET roleEligibilityScheduleInstances: AuthorizationFailed"
    RoleBindings and ClusterRoleBindings: "the cluster is stopped"
    "#);
    let rows = answer.body["rows"].as_array().expect("rows");
    assert!(rows.iter().any(|row| row["who"]["kind"] == "localAccount"));
    assert!(!rows.iter().any(|row| row["standing"]["state"] == "eligible"));
}
