//! The one world in which every step's `example.json` asks for a change.
//!
//! People of HR: 1001 joins and has no Entra user yet, 1002 joins and has one, 1003 left an hour ago
//! and still holds everything there is to hold, 1004 works on, as do 1005, who may be on call, and 1008,
//! to whom the policy grants a role by name. 1010 was cut off by a mistake that was taken back. The clusters hold part of
//! what the policy gives the teams, and some that it does not.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    PersonId, SpellId, TeamName,
    case::{CaseRecord, Cause, PersonRecord, case_stream, person_stream},
    fact::{Attributes, EventKey, Fact, FactKind, Urgency},
    gate::{self, Part},
    holdings::{Group, RoleAssignment},
    ids::digest,
    message::About,
    policy::{Authorization, Grant},
    revocation::{Membership, Path},
};
use latchkey_runtime::Cx;
use sandbox::{ClusterSpec, Directory, Sandbox, World, directory::NewGroup, kubernetes};
use serde_json::{Value, json};

use super::{governance, mistaken};

/// What happened in the world of one case, beside what is in every case's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// 1001 has a user, who may not sign in.
    UserDisabled,
    /// 1001 had a user, who was deleted.
    UserDeleted,
    /// 1008 has left and is still bound by name.
    GrantedLeft,
    /// The group of the former team was deleted by hand.
    GroupGone,
    /// 1008 works on and is bound by name to more than the policy grants.
    GrantedMore,
    /// Somebody made the binding by hand that a step is to make.
    BoundByHand,
    /// private-aks has no Entra integration.
    Bare,
    /// private-aks has the retired integration.
    Legacy,
    /// private-aks has local accounts.
    LocalAccounts,
    /// 1003 is still on call, and eligible for it. Graph lets nobody with our rights disable the
    /// account of a member of a role-assignable group.
    OnCall,
    /// Team on-call has no group yet.
    NoOnCall,
    /// What refuses leavers' writes in retail-aks was edited, and is not there in part.
    GuardEdited,
    /// 1010 has left once more, and has what was given back.
    LeftAgain,
    /// Our Conditional Access policy is there, switched off and narrowed.
    PolicyOff,
}

/// Object ids of what is in the world.
struct Ids {
    leaver: String,
    colleague: String,
    admins: String,
    backend: String,
    retail: String,
    seasonal: String,
    retired: String,
}

/// Fills the sandbox and the ledger.
pub async fn fill(sandbox: &Sandbox, cx: &Cx, change: Change) {
    let ids = directory(&sandbox.world, change);
    for (name, cluster) in &cx.policy().clusters {
        let spec = ClusterSpec {
            name: name.to_string(),
            resource_id: cluster.resource_id.clone(),
            azure_rbac: cluster.authorization == Authorization::AzureRbac,
            admin_group: Some(ids.admins.clone()),
            local_accounts: false,
        };
        let spec = if name.as_str() == "private-aks" { private(spec, change) } else { spec };
        sandbox.add_cluster(spec).await.expect("the cluster can be served");
    }
    old_ways(&sandbox.world, change);
    governance::fill(&sandbox.world, cx, &ids.leaver, change);
    azure(&sandbox.world, cx, &ids);
    clusters(&sandbox.world, &ids, change);
    let private = cx.policy().clusters.values().next().expect("it has private-aks");
    by_hand(&sandbox.world, &private.resource_id, &ids);
    granted(&sandbox.world, change);
    former(&sandbox.world, cx, &ids, change);
    guards(&sandbox.world, cx, &ids, change);
    facts(cx, change).await;
    taken(cx, &ids.retail).await;
    mistaken::fill(&sandbox.world, cx, change).await;
}

/// The case that `prove_revoked` is asked about: a membership was found and taken, long enough ago
/// for clusters to be asked.
async fn taken(cx: &Cx, group: &str) {
    let id = "c-0123456789abcdef".parse().expect("a case id");
    let person = About::Person(PersonId::new("1003").expect("a person id"));
    let (group, name) = (group.parse().expect("an id"), "Retail_dev_team".parse().expect("a name"));
    let path = Path::Group { group, name, membership: Membership::Assigned };
    let at = cx.now() - SignedDuration::from_hours(1);
    let (found, gone) = (vec![path.clone()], vec![path]);
    let records = [
        CaseRecord::Opened { about: person, cause: Cause::Sweep, since: None, trace: None },
        CaseRecord::Paths { at, found, gone: Vec::new() },
        CaseRecord::Paths { at, found: Vec::new(), gone },
    ];
    for record in &records {
        cx.ledger().append_always(&case_stream(&id), at, record).await.expect("appended");
    }
}

