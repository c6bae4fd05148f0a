//! Requests: judged by the rules, answered, and carried out at once.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Action, Asked, name, time};
use super::state::Request;
use super::{lists, show, verdict};
use crate::directory::{AccessId, Directory, Form, Schedule};
use crate::graph::answer::{Answer, Outcome, Refused};
use crate::graph::call::Call;
use crate::graph::rows;

/// `POST …/assignmentScheduleRequests` and `…/eligibilityScheduleRequests`.
pub fn create(call: &Call<'_>, form: Form) -> Outcome {
    let asked = Asked::read(&call.object()?, call.world.clock.now())?;
    permitted(call, form, &asked)?;
    let mut directory = call.directory_mut();
    check_group(call, &directory, &asked)?;
    let mut pim = call.pim_mut();
    pim.onboard(&asked.group);
    let now = directory.now();
    let existing = check_existing(&directory, form, &asked)?;
    let rules = pim.rules(&asked.group, asked.access);
    verdict::check(&asked, form, &rules)?;
    let approval = &rules["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"];
    let awaits_approval = asked.action == Action::Activate && approval == true;
    let id = directory.new_id("pim", &asked.group);
    let schedule = (!asked.action.ends()).then(|| of(&asked, form, &id, existing.as_ref(), now));
    let target = schedule.as_ref().or(existing.as_ref()).map(|schedule| schedule.id.clone());
    if !asked.dry && !awaits_approval {
        carry_out(call, &mut directory, form, &asked, schedule.clone())?;
    }
    let status = if asked.action.ends() { "Revoked" } else { "Provisioned" };
    let by = (call.caller.oid.as_str(), now);
    let shown = show::request(&asked, form, (&id, status), target.as_deref(), by);
    let schedule = schedule.filter(|_| !asked.dry);
    let request = Request { id, form, shown, schedule, awaits_approval, canceled: false };
    let body = request.show(now);
    pim.requests.push(request);
    Ok(Answer::created(rows::one(call, &lists::context(call), body)))
}

/// `POST …/{id}/cancel`: only what has not begun.
pub fn cancel(call: &Call<'_>, form: Form, id: &str) -> Outcome {
    call.needs(&[&[write_permission(form)]])?;
    let mut directory = call.directory_mut();
    let now = directory.now();
    let mut pim = call.pim_mut();
    let request = pim.requests.iter_mut().find(|r| r.form == form && r.id == id);
    let request = request.ok_or_else(|| Refused::missing(id))?;
    if !request.is_pending(now) {
        return Err(Refused::pim_invalid());
    }
    request.canceled = true;
    if let Some(schedule) = request.schedule.take().filter(|_| !request.awaits_approval) {
        directory.end_schedule(form, schedule.access, &schedule.group, &schedule.principal);
    }
    Ok(Answer::done())
}

impl Request {
    fn is_pending(&self, now: Timestamp) -> bool {
        let later = self.schedule.as_ref().is_some_and(|schedule| schedule.starts > now);
        !self.canceled && (self.awaits_approval || later)
    }

    /// As it stands at `now`.
    pub fn show(&self, now: Timestamp) -> Value {
        let mut shown = self.shown.clone();
        if self.canceled {
            shown["status"] = json!("Canceled");
        } else if self.awaits_approval {
            shown["status"] = json!("PendingApproval");
            shown["approvalId"] = json!(self.id);
            shown["completedDateTime"] = Value::Null;
        } else if self.is_pending(now) {
            shown["status"] = json!("PendingProvisioning");
            shown["completedDateTime"] = Value::Null;
        } else if let Some(schedule) = &self.schedule {
            shown["completedDateTime"] = time(schedule.starts);
        }
        shown
    }
}

fn write_permission(form: Form) -> &'static str {
    match form {
        Form::Active => "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        Form::Eligible => "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    }
}

/// Apps by their permissions; people for themselves, owners of the group and administrators for
/// others.
fn permitted(call: &Call<'_>, form: Form, asked: &Asked) -> Result<(), Refused> {
    let own = asked.action.is_own();
    if own && form == Form::Eligible {
        return Err(Refused::pim_invalid());
    }
    if !call.caller.is_app {
        let owner = call.administrator || call.directory().is_owner(&asked.group, &call.caller.oid);
        let allowed = if own { call.caller.oid == asked.principal } else { owner };
        return if allowed { Ok(()) } else { Err(Refused::denied()) };
    }
    // An application has no self.
    if own {
        return Err(Refused::denied());
    }
    let remove = match form {
        Form::Active => "PrivilegedAssignmentSchedule.Remove.AzureADGroup",
        Form::Eligible => "PrivilegedEligibilitySchedule.Remove.AzureADGroup",
    };
    match asked.action {
        Action::Remove => call.needs(&[&[write_permission(form)], &[remove]]),
        _ => call.needs(&[&[write_permission(form)]]),
    }
}

