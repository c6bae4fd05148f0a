//! What each step is asked: its `example.json`, and what else its needs are for.

use std::{env, fs, path::PathBuf, sync::LazyLock};

use handlers::STEPS;
use jiff::{SignedDuration, Timestamp};
use latchkey_core::case::Outcome;
use latchkey_runtime::Entry;
use serde_json::{Value, json};

use super::world::Change;

/// One request to one step in one world.
#[derive(Debug, Clone)]
pub struct Case {
    /// The step.
    pub entry: &'static Entry,
    /// What is special about it; nothing for `example.json` in the world as it is.
    pub what: &'static str,
    /// The request.
    pub request: Value,
    /// What happened in the world before.
    pub change: Change,
}

impl Case {
    /// How a run ends that changes something.
    pub fn ends(&self) -> Outcome {
        match self.change {
            // What was given is taken back, and the request refused.
            Change::GrantedLeft | Change::LeftAgain => Outcome::Refused,
            // Everything is still there to be found.
            _ if self.entry.name == latchkey_core::revocation::PROOF => Outcome::Unexpected,
            _ => Outcome::Applied,
        }
    }

    /// What it is called when it fails.
    pub fn name(&self) -> String {
        match self.what {
            "" => self.entry.name.to_owned(),
            what => format!("{} ({what})", self.entry.name),
        }
    }
}

/// Another branch of a step: which step, which branch, the request unless it is the example, and
/// what is different in the world.
type Branch = (&'static str, &'static str, Option<fn() -> Value>, Change);

/// Steps whose example asks for a change of something that is as it should be in every other case.
const FIRST: &[(&str, Change)] = &[
    ("disable_local_accounts", Change::LocalAccounts),
    ("enable_entra_integration", Change::Bare),
    ("create_role_assignable_group", Change::NoOnCall),
    ("end_just_in_time", Change::OnCall),
];

const BRANCHES: &[Branch] = &[
    ("enable_entra_integration", "of the retired kind", None, Change::Legacy),
    ("create_user", "who was disabled", None, Change::UserDisabled),
    ("create_user", "who was deleted", None, Change::UserDeleted),
    ("bind_cluster_role", "of a team", Some(auditors_read), Change::None),
    ("bind_cluster_role", "of a leaver", None, Change::GrantedLeft),
    ("unbind_person", "who works on", Some(granted), Change::GrantedMore),
    ("delete_group", "that is gone already", None, Change::GroupGone),
    ("bind_namespace_role", "of a built-in role", Some(shop_reader), Change::None),
    ("bind_namespace_role", "of a binding made by hand", Some(shop_reader), Change::BoundByHand),
    ("unbind_namespace_role", "at the cluster", Some(retail_at_cluster), Change::None),
    ("guard_cluster", "that was edited", None, Change::GuardEdited),
    ("guard_cluster", "where there is none", Some(unguarded), Change::None),
    ("require_compliant_device", "of ours that is off", None, Change::PolicyOff),
    ("rejoin_groups", "that approve", Some(privileged), Change::None),
    ("rejoin_groups", "of a leaver", None, Change::LeftAgain),
    ("rebind_person", "at the cluster", Some(privileged), Change::None),
    ("rebind_person", "of a leaver", None, Change::LeftAgain),
    ("probe_access", "of the group alone", Some(probe_team), Change::None),
];

fn privileged() -> Value {
    json!({ "personId": "1010", "caseId": "c-00000000000010aa", "privileged": true })
}

fn shop_reader() -> Value {
    json!({ "team": "retail", "cluster": "retail-aks", "namespace": "shop", "role": "reader" })
}

fn auditors_read() -> Value {
    json!({ "cluster": "retail-aks", "role": "reader", "holder": { "team": "auditors" } })
}

fn granted() -> Value {
    json!({ "personId": "1008" })
}

fn unguarded() -> Value {
    json!({ "cluster": "private-aks" })
}

fn retail_at_cluster() -> Value {
    json!({ "team": "retail", "cluster": "retail-aks" })
}

fn probe_team() -> Value {
    json!({ "cluster": "private-aks", "team": "platform" })
}

/// Every step with its example, and every further branch.
pub fn cases() -> Vec<Case> {
    STEPS.iter().flat_map(cases_of).collect()
}

fn cases_of(entry: &'static Entry) -> Vec<Case> {
    let example = example(entry.name);
    let further = BRANCHES.iter().filter(|(step, ..)| *step == entry.name);
    let further = further.map(|(_, what, request, change)| Case {
        entry,
        what,
        request: request.map_or_else(|| example.clone(), |request| request()),
        change: *change,
    });
    let change = FIRST.iter().find(|(step, _)| *step == entry.name);
    let change = change.map_or(Change::None, |(_, change)| *change);
    let first = Case { entry, what: "", request: example.clone(), change };
    [first].into_iter().chain(further).collect()
}

fn example(step: &str) -> Value {
    let file = root().join(format!("handlers/steps/{step}/example.json"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}. Each step has an example.json with a request as `Entry::run` takes it, \
             which asks for a change in the world of tests/it/every_step/world.rs; add to that \
             world what the request needs",
            file.display()
        )
    });
    let mut example: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    if example.get("until").is_some() {
        example["until"] = json!(*IN_AN_HOUR);
    }
    example
}

/// What an example asks for until an instant, which is past when it is read, is asked for until
/// this one: the same in every world, for an approval is of it word for word.
static IN_AN_HOUR: LazyLock<String> = LazyLock::new(|| {
    let now = Timestamp::now() + SignedDuration::from_hours(1);
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
});

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_branch_names_a_step() {
    for (step, what, ..) in BRANCHES {
        assert!(handlers::step(step).is_some(), "{what}: there is no step {step}");
    }
}

#[test]
fn every_example_is_valid_against_the_schema_of_its_step() {
    for case in cases() {
        let valid = jsonschema::validate(&(case.entry.schema)(), &case.request);
        assert!(valid.is_ok(), "{}: {:?}", case.name(), valid.err().map(|e| e.to_string()));
    }
}
