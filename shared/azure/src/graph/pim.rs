//! PIM for Groups: memberships for a time, and eligibility to ask for one.
//!
//! An application grants by `adminAssign`: self-activation is for people. Ordinary memberships,
//! which PIM lists without dates, are none of ours and are left out.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use latchkey_core::{Call, CallError, ObjectId, Reference, holdings::PimForm};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{
    Graph,
    batch::{Item, Response},
    users::{graph_call, required},
    wire::object_id,
};
use crate::{endpoint::Page, http::Answer};

const ROOT: [&str; 3] = ["identityGovernance", "privilegedAccess", "group"];
/// How long an eligibility lasts: the default rule of a tenant allows no longer. It is renewed
/// while it is justified.
pub const ELIGIBLE_FOR: &str = "P365D";
/// Membership that has begun cannot be ended for so long.
const SETTLING: Duration = Duration::from_mins(5);
/// A beginning that is past is moved to the service's own present, whatever our clock says.
const EARLIER: SignedDuration = SignedDuration::from_mins(1);

/// What PIM keeps of a principal's membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PimEntry {
    /// The group.
    pub group: ObjectId,
    /// Whether it is in force.
    pub form: PimForm,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when; for ever when none.
    pub until: Option<Timestamp>,
}

/// Who and of which group.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    user: &'a ObjectId,
    group: &'a ObjectId,
}

impl Graph {
    /// What PIM keeps in these forms of a user's memberships, in one request. Each form takes a
    /// right of its own.
    ///
    /// # Errors
    /// As every call.
    pub async fn pim_of(
        &self,
        user: &ObjectId,
        forms: &[PimForm],
    ) -> Result<Vec<PimEntry>, CallError> {
        let call = graph_call("GET PIM instances by principal");
        let item = |form: &PimForm| Item::new("GET", instances(*form, user));
        let answers = self.batch(&call, forms.iter().map(item).collect(), false).await;
        let mut entries = Vec::new();
        for (form, answer) in forms.iter().zip(answers) {
            let rows = self.rest_of(&call, required(&call, answer?)?).await?;
            for row in rows.into_iter().filter(WireInstance::is_ours) {
                entries.push(row.into_entry(&call, *form)?);
            }
        }
        Ok(entries)
    }

    /// The first page, and the pages after it.
    async fn rest_of(&self, call: &Call, first: Response) -> Result<Vec<WireInstance>, CallError> {
        let page: Page<WireInstance> = first.json(call)?;
        let next = page.next(&self.endpoint, call.what)?;
        let mut rows = page.value;
        if let Some(next) = next {
            rows.extend(self.endpoint.all::<WireInstance>(call.what, next).await?);
        }
        Ok(rows)
    }

    /// Lets the user ask for membership, for [`ELIGIBLE_FOR`] from now on.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with the rules of the group that forbid it;
    /// [`CallError::NotFound`] when PIM does not know the user or the group yet.
    pub async fn make_eligible(
        &self,
        user: &ObjectId,
        group: &ObjectId,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let pair = Pair { user, group };
        let expiration = json!({ "type": "afterDuration", "duration": ELIGIBLE_FOR });
        let body = |action| {
            let mut body = pair.body(action, "Latchkey: eligible as the policy says");
            body["scheduleInfo"] = schedule(now, &expiration);
            body
        };
        match self.pim(PimForm::Eligible, &body("adminAssign")).await {
            Err(error) if is(&error, "RoleAssignmentExists") => {
                self.pim(PimForm::Eligible, &body("adminUpdate")).await
            }
            answer => answer,
        }
    }

    /// Ends the user's eligibility; none is fine.
    ///
    /// # Errors
    /// As every call.
    pub async fn end_eligibility(
        &self,
        user: &ObjectId,
        group: &ObjectId,
    ) -> Result<(), CallError> {
        self.end(PimForm::Eligible, Pair { user, group }).await
    }

    /// Makes the user a member until an instant, or lets a membership for a time last until then.
    /// It is never made shorter.
    ///
    /// # Errors
    /// As [`make_eligible`](Self::make_eligible); `InvalidRoleAssignmentRequestSchedule` when the
    /// membership lasts longer already.
    pub async fn grant_until(
        &self,
        user: &ObjectId,
        group: &ObjectId,
        until: Timestamp,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let pair = Pair { user, group };
        let expiration = json!({ "type": "afterDateTime", "endDateTime": until.to_string() });
        let body = |action| {
            let mut body = pair.body(action, &format!("Latchkey: {reference}"));
            body["scheduleInfo"] = schedule(now, &expiration);
            body["ticketInfo"] =
                json!({ "ticketNumber": reference.as_str(), "ticketSystem": "Latchkey" });
            body
        };
        match self.pim(PimForm::Active, &body("adminAssign")).await {
            Err(error) if is(&error, "RoleAssignmentExists") => {
                self.pim(PimForm::Active, &body("adminExtend")).await
            }
            answer => answer,
        }
    }

