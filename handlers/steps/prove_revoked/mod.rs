//! Proves that what was taken from a leaver is really gone: the directory, ARM and every cluster are
//! observed once more, a write is tried as the leaver, and the authorizers are asked.
//!
//! Nothing is written: the write is tried with `dryRun`, as the leaver and with a group that may do
//! nothing but that one try. Authorizers remember what they said for minutes, so they are not asked
//! before they must have forgotten what held while a path was there: a question asked too early
//! would pin an answer that is no longer true.

mod ask;

use latchkey_core::{
    Decision, Refusal, Timestamp, request,
    revocation::{self, Path, Story},
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError, case, held,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Why there is nothing to prove.
    pub refusal: Option<Refusal>,
    /// What was observed once more.
    pub observed: revocation::Observed,
    /// Until when a token of before may live.
    pub tokens_until: Option<Timestamp>,
}

/// The step.
#[derive(Debug)]
pub struct ProveRevoked;

impl Step for ProveRevoked {
    const NAME: &'static str = revocation::PROOF;
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Graph("PrivilegedAssignmentSchedule.Read.AzureADGroup"),
        Graph("PrivilegedEligibilitySchedule.Read.AzureADGroup"),
        Arm("Microsoft.Authorization/roleAssignments", &["read"]),
        Arm("Microsoft.Authorization/roleDefinitions", &["read"]),
        Arm("Microsoft.Authorization/roleEligibilityScheduleInstances", &["read"]),
        Arm("Microsoft.Insights/eventtypes/values", &["read"]),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("rolebindings", &["list"]),
        Kube("clusterrolebindings", &["list"]),
        Kube("leaverlists", &["get"]),
        Kube("subjectaccessreviews", &["create"]),
        Kube("users", &["impersonate"]),
        Kube("groups", &["impersonate"]),
        Kube("userextras/oid", &["impersonate"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Proof;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Proof) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let standing = view.state(cx.now()).standing();
        if standing != Standing::Left {
            let refusal = Some(Refusal::NotALeaver { person: request.person_id.clone() });
            return Ok(Facts { refusal, ..Facts::nothing() });
        }
        let records = case::read(cx, &request.case_id).await?;
        let story = Story::of(&records, &cx.policy().revocation);
        let revocation = &cx.policy().revocation;
        // A case that was opened long after the doors were shut has no record of them.
        let shut = view.sign_in.filter(|(open, _)| !open).map(|(_, at)| at);
        let expired = |at: Timestamp| at.saturating_add(revocation.token_life()).ok();
        let tokens_until = story.tokens_until(revocation).or_else(|| shut.and_then(expired));
        let held = held::observe(cx, &view, standing).await?;
        let clusters = ask::clusters(cx, &view, &held, &story).await?;
        let observed = revocation::Observed {
            held: Path::of(&held),
            clusters,
            token_lives: tokens_until.is_none_or(|until| until > cx.now()),
        };
        Ok(Facts { refusal: None, observed, tokens_until })
    }

    fn decide(_: &request::Proof, facts: &Facts, _: Timestamp) -> Decision {
        match &facts.refusal {
            Some(refusal) => Decision::refuse(refusal.clone()),
            None => revocation::judge(&facts.observed, facts.tokens_until),
        }
    }
}

impl Facts {
    fn nothing() -> Self {
        let observed = revocation::Observed::default();
        Self { refusal: None, observed, tokens_until: None }
    }
}

#[cfg(test)]
mod tests;
