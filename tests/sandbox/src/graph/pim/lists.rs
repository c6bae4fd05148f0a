//! Lists of requests, schedules and instances: always of one group or one principal.

use serde_json::Value;

use super::show;
use crate::directory::{Directory, Form};
use crate::graph::answer::{Answer, Outcome, Refused};
use crate::graph::call::Call;
use crate::graph::rows::{self, demanded, filter_of, page_rows};

const READ_ASSIGNMENTS: &[&[&str]] = &[&["PrivilegedAssignmentSchedule.Read.AzureADGroup"]];
const READ_ELIGIBILITIES: &[&[&str]] = &[&["PrivilegedEligibilitySchedule.Read.AzureADGroup"]];

/// Rows of one page.
const PAGE: usize = 100;

/// What is listed.
#[derive(Clone, Copy, Debug)]
pub enum List {
    /// What was asked.
    Requests(Form),
    /// What was made of it.
    Schedules(Form),
    /// What of it is in force.
    Instances(Form),
}

impl List {
    /// The collection of a name.
    pub fn named(name: &str) -> Option<List> {
        Some(match name {
            "assignmentScheduleRequests" => List::Requests(Form::Active),
            "eligibilityScheduleRequests" => List::Requests(Form::Eligible),
            "assignmentSchedules" => List::Schedules(Form::Active),
            "eligibilitySchedules" => List::Schedules(Form::Eligible),
            "assignmentScheduleInstances" => List::Instances(Form::Active),
            "eligibilityScheduleInstances" => List::Instances(Form::Eligible),
            _ => return None,
        })
    }

    fn form(self) -> Form {
        match self {
            List::Requests(form) | List::Schedules(form) | List::Instances(form) => form,
        }
    }
}

/// `GET …/{collection}?$filter=groupId eq '…'`.
pub fn all(call: &Call<'_>, list: List) -> Outcome {
    permitted(call, list)?;
    let filter = filter_of(call)?;
    let named = |name| filter.as_ref().is_some_and(|filter| demanded(filter, name).is_some());
    if !named("groupId") && !named("principalId") {
        return Err(Refused::odata(
            "BadRequest",
            "The $filter query option must name a groupId or a principalId.",
        ));
    }
    page_rows(call, &context(call), rows_of(call, list), PAGE)
}

/// `GET …/{collection}/{id}`.
pub fn one(call: &Call<'_>, list: List, id: &str) -> Outcome {
    permitted(call, list)?;
    let found = rows_of(call, list).into_iter().find(|row| row["id"] == id);
    let found = found.ok_or_else(|| Refused::missing(id))?;
    Ok(Answer::ok(rows::one(call, &context(call), found)))
}

/// `identityGovernance/privilegedAccess/group/{collection}`.
pub fn context(call: &Call<'_>) -> String {
    call.segments.get(..4).unwrap_or_default().join("/")
}

fn permitted(call: &Call<'_>, list: List) -> Result<(), Refused> {
    match list.form() {
        Form::Active => call.needs(READ_ASSIGNMENTS),
        Form::Eligible => call.needs(READ_ELIGIBILITIES),
    }
}

fn rows_of(call: &Call<'_>, list: List) -> Vec<Value> {
    let directory = call.directory();
    let now = directory.now();
    let seen = |form| directory.schedules(form).filter(|s| !call.world.lag.hides(&s.id));
    match list {
        List::Requests(form) => {
            let pim = call.pim();
            let of_form = pim.requests.iter().filter(|request| request.form == form);
            of_form.map(|request| request.show(now)).collect()
        }
        List::Schedules(form) => seen(form).map(show::schedule).collect(),
        List::Instances(form) => {
            let in_force = seen(form).filter(|schedule| schedule.in_force(now));
            let mut rows: Vec<Value> = in_force.map(show::instance).collect();
            if form == Form::Active {
                rows.extend(ordinary(&directory));
            }
            rows
        }
    }
}

/// Members and owners that no schedule keeps.
fn ordinary(directory: &Directory) -> Vec<Value> {
    use crate::directory::AccessId::{Member, Owner};
    let mut rows = Vec::new();
    for group in directory.groups().filter(|group| !group.is_dynamic() && !group.synced) {
        let is_kept =
            |access, id: &str| directory.schedule(Form::Active, access, &group.id, id).is_some();
        let members = directory.members_of(&group.id).filter(|id| !is_kept(Member, id));
        rows.extend(members.map(|id| show::ordinary(&group.id, id, "member")));
        let owners = directory.owners_of(&group.id).filter(|id| !is_kept(Owner, id));
        rows.extend(owners.map(|id| show::ordinary(&group.id, id, "owner")));
    }
    rows
}