/// private-aks as it was before.
fn private(spec: ClusterSpec, change: Change) -> ClusterSpec {
    let entra = !matches!(change, Change::Bare | Change::Legacy);
    ClusterSpec {
        azure_rbac: entra && spec.azure_rbac,
        admin_group: spec.admin_group.filter(|_| entra),
        local_accounts: !entra || change == Change::LocalAccounts,
        ..spec
    }
}

/// Operations end at once; private-aks may have the retired integration.
fn old_ways(world: &World, change: Change) {
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    azure.knobs.poll_after = 0;
    if change == Change::Legacy {
        azure.clusters.edit("private-aks", |document| {
            document["properties"]["aadProfile"] = json!({
                "serverAppID": "11111111-0000-4000-8000-000000000001",
                "clientAppID": "11111111-0000-4000-8000-000000000002",
                "tenantID": world.config.tenant_id,
            });
        });
    }
}

fn directory(world: &World, change: Change) -> Ids {
    let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
    let directory = &mut *directory;
    let [admins, backend, retail, canteen, ..] = [
        "ClusterAdminGroup",
        "Ops_Backend_team",
        "Retail_dev_team",
        "Canteen",
        "Ops_Observers",
        "Ops_Auditors",
    ]
    .map(|name| directory.add_group(name));
    for name in ["site-admin-1", "site-admin-2", "site-admin-3"] {
        let admin = directory.add_user(name);
        directory.add_member(&admins, &admin);
    }
    employee(directory, "robin.day", "1002");
    employee(directory, "jo.west", "1008");
    employee(directory, "lou.park", "1005");
    let leaver = employee(directory, "sam.reed", "1003");
    let colleague = employee(directory, "kim.lane", "1004");
    for group in [&admins, &canteen] {
        directory.add_member(group, &leaver);
    }
    directory.add_member(&backend, &colleague);
    for owner in [&leaver, &colleague] {
        let _ = directory.add_owner(&backend, owner);
    }
    strangers(directory, &backend);
    if [Change::UserDisabled, Change::UserDeleted].contains(&change) {
        let joiner = employee(directory, "alex.hill", "1001");
        let _ = directory.change_user(&joiner, |user| user.account_enabled = false);
        if change == Change::UserDeleted {
            directory.delete_user(&joiner);
        }
    }
    let retired = employee(directory, "ruth.past", "1009");
    let _ = directory.change_user(&retired, |user| user.account_enabled = false);
    let _ = directory.add_owner(&canteen, &retired);
    let name = "Ops_Seasonal";
    let unique = &digest(&["group", name])[..32];
    let seasonal = directory.create_group(NewGroup {
        display_name: name.to_owned(),
        mail_nickname: name.to_owned(),
        description: Some(Group::text_for(&"seasonal".parse().expect("a name"))),
        security_enabled: true,
        unique_name: Some(format!("latchkey-{unique}")),
        ..NewGroup::default()
    });
    let seasonal = seasonal.id.clone();
    Ids { leaver, colleague, admins, backend, retail, seasonal, retired }
}

/// Who is in the group of team backend, and nobody that HR knows: a user, a guest and a group.
fn strangers(directory: &mut Directory, group: &str) {
    let user = directory.add_user("nobody.knows");
    let guest = directory.add_user("visitor");
    let nested = directory.add_group("Night_shift");
    let changed = directory.change_user(&guest, |user| {
        user.other.insert("userType".to_owned(), json!("Guest"));
    });
    assert!(changed.is_some_and(|changed| changed.is_ok()), "the guest exists");
    for stranger in [&user, &guest, &nested] {
        directory.add_member(group, stranger);
    }
}

/// What somebody gave by hand at private-aks and in it: to a stranger, to a group of nobody's, and
/// to a team's own group.
fn by_hand(world: &World, cluster: &str, ids: &Ids) {
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let admin = "Azure Kubernetes Service RBAC Cluster Admin";
    let reader = "Azure Kubernetes Service RBAC Reader";
    azure.assign(admin, cluster, "User", STRANGER);
    azure.assign(reader, &format!("{cluster}/namespaces/backend"), "Group", GONE_GROUP);
    azure.assign("Contributor", cluster, "Group", &ids.backend);
    drop(azure);
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let private = clusters.get_mut("private-aks").expect("it was added");
    let both = [subject("User", STRANGER), subject("User", "ada@example.com")];
    private.add(with_subjects(Some("backend"), "two-strangers", "edit", &both));
    private.add(with_subjects(None, "two-strangers", "view", &both));
    let mixed = [
        subject("Group", GONE_GROUP),
        json!({ "kind": "ServiceAccount", "name": "robot", "namespace": "backend" }),
        subject("User", STRANGER),
    ];
    private.add(with_subjects(None, "all-sorts", "cluster-admin", &mixed));
    let mut own = with_subjects(Some("backend"), "own-role", "porter", &mixed);
    own["roleRef"]["kind"] = json!("Role");
    private.add(own);
    private.add(json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": "Role",
        "metadata": { "name": "porter", "namespace": "backend" },
        "rules": [{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"] }],
    }));
}

