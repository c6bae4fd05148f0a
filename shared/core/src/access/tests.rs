//! A world with every path in it, and what the view says of it.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use uuid::{Uuid, uuid};

use super::{
    observed::{Assignment, Cluster, Group, Member, Principal, PrincipalKind, Settings, Tenure},
    *,
};
use crate::{
    ObjectId,
    azure_role::AzureRole,
    desired::{Account, Desired, Why},
    fixtures::{hour, id, policy, team},
    holdings::{Binding, PrincipalType, RoleAssignment, RoleRef, Subject},
};

const OWNER: Uuid = uuid!("8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
const OWN: Uuid = uuid!("00000000-0000-4000-8000-00000000cafe");
const SUBSCRIPTION: &str = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140";

/// Two clusters of the example policy that nobody has anything in.
fn empty() -> Observed {
    let settings = |azure_rbac| Settings {
        entra: true,
        azure_rbac,
        local_accounts: false,
        run_command: true,
        admin_groups: Vec::new(),
    };
    let cluster = |name: &str, azure_rbac| Cluster {
        name: name.parse().unwrap(),
        settings: Some(settings(azure_rbac)),
        assignments: Vec::new(),
        bindings: Vec::new(),
    };
    let prefix = "Microsoft.ContainerService/managedClusters";
    let mut observed = Observed {
        clusters: vec![cluster("private-aks", true), cluster("retail-aks", false)],
        ..Observed::default()
    };
    for role in AzureRole::ALL {
        let (actions, data) = match role {
            AzureRole::ClusterUser => (format!("{prefix}/listClusterUserCredential/action"), None),
            _ => ("Microsoft.Authorization/*/read".to_owned(), Some(format!("{prefix}/pods/*"))),
        };
        observed.define(role.id(), role.name(), &[&actions], data.as_deref());
    }
    observed.define(OWNER, "Owner", &["*"], None);
    observed
}

impl Observed {
    fn define(&mut self, id: Uuid, name: &str, actions: &[&str], data: Option<&str>) {
        let permission = Permission {
            actions: actions.iter().map(ToString::to_string).collect(),
            data_actions: data.into_iter().map(str::to_owned).collect(),
            ..Permission::default()
        };
        self.roles.insert(id, Role { name: name.to_owned(), permissions: vec![permission] });
    }

    /// A user; the one with a person id is linked to that person.
    fn user(&mut self, number: u32, person: Option<&str>) -> ObjectId {
        self.principal(number, person, PrincipalKind::User)
    }

    fn principal(&mut self, number: u32, person: Option<&str>, kind: PrincipalKind) -> ObjectId {
        let upn =
            (kind != PrincipalKind::ServicePrincipal).then(|| format!("u{number}@contoso.example"));
        let person = person.map(|person| person.parse().unwrap());
        self.principals.insert(id(number), Principal { kind, person, upn, enabled: true });
        id(number)
    }

    fn group(&mut self, number: u32, name: &str, members: &[(&ObjectId, Tenure)]) -> ObjectId {
        let member =
            |(id, tenure): &(&ObjectId, Tenure)| Member { id: (*id).clone(), tenure: *tenure };
        let members = Some(members.iter().map(member).collect());
        self.groups.insert(id(number), Group { name: name.parse().unwrap(), members });
        id(number)
    }

    fn assign(&mut self, role: Uuid, scope: &str, to: &ObjectId, kind: PrincipalType) {
        let held = RoleAssignment {
            id: format!("{scope}/{role}/{to}"),
            scope: scope.to_owned(),
            role,
            principal: to.clone(),
            principal_type: kind,
            description: None,
            created: Some(hour(1)),
            conditional: false,
        };
        for cluster in &mut self.clusters {
            let assignment =
                Assignment { held: held.clone(), tenure: Tenure::default(), ours: true };
            cluster.assignments.push(assignment);
        }
    }

    fn bind(&mut self, cluster: usize, namespace: Option<&str>, role: RoleRef, subject: Subject) {
        let seen = &mut self.clusters[cluster];
        seen.bindings.push(Binding {
            cluster: seen.name.clone(),
            namespace: namespace.map(|name| name.parse().unwrap()),
            name: format!("b{}", seen.bindings.len()),
            role,
            subjects: vec![subject],
            uid: "u".to_owned(),
            resource_version: "1".to_owned(),
            managed: false,
            reserved: false,
            created: Some(hour(2)),
        });
    }

    /// The policy means a person to have something.
    fn means(&mut self, person: &str, change: impl FnOnce(&mut Desired)) {
        let nothing = Desired {
            account: Account::Enabled,
            teams: BTreeMap::new(),
            grants: BTreeSet::new(),
            eligible: BTreeMap::new(),
            just_in_time: BTreeMap::new(),
            over: BTreeMap::new(),
            findings: Vec::new(),
        };
        change(self.people.entry(person.parse().unwrap()).or_insert(nothing));
    }

    fn settings(&mut self, cluster: usize) -> &mut Settings {
        self.clusters[cluster].settings.as_mut().unwrap()
    }
}

fn scope(cluster: &str, namespace: Option<&str>) -> String {
    let namespace = namespace.map(|name| name.parse().unwrap());
    policy().scope(&cluster.parse().unwrap(), namespace.as_ref()).unwrap()
}

fn always() -> Tenure {
    Tenure::default()
}

fn told(observed: &Observed) -> String {
    lines(&view(&policy(), observed).rows)
}

/// Rows without the times, which other tests read.
fn lines(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let place = policy::place(&row.cluster, row.namespace.as_ref());
        let through: Vec<_> = row.through.iter().map(ToString::to_string).collect();
        let Row { who, can, standing, why, .. } = row;
        format!("{place} | {who} | {can} | {} | {standing} | {why}", through.join(" -> "))
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n").replace("-1111-4222-8333-444455556666", "")
}

#[test]
fn a_team_is_told_by_person_with_the_reason_of_the_policy() {
    let mut seen = empty();
    let (pat, sam) = (seen.user(1, Some("1042")), seen.user(2, Some("1043")));
    let outside = seen.user(3, None);
    let group = seen.group(
        9,
        "Ops_Frontend_team",
        &[(&pat, always()), (&sam, always()), (&outside, always())],
    );
    seen.named.insert("Ops_Frontend_team".parse().unwrap(), group.clone());
    let why = Why::Birthright { rule: 0, matched: "department = Frontend Ops".to_owned() };
    seen.means("1042", |meant| drop(meant.teams.insert(team("frontend"), vec![why])));
    let (writer, user) = (AzureRole::RbacWriter.id(), AzureRole::ClusterUser.id());
    seen.assign(writer, &scope("private-aks", Some("frontend")), &group, PrincipalType::Group);
    seen.assign(writer, &scope("private-aks", Some("backend")), &group, PrincipalType::Group);
    seen.assign(user, &scope("private-aks", None), &group, PrincipalType::Group);
    assert_snapshot!(told(&seen), @r#"
    private-aks/backend | user 00000003 | writer | group Ops_Frontend_team -> Azure role Azure Kubernetes Service RBAC Writer at private-aks/backend | active | not in the policy
    private-aks/backend | 1042 | writer | group Ops_Frontend_team -> Azure role Azure Kubernetes Service RBAC Writer at private-aks/backend | active | not in the policy
    private-aks/backend | 1043 | writer | group Ops_Frontend_team -> Azure role Azure Kubernetes Service RBAC Writer at private-aks/backend | active | not in the policy
    private-aks/frontend | user 00000003 | writer | group Ops_Frontend_team -> Azure role Azure Kubernetes Service RBAC Writer at private-aks/frontend | active | not in the policy: nothing puts them into team frontend
    private-aks/frontend | 1042 | writer | group Ops_Frontend_team -> Azure role Azure Kubernetes Service RBAC Writer at private-aks/frontend | active | team frontend: birthright: department = Frontend Ops
    private-aks/frontend | 1043 | writer | group Ops_Frontend_team -> Azure role Azure Kubernetes Service RBAC Writer at private-aks/frontend | active | not in the policy: nothing puts them into team frontend
    "#);
}

#[test]
fn every_side_door_of_a_cluster_is_a_row_also_far_above_it() {
    let mut seen = empty();
    let root = seen.user(1, None);
    let robot = seen.principal(2, None, PrincipalKind::ServicePrincipal);
    seen.define(OWN, "Deployer", &["Microsoft.ContainerService/managedClusters/*"], None);
    seen.assign(OWNER, "/", &root, PrincipalType::User);
    seen.assign(OWN, &scope("retail-aks", None), &robot, PrincipalType::ServicePrincipal);
    let namespace = scope("private-aks", Some("backend"));
    seen.assign(OWNER, &namespace, &root, PrincipalType::User);
    seen.assign(OWNER, &format!("{SUBSCRIPTION}/resourceGroups/other"), &root, PrincipalType::User);
    seen.settings(1).local_accounts = true;
    seen.settings(1).run_command = false;
    assert_snapshot!(told(&seen), @r#"
    private-aks | user 00000001 | changes the cluster | Azure role Owner at the tenant's root | active | not in the policy
    private-aks | user 00000001 | takes admin credentials | Azure role Owner at the tenant's root | dormant (local accounts are off) | not in the policy
    private-aks | user 00000001 | runs commands | Azure role Owner at the tenant's root | active | not in the policy
    private-aks | user 00000001 | assigns roles | Azure role Owner at the tenant's root | active | not in the policy
    private-aks/backend | user 00000001 | assigns roles | Azure role Owner at private-aks/backend | active | not in the policy
    retail-aks | user 00000001 | changes the cluster | Azure role Owner at the tenant's root | active | not in the policy
    retail-aks | user 00000001 | takes admin credentials | Azure role Owner at the tenant's root | active | not in the policy
    retail-aks | user 00000001 | runs commands | Azure role Owner at the tenant's root | dormant (the run command is off) | not in the policy
    retail-aks | user 00000001 | assigns roles | Azure role Owner at the tenant's root | active | not in the policy
    retail-aks | service principal 00000002 | changes the cluster | Azure role Deployer at retail-aks | active | not in the policy
    retail-aks | service principal 00000002 | takes admin credentials | Azure role Deployer at retail-aks | active | not in the policy
    retail-aks | service principal 00000002 | runs commands | Azure role Deployer at retail-aks | dormant (the run command is off) | not in the policy
    retail-aks | local account clusterAdmin | cluster-admin | static credential of the cluster | active | the policy leaves local accounts as they are
    "#);
}

#[test]
fn without_entra_whoever_downloads_the_kubeconfig_is_an_admin_and_bindings_sleep() {
    let mut seen = empty();
    let user = seen.user(1, Some("1042"));
    let group = seen.group(9, "Dev", &[(&user, always())]);
    seen.assign(
        AzureRole::ClusterUser.id(),
        &scope("retail-aks", None),
        &group,
        PrincipalType::Group,
    );
    seen.bind(
        1,
        None,
        RoleRef::ClusterRole("view".to_owned()),
        Subject::User("u1@contoso.example".to_owned()),
    );
    seen.settings(1).entra = false;
    seen.settings(1).local_accounts = true;
    assert_snapshot!(told(&seen), @r#"
    retail-aks | local account clusterAdmin | cluster-admin | static credential of the cluster | active | the policy leaves local accounts as they are
    retail-aks | 1042 | reader | ClusterRoleBinding b0 to ClusterRole/view | dormant (the cluster has no Entra integration) | not in the policy
    retail-aks | 1042 | cluster-admin | group Dev -> Azure role Azure Kubernetes Service Cluster User Role at retail-aks -> user credential, an admin's without Entra integration | active | not in the policy
    "#);
    seen.settings(1).local_accounts = false;
    assert_snapshot!(told(&seen), @r#"
    retail-aks | 1042 | reader | ClusterRoleBinding b0 to ClusterRole/view | dormant (the cluster has no Entra integration) | not in the policy
    retail-aks | 1042 | cluster-admin | group Dev -> Azure role Azure Kubernetes Service Cluster User Role at retail-aks -> user credential, an admin's without Entra integration | dormant (local accounts are off) | not in the policy
    "#);
}

#[test]
fn bindings_are_told_by_whom_they_name_letter_by_letter() {
    let mut seen = empty();
    let role = |name: &str| RoleRef::ClusterRole(name.to_owned());
    seen.user(1, Some("1042"));
    seen.principal(2, None, PrincipalKind::Guest);
    let empty_group = seen.group(9, "Nobody_yet", &[]);
    for (namespace, role, subject) in [
        (None, role("cluster-admin"), Subject::User("u1@contoso.example".to_owned())),
        (Some("shop"), role("edit"), Subject::User("U1@contoso.example".to_owned())),
        (Some("shop"), role("view"), Subject::User(id(1).to_string())),
        (Some("shop"), RoleRef::Role("reader".to_owned()), Subject::User(id(2).to_string())),
        (Some("shop"), role("pod-lister"), Subject::User("gone@contoso.example".to_owned())),
        (Some("shop"), role("admin"), Subject::Group(empty_group.to_string())),
        (Some("shop"), role("admin"), Subject::Group("developers".to_owned())),
        (None, role("view"), Subject::Group("system:authenticated".to_owned())),
        (Some("shop"), role("edit"), Subject::ServiceAccount("shop/ci".to_owned())),
    ] {
        seen.bind(1, namespace, role, subject);
    }
    assert_snapshot!(told(&seen), @r#"
    retail-aks | everybody system:authenticated | reader | ClusterRoleBinding b7 to ClusterRole/view | active | not in the policy
    retail-aks | 1042 | cluster-admin | ClusterRoleBinding b0 to ClusterRole/cluster-admin | active | not in the policy
    retail-aks/shop | guest 00000002 | Role reader | RoleBinding shop/b3 to Role/reader | active | not in the policy
    retail-aks/shop | group 00000009 | admin | group Nobody_yet -> RoleBinding shop/b5 to ClusterRole/admin | active (nobody is in it) | not in the policy
    retail-aks/shop | group developers | admin | RoleBinding shop/b6 to ClusterRole/admin | dormant (nobody in the directory is called so) | not in the policy
    retail-aks/shop | service account shop/ci | writer | RoleBinding shop/b8 to ClusterRole/edit | active | not in the policy
    retail-aks/shop | unknown name-61f0bfdf | pod-lister | RoleBinding shop/b4 to ClusterRole/pod-lister | dormant (nobody in the directory is called so) | not in the policy
    retail-aks/shop | 1042 | reader | RoleBinding shop/b2 to ClusterRole/view | dormant (Kubernetes knows them by another name) | not in the policy
    retail-aks/shop | 1042 | writer | RoleBinding shop/b1 to ClusterRole/edit | dormant (Kubernetes knows them by another name) | not in the policy
    "#);
}

#[test]
fn a_grant_of_the_policy_is_told_as_such_where_it_is_bound_and_nowhere_else() {
    let mut seen = empty();
    seen.user(1, Some("1042"));
    let grant = ("retail-aks".parse().unwrap(), "reader".parse().unwrap());
    seen.means("1042", |meant| meant.grants.extend([grant]));
    for (cluster, namespace, role) in
        [(1, None, "view"), (1, None, "edit"), (1, Some("shop"), "view"), (0, None, "view")]
    {
        let subject = Subject::User("u1@contoso.example".to_owned());
        seen.bind(cluster, namespace, RoleRef::ClusterRole(role.to_owned()), subject);
    }
    for seen in &mut seen.clusters {
        seen.bindings.iter_mut().for_each(|binding| binding.managed = true);
    }
    let own = Subject::User("u1@contoso.example".to_owned());
    seen.bind(1, None, RoleRef::ClusterRole("view".to_owned()), own);
    let rows = view(&policy(), &seen).rows;
    let granted: Vec<_> = rows.iter().filter(|row| row.why != "not in the policy").collect();
    assert_eq!(granted.len(), 1);
    assert_eq!((granted[0].cluster.as_str(), &granted[0].can), ("retail-aks", &Can::Reader));
}

#[test]
fn what_kubernetes_binds_to_itself_is_left_out_and_admin_groups_are_told_once() {
    let mut seen = empty();
    let admin = seen.user(1, None);
    let group = seen.group(9, "ClusterAdminGroup", &[(&admin, always())]);
    let drifted = seen.group(8, "Another", &[(&admin, always())]);
    seen.named.insert("ClusterAdminGroup".parse().unwrap(), group.clone());
    seen.settings(1).admin_groups = vec![group.clone()];
    for subject in [group.as_str(), drifted.as_str(), "system:masters"] {
        let role = RoleRef::ClusterRole("cluster-admin".to_owned());
        seen.bind(1, None, role, Subject::Group(subject.to_owned()));
    }
    for binding in &mut seen.clusters[1].bindings {
        binding.name = "aks-cluster-admin-binding-aad".to_owned();
        binding.reserved = true;
    }
    assert_snapshot!(told(&seen), @r#"
    retail-aks | user 00000001 | cluster-admin | group Another -> ClusterRoleBinding aks-cluster-admin-binding-aad to ClusterRole/cluster-admin | active | not in the policy
    retail-aks | user 00000001 | cluster-admin | group ClusterAdminGroup -> admin group of the cluster | active | not in the policy: nothing puts them into team platform
    "#);
}

#[test]
fn nested_groups_are_told_by_the_best_way_from_each_group_somebody_is_in() {
    let mut seen = empty();
    let user = seen.user(1, Some("1042"));
    let eligible = Tenure { eligible: true, since: Some(hour(3)), until: Some(hour(90)) };
    let (a, b, c) = (id(11), id(12), id(13));
    // a contains b twice: at once by eligibility, and through c for good. They form a ring.
    seen.group(13, "C", &[(&b, always()), (&a, always())]);
    seen.group(12, "B", &[(&user, always()), (&c, always())]);
    let top = seen.group(11, "A", &[(&b, eligible), (&c, always()), (&user, eligible)]);
    seen.assign(
        AzureRole::RbacReader.id(),
        &scope("private-aks", None),
        &top,
        PrincipalType::Group,
    );
    assert_snapshot!(told(&seen), @r#"
    private-aks | 1042 | reader | eligible for group A until 2026-08-24T18:00:00Z -> Azure role Azure Kubernetes Service RBAC Reader at private-aks | eligible until 2026-08-24T18:00:00Z | not in the policy
    private-aks | 1042 | reader | group B -> group C -> group A -> Azure role Azure Kubernetes Service RBAC Reader at private-aks | active | not in the policy
    "#);
}

#[test]
fn since_is_exact_only_when_every_link_is_known() {
    let mut seen = empty();
    let (plain, active, direct) = (seen.user(1, None), seen.user(2, None), seen.user(3, None));
    let until = Tenure { eligible: false, since: Some(hour(5)), until: Some(hour(9)) };
    let group = seen.group(9, "Ops", &[(&plain, always()), (&active, until)]);
    let role = AzureRole::RbacReader.id();
    seen.assign(role, &scope("private-aks", None), &group, PrincipalType::Group);
    seen.assign(role, &scope("private-aks", None), &direct, PrincipalType::User);
    let rows = view(&policy(), &seen).rows;
    let since: Vec<_> = rows.iter().map(|row| row.since).collect();
    assert_eq!(
        since,
        [Since::NotBefore(hour(1)), Since::Exactly(hour(5)), Since::Exactly(hour(1))]
    );
    assert_eq!(rows[1].standing.until, Some(hour(9)));
}

#[test]
fn a_group_that_only_bears_a_teams_name_is_not_the_teams() {
    let mut seen = empty();
    let user = seen.user(1, None);
    let impostor = seen.group(9, "Ops_Frontend_team", &[(&user, always())]);
    let scope = scope("private-aks", Some("frontend"));
    seen.assign(AzureRole::RbacWriter.id(), &scope, &impostor, PrincipalType::Group);
    let policy = policy();
    let all = view(&policy, &seen);
    assert_eq!(all.rows[0].why, "not in the policy");
    let filter = Filter { team: Some(team("frontend")), ..Filter::default() };
    assert_eq!(filter.apply(&policy, &seen, all.clone()).rows, []);
    seen.named.insert("Ops_Frontend_team".parse().unwrap(), impostor);
    assert_eq!(filter.apply(&policy, &seen, all).rows.len(), 1);
}

#[test]
fn the_disabled_the_deleted_and_the_unseen_are_said() {
    let mut seen = empty();
    let (left, gone) = (seen.user(1, Some("1042")), id(2));
    seen.principals.get_mut(&left).unwrap().enabled = false;
    seen.groups.insert(id(9), Group { name: "Hidden".parse().unwrap(), members: None });
    let role = AzureRole::RbacReader.id();
    let scope = scope("private-aks", None);
    seen.assign(role, &scope, &left, PrincipalType::User);
    seen.assign(role, &scope, &gone, PrincipalType::User);
    seen.assign(role, &scope, &id(9), PrincipalType::Group);
    seen.assign(role, &scope, &id(10), PrincipalType::Group);
    assert_snapshot!(told(&seen), @r#"
    private-aks | group 00000009 | reader | group Hidden -> Azure role Azure Kubernetes Service RBAC Reader at private-aks | active (its members could not be seen) | not in the policy
    private-aks | unknown 00000002 | reader | Azure role Azure Kubernetes Service RBAC Reader at private-aks | dormant (the directory does not know it any more) | not in the policy
    private-aks | unknown 0000000a | reader | Azure role Azure Kubernetes Service RBAC Reader at private-aks | dormant (the directory does not know it any more) | not in the policy
    private-aks | 1042 | reader | Azure role Azure Kubernetes Service RBAC Reader at private-aks | active (the account may not sign in) | not in the policy
    "#);
}

#[test]
fn a_filter_keeps_what_reaches_the_place_and_what_everybody_can() {
    let mut seen = empty();
    let (one, two) = (seen.user(1, Some("1042")), seen.user(2, Some("1043")));
    let reader = AzureRole::RbacReader.id();
    seen.assign(reader, &scope("private-aks", None), &one, PrincipalType::User);
    seen.assign(reader, &scope("private-aks", Some("frontend")), &one, PrincipalType::User);
    seen.assign(reader, &scope("private-aks", Some("backend")), &two, PrincipalType::User);
    let everybody = Subject::Group("system:authenticated".to_owned());
    seen.bind(0, Some("frontend"), RoleRef::ClusterRole("view".to_owned()), everybody);
    let policy = policy();
    let all = view(&policy, &seen);
    let count = |filter: Filter| filter.apply(&policy, &seen, all.clone()).rows.len();
    let namespace = |name: &str| Some(name.parse().unwrap());
    assert_eq!(count(Filter { namespace: namespace("frontend"), ..Filter::default() }), 3);
    assert_eq!(count(Filter { namespace: namespace("backend"), ..Filter::default() }), 2);
    let person = Whom::Person("1043".parse().unwrap());
    assert_eq!(count(Filter { who: Some(person), ..Filter::default() }), 2);
    assert_eq!(count(Filter { who: Some(Whom::Object(one)), ..Filter::default() }), 3);
    let retail = Some("retail-aks".parse().unwrap());
    assert_eq!(count(Filter { cluster: retail, ..Filter::default() }), 0);
}

#[test]
fn nothing_of_a_row_tells_a_name_or_a_mail_address() {
    let mut seen = empty();
    let user = seen.user(1, None);
    seen.assign(OWNER, SUBSCRIPTION, &user, PrincipalType::User);
    for name in ["u1@contoso.example", "stranger@contoso.example"] {
        seen.bind(0, None, RoleRef::ClusterRole("view".to_owned()), Subject::User(name.to_owned()));
    }
    let told = serde_json::to_string(&view(&policy(), &seen)).unwrap();
    assert!(!told.contains('@'), "{told}");
    assert!(!format!("{:?}", seen.principals).contains('@'));
}
