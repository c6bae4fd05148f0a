//! Roles of namespaces.

use k8s_openapi::api::rbac::v1::Role;
use kube::api::{GetParams, Patch, PatchParams};
use latchkey_core::{CallError, NamespaceName, policy::Rule};

use crate::{
    Cluster, MANAGER,
    convert::{is_reserved_name, ours, policy_rule, requests, rule},
    failure,
    namespaces::optional,
};

impl Cluster {
    /// The rules of a Role; none when there is no such Role.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn role(
        &self,
        namespace: &NamespaceName,
        name: &str,
    ) -> Result<Option<Vec<Rule>>, CallError> {
        let request = requests::<Role>(Some(namespace)).get(name, &GetParams::default());
        let found: Option<Role> = optional(self.read("get a Role", request).await)?;
        Ok(found.map(|role| role.rules.unwrap_or_default().into_iter().map(rule).collect()))
    }

    /// Writes a Role of ours: it then has exactly these rules.
    ///
    /// # Errors
    /// [`CallError::Denied`] when we may not give what the rules give, [`CallError::NotFound`]
    /// when there is no such namespace, [`CallError::Conflict`] when it is being deleted,
    /// [`CallError::Rejected`] when the name is reserved or a rule is invalid,
    /// [`CallError::Lost`] when it may have been written.
    pub async fn apply_role(
        &self,
        namespace: &NamespaceName,
        name: &str,
        rules: &[Rule],
    ) -> Result<(), CallError> {
        const WHAT: &str = "apply a Role";
        if is_reserved_name(name) {
            return Err(failure::rejected(WHAT, "Reserved", "the name belongs to the cluster"));
        }
        let role = Role {
            metadata: ours(name, Some(namespace)),
            rules: Some(rules.iter().map(policy_rule).collect()),
        };
        let request = requests::<Role>(Some(namespace)).patch(
            name,
            &PatchParams::apply(MANAGER).force(),
            &Patch::Apply(&role),
        );
        self.write::<Role>(WHAT, request).await.map(drop)
    }
}
