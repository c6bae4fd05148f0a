//! What PIM and Conditional Access keep in the world of [`super::world`]: team on-call, which is
//! joined for a time only. 1005 works and may be made eligible; 1003, who has left, may hold both.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use latchkey_runtime::Cx;
use sandbox::{
    Directory, World,
    conditional_access::{AKS_SERVER, Policy},
    directory::{AccessId, Form, NewGroup, Schedule},
};
use serde_json::json;

use super::world::{Change, hours_ago};

/// Fills the directory and the policies. `leaver` is 1003's user.
pub fn fill(world: &World, cx: &Cx, leaver: &str, change: Change) {
    let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
    for (at, id) in cx.policy().protected.principals.iter().enumerate() {
        directory.add_user_with_id(&format!("break-glass-{at}"), id.as_str());
    }
    if change != Change::NoOnCall {
        let group = on_call(&mut directory);
        let held = [(Form::Active, 2, 4), (Form::Eligible, 48, 24 * 300)];
        for (form, since, hours) in held.into_iter().filter(|_| change == Change::OnCall) {
            keep(&mut directory, form, (&group, leaver), since, hours);
        }
    }
    if change == Change::PolicyOff {
        let policy = ours_but_off(&mut directory);
        drop(directory);
        let policies = &world.conditional_access;
        policies.write().unwrap_or_else(PoisonError::into_inner).put(policy);
    }
}

fn on_call(directory: &mut Directory) -> String {
    let new = NewGroup {
        display_name: "Frontend_on_call".to_owned(),
        mail_nickname: "on-call".to_owned(),
        security_enabled: true,
        role_assignable: true,
        ..NewGroup::default()
    };
    directory.create_group(new).id.clone()
}

fn keep(
    directory: &mut Directory,
    form: Form,
    (group, principal): (&str, &str),
    since: i64,
    hours: i64,
) {
    let kept = directory.put_schedule(Schedule {
        id: format!("{group}_member_{form:?}"),
        group: group.to_owned(),
        principal: principal.to_owned(),
        access: AccessId::Member,
        form,
        created_using: "by hand".to_owned(),
        created: hours_ago(since),
        modified: None,
        starts: hours_ago(since),
        ends: Some(Timestamp::now() + SignedDuration::from_hours(hours)),
        activated_using: None,
    });
    kept.expect("both are there");
}

/// The policy that the step makes, switched off by somebody, and about fewer groups.
fn ours_but_off(directory: &mut Directory) -> Policy {
    let admins = directory.groups().find(|group| group.display_name == "ClusterAdminGroup");
    let admins = admins.expect("it is there").id.clone();
    let body = json!({
        "displayName": "Latchkey: compliant device for private-aks",
        "state": "disabled",
        "conditions": {
            "applications": { "includeApplications": [AKS_SERVER] },
            "users": { "includeGroups": [admins] },
            "platforms": { "includePlatforms": ["windows"], "excludePlatforms": [] },
        },
        "grantControls": { "operator": "OR", "builtInControls": ["mfa", "compliantDevice"] },
    });
    let body = body.as_object().expect("it is one");
    let id = "00000000-0000-4000-8000-0000000000ca".to_owned();
    Policy::create(id, body, directory, hours_ago(10)).expect("it is a policy")
}
