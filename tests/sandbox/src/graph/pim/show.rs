//! Requests, schedules and instances as Graph shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Asked, name, time};
use crate::directory::{Form, Schedule};

/// A request just answered.
pub fn request(
    asked: &Asked,
    form: Form,
    (id, status): (&str, &str),
    target: Option<&str>,
    (caller, now): (&str, Timestamp),
) -> Value {
    let mut shown = json!({
        "id": id,
        "status": status,
        "createdDateTime": time(now),
        "completedDateTime": time(now),
        "action": asked.action.name(),
        "isValidationOnly": asked.dry,
        "justification": asked.justification,
        "principalId": asked.principal,
        "accessId": name(asked.access),
        "groupId": asked.group,
        "targetScheduleId": target,
        "createdBy": {"user": {"id": caller}},
        "scheduleInfo": asked_schedule(asked, form),
    });
    if form == Form::Active {
        shown["approvalId"] = Value::Null;
        shown["customData"] = Value::Null;
        let (number, system) = &asked.ticket;
        shown["ticketInfo"] = json!({"ticketNumber": number, "ticketSystem": system});
    }
    shown
}

/// The two kinds of request say the same with more and with fewer empty members.
fn asked_schedule(asked: &Asked, form: Form) -> Value {
    if asked.action.ends() {
        return Value::Null;
    }
    let of = |name: &str| asked.expiration.get(name).cloned().unwrap_or_default();
    let kind = of("type").as_str().map_or("notSpecified", camel);
    let mut expiration = json!({"type": kind});
    for name in ["endDateTime", "duration"] {
        if form == Form::Eligible || !of(name).is_null() {
            expiration[name] = of(name);
        }
    }
    let mut info = json!({"startDateTime": time(asked.starts), "expiration": expiration});
    if form == Form::Eligible {
        info["recurrence"] = Value::Null;
    }
    info
}

fn camel(kind: &str) -> &'static str {
    match kind.to_lowercase().as_str() {
        "noexpiration" => "noExpiration",
        "afterdatetime" => "afterDateTime",
        "afterduration" => "afterDuration",
        _ => "notSpecified",
    }
}

/// A schedule.
pub fn schedule(schedule: &Schedule) -> Value {
    let kind = if schedule.ends.is_some() { "afterDateTime" } else { "noExpiration" };
    let mut shown = json!({
        "id": schedule.id,
        "principalId": schedule.principal,
        "groupId": schedule.group,
        "accessId": name(schedule.access),
        "memberType": "Direct",
        "createdDateTime": time(schedule.created),
        "modifiedDateTime": schedule.modified.map(time),
        "createdUsing": schedule.created_using,
        "status": "Provisioned",
        "scheduleInfo": {
            "startDateTime": time(schedule.starts),
            "recurrence": null,
            "expiration": {
                "type": kind, "endDateTime": schedule.ends.map(time), "duration": null,
            },
        },
    });
    if schedule.form == Form::Active {
        shown["assignmentType"] = json!(assignment_type(schedule));
    }
    shown
}

/// A schedule in force.
pub fn instance(schedule: &Schedule) -> Value {
    let mut shown = json!({
        "id": instance_id(&schedule.id, &schedule.group, name(schedule.access)),
        "principalId": schedule.principal,
        "startDateTime": time(schedule.starts),
        "endDateTime": schedule.ends.map(time),
        "accessId": name(schedule.access),
        "groupId": schedule.group,
        "memberType": "Direct",
    });
    match schedule.form {
        Form::Active => {
            shown["assignmentType"] = json!(assignment_type(schedule));
            shown["assignmentScheduleId"] = json!(schedule.id);
        }
        Form::Eligible => shown["eligibilityScheduleId"] = json!(schedule.id),
    }
    shown
}

/// An ordinary membership or ownership, which PIM lists without dates.
pub fn ordinary(group: &str, principal: &str, access: &str) -> Value {
    let id = instance_id(principal, group, access);
    json!({
        "id": id,
        "principalId": principal,
        "startDateTime": null,
        "endDateTime": null,
        "assignmentType": "Assigned",
        "accessId": access,
        "groupId": group,
        "memberType": "Direct",
        "assignmentScheduleId": id,
    })
}

fn assignment_type(schedule: &Schedule) -> &'static str {
    if schedule.activated_using.is_some() { "Activated" } else { "Assigned" }
}

fn instance_id(of: &str, group: &str, access: &str) -> String {
    let guid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{of}:{group}").as_bytes());
    format!("{group}_{access}_{guid}")
}