/// Somebody whom the directory does not know.
const STRANGER: &str = "0ddba11a-0000-4000-8000-000000000002";

/// A user whose sessions began long before anything here happened.
pub fn employee(directory: &mut Directory, name: &str, id: &str) -> String {
    let user = directory.add_user(name);
    let changed = directory.change_user(&user, |user| {
        user.other.insert("employeeId".to_owned(), json!(id));
        user.sessions_valid_from = hours_ago(48);
    });
    assert!(changed.is_some_and(|changed| changed.is_ok()), "{id} exists");
    user
}

fn azure(world: &World, cx: &Cx, ids: &Ids) {
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let cluster = cx.policy().clusters.iter().find(|(name, _)| name.as_str() == "private-aks");
    let cluster = &cluster.expect("the policy has private-aks").1.resource_id;
    let frontend = format!("{cluster}/namespaces/frontend");
    let [reader, writer, admin] =
        ["Reader", "Writer", "Admin"].map(|role| format!("Azure Kubernetes Service RBAC {role}"));
    for (role, scope) in [(&reader, &frontend), (&writer, &frontend), (&admin, &frontend)] {
        azure.assign(role, scope, "Group", &ids.backend);
    }
    azure.assign(&admin, cluster, "User", &ids.leaver);
    azure.assign(&writer, &frontend, "User", &ids.leaver);
}

fn clusters(world: &World, ids: &Ids, change: Change) {
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let leaver = ["sam.reed@contoso.onmicrosoft.com", ids.leaver.as_str()];
    let private = clusters.get_mut("private-aks").expect("it was added");
    private.add_namespace("backend");
    private.bind(("backend", "sam-edits"), ("ClusterRole", "edit"), ("User", leaver[0]));
    private.bind_cluster("sam-sees-all", "view", ("User", leaver[1]));
    let retail = clusters.get_mut("retail-aks").expect("it was added");
    retail.add_namespace("dev");
    retail.add_namespace("shop");
    retail.add(binding(Some("shop"), "two-people", "edit", &leaver[..1], Some("ada@example.com")));
    retail.add(json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": "Role",
        "metadata": { "name": "deployer", "namespace": "dev" },
        "rules": [{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"] }],
    }));
    let mut twice = binding(Some("dev"), "named-twice", "deployer", &leaver, None);
    twice["roleRef"]["kind"] = json!("Role");
    retail.add(twice);
    ours(retail, binding(Some("dev"), "ours", "view", &leaver[1..], None));
    ours(retail, binding(None, "ours-everywhere", "view", &leaver[..1], None));
    for role in ["edit", "admin"] {
        let name = format!("retail-{role}");
        ours(retail, group_binding(Some("shop"), &name, role, &ids.retail));
        ours(retail, group_binding(None, &name, role, &ids.retail));
    }
    retail.add(group_binding(Some("shop"), "somebody-elses", "edit", &ids.retail));
    if change == Change::BoundByHand {
        retail.add(group_binding(Some("shop"), "retail-readers", "view", &ids.retail));
    }
}

