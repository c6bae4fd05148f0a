//! Validating admission policies: what a write, or a connection, is refused by after it was
//! authorized.
//!
//! Of an API server's this has: policies and bindings of `admissionregistration.k8s.io/v1` with
//! match constraints, match conditions, variables, validations and a parameter by name. It has no
//! parameters by selector, no expressions in selectors, no `authorizer`, and of the actions only
//! `Deny`.
//!
//! Source: kubernetes/apiserver, pkg/admission/plugin/policy.

mod cel;
mod matching;

use serde_json::{Value, json};

use super::call::Call;
use super::kinds::{ADMISSION, KINDS, Kind};
use super::reviews::user_info;
use super::state::State;
use super::status::Failure;
use super::store::Key;

pub(super) use cel::compile;

/// What is done to an object, as admission sees it.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    pub(super) operation: &'static str,
    /// The kind of the resource in the path.
    pub(super) kind: &'static Kind,
    /// Its name; empty while it has none.
    pub(super) name: &'a str,
    /// The object as it would be; none when it goes.
    pub(super) object: Option<&'a Value>,
    /// The object as it is.
    pub(super) old: Option<&'a Value>,
}

/// A longer message is not used.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// 403, or the code of the reason that a policy gives, when a policy denies the request.
pub(super) fn check(call: &Call<'_>, state: &State, asked: Request<'_>) -> Result<(), Failure> {
    // Otherwise nobody could mend a policy that denies everything.
    if asked.kind.group == ADMISSION {
        return Ok(());
    }
    for binding in state.objects("validatingadmissionpolicybindings") {
        let name = binding["spec"]["policyName"].as_str().unwrap_or_default();
        let Some(policy) = state.object("validatingadmissionpolicies", "", name) else { continue };
        let denies = binding["spec"]["validationActions"].as_array();
        let denies = denies.is_some_and(|actions| actions.iter().any(|action| action == "Deny"));
        let bound = Bound { call, state, asked, policy, binding };
        if let (true, Some(denial)) = (denies, bound.denial()) {
            return Err(bound.failure(&denial));
        }
    }
    Ok(())
}

/// A policy and one of its bindings, asked about a request.
struct Bound<'a> {
    call: &'a Call<'a>,
    state: &'a State,
    asked: Request<'a>,
    policy: &'a Value,
    binding: &'a Value,
}

/// Why a request is denied.
struct Denial {
    message: String,
    reason: String,
}

impl Bound<'_> {
    fn denial(&self) -> Option<Denial> {
        if !matching::matches(self.call, self.state, self.asked, self.policy, self.binding) {
            return None;
        }
        match self.decide() {
            Ok(denial) => denial,
            Err(error) if self.policy["spec"]["failurePolicy"] != "Ignore" => {
                Some(Denial { message: error, reason: String::new() })
            }
            Err(_) => None,
        }
    }

    /// Evaluates the policy; the error is that of an expression, or of what it needs.
    fn decide(&self) -> Result<Option<Denial>, String> {
        let spec = &self.policy["spec"];
        let params = match self.params()? {
            Some(params) => params,
            None if spec["paramKind"].is_object() => return Ok(None),
            None => Value::Null,
        };
        let mut scope = cel::Scope::new(&[
            ("request", self.request()),
            ("object", self.asked.object.cloned().unwrap_or_default()),
            ("oldObject", self.asked.old.cloned().unwrap_or_default()),
            ("params", params),
        ])?;
        for condition in list(&spec["matchConditions"]) {
            if scope.evaluate(text(&condition["expression"]))? == json!(false) {
                return Ok(None);
            }
        }
        for variable in list(&spec["variables"]) {
            scope.define(text(&variable["name"]), text(&variable["expression"]));
        }
        for validation in list(&spec["validations"]) {
            let expression = text(&validation["expression"]);
            if scope.evaluate(expression)? != json!(true) {
                let message = message(&mut scope, validation);
                return Ok(Some(Denial {
                    message,
                    reason: text(&validation["reason"]).to_owned(),
                }));
            }
        }
        Ok(None)
    }

    /// The object that the binding names; none where there is none.
    fn params(&self) -> Result<Option<Value>, String> {
        let (kind, at) = (&self.policy["spec"]["paramKind"], &self.binding["spec"]["paramRef"]);
        let of = |k: &&Kind| kind["kind"] == k.kind && kind["apiVersion"] == k.api_version();
        let Some(kind) = KINDS.iter().find(of) else { return Ok(None) };
        let namespace = at["namespace"].as_str().unwrap_or(&self.call.asked.namespace);
        let found = self.state.store.get(&Key::new(kind, namespace, text(&at["name"])));
        match (found, text(&at["parameterNotFoundAction"])) {
            (None, "Deny") => Err("failed to configure binding: no params found for policy \
                                   binding with `Deny` parameterNotFoundAction"
                .to_owned()),
            (found, _) => Ok(found.map(|found| Value::clone(found))),
        }
    }

    fn request(&self) -> Value {
        let (asked, attributes) = (self.asked, &self.call.asked);
        let (group, version) = (asked.kind.group, asked.kind.version);
        json!({
            "kind": {"group": group, "version": version, "kind": asked.kind.kind},
            "resource": {"group": group, "version": version, "resource": asked.kind.plural},
            "subResource": attributes.subresource,
            "name": asked.name,
            "namespace": attributes.namespace,
            "operation": asked.operation,
            "userInfo": user_info(&self.call.who),
            "dryRun": self.call.is_dry_run(),
        })
    }

    fn failure(&self, denial: &Denial) -> Failure {
        let name =
            |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let why = format!(
            "ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {}",
            name(self.policy),
            name(self.binding),
            denial.message
        );
        let unnamed = if self.asked.name.is_empty() { "Unknown" } else { self.asked.name };
        Failure::denied_by_policy(self.asked.kind, unnamed, &why, &denial.reason)
    }
}

/// What a validation says when it fails.
fn message(scope: &mut cel::Scope<'_>, validation: &Value) -> String {
    let usable = |text: &str| {
        let text = text.trim();
        !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains(['\n', '\r'])
    };
    let told = validation["messageExpression"].as_str().map(|told| scope.evaluate(told));
    if let Some(Ok(Value::String(told))) = told
        && usable(&told)
    {
        return told.trim().to_owned();
    }
    match text(&validation["message"]).trim() {
        "" => format!("failed expression: {}", text(&validation["expression"]).trim()),
        message => message.to_owned(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
