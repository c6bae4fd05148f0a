//! What each document comes to: its policy, its cluster and its groups.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use latchkey_core::Policy;
use serde_json::Value;
use xtask::{events::events_at, pack};

use super::{
    by_hand::{group_bound, kubernetes_rbac},
    stand::{ADMINISTRATOR, Existing},
};

/// One document, and the worked policy of the same name.
pub struct Document {
    /// `tests/fixtures/seeds/{policy}.yaml`.
    pub policy: &'static str,
    /// The cluster's resource group.
    pub group: &'static str,
    /// The cluster.
    pub cluster: &'static str,
    /// The groups it speaks of.
    pub groups: &'static [&'static str],
    /// Those whose membership is given for a time.
    pub for_a_time: &'static [&'static str],
    /// The people it speaks of.
    pub people: &'static [&'static str],
    /// Who looks into the cluster: a cluster admin, else the local account.
    pub admin: Option<&'static str>,
    /// Who is asked what they can do, and where.
    pub can: &'static [(&'static str, &'static str)],
    /// Bindings of people, which the document names and no policy can: the name that Latchkey
    /// gives them is made of role and person, so that there is never a second one.
    pub own_names: &'static [&'static str],
    /// Its manifests, given the object ids of its groups.
    pub manifests: fn(&[String]) -> Vec<String>,
}

/// The worked policy of this name.
pub const LEAST_PRIVILEGE: Document = Document {
    policy: "least-privilege",
    group: "rg-spoke",
    cluster: "private-aks-ada",
    groups: &["ClusterAdminGroup-ada", "Ops_Fronted_team-ada", "Ops_Backend_team-ada"],
    for_a_time: &[],
    people: &[
        "clusteradminada@contoso.onmicrosoft.com",
        "opsfe-ada@contoso.onmicrosoft.com",
        "opsbe-ada@contoso.onmicrosoft.com",
    ],
    admin: Some("clusteradminada@contoso.onmicrosoft.com"),
    can: &[("opsfe-ada@contoso.onmicrosoft.com", "frontend")],
    own_names: &[],
    manifests: |_| Vec::new(),
};

/// The worked policy of this name.
pub const KUBERNETES_RBAC: Document = Document {
    policy: "kubernetes-rbac",
    group: "myResourceGroup",
    cluster: "myAKSCluster",
    groups: &["appdev", "opssre"],
    for_a_time: &[],
    people: &["aksdev@contoso.com", "akssre@contoso.com"],
    admin: None,
    can: &[("aksdev@contoso.com", "dev"), ("akssre@contoso.com", "dev")],
    own_names: &[],
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
    for_a_time: &[],
    people: &["carol@contoso.com", "dave@contoso.com"],
    admin: Some("carol@contoso.com"),
    can: &[("dave@contoso.com", "retail-app")],
    own_names: &[],
    manifests: |groups| groups.iter().skip(1).map(|id| group_bound::role_binding(id)).collect(),
};

/// The worked policy of this name.
pub const LEGACY: Document = Document {
    policy: "legacy",
    group: "myResourceGroup",
    cluster: "myakscluster",
    groups: &["admins"],
    for_a_time: &[],
    people: &[ADMINISTRATOR, "platformadmin@contoso.onmicrosoft.com"],
    admin: None,
    can: &[(ADMINISTRATOR, "default"), ("platformadmin@contoso.onmicrosoft.com", "default")],
    own_names: &["contoso-cluster-admins"],
    manifests: |_| Vec::new(),
};

/// The worked policy of this name.
pub const JUST_IN_TIME: Document = Document {
    policy: "just-in-time",
    group: "myResourceGroup",
    cluster: "myManagedCluster",
    groups: &["myJITGroup", "Payments_readers", "Access_approvers", "Break_glass"],
    for_a_time: &["myJITGroup", "Payments_readers"],
    people: &[
        "jitadmin@contoso.onmicrosoft.com",
        "payments@contoso.onmicrosoft.com",
        "duty@contoso.onmicrosoft.com",
    ],
    admin: None,
    can: &[
        ("jitadmin@contoso.onmicrosoft.com", "payments"),
        ("payments@contoso.onmicrosoft.com", "payments"),
    ],
    own_names: &[],
    manifests: |_| Vec::new(),
};

impl Document {
    /// The cluster before.
    pub const fn existing(&self) -> Existing {
        Existing { group: self.group, name: self.cluster }
    }

    /// The worked policy's file.
    pub fn file(&self) -> PathBuf {
        pack::root().join("tests/fixtures/seeds").join(self.policy).with_extension("yaml")
    }

    /// The worked policy.
    pub fn policy(&self) -> Policy {
        let text = fs::read_to_string(self.file()).expect("readable");
        Policy::parse(&text).expect("valid")
    }

    /// A file of the policy's events about the people of the document, as if played at an instant;
    /// the policy has more to tell.
    pub fn events(&self, folder: &Path, at: Timestamp) -> PathBuf {
        let all = events_at(&self.file().with_extension("jsonl"), at).expect("readable");
        let person = |event: &str| {
            let event: Value = serde_json::from_str(event).expect("JSON");
            let named = event["data"]["attributes"]["userPrincipalName"].as_str();
            let named = named.is_some_and(|upn| self.people.contains(&upn));
            (event["subject"].clone(), named)
        };
        let ours = all.iter().map(|event| person(event)).filter(|(_, named)| *named);
        let ours: Vec<Value> = ours.map(|(subject, _)| subject).collect();
        let about = all.iter().filter(|event| ours.contains(&person(event).0));
        let lines: Vec<&str> = about.map(String::as_str).collect();
        let file = folder.join("events.jsonl");
        fs::write(&file, lines.join("\n")).expect("written");
        file
    }

    /// The command that fetches the cluster's credential.
    pub fn credential(&self, more: &str) -> String {
        format!("az aks get-credentials -g {} -n {} {more}", self.group, self.cluster)
    }
}
