//! The same end by policy as by hand: what `az` and `kubectl` show cannot tell who made it, Latchkey
//! finds nothing to do where the commands were run first, and the commands nothing where it was.

use std::path::PathBuf;

use serde_json::Value;
use xtask::{
    clients::{Clients, Terminal, Tools},
    options::StageOptions,
    outcome::Outcome,
    procedure,
    scratch::Scratch,
    stage::Stage,
    tenant,
};

use super::{
    by_hand::{group_bound, kubernetes_rbac, least_privilege},
    document::Document,
    stand::{ADMINISTRATOR, Stand, Typing as _, add_administrator},
    view::view,
};

/// The password that the administrator hands to people.
const PASSWORD: &str = "Handed-over-1-pw";

/// The worked policy of this name.
pub const LEAST_PRIVILEGE: Document = Document {
    policy: "least-privilege",
    group: "rg-spoke",
    cluster: "private-aks-ada",
    groups: &["ClusterAdminGroup-ada", "Ops_Fronted_team-ada", "Ops_Backend_team-ada"],
    people: &[
        "clusteradminada@contoso.onmicrosoft.com",
        "opsfe-ada@contoso.onmicrosoft.com",
        "opsbe-ada@contoso.onmicrosoft.com",
    ],
    admin: Some("clusteradminada@contoso.onmicrosoft.com"),
    can: &[("opsfe-ada@contoso.onmicrosoft.com", "frontend")],
    manifests: |_| Vec::new(),
};

/// The worked policy of this name.
pub const KUBERNETES_RBAC: Document = Document {
    policy: "kubernetes-rbac",
    group: "myResourceGroup",
    cluster: "myAKSCluster",
    groups: &["appdev", "opssre"],
    people: &["aksdev@contoso.com", "akssre@contoso.com"],
    admin: None,
    can: &[("aksdev@contoso.com", "dev"), ("akssre@contoso.com", "dev")],
    manifests: |groups| {
        let of = |(namespace, group): (&&str, &String)| {
            let binding = kubernetes_rbac::role_binding(namespace, group);
            [kubernetes_rbac::role(namespace), binding]
        };
        ["dev", "sre"].iter().zip(groups).flat_map(of).collect()
    },
};

/// The worked policy of this name.
pub const GROUP_BOUND: Document = Document {
    policy: "group-bound",
    group: "rg-retail",
    cluster: "aks-retail",
    groups: &["cluster-admins", "retail-developers"],
    people: &["carol@contoso.com", "dave@contoso.com"],
    admin: Some("carol@contoso.com"),
    can: &[("dave@contoso.com", "retail-app")],
    manifests: |groups| groups.iter().skip(1).map(|id| group_bound::role_binding(id)).collect(),
};

#[tokio::test(flavor = "multi_thread")]
async fn least_privilege_ends_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::with(&[LEAST_PRIVILEGE.existing()]).await else { return };
    least_privilege::set_up(&stand.administrator().await).await;
    compare(stand, &LEAST_PRIVILEGE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_in_kubernetes_end_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::with(&[KUBERNETES_RBAC.existing()]).await else { return };
    kubernetes_rbac::set_up(&stand.administrator().await).await;
    compare(stand, &KUBERNETES_RBAC).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_bound_to_a_group_ends_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::with(&[GROUP_BOUND.existing()]).await else { return };
    group_bound::set_up(&stand.administrator().await).await;
    compare(stand, &GROUP_BOUND).await;
}

/// Compares the tenant that the commands made with the one that Latchkey makes of the policy, then
/// lets Latchkey look at the first and the commands at the second.
async fn compare(stand: Stand, document: &Document) {
    let by_hand = seen(&stand.clients, document).await;
    let (files, options) = options(document);
    let stage = Stage::start(&options, |_| {}).await.expect("the stage is set");
    let outcome = procedure::carry_out(&stage, &events(&files, document)).await.expect("played");
    assert!(outcome.converged, "{:#?}", outcome.reasons);
    add_administrator(&stage.sandbox);
    let tools = Tools::find().expect("az and kubectl are there").expect("they were before");
    let world = stage.sandbox.world.clone();
    let clients = Clients::new(tools, world, &stage.sandbox.ca_pem).expect("written");
    let by_policy = seen(&clients, document).await;
    similar(&by_policy, &by_hand);
    again_by_hand(&stage, &clients, document, &by_policy).await;
    stage.host.stop().await;
    again_by_policy(stand, document).await;
}

fn options(document: &Document) -> (Scratch, StageOptions) {
    let files = Scratch::new().expect("files");
    let options = StageOptions { policy: document.policy(), ..files.options() };
    (files, options)
}

/// The policy's events about the people of the document; it has more to tell.
fn events(files: &Scratch, document: &Document) -> PathBuf {
    let all = std::fs::read_to_string(document.events()).expect("readable");
    let about = |line: &&str| document.people.iter().any(|upn| line.contains(upn));
    let lines: Vec<_> = all.lines().filter(about).collect();
    let file = files.dir().join("events.jsonl");
    std::fs::write(&file, lines.join("\n")).expect("written");
    file
}