/// What is left of what was: a namespace and a team that the policy no longer has, and a user whose
/// time is over.
fn former(world: &World, cx: &Cx, ids: &Ids, change: Change) {
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let id = &cx.policy().clusters.values().next().expect("it has private-aks").resource_id;
    let former = format!("{id}/namespaces/former");
    let [reader, writer] =
        ["Reader", "Writer"].map(|role| format!("Azure Kubernetes Service RBAC {role}"));
    azure.assign(&reader, &format!("{former}/pods/one"), "Group", &ids.backend);
    azure.assign(&writer, &format!("{former}-2"), "Group", &ids.backend);
    let text = RoleAssignment::text_for(&"seasonal".parse().expect("a name"));
    for holder in [ids.seasonal.as_str(), GONE_GROUP] {
        for scope in [id, &former] {
            let assignment = azure.assign(&reader, scope, "Group", holder);
            azure.describe(&assignment, &text);
        }
    }
    azure.assign(&reader, id, "User", &ids.retired);
    let private = clusters.get_mut("private-aks").expect("it was added");
    ours(
        private,
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": "former" }, "status": { "phase": "Active" },
        }),
    );
    let retail = clusters.get_mut("retail-aks").expect("it was added");
    for group in [ids.seasonal.as_str(), GONE_GROUP] {
        let name = format!("season-{}", &group[..8]);
        ours(retail, group_binding(Some("shop"), &name, "edit", group));
        ours(retail, group_binding(None, &name, "view", group));
        let other = subject("Group", &ids.backend);
        let both = [subject("Group", group), other];
        let name = format!("theirs-{}", &group[..8]);
        retail.add(with_subjects(Some("shop"), &name, "edit", &both));
        retail.add(with_subjects(None, &name, "view", &both));
        let mut own = with_subjects(Some("dev"), &name, "deployer", &both);
        own["roleRef"]["kind"] = json!("Role");
        retail.add(own);
    }
    let retired = ["ruth.past@contoso.onmicrosoft.com", ids.retired.as_str()];
    retail.add(binding(Some("shop"), "ruth-edits", "edit", &retired, Some("ada@example.com")));
    retail.add(binding(None, "ruth-sees", "view", &retired, Some("ada@example.com")));
    let mut own =
        binding(Some("dev"), "ruth-deploys", "deployer", &retired[..1], Some("a@example.com"));
    own["roleRef"]["kind"] = json!("Role");
    retail.add(own);
    ours(retail, binding(Some("dev"), "ruth-ours", "view", &retired[1..], None));
    ours(retail, binding(None, "ruth-everywhere", "view", &retired[..1], None));
    if change == Change::GroupGone {
        drop((azure, clusters));
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        directory.delete_group(&ids.seasonal, true);
    }
}

/// What refuses leavers' writes in retail-aks: 1004, who works on, is still listed, and somebody whose
/// time is over. private-aks has nothing of it.
fn guards(world: &World, cx: &Cx, ids: &Ids, change: Change) {
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let retail = clusters.get_mut("retail-aks").expect("it was added");
    retail.add_namespace(gate::NAMESPACE);
    let edited = change == Change::GuardEdited;
    for part in Part::ALL.into_iter().filter(|part| *part != Part::Namespace) {
        let mut object = gate::object(part, &cx.policy().protected.principals);
        match part {
            Part::Probe if edited => continue,
            Part::Kind if edited => object["spec"]["names"]["shortNames"] = json!(["ll"]),
            Part::ProbeRole if edited => object["rules"][0]["verbs"] = json!(["get"]),
            Part::ProbeBinding if edited => object["subjects"] = json!([]),
            Part::Policy if edited => {
                object["spec"]["validations"][0]["expression"] = json!("true");
            }
            Part::Binding if edited => object["spec"]["validationActions"] = json!(["Audit"]),
            Part::Leavers => {
                let over = format!("c-0123456789abcdef until {}", hours_ago(1));
                let back = format!("c-0123456789abcde0 until {}", hours_ago(-1));
                let id = |id: &str| gate::id_key(&id.parse().expect("an id"));
                object["spec"]["entries"] = json!({ id(&ids.colleague): back, id(STRANGER): over });
            }
            _ => {}
        }
        retail.add(object);
    }
}

/// The group that a team of that name had before: Entra no longer knows it.
const GONE_GROUP: &str = "0ddba11a-0000-4000-8000-000000000001";

/// What Latchkey bound 1008 to before.
fn granted(world: &World, change: Change) {
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let retail = clusters.get_mut("retail-aks").expect("it was added");
    let roles: &[&str] = match change {
        Change::GrantedLeft => &["view"],
        Change::GrantedMore => &["view", "admin"],
        _ => &[],
    };
    for role in roles {
        let name = Grant::binding_name(role, &"1008".parse().expect("an id"));
        ours(retail, binding(None, &name, role, &["jo.west@contoso.onmicrosoft.com"], None));
    }
}

fn ours(cluster: &mut kubernetes::State, mut object: Value) {
    object["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "latchkey" });
    cluster.add(object);
}

fn binding(
    namespace: Option<&str>,
    name: &str,
    role: &str,
    users: &[&str],
    other: Option<&str>,
) -> Value {
    let users = users.iter().copied().chain(other).map(|user| subject("User", user));
    with_subjects(namespace, name, role, &users.collect::<Vec<_>>())
}

fn group_binding(namespace: Option<&str>, name: &str, role: &str, group: &str) -> Value {
    with_subjects(namespace, name, role, &[subject("Group", group)])
}

const RBAC: &str = "rbac.authorization.k8s.io";

pub fn subject(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "apiGroup": RBAC, "name": name })
}