    /// Ends a membership for a time; none is fine.
    ///
    /// # Errors
    /// [`CallError::Busy`] in the first five minutes, in which PIM does not end it.
    pub async fn end_grant(&self, user: &ObjectId, group: &ObjectId) -> Result<(), CallError> {
        match self.end(PimForm::Active, Pair { user, group }).await {
            Err(CallError::Rejected { call, code, message })
                if code == "ActiveDurationTooShort" =>
            {
                let source = Some(message.into());
                Err(CallError::Busy { call, retry_after: Some(SETTLING), source })
            }
            answer => answer,
        }
    }

    async fn end(&self, form: PimForm, pair: Pair<'_>) -> Result<(), CallError> {
        match self.pim(form, &pair.body("adminRemove", "Latchkey: nothing justifies it")).await {
            Err(error) if error.is_not_found() || is(&error, "RoleAssignmentDoesNotExist") => {
                Ok(())
            }
            answer => answer,
        }
    }

    async fn pim(&self, form: PimForm, body: &Value) -> Result<(), CallError> {
        let (what, collection) = match form {
            PimForm::Active => {
                ("POST PIM assignmentScheduleRequests", "assignmentScheduleRequests")
            }
            PimForm::Eligible => {
                ("POST PIM eligibilityScheduleRequests", "eligibilityScheduleRequests")
            }
        };
        let segments = [&ROOT[..], &[collection]].concat();
        let request = self.request(what, Method::POST, &segments).json(body);
        let answer = self.endpoint.send(&request).await?;
        accepted(request.call(), &answer)
    }
}

impl Pair<'_> {
    fn body(&self, action: &str, justification: &str) -> Value {
        json!({
            "accessId": "member",
            "action": action,
            "groupId": self.group.as_str(),
            "principalId": self.user.as_str(),
            "justification": justification,
        })
    }
}

fn schedule(now: Timestamp, expiration: &Value) -> Value {
    json!({ "startDateTime": (now - EARLIER).to_string(), "expiration": expiration })
}

fn is(error: &CallError, wanted: &str) -> bool {
    matches!(error, CallError::Rejected { code, .. } if code == wanted)
}

#[derive(Deserialize)]
struct Asked {
    status: String,
}

/// A request may be accepted and still come to nothing.
fn accepted(call: &Call, answer: &Answer) -> Result<(), CallError> {
    const NOTHING: [&str; 3] = ["Denied", "Failed", "Canceled"];
    if answer.status != StatusCode::CREATED {
        return Ok(());
    }
    let asked: Asked = answer.json(call)?;
    if NOTHING.iter().any(|status| asked.status.eq_ignore_ascii_case(status)) {
        let detail = format!("the request ended {}", asked.status);
        return Err(CallError::Surprise { call: call.clone(), detail });
    }
    Ok(())
}

fn instances(form: PimForm, user: &ObjectId) -> String {
    let collection = match form {
        PimForm::Active => "assignmentScheduleInstances",
        PimForm::Eligible => "eligibilityScheduleInstances",
    };
    let filter = format!("principalId eq '{user}'");
    let filter: String = byte_serialize(filter.as_bytes()).collect();
    format!("/{}/{collection}?$filter={}", ROOT.join("/"), filter.replace('+', "%20"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireInstance {
    group_id: String,
    access_id: String,
    member_type: Option<String>,
    start_date_time: Option<Timestamp>,
    end_date_time: Option<Timestamp>,
}

impl WireInstance {
    /// A membership of the user's own that PIM keeps. Words come in any case.
    fn is_ours(&self) -> bool {
        let direct = self.member_type.as_deref().is_none_or(|t| t.eq_ignore_ascii_case("direct"));
        let dated = self.start_date_time.is_some() || self.end_date_time.is_some();
        direct && dated && self.access_id.eq_ignore_ascii_case("member")
    }

    fn into_entry(self, call: &Call, form: PimForm) -> Result<PimEntry, CallError> {
        Ok(PimEntry {
            group: object_id(call, &self.group_id)?,
            form,
            since: self.start_date_time,
            until: self.end_date_time,
        })
    }
}

#[cfg(test)]
mod tests;
