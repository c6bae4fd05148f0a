//! Single subjects of a binding: named in it, and taken out of it.

use k8s_openapi::{
    api::rbac::v1::{self as rbac, ClusterRoleBinding, RoleBinding},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::api::{GetParams, PostParams};
use latchkey_core::{
    CallError,
    holdings::{Binding, Subject},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Cluster,
    bindings::{is_off_limits, of, place, reserved},
    convert::subject,
    failure,
    namespaces::optional,
};

impl Cluster {
    /// Takes one subject out of a binding as it was observed; fine when it is not in it, or the
    /// binding is gone. A binding of ours that would be left without subjects is deleted.
    ///
    /// # Errors
    /// As [`Cluster::delete_binding`].
    pub async fn remove_subject(
        &self,
        binding: &Binding,
        subject: &Subject,
    ) -> Result<(), CallError> {
        if is_off_limits(binding) {
            return Err(reserved("remove a subject"));
        }
        if binding.namespace.is_some() {
            self.remove_from::<RoleBinding>(binding, subject).await
        } else {
            self.remove_from::<ClusterRoleBinding>(binding, subject).await
        }
    }

    /// Names one subject more in a binding as it was observed; fine when it is named already.
    ///
    /// # Errors
    /// As [`Cluster::delete_binding`]; [`CallError::NotFound`] when the binding is gone,
    /// [`CallError::Denied`] when we may not bind its role.
    pub async fn add_subject(&self, binding: &Binding, named: &Subject) -> Result<(), CallError> {
        if is_off_limits(binding) {
            return Err(reserved(ADD));
        }
        if binding.namespace.is_some() {
            self.add_to::<RoleBinding>(binding, named).await
        } else {
            self.add_to::<ClusterRoleBinding>(binding, named).await
        }
    }

    async fn add_to<K: Subjects>(
        &self,
        binding: &Binding,
        named: &Subject,
    ) -> Result<(), CallError> {
        let Subject::User(name) = named else {
            return Err(failure::rejected(ADD, "InvalidSubject", "it is no user"));
        };
        let request = place(binding).get(&binding.name, &GetParams::default());
        let mut object = self.read::<K>("get a binding", request).await?;
        if !is_as_observed(object.meta(), binding) {
            return Err(failure::conflict(ADD));
        }
        let subjects = object.subjects();
        if subjects.iter().any(|other| subject(other).as_ref() == Some(named)) {
            return Ok(());
        }
        subjects.push(of("User", name));
        self.replace(ADD, binding, &object).await
    }

    /// Writes a binding over the one that was observed.
    async fn replace<K: Subjects>(
        &self,
        what: &'static str,
        binding: &Binding,
        object: &K,
    ) -> Result<(), CallError> {
        let body = serde_json::to_vec(object)
            .map_err(|error| failure::rejected(what, "InvalidRequest", &error.to_string()))?;
        let request = place(binding).replace(&binding.name, &PostParams::default(), body);
        self.write::<K>(what, request).await.map(drop)
    }

    async fn remove_from<K: Subjects>(
        &self,
        binding: &Binding,
        leaver: &Subject,
    ) -> Result<(), CallError> {
        const WHAT: &str = "remove a subject";
        let request = place(binding).get(&binding.name, &GetParams::default());
        let Some(mut object) = optional(self.read::<K>("get a binding", request).await)? else {
            return Ok(());
        };
        if !is_as_observed(object.meta(), binding) {
            return Err(failure::conflict(WHAT));
        }
        let subjects = object.subjects();
        let before = subjects.len();
        subjects.retain(|other| subject(other).as_ref() != Some(leaver));
        match subjects.len() {
            after if after == before => Ok(()),
            0 if binding.managed => self.delete_binding(binding).await,
            _ => self.replace(WHAT, binding, &object).await,
        }
    }
}

const ADD: &str = "add a subject";

/// Whether nobody has changed the object since it was observed.
fn is_as_observed(meta: &ObjectMeta, binding: &Binding) -> bool {
    meta.uid.as_deref() == Some(&binding.uid)
        && meta.resource_version.as_deref() == Some(&binding.resource_version)
}

/// A binding whose subjects can be written.
trait Subjects: kube::Resource<DynamicType = ()> + Serialize + DeserializeOwned + Send {
    fn subjects(&mut self) -> &mut Vec<rbac::Subject>;
}

impl Subjects for RoleBinding {
    fn subjects(&mut self) -> &mut Vec<rbac::Subject> {
        self.subjects.get_or_insert_default()
    }
}

impl Subjects for ClusterRoleBinding {
    fn subjects(&mut self) -> &mut Vec<rbac::Subject> {
        self.subjects.get_or_insert_default()
    }
}