/// Line by line, so that a difference is readable.
fn similar(by_policy: &Value, by_hand: &Value) {
    let lines = |value: &Value| {
        let text = serde_json::to_string_pretty(value).expect("JSON");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (policy, hand) = (lines(by_policy), lines(by_hand));
    let more = policy.iter().filter(|line| !hand.contains(line));
    let less = hand.iter().filter(|line| !policy.contains(line));
    let diff: Vec<_> = more
        .map(|line| format!("by policy {line}"))
        .chain(less.map(|line| format!("by hand   {line}")))
        .collect();
    assert!(policy == hand, "{}\n{by_policy:#}", diff.join("\n"));
}

/// What the clients show to an administrator, and what people can do.
async fn seen(clients: &Clients, document: &Document) -> Value {
    let shell = administrator(clients).await;
    for upn in document.people {
        let line = format!("az ad user update --id {upn} --password {PASSWORD}");
        shell.types(&line).await.good();
    }
    fetch_credential(clients, &shell, document).await;
    let mut seen = view(&shell, document).await;
    for (upn, namespace) in document.can {
        let person = clients.sign_in(upn, PASSWORD).await.expect("signed in");
        person.types(&document.credential("")).await.good();
        let line = format!("kubectl auth can-i --list --namespace {namespace}");
        let list = person.types(&line).await;
        let mut lines: Vec<_> = list.good().lines().map(str::to_owned).collect();
        lines.sort();
        seen["can"][format!("{upn} in {namespace}")] = lines.into();
    }
    seen
}

async fn administrator(clients: &Clients) -> Terminal {
    let password = sandbox::Config::default().user_password;
    clients.sign_in(ADMINISTRATOR, &password).await.expect("signed in")
}

/// The administrator looks into the cluster with the credential of whoever may.
async fn fetch_credential(clients: &Clients, shell: &Terminal, document: &Document) {
    let Some(upn) = document.admin else {
        shell.types(&document.credential("--admin")).await.good();
        return;
    };
    let admin = clients.sign_in(upn, PASSWORD).await.expect("signed in");
    let token = "az account get-access-token --resource 6dae42f8-4368-4678-94ff-3960e28e3630 \
                 --query accessToken -o tsv";
    let token = admin.types(token).await.text().to_owned();
    shell.types(&document.credential("")).await.good();
    shell.set("TOKEN", token);
    let user = "kubectl config set-credentials lent --token $TOKEN && kubectl config set-context \
                --current --user lent";
    shell.types(user).await.good();
}

/// The commands again, in the tenant that Latchkey made: each finds what it would make.
async fn again_by_hand(stage: &Stage, clients: &Clients, document: &Document, seen: &Value) {
    let shell = administrator(clients).await;
    fetch_credential(clients, &shell, document).await;
    let before = stage.sandbox.world.snapshot();
    let mut ids = Vec::new();
    for group in document.groups {
        let line = format!(
            "az ad group create --display-name {group} --mail-nickname {group} --query id -o tsv"
        );
        ids.push(shell.types(&line).await.text().to_owned());
    }
    for role in seen["roles"].as_array().into_iter().flatten() {
        let text = |field: &str| role[field].as_str().unwrap_or_default();
        let at = document.groups.iter().position(|group| *group == text("who"));
        let id = &ids[at.expect("a group of the document")];
        let line = format!(
            "az role assignment create --assignee-object-id {id} --assignee-principal-type Group \
             --role \"{}\" --scope {}",
            text("role"),
            text("scope")
        );
        shell.types(&line).await.good();
    }
    for (at, manifest) in (document.manifests)(&ids).iter().enumerate() {
        let file = format!("{at}.yaml");
        shell.write(&file, manifest).expect("written");
        shell.types(&format!("kubectl apply -f {file}")).await.good();
    }
    assert_eq!(stage.sandbox.world.snapshot(), before, "the commands changed something");
}

/// Latchkey in the tenant that the commands made: it adopts, and that is all.
async fn again_by_policy(stand: Stand, document: &Document) {
    let (files, options) = options(document);
    let text = std::fs::read_to_string(document.policy()).expect("readable");
    let policy = latchkey_core::Policy::parse(&text).expect("valid");
    let cast = tenant::people(&stand.sandbox, &policy);
    let before = stand.sandbox.world.snapshot();
    let stage = Stage::over(stand.sandbox, cast, &options, |_| {}).await.expect("the stage is set");
    let outcome = procedure::carry_out(&stage, &events(&files, document)).await.expect("played");
    assert!(outcome.converged, "{:#?}", outcome.reasons);
    let made = made(&outcome);
    assert!(made.iter().all(|op| op.starts_with("= ")), "more than adopted: {made:#?}");
    assert_eq!(stage.sandbox.world.snapshot(), before, "Latchkey changed something");
    stage.host.stop().await;
}

/// Every write of every case.
fn made(outcome: &Outcome) -> Vec<String> {
    let steps = outcome.cases.iter().flat_map(|case| &case.steps);
    steps.flat_map(|step| step.ops.clone()).collect()
}
