//! Gives a cluster new certificates, so that every client certificate issued so far is void: those
//! of local accounts outlive their end.
//!
//! The nodes are recreated, with up to 30 minutes of outage. No planner asks for it: an operator
//! does, under a reference, and another approves. One reference rotates once. What a rotation
//! changes for all to see is the cluster's authority, so the ledger keeps which one a reference
//! is to replace.

use latchkey_core::{
    Approval, Decision, Op, Timestamp, cluster::unsafe_cluster, ids::digest, request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm},
    Step, StepError,
    journal::{append_if, read},
    secured,
};
use serde::{Deserialize, Serialize};

/// One record of the stream `certificates/{cluster}`: a rotation was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Under which reference.
    pub reference: latchkey_core::Reference,
    /// Digest of the authority to replace.
    pub replaces: String,
}

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What is asked.
    pub asked: request::Rotation,
    /// Whether the cluster is stopped.
    pub stopped: bool,
    /// Digest of the cluster's authority now.
    pub authority: String,
    /// Digest of the one to replace, if the rotation was begun before.
    pub replaces: Option<String>,
}

/// The step.
#[derive(Debug)]
pub struct RotateCertificates;

impl Step for RotateCertificates {
    const NAME: &'static str = "rotate_certificates";
    const NEEDS: &'static [Need] = &[Arm(
        "Microsoft.ContainerService/managedClusters",
        &["read", "listClusterUserCredential/action", "rotateClusterCertificates/action"],
    )];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Rotation;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Rotation) -> Result<Facts, StepError> {
        let seen = secured::look_when_settled(cx, &request.cluster).await?;
        let id = &cx.governed(&request.cluster)?.resource_id;
        let authority = cx.arm().cluster_authority(id).await?;
        let begun: Vec<Begun> = read(cx, &stream(request)).await?;
        let begun = begun.into_iter().find(|begun| begun.reference == request.reference);
        Ok(Facts {
            asked: request.clone(),
            stopped: seen.stopped,
            authority: digest(&[&authority]),
            replaces: begun.map(|begun| begun.replaces),
        })
    }

    fn decide(request: &request::Rotation, facts: &Facts, _: Timestamp) -> Decision {
        let done = facts.replaces.as_ref().is_some_and(|old| *old != facts.authority);
        if !done && facts.stopped {
            let why = "it is stopped: start it first";
            return Decision::refuse(unsafe_cluster(&request.cluster, why));
        }
        let rotate = || Op::RotateCertificates { cluster: request.cluster.clone() };
        Decision::from_ops((!done).then(rotate))
    }

    fn approval(_: &request::Rotation, _: &Facts) -> Option<Approval> {
        Some(Approval::Operator)
    }

    async fn reserve(cx: &Cx, facts: &Facts) -> Result<(), StepError> {
        let reference = facts.asked.reference.clone();
        let begun = Begun { reference, replaces: facts.authority.clone() };
        append_if(cx, &stream(&facts.asked), |seen: &[Begun]| {
            let known = seen.iter().any(|known| known.reference == begun.reference);
            (!known).then(|| begun.clone())
        })
        .await?;
        Ok(())
    }
}

fn stream(request: &request::Rotation) -> String {
    format!("certificates/{}", request.cluster)
}

#[cfg(test)]
mod tests;
