use insta::assert_snapshot;

use super::{Path, Policy, binding_name, place, team_grants};
use crate::{
    azure_role::AzureRole,
    fixtures::{both_planes, id, policy, team},
    holdings::RoleRef,
    ids::{ClusterName, GroupName, NamespaceName, RoleName},
    request::TeamRole,
};

fn cluster(name: &str) -> ClusterName {
    name.parse().unwrap()
}

fn namespace(name: &str) -> NamespaceName {
    name.parse().unwrap()
}

fn role(name: &str) -> RoleName {
    name.parse().unwrap()
}

fn asked(team_name: &str, at: &str, ns: Option<&str>, name: &str) -> TeamRole {
    let namespace = ns.map(namespace);
    TeamRole { team: team(team_name), cluster: cluster(at), namespace, role: role(name) }
}

#[test]
fn every_error_of_a_policy_is_reported_at_once_with_line_and_field() {
    let errors = Policy::parse(include_str!("bad.yaml")).unwrap_err();
    assert_snapshot!(errors, @r#"
    line 1: tenant: must not be empty
    line 4: clusters.private-aks.resourceId: must be /subscriptions/{guid}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}
    line 5: clusters.private-aks.authorization: must be one of azure-rbac, kubernetes-rbac
    line 7: clusters.private-aks.colour: is not a field, or not a valid name, here
    line 9: clusters.retail-aks.resourceId: is the id of cluster "copy-aks" too
    line 17: teams.frontend.group: is the group of team "backend" too
    line 19: teams.frontend.access[0].cluster: no cluster is named "nowhere"
    line 20: teams.frontend.access[1].namespace: kube-system belongs to Kubernetes or AKS
    line 20: teams.frontend.access[1].role: no role is named "owner"
    line 21: teams.frontend.access[2].binding: names that begin with aks- belong to AKS
    line 21: teams.frontend.access[2].role: is a role of the policy's own, given in a namespace: name one
    line 22: teams.frontend.access[3].role: cluster-admin is not given in a namespace
    line 23: teams.frontend.access[4].authorization: Azure RBAC is off on "retail-aks" (kubernetes-rbac)
    line 24: teams.frontend.access[5].namespace: must match ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$
    line 25: teams.frontend.justInTime.approvers: is the team's own group: nobody approves themselves
    line 25: teams.frontend.justInTime.maximum: must be an ISO 8601 duration of days, hours and minutes, such as PT8H
    line 29: teams.backend.access: is there already
    line 30: teams.Wrong_Name: is not a field, or not a valid name, here
    line 34: teams.hidden.group: is the admin group of "private-aks": the team's access must name cluster-admin there
    line 37: teams.hidden.access[1]: is there already
    line 39: teams.hidden.access[3].binding: is the binding of teams.hidden.access[2] too
    line 41: roles.reader: is a role that every cluster knows already
    line 42: roles.reader.rules: must not be empty
    line 44: roles.own.rules[0].apiGroups: must not be empty
    line 46: birthright[0].when: must name an attribute: this would match everybody
    line 47: birthright[0].teams[1]: no team is named "ghost"
    line 48: birthright[1].when.department: must not be empty
    line 48: birthright[1].when.height: is not a field, or not a valid name, here
    line 49: birthright[1].teams: must not be empty
    line 50: people.deleteAfter: must be an ISO 8601 duration, such as PT8H or P30D
    line 50: people.match: must be one of employeeId, userPrincipalName
    line 52: protected.principals[0]: must match ^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$
    line 53: protected.minimumClusterAdmins: must be at least 0
    line 54: limits.leaversPerHour: must be of type integer
    line 56: grants[0].cluster: no cluster is named "nowhere"
    line 56: grants[0].person: must be of type string
    line 56: grants[0].role: "own" is none of the roles at a cluster: reader, writer, admin, cluster-admin
    line 58: grants[2]: is there already
    "#);
}

