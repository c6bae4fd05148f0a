//! The same end by policy as by hand: what `az` and `kubectl` show cannot tell who made it, Latchkey
//! finds nothing to do where the commands were run first, and the commands nothing where it was.

use jiff::Timestamp;
use sandbox::Sandbox;
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
    by_hand::{group_bound, just_in_time::worked, kubernetes_rbac, least_privilege, legacy},
    document::{Document, GROUP_BOUND, JUST_IN_TIME, KUBERNETES_RBAC, LEAST_PRIVILEGE, LEGACY},
    stand::{Stand, Typing as _, add_administrator, administrator},
    view::view,
};

/// The password that the administrator hands to people.
const PASSWORD: &str = "Handed-over-1-pw";

#[tokio::test(flavor = "multi_thread")]
async fn least_privilege_ends_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::with(&[LEAST_PRIVILEGE.existing()]).await else { return };
    compare(stand, &LEAST_PRIVILEGE, least_privilege::set_up, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_in_kubernetes_end_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::with(&[KUBERNETES_RBAC.existing()]).await else { return };
    kubernetes_rbac::prerequisites(&stand.administrator().await).await;
    compare(stand, &KUBERNETES_RBAC, kubernetes_rbac::set_up, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_bound_to_a_group_ends_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::with(&[GROUP_BOUND.existing()]).await else { return };
    compare(stand, &GROUP_BOUND, group_bound::set_up, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_cluster_ends_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::before(&LEGACY).await else { return };
    compare(stand, &LEGACY, legacy::set_up, legacy::again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn access_for_a_time_ends_the_same_by_policy_as_by_hand() {
    let Some(stand) = Stand::before(&JUST_IN_TIME).await else { return };
    compare(stand, &JUST_IN_TIME, worked::set_up, worked::again).await;
}

/// Compares the tenant that the commands make with the one that Latchkey makes of the policy, then
/// lets Latchkey look at the first and the commands at the second: `again`, and creating every
/// group, role assignment and object.
async fn compare(
    stand: Stand,
    document: &Document,
    set_up: impl AsyncFnOnce(&Terminal),
    again: impl AsyncFnOnce(&Terminal),
) {
    // What is given by hand for some hours ends no sooner than if it was asked for now.
    let began = Timestamp::now();
    set_up(&stand.administrator().await).await;
    let by_hand = seen(&stand.clients, &stand.sandbox, document).await;
    let (files, options) = options(document);
    let stage = Stage::start(&options, |_| {}).await.expect("the stage is set");
    let events = document.events(files.dir(), Timestamp::now());
    let outcome = procedure::carry_out(&stage, &events).await.expect("played");
    assert!(outcome.converged, "{:#?}", outcome.reasons);
    add_administrator(&stage.sandbox);
    let tools = Tools::find().expect("az and kubectl are there").expect("they were before");
    let world = stage.sandbox.world.clone();
    let clients = Clients::new(tools, world, &stage.sandbox.ca_pem).expect("written");
    let by_policy = seen(&clients, &stage.sandbox, document).await;
    similar(&by_policy, &by_hand);
    again_by_hand(&stage, &clients, document, &by_policy, again).await;
    stage.host.stop().await;
    again_by_policy(stand, document, began).await;
}

fn options(document: &Document) -> (Scratch, StageOptions) {
    let files = Scratch::new().expect("files");
    let options = StageOptions { policy: document.file(), ..files.options() };
    (files, options)
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
async fn seen(clients: &Clients, sandbox: &Sandbox, document: &Document) -> Value {
    let shell = administrator(clients, sandbox).await;
    for upn in document.people {
        let line = format!("az ad user update --id {upn} --password {PASSWORD}");
        shell.types(&line).await.good();
    }
    fetch_credential(clients, &shell, document).await;
    let mut seen = view(&shell, document).await;
    for (upn, namespace) in document.can {
        let person = clients.terminal().expect("opened");
        person.sign_in_browser(upn, PASSWORD, true).await.expect("signed in");
        person.types(&document.credential("")).await.good();
        let line = format!("kubectl auth can-i --list --namespace {namespace}");
        let list = person.types(&line).await;
        let mut lines: Vec<_> = list.good().lines().map(str::to_owned).collect();
        lines.sort();
        // Where Azure decides, the list does not tell.
        let line = format!("kubectl auth can-i list pods --namespace {namespace}");
        lines.push(format!("list pods: {}", person.types(&line).await.out.trim_end()));
        seen["can"][format!("{upn} in {namespace}")] = lines.into();
    }
    seen
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
async fn again_by_hand(
    stage: &Stage,
    clients: &Clients,
    document: &Document,
    seen: &Value,
    again: impl AsyncFnOnce(&Terminal),
) {
    let shell = administrator(clients, &stage.sandbox).await;
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
    again(&shell).await;
    assert_eq!(stage.sandbox.world.snapshot(), before, "the commands changed something");
}

/// Latchkey in the tenant that the commands made: it adopts, and that is all.
async fn again_by_policy(stand: Stand, document: &Document, asked: Timestamp) {
    let (files, options) = options(document);
    let cast = tenant::people(&stand.sandbox, &document.policy());
    let before = stand.sandbox.world.snapshot();
    let stage = Stage::over(stand.sandbox, cast, &options, |_| {}).await.expect("the stage is set");
    let events = document.events(files.dir(), asked);
    let outcome = procedure::carry_out(&stage, &events).await.expect("played");
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
