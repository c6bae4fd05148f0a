//! Asking a cluster what somebody may do.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kube::api::PostParams;
use latchkey_core::{CallError, NamespaceName, ObjectId};

use crate::{Cluster, convert::requests, failure};

/// A question: may this user do this? `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Review {
    /// The user as tokens name it: the UPN, or the object id of a guest.
    pub user: String,
    /// Object ids of the groups that the user's token would name.
    pub groups: Vec<ObjectId>,
    /// The user's object id, which the Azure authorizer asks for.
    pub oid: ObjectId,
    /// Where; none for a question about the whole cluster.
    pub namespace: Option<NamespaceName>,
    /// The verb: `list`.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The resource: `pods`.
    pub resource: String,
}

impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Review")
            .field("oid", &self.oid)
            .field("namespace", &self.namespace)
            .field("verb", &self.verb)
            .field("group", &self.group)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

/// Which authorizer allowed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// A binding in the cluster.
    KubernetesRbac,
    /// An Azure role assignment.
    AzureRbac,
}

/// The answer. Answers, also denials, are cached by the API server for minutes. `Debug` hides
/// the texts, which may name the user.
#[derive(Clone, PartialEq, Eq)]
pub struct Verdict {
    /// It may.
    pub allowed: bool,
    /// An authorizer forbids it, whatever others say.
    pub denied: bool,
    /// The authorizer's text.
    pub reason: Option<String>,
    /// Which authorizer allowed it, as far as the reason tells.
    pub path: Option<Plane>,
    /// What went wrong while deciding; the verdict holds all the same.
    pub evaluation_error: Option<String>,
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict")
            .field("allowed", &self.allowed)
            .field("denied", &self.denied)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Asks the cluster's authorizers, Kubernetes RBAC and Azure RBAC, through a
    /// SubjectAccessReview.
    ///
    /// # Errors
    /// [`CallError::Denied`] when we may not ask; otherwise what kept the API server from
    /// answering.
    pub async fn review(&self, review: &Review) -> Result<Verdict, CallError> {
        const WHAT: &str = "review access";
        let body = serde_json::to_vec(&question(review))
            .map_err(|error| failure::rejected(WHAT, "InvalidRequest", &error.to_string()))?;
        let request = requests::<SubjectAccessReview>(None).create(&PostParams::default(), body);
        let answer: SubjectAccessReview = self.read(WHAT, request).await?;
        answer
            .status
            .map(verdict)
            .ok_or_else(|| failure::surprise(WHAT, "the answer has no status".into()))
    }
}

fn question(review: &Review) -> SubjectAccessReview {
    let groups = review.groups.iter().map(ToString::to_string);
    let resource = ResourceAttributes {
        namespace: review.namespace.as_ref().map(ToString::to_string),
        verb: Some(review.verb.clone()),
        group: Some(review.group.clone()),
        resource: Some(review.resource.clone()),
        ..ResourceAttributes::default()
    };
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(review.user.clone()),
            groups: Some(groups.chain(["system:authenticated".to_owned()]).collect()),
            extra: Some(BTreeMap::from([("oid".to_owned(), vec![review.oid.to_string()])])),
            resource_attributes: Some(resource),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    }
}

fn verdict(status: SubjectAccessReviewStatus) -> Verdict {
    let path = status.reason.as_deref().filter(|_| status.allowed).and_then(plane);
    Verdict {
        allowed: status.allowed,
        denied: status.denied.unwrap_or(false),
        reason: status.reason,
        path,
        evaluation_error: status.evaluation_error,
    }
}

fn plane(reason: &str) -> Option<Plane> {
    if reason.starts_with("RBAC:") {
        Some(Plane::KubernetesRbac)
    } else if reason.contains("Azure RBAC") {
        Some(Plane::AzureRbac)
    } else {
        None
    }
}
