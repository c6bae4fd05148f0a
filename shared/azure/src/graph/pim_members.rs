//! PIM for Groups, seen from the group: who is eligible, and who is a member for a time.

use jiff::Timestamp;
use latchkey_core::{CallError, ObjectId, holdings::PimForm};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::{
    Graph,
    batch::Item,
    users::{graph_call, required},
    wire::object_id,
};
use crate::endpoint::Page;

const WHAT: &str = "GET PIM instances of a group";

/// What PIM keeps of somebody's membership in a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PimMember {
    /// Who: a user, a service principal or a nested group.
    pub id: ObjectId,
    /// Whether it is in force.
    pub form: PimForm,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when; for ever when none.
    pub until: Option<Timestamp>,
}

impl Graph {
    /// What PIM keeps of the memberships in each group, in the order of the groups, ten groups per
    /// request. Ordinary members, whom PIM lists without dates, are left out.
    pub async fn pim_of_groups(
        &self,
        groups: &[ObjectId],
    ) -> Vec<Result<Vec<PimMember>, CallError>> {
        const FORMS: [PimForm; 2] = [PimForm::Active, PimForm::Eligible];
        let items = groups.iter().flat_map(|group| FORMS.map(|form| (group, form)));
        let items = items.map(|(group, form)| Item::new("GET", path(group, form))).collect();
        let call = graph_call(WHAT);
        let mut answers = self.batch(&call, items, false).await.into_iter();
        let mut all = Vec::new();
        for _ in groups {
            let mut held = Ok(Vec::new());
            for form in FORMS {
                let answer = answers.next().unwrap_or(Ok(None));
                let page = answer.and_then(|answer| required(&call, answer)?.json(&call));
                held = match (held, page) {
                    (Ok(held), Ok(page)) => self.add(held, page, form).await,
                    (Err(error), _) | (Ok(_), Err(error)) => Err(error),
                };
            }
            all.push(held);
        }
        all
    }

    async fn add(
        &self,
        mut held: Vec<PimMember>,
        page: Page<Instance>,
        form: PimForm,
    ) -> Result<Vec<PimMember>, CallError> {
        let next = page.next(&self.endpoint, WHAT)?;
        let mut rows = page.value;
        if let Some(next) = next {
            rows.extend(self.endpoint.all::<Instance>(WHAT, next).await?);
        }
        for row in rows.into_iter().filter(|row| row.is_kept(form)) {
            held.push(row.into_member(form)?);
        }
        Ok(held)
    }
}

fn path(group: &ObjectId, form: PimForm) -> String {
    let collection = match form {
        PimForm::Active => "assignmentScheduleInstances",
        PimForm::Eligible => "eligibilityScheduleInstances",
    };
    let filter = format!("groupId eq '{group}'");
    let filter: String = byte_serialize(filter.as_bytes()).collect();
    let filter = filter.replace('+', "%20");
    format!("/identityGovernance/privilegedAccess/group/{collection}?$filter={filter}")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    principal_id: String,
    access_id: String,
    member_type: Option<String>,
    start_date_time: Option<Timestamp>,
    end_date_time: Option<Timestamp>,
}

impl Instance {
    /// A membership of their own, and not an ordinary one. Words come in any case.
    fn is_kept(&self, form: PimForm) -> bool {
        let direct = self.member_type.as_deref().is_none_or(|t| t.eq_ignore_ascii_case("direct"));
        let dated = self.start_date_time.is_some() || self.end_date_time.is_some();
        let kept = dated || form == PimForm::Eligible;
        direct && kept && self.access_id.eq_ignore_ascii_case("member")
    }

    fn into_member(self, form: PimForm) -> Result<PimMember, CallError> {
        Ok(PimMember {
            id: object_id(&graph_call(WHAT), &self.principal_id)?,
            form,
            since: self.start_date_time,
            until: self.end_date_time,
        })
    }
}
