//! People signing in: judged by the policies, and written down.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::{Meeting, Policy, time};
use crate::directory::{Directory, User};
use crate::world::World;

/// Application id of the AKS server application, which people sign in to for a cluster.
pub const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// How somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// In a browser on the device itself.
    Browser,
    /// With a code typed in elsewhere: the device stays unknown.
    DeviceCode,
    /// With name and password sent by a program: the device stays unknown.
    Password,
}

/// One sign-in.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// UPN or object id.
    pub user: &'a str,
    /// The application signed in to.
    pub resource: &'a str,
    /// The client's application id and name.
    pub client: (&'a str, &'a str),
    /// How.
    pub flow: Flow,
    /// Whether the device is known to be compliant. Only a browser can prove it.
    pub compliant_device: bool,
    /// Whether a second factor was given.
    pub mfa: bool,
}

/// The sign-in was refused by a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Name of the policy.
    pub policy: String,
    /// The number of the error, of `AADSTS…`.
    pub code: u32,
    /// The error's text.
    pub text: &'static str,
}

const NO_DEVICE: &str = "Device is not in required device state: unknown. Conditional Access \
                         policy requires a compliant device, and the device is not compliant. \
                         The user must enroll their device with an approved MDM provider like \
                         Intune.";
const REFUSED: &str = "Access has been blocked by Conditional Access policies. The access policy \
                       does not allow token issuance.";

impl World {
    /// Judges a sign-in and writes it into the log.
    ///
    /// # Errors
    /// The enabled policy that refuses it. An unknown user is no sign-in and is let through, for
    /// who gives tokens refuses it anyway.
    pub fn sign_in(&self, attempt: &Attempt<'_>) -> Result<(), Blocked> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        let Some(user) = directory.user(attempt.user) else { return Ok(()) };
        let groups = directory.groups_of(&user.id);
        let meeting = attempt.meeting(user, &groups);
        let mut state = self.conditional_access.write().unwrap_or_else(PoisonError::into_inner);
        let (mut applied, mut refused, mut met) = (Vec::new(), None, false);
        for policy in &state.policies {
            let result = attempt.result(policy, &meeting, &directory);
            met |= result == "success";
            if result == "failure" && refused.is_none() {
                refused = Some(blocked(policy));
            }
            applied.push(shown(policy, result));
        }
        let status = match (&refused, met) {
            (Some(_), _) => "failure",
            (None, true) => "success",
            (None, false) => "notApplied",
        };
        let row = self.row(attempt, user, status, refused.as_ref(), &applied);
        state.sign_ins.push(row);
        refused.map_or(Ok(()), Err)
    }

    fn row(
        &self,
        attempt: &Attempt<'_>,
        user: &User,
        status: &str,
        refused: Option<&Blocked>,
        applied: &[Value],
    ) -> Value {
        let (app, app_name) = attempt.client;
        json!({
            "id": self.request_id(),
            "createdDateTime": time(self.clock.now()),
            "userDisplayName": user.display_name,
            "userPrincipalName": user.upn,
            "userId": user.id,
            "appId": app,
            "appDisplayName": app_name,
            "ipAddress": "127.0.0.1",
            "clientAppUsed": attempt.client_app_used(),
            "correlationId": self.request_id(),
            "conditionalAccessStatus": status,
            "isInteractive": true,
            "riskDetail": "none",
            "riskLevelAggregated": "none",
            "riskLevelDuringSignIn": "none",
            "riskState": "none",
            "riskEventTypes": [],
            "resourceDisplayName": resource_name(attempt.resource),
            "resourceId": attempt.resource,
            "status": {
                "errorCode": refused.map_or(0, |blocked| blocked.code),
                "failureReason": refused.map(|blocked| blocked.text),
                "additionalDetails": null,
            },
            "deviceDetail": {
                "deviceId": "", "displayName": null, "operatingSystem": "Linux", "browser": "",
                "isCompliant": attempt.is_compliant(), "isManaged": null, "trustType": null,
            },
            "location": {
                "city": null, "state": null, "countryOrRegion": null, "geoCoordinates": null,
            },
            "appliedConditionalAccessPolicies": applied,
        })
    }
}

impl<'a> Attempt<'a> {
    fn meeting(&self, user: &'a User, groups: &'a [String]) -> Meeting<'a> {
        let client_app = match self.flow {
            Flow::Browser => "browser",
            Flow::DeviceCode | Flow::Password => "mobileAppsAndDesktopClients",
        };
        Meeting { user: &user.id, groups, application: self.resource, client_app, platform: None }
    }

    /// What the policy made of it, in the words of the log.
    fn result(
        &self,
        policy: &Policy,
        meeting: &Meeting<'_>,
        directory: &Directory,
    ) -> &'static str {
        if !policy.is_on() {
            return "notEnabled";
        }
        let applies = policy.misses(meeting, directory).is_none();
        let met = policy.is_met(|control| match control {
            "compliantDevice" => self.is_compliant(),
            "mfa" => self.mfa,
            _ => false,
        });
        match (policy.is_enforced(), applies, met) {
            (true, false, _) => "notApplied",
            (true, true, true) => "success",
            (true, true, false) => "failure",
            (false, false, _) => "reportOnlyNotApplied",
            (false, true, true) => "reportOnlySuccess",
            (false, true, false) => "reportOnlyFailure",
        }
    }

    fn is_compliant(&self) -> bool {
        self.compliant_device && self.flow == Flow::Browser
    }

    fn client_app_used(&self) -> &'static str {
        match self.flow {
            Flow::Browser => "Browser",
            Flow::DeviceCode | Flow::Password => "Mobile Apps and Desktop clients",
        }
    }
}

fn blocked(policy: &Policy) -> Blocked {
    let controls = policy.grant["builtInControls"].as_array();
    let device = controls.is_some_and(|all| all.iter().any(|c| c == "compliantDevice"));
    let (code, text) = if device { (53_000, NO_DEVICE) } else { (53_003, REFUSED) };
    Blocked { policy: policy.name.clone(), code, text }
}

fn shown(policy: &Policy, result: &str) -> Value {
    let controls = match result {
        "success" | "failure" | "reportOnlySuccess" | "reportOnlyFailure" => {
            policy.grant["builtInControls"].clone()
        }
        _ => json!([]),
    };
    json!({
        "id": policy.id,
        "displayName": policy.name,
        "enforcedGrantControls": controls,
        "enforcedSessionControls": [],
        "result": result,
    })
}

fn resource_name(resource: &str) -> &'static str {
    match resource {
        AKS_SERVER => "Azure Kubernetes Service AAD Server",
        "00000003-0000-0000-c000-000000000000" | "https://graph.microsoft.com" => "Microsoft Graph",
        _ => "Windows Azure Service Management API",
    }
}