pub fn with_subjects(namespace: Option<&str>, name: &str, role: &str, subjects: &[Value]) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" },
        "metadata": { "name": name, "namespace": namespace },
        "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": role },
        "subjects": subjects,
    })
}

async fn facts(cx: &Cx, change: Change) {
    let observers = TeamName::new("observers").expect("a name");
    let until = Timestamp::now() + SignedDuration::from_hours(24);
    let asked = FactKind::AccessRequested { team: observers, until };
    let mut told = vec![
        fact("1001", FactKind::Hired, 24, Some(("Frontend Ops", "alex.hill"))),
        fact("1002", FactKind::Hired, 24, Some(("Backend Ops", "robin.day"))),
        fact("1002", asked, 12, None),
        fact("1003", FactKind::Hired, 24, Some(("Platform", "sam.reed"))),
        fact("1003", FactKind::Terminated, 1, None),
        fact("1004", FactKind::Hired, 24, Some(("Backend Ops", "kim.lane"))),
        fact("1005", FactKind::Hired, 24, Some(("Site Reliability", "lou.park"))),
        fact("1008", FactKind::Hired, 24, Some(("Audit", "jo.west"))),
    ];
    told.extend(mistaken::facts(change));
    told.push(fact("1009", FactKind::Hired, 24 * 90, Some(("Audit", "ruth.past"))));
    told.push(fact("1009", FactKind::Terminated, 24 * 40, None));
    if change == Change::GrantedLeft {
        told.push(fact("1008", FactKind::Terminated, 1, None));
    }
    for fact in told {
        let stream = person_stream(&fact.person);
        let record = PersonRecord::Fact(fact);
        let told = cx.ledger().append_always(&stream, cx.now(), &record).await;
        told.expect("the ledger takes it");
    }
}

pub fn fact(person: &str, kind: FactKind, hours: i64, who: Option<(&str, &str)>) -> Fact {
    let attributes = who.map(|(department, name)| Attributes {
        department: Some(department.to_owned()),
        user_principal_name: Some(format!("{name}@contoso.onmicrosoft.com")),
        display_name: Some(name.to_owned()),
        ..Attributes::default()
    });
    let id = format!("{person}-{}", kind.event_type());
    Fact {
        event: EventKey { source: "/hr/example".into(), id },
        person: PersonId::new(person).expect("an id"),
        spell: SpellId::new("1").expect("an id"),
        kind,
        effective: hours_ago(hours),
        revision: u64::try_from(10_000 - hours).expect("it is positive"),
        recorded: hours_ago(hours),
        urgency: Urgency::Scheduled,
        worker_type: None,
        reason_class: None,
        attributes: attributes.unwrap_or_default(),
        legal_hold: None,
    }
}

pub fn hours_ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

/// Everything that a step can change, as text without ids and times.
pub fn state(world: &World) -> String {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let users = directory.users().filter(|user| user.sessions_valid_from > user.created);
    let ended: Vec<_> = users.map(|user| format!("sessions of {} ended\n", user.upn)).collect();
    drop(directory);
    world.snapshot() + &ended.concat() + &adopted(world) + &guarded(world)
}

/// What refuses leavers' writes, and who is listed.
fn guarded(world: &World) -> String {
    let clusters = world.clusters.read().unwrap_or_else(PoisonError::into_inner);
    let of = |(name, cluster): (&String, &kubernetes::State)| {
        let kinds = [
            "customresourcedefinitions",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
        ];
        let objects = kinds.into_iter().flat_map(|kind| cluster.objects(kind));
        let objects = objects.map(|object| format!("{name}: {}\n", object["spec"]));
        let maps = cluster.objects("leaverlists").map(|map| {
            let keys = map["spec"]["entries"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str());
            let (metadata, keys) = (&map["metadata"], keys.collect::<Vec<_>>());
            format!("{name}: {} {} {keys:?}\n", metadata["name"], metadata["annotations"])
        });
        objects.chain(maps).collect::<String>()
    };
    clusters.iter().map(of).collect()
}

/// Bindings that carry our label, which gives nobody anything.
fn adopted(world: &World) -> String {
    let clusters = world.clusters.read().unwrap_or_else(PoisonError::into_inner);
    let bindings = clusters.values().flat_map(|cluster| {
        ["rolebindings", "clusterrolebindings"].into_iter().flat_map(|kind| cluster.objects(kind))
    });
    let ours = bindings
        .map(|object| &object["metadata"])
        .filter(|metadata| metadata["labels"]["app.kubernetes.io/managed-by"] == "latchkey");
    let mut ours: Vec<_> = ours.map(|metadata| format!("{} is ours\n", metadata["name"])).collect();
    ours.sort();
    ours.concat()
}