fn check_group(call: &Call<'_>, directory: &Directory, asked: &Asked) -> Result<(), Refused> {
    let lag = &call.world.lag;
    let group = directory.group(&asked.group).filter(|group| !lag.hides(&group.id));
    let group = group.ok_or_else(Refused::pim_no_role)?;
    if group.is_dynamic() || group.synced {
        return Err(Refused::pim_invalid());
    }
    let known = directory.principal(&asked.principal).is_some() && !lag.hides(&asked.principal);
    if known { Ok(()) } else { Err(Refused::pim_no_subject()) }
}

/// The schedule that the action changes, ends or activates.
fn check_existing(
    directory: &Directory,
    form: Form,
    asked: &Asked,
) -> Result<Option<Schedule>, Refused> {
    let (access, group, principal) = (asked.access, &asked.group, &asked.principal);
    let found = directory.schedule(form, access, group, principal).cloned();
    let ordinary = form == Form::Active && is_in(directory, access, group, principal);
    let now = directory.now();
    match asked.action {
        Action::Assign | Action::Renew if found.is_some() || ordinary => Err(Refused::pim_exists()),
        Action::Assign | Action::Renew => Ok(None),
        Action::Update | Action::Extend | Action::Remove if found.is_none() && !ordinary => {
            Err(Refused::pim_absent())
        }
        // What lasts for ever cannot last longer.
        Action::Extend if !found.as_ref().is_some_and(|s| is_later(asked.ends, s.ends)) => {
            Err(Refused::pim_schedule())
        }
        Action::Update | Action::Extend => Ok(found),
        Action::Remove | Action::Deactivate => match found {
            None if asked.action == Action::Deactivate => Err(Refused::pim_absent()),
            Some(own) if asked.action == Action::Deactivate && own.activated_using.is_none() => {
                Err(Refused::pim_absent())
            }
            Some(young) if is_young(&young, now) => Err(Refused::pim_too_short()),
            found => Ok(found),
        },
        Action::Activate if found.is_some() || ordinary => Err(Refused::pim_exists()),
        Action::Activate => {
            let eligible = directory.schedule(Form::Eligible, access, group, principal);
            let eligible = eligible.filter(|schedule| schedule.in_force(now));
            eligible.map(|eligible| Some(eligible.clone())).ok_or_else(Refused::pim_absent)
        }
    }
}

fn is_in(directory: &Directory, access: AccessId, group: &str, principal: &str) -> bool {
    match access {
        AccessId::Member => directory.is_member(group, principal),
        AccessId::Owner => directory.is_owner(group, principal),
    }
}

fn is_later(asked: Option<Timestamp>, than: Option<Timestamp>) -> bool {
    match (asked, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(asked), Some(than)) => asked > than,
    }
}

/// Membership that has begun cannot be ended for five minutes.
fn is_young(schedule: &Schedule, now: Timestamp) -> bool {
    schedule.form == Form::Active && schedule.in_force(now) && schedule.age(now) < verdict::SHORTEST
}

/// The schedule that the request makes. A changed one keeps its beginning.
fn of(
    asked: &Asked,
    form: Form,
    request: &str,
    existing: Option<&Schedule>,
    now: Timestamp,
) -> Schedule {
    let kept = existing.filter(|_| asked.action != Action::Activate);
    let activated = existing.filter(|_| asked.action == Action::Activate);
    Schedule {
        id: kept.map_or_else(
            || format!("{}_{}_{request}", asked.group, name(asked.access)),
            |kept| kept.id.clone(),
        ),
        group: asked.group.clone(),
        principal: asked.principal.clone(),
        access: asked.access,
        form,
        created_using: kept.map_or_else(|| request.to_owned(), |kept| kept.created_using.clone()),
        created: kept.map_or(now, |kept| kept.created),
        modified: kept.map(|_| now),
        starts: kept.map_or(asked.starts, |kept| kept.starts.min(asked.starts)),
        ends: asked.ends,
        activated_using: activated.map(|eligible| eligible.id.clone()),
    }
}

fn carry_out(
    call: &Call<'_>,
    directory: &mut Directory,
    form: Form,
    asked: &Asked,
    schedule: Option<Schedule>,
) -> Result<(), Refused> {
    let (access, group, principal) = (asked.access, &asked.group, &asked.principal);
    let before = directory.is_member(group, principal);
    match schedule {
        Some(schedule) => {
            call.world.lag.created(&schedule.id);
            directory.put_schedule(schedule).map_err(|_| Refused::pim_no_subject())?;
        }
        None => drop(directory.end_schedule(form, access, group, principal)),
    }
    if directory.is_member(group, principal) != before {
        call.world.lag.changed(group, principal, before);
    }
    Ok(())
}