#[test]
fn what_pim_and_conditional_access_cannot_do_is_said_with_line_and_field() {
    let bad = include_str!("bad_governance.yaml");
    let errors = Policy::parse(bad).unwrap_err();
    assert_snapshot!(errors, @"
    line 6: clusters.private-aks.requireCompliantDevice: needs protected.group or protected.principals: somebody must be spared
    line 11: teams.months.justInTime.maximum: must be an ISO 8601 duration of days, hours and minutes, such as PT8H
    line 15: teams.moments.justInTime.approvers: is the team's own group: nobody approves themselves
    line 15: teams.moments.justInTime.maximum: must be PT5M at least: PIM gives nothing for less
    line 19: teams.ages.justInTime.birthright: must be one of member, eligible
    line 19: teams.ages.justInTime.maximum: must be P180D at most
    line 23: teams.rigid.roleAssignable: membership of a role-assignable group goes through PIM: the team needs justInTime with birthright: eligible
    line 28: teams.standing.roleAssignable: membership of a role-assignable group goes through PIM: the team needs justInTime with birthright: eligible
    ");
    let spared = format!("{bad}protected: {{ group: RIGID }}\n");
    let errors = Policy::parse(&spared).unwrap_err().to_string();
    assert!(!errors.contains("requireCompliantDevice"), "{errors}");
    assert!(errors.contains("protected.group: is the group of team \"rigid\""), "{errors}");
}

#[test]
fn an_exception_needs_somebody_who_answers_for_it_and_an_end() {
    let example = include_str!("../../../../access.yaml");
    let with = |drift: &str| {
        let text = example
            .replace("    drift: remove # members", &format!("    drift: {drift} # members"));
        Policy::parse(&text).map(drop).map_err(|errors| errors.to_string()).err()
    };
    assert_eq!(with("report"), None);
    assert_eq!(with("{ adopt: { owner: platform, for: P1M } }"), None);
    let wrong = |drift: &str| with(drift).unwrap();
    assert_snapshot!(wrong("{ adopt: { owner: ghost, for: fortnight } }"), @r#"
    line 29: teams.backend.drift.adopt.for: must be an ISO 8601 duration, such as PT8H or P30D
    line 29: teams.backend.drift.adopt.owner: no team is named "ghost"
    "#);
    assert_snapshot!(wrong("{ adopt: { owner: platform, for: P0D } }"), @"line 29: teams.backend.drift.adopt.for: must be an ISO 8601 duration, such as PT8H or P30D");
    assert_snapshot!(wrong("{ adopt: { owner: platform } }"), @"line 29: teams.backend.drift.adopt.for: is missing");
    assert_snapshot!(wrong("{ adopt: { owner: 7, for: P1D, who: me } }"), @"
    line 29: teams.backend.drift.adopt.owner: must be of type string
    line 29: teams.backend.drift.adopt.who: is not a field, or not a valid name, here
    ");
    assert_snapshot!(wrong("ignore"), @"line 29: teams.backend.drift: must be one of remove, report, an object");
}

#[test]
fn a_team_for_a_time_knows_its_longest_and_what_birthright_gives() {
    let policy = policy();
    let (platform, on_call) = (&policy.teams[&team("platform")], &policy.teams[&team("on-call")]);
    let hours =
        |team: &crate::policy::Team| team.just_in_time.as_ref().unwrap().longest().as_hours();
    assert_eq!((hours(platform), hours(on_call)), (8, 4));
    assert_eq!((platform.makes_eligible(), on_call.makes_eligible()), (false, true));
    assert!(policy.uses_pim());
    let groups = policy.groups_with_access(&cluster("retail-aks"));
    let names: Vec<_> = groups.into_iter().map(ToString::to_string).collect();
    assert_eq!(names, ["ClusterAdminGroup", "Ops_Auditors", "Ops_Observers", "Retail_dev_team"]);
}

#[test]
fn text_that_is_no_yaml_names_the_line() {
    let broken = "tenant: contoso\nclusters: {a: [}\n";
    assert_snapshot!(Policy::parse(broken).unwrap_err(), @"line 2: clusters.a: is not YAML: while parsing a node, did not find expected node content");
    assert_snapshot!(Policy::parse("a: &x 1\nb: *x\n").unwrap_err(), @"line 2: b: aliases are not supported: write it out");
    assert_snapshot!(Policy::parse("").unwrap_err(), @"line 1: (text): must be of type object");
    assert_snapshot!(Policy::parse("tenant: a\n---\ntenant: b\n").unwrap_err(), @"line 2: (text): there must be one YAML document");
    let deep = "[".repeat(10_000);
    assert_snapshot!(Policy::parse(&deep).unwrap_err(), @"line 1: (text): is not YAML: recursion limit exceeded");
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/access.schema.json");
    let generated = format!("{:#}\n", Policy::schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == generated, "run the tests of latchkey-core with UPDATE=1");
}

#[test]
fn policies_that_say_the_same_have_one_hash() {
    let text = include_str!("../../../../access.yaml");
    let spaced = text.replace("\n\n", "\n\n# another remark\n\n");
    assert_eq!(Policy::parse(text).unwrap().hash(), Policy::parse(&spaced).unwrap().hash());
    let other = text.replace("role: writer", "role: admin");
    assert_ne!(Policy::parse(text).unwrap().hash(), Policy::parse(&other).unwrap().hash());
}

/// What the policy gives a team, one line per path.
fn paths(policy: &Policy, name: &str) -> String {
    let team = policy.team(&team(name)).unwrap();
    let line = |access: &super::Access| {
        let path = match policy.path(team, access) {
            Some(Path::AzureRole(role)) => role.to_string(),
            Some(Path::Binding(role)) => role.to_string(),
            Some(Path::AdminGroup) => "the admin group".to_owned(),
            None => "nothing".to_owned(),
        };
        format!(
            "{} at {}: {path}\n",
            access.role,
            place(&access.cluster, access.namespace.as_ref())
        )
    };
    team.access.iter().map(line).collect()
}

#[test]
fn an_access_is_given_by_its_own_plane_or_else_the_clusters() {
    let policy = both_planes();
    assert_snapshot!(paths(&policy, "web"), @r"
    reader at mixed-aks: Azure Kubernetes Service RBAC Reader
    writer at mixed-aks/web: Azure Kubernetes Service RBAC Writer
    writer at mixed-aks/web: ClusterRole/edit
    deployer at mixed-aks/web: Role/deployer
    reader at bound-aks: ClusterRole/view
    admin at bound-aks/web: ClusterRole/admin
    ");
    assert_snapshot!(paths(&policy, "night-watch"), @r"
    cluster-admin at mixed-aks: ClusterRole/cluster-admin
    cluster-admin at bound-aks: ClusterRole/cluster-admin
    ");
}

#[test]
fn the_admin_group_needs_no_binding_to_be_cluster_admin() {
    assert_snapshot!(paths(&both_planes(), "admins"), @r"
    cluster-admin at mixed-aks: Azure Kubernetes Service RBAC Cluster Admin
    cluster-admin at bound-aks: the admin group
    ");
}

#[test]
fn teams_that_are_cluster_admin_by_a_binding_count_as_admins() {
    let policy = both_planes();
    let admins = policy.admin_groups(&cluster("mixed-aks"));
    let names: Vec<_> = admins.into_iter().map(GroupName::as_str).collect();
    assert_eq!(names, ["Cluster_admins", "Night_watch", "cluster_ADMINS"]);
}

#[test]
fn an_access_that_names_both_planes_is_given_by_both() {
    let policy = both_planes();
    let desired = team_grants(&policy, &team("web")).unwrap();
    let web = (cluster("mixed-aks"), Some(namespace("web")));
    assert_eq!(desired.azure_at(&web), [AzureRole::RbacWriter].into());
    assert_eq!(desired.bound_at(&web).len(), 2);
    let asked = asked("web", "mixed-aks", Some("web"), "writer");
    let resolved = policy.resolve(&asked).unwrap();
    assert_eq!(resolved.azure_role(), Some(AzureRole::RbacWriter));
    assert_eq!(resolved.binding(), Some(&RoleRef::ClusterRole("edit".into())));
}

#[test]
fn scopes_are_read_as_they_are_written_whatever_their_case() {
    let policy = policy();
    let (private, frontend) = (cluster("private-aks"), namespace("frontend"));
    let scope = policy.scope(&private, Some(&frontend)).unwrap();
    assert!(scope.ends_with("/managedClusters/private-aks/namespaces/frontend"));
    let read =
        |scope: &str| policy.place_of_scope(scope).map(|(cluster, ns)| place(cluster, ns.as_ref()));
    assert_eq!(read(&scope).as_deref(), Some("private-aks/frontend"));
    let shouted = policy.scope(&private, None).unwrap().to_uppercase() + "/";
    assert_eq!(read(&shouted).as_deref(), Some("private-aks"));
    assert_eq!(read(&format!("{scope}/pods/x")), None);
    assert!(policy.governs_scope(&format!("{scope}/pods/x")));
    let longer = policy.scope(&private, None).unwrap() + "-2";
    assert_eq!(read(&longer), None);
    assert!(!policy.governs_scope(&longer));
    assert!(!policy.governs_scope("/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140"));
}

#[test]
fn a_request_gives_no_more_than_the_policy() {
    let policy = policy();
    assert!(policy.resolve(&asked("frontend", "private-aks", Some("frontend"), "writer")).is_ok());
    let refused = |ask: TeamRole| policy.resolve(&ask).unwrap_err();
    assert_snapshot!(refused(asked("ghosts", "private-aks", None, "reader")), @"team: ghosts is not in the policy");
    assert_snapshot!(refused(asked("frontend", "nowhere", None, "reader")), @"cluster: nowhere is not in the policy");
    assert_snapshot!(refused(asked("frontend", "private-aks", Some("backend"), "writer")), @"namespace: backend is not in the policy");
    assert_snapshot!(refused(asked("frontend", "private-aks", Some("frontend"), "admin")), @"role: admin is not in the policy");
    assert_snapshot!(refused(asked("frontend", "private-aks", None, "cluster-admin")), @"cluster: private-aks is not in the policy");
}

#[test]
fn a_team_may_download_the_kubeconfig_of_every_cluster_it_has_access_to() {
    let desired = team_grants(&policy(), &team("observers")).unwrap();
    let clusters: Vec<_> = desired.cluster_access.iter().map(ToString::to_string).collect();
    assert_eq!(clusters, ["private-aks", "retail-aks"]);
    assert_eq!(desired.azure.len(), 2);
    assert_eq!(desired.bindings.len(), 1);
    assert_eq!(desired.namespaces.len(), 3);
}

#[test]
fn binding_names_are_stable_and_tell_roles_and_groups_apart() {
    let (view, edit) = (RoleRef::ClusterRole("view".into()), RoleRef::Role("view".into()));
    let name = binding_name(&view, &id(1));
    assert_eq!(name, binding_name(&view, &id(1)));
    assert_eq!(name.len(), "latchkey-".len() + 16);
    assert_ne!(name, binding_name(&edit, &id(1)));
    assert_ne!(name, binding_name(&view, &id(2)));
}

#[test]
fn the_policy_knows_its_groups_and_admins() {
    let policy = policy();
    let names: Vec<_> = policy.governed_groups().into_iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "ClusterAdminGroup",
            "Frontend_on_call",
            "Ops_Auditors",
            "Ops_Backend_team",
            "Ops_Frontend_team",
            "Ops_Observers",
            "Platform_leads",
            "Retail_dev_team"
        ]
    );
    let (name, _) = policy.team_of_group(&"ops_frontend_TEAM".parse().unwrap()).unwrap();
    assert_eq!(name.as_str(), "frontend");
    assert_eq!(policy.admin_groups(&cluster("retail-aks")).len(), 1);
    assert_eq!(policy.cluster_subscriptions().len(), 1);
}

#[test]
fn every_worked_policy_is_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/seeds");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let policies = files.filter(|file| file.extension().is_some_and(|e| e == "yaml"));
    let mut valid = 0;
    for file in policies {
        let parsed = Policy::parse(&std::fs::read_to_string(&file).unwrap());
        assert!(parsed.is_ok(), "{}:\n{}", file.display(), parsed.unwrap_err());
        valid += 1;
    }
    assert_eq!(valid, 5);
}
