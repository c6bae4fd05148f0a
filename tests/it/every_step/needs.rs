//! Least privilege, both ways: a step works with its needs alone, and with none of them less.

use std::collections::{BTreeMap, BTreeSet};

use handlers::{EVERY_STEP, STEPS};
use latchkey_runtime::{Next, Run};
use sandbox::Rights;
use xtask::tenant;

use super::{case::Case, for_every_case, stage::Stage};

/// How often a run is delivered again here.
const MOST_RUNS: usize = 5;

/// Needs that no case here misses, and why they are declared all the same.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "disable_sign_in",
        "User.Read.All",
        "Graph documents `accountEnabled` for it together with User.EnableDisableAccount.All; \
         that Directory.Read.All contains it is not documented for that pair",
    ),
    (
        "evict_members",
        "User.Read.All",
        "without it Graph lists the members of a group by id alone: nobody would be known by the id \
         that HR gave them",
    ),
    (
        "remove_assignments",
        "User.Read.All",
        "without it Graph tells no more of a user than the id: nobody would be known by the id that \
         HR gave them",
    ),
    (
        "disable_local_accounts",
        "User.Read.All",
        "without it Graph lists the members of a group by id alone, whether they may sign in or \
         not",
    ),
    (
        "prove_revoked",
        "Microsoft.Authorization/roleDefinitions/read",
        "what it tells is said to be not visible where it is missing: the receipt would prove less",
    ),
    (
        "prove_revoked",
        "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
        "what it tells is said to be not visible where it is missing: the receipt would prove less",
    ),
    (
        "prove_revoked",
        "Microsoft.Insights/eventtypes/values/read",
        "what it tells is said to be not visible where it is missing: the receipt would prove less",
    ),
];

/// Each single right of a step, with all its other rights.
fn one_less(case: &Case) -> Vec<(String, Rights)> {
    let all = tenant::rights(&[case.entry.needs, EVERY_STEP].concat());
    let mut less = Vec::new();
    for right in &all.graph {
        let mut rest = all.clone();
        rest.graph.remove(right);
        less.push((right.clone(), rest));
    }
    for right in &all.arm {
        let mut rest = all.clone();
        rest.arm.remove(right);
        less.push((right.clone(), rest));
    }
    for right in &all.kubernetes {
        let mut rest = all.clone();
        rest.kubernetes.remove(right);
        less.push((format!("{} {}", right.1, right.0), rest));
    }
    less
}

/// The rights that a case can do without.
async fn unmissed(case: &Case) -> (BTreeSet<String>, Vec<String>) {
    let calm = run(case, None).await.expect("it works with all its needs");
    let (mut unmissed, mut wrong) = (BTreeSet::new(), Vec::new());
    for (right, rest) in one_less(case) {
        match run(case, Some(rest)).await {
            Ok(run) if run == calm => drop(unmissed.insert(right)),
            Ok(_) => {}
            Err(Next::Quarantine) => {}
            Err(next) => wrong.push(format!(
                "{}: without {right} it must fail for an operator to see, but: {next:?}",
                case.name()
            )),
        }
    }
    (unmissed, wrong)
}

async fn run(case: &Case, rights: Option<Rights>) -> Result<Run, Next> {
    let stage = Stage::set(case).await;
    if let Some(rights) = rights {
        stage.grant(rights);
    }
    let mut last = stage.run().await.map_err(|error| error.next());
    // A write that another one overtook is delivered again; a missing right is not.
    for _ in 0..MOST_RUNS {
        if !matches!(last, Err(Next::Redeliver { .. } | Next::Look)) {
            break;
        }
        last = stage.run().await.map_err(|error| error.next());
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_works_with_its_needs_and_not_with_any_one_less() {
    let found = std::sync::Mutex::new(BTreeMap::<&str, BTreeSet<String>>::new());
    for_every_case(|case| {
        let found = &found;
        async move {
            let (unmissed, wrong) = unmissed(&case).await;
            let mut found = found.lock().expect("nobody panicked");
            let all = found.entry(case.entry.name).or_insert_with(|| unmissed.clone());
            all.retain(|right| unmissed.contains(right));
            wrong
        }
    })
    .await;
    let found = found.into_inner().expect("nobody panicked");
    let found: BTreeSet<_> = found
        .iter()
        .flat_map(|(step, all)| all.iter().map(move |need| (*step, need.as_str())))
        .collect();
    let known: BTreeSet<_> = EXCEPTIONS.iter().map(|(step, need, _)| (*step, *need)).collect();
    let superfluous: Vec<_> = found.difference(&known).collect();
    assert!(superfluous.is_empty(), "declared and never missed: {superfluous:#?}");
    let stale: Vec<_> = known.difference(&found).collect();
    assert!(stale.is_empty(), "EXCEPTIONS names needs that are missed: {stale:#?}");
}

#[test]
fn every_exception_is_a_need_and_has_a_reason() {
    for (step, need, why) in EXCEPTIONS {
        assert!(STEPS.iter().any(|entry| entry.name == *step), "{step} is no step");
        assert!(!why.is_empty(), "{step}: why does it need {need}?");
    }
}
