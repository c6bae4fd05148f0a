//! What PIM for Groups keeps of people's memberships.

use latchkey_azure::graph::PimEntry;
use latchkey_core::{
    Holdings, ObjectId, PersonId, Policy, Refusal, TeamName,
    desired::Desired,
    holdings::{Group, PimForm, PimMembership, User},
    op::Membership,
    plan::Held,
    state::Standing,
};

use crate::{cx::Cx, error::StepError, people::PersonView, teams};

/// What PIM keeps of a user's memberships: nothing, and no request, where the policy has no team
/// that is joined for a time. `groups` are those the user is in, which need no look-up.
///
/// # Errors
/// Whatever Graph answers.
pub async fn kept(
    cx: &Cx,
    user: &ObjectId,
    groups: &[Group],
) -> Result<Vec<PimMembership>, StepError> {
    if !cx.policy().uses_pim() {
        return Ok(Vec::new());
    }
    let entries = cx.graph().pim_of(user, &[PimForm::Active, PimForm::Eligible]).await?;
    let known = |id: &ObjectId| groups.iter().any(|group| group.id == *id);
    let unknown: Vec<ObjectId> =
        entries.iter().map(|entry| &entry.group).filter(|id| !known(id)).cloned().collect();
    let others =
        if unknown.is_empty() { Vec::new() } else { cx.graph().groups_by_id(&unknown).await? };
    let find = |id: &ObjectId| groups.iter().chain(&others).find(|group| group.id == *id);
    let with_group = |entry: &PimEntry| Some(membership(find(&entry.group)?.clone(), entry));
    Ok(entries.iter().filter_map(with_group).collect())
}

fn membership(group: Group, entry: &PimEntry) -> PimMembership {
    PimMembership { group, form: entry.form, since: entry.since, until: entry.until }
}

/// One person's place in one team, as seen.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The policy.
    pub policy: Policy,
    /// The person.
    pub person: PersonId,
    /// The team.
    pub team: TeamName,
    /// How the person stands.
    pub standing: Standing,
    /// What they should hold.
    pub desired: Desired,
    /// The Entra user.
    pub user: Option<User>,
    /// The team's group.
    pub group: Option<Group>,
    /// What the user holds of the group, as far as it was looked at.
    pub held: Holdings,
}

impl Seat {
    /// Looks at it; of what PIM keeps, only at these forms.
    ///
    /// # Errors
    /// A refusal when the policy has no such team; whatever Graph or the ledger answers.
    pub async fn look(
        cx: &Cx,
        person: &PersonId,
        team: &TeamName,
        forms: &[PimForm],
    ) -> Result<Self, StepError> {
        let group = teams::group_of(cx, team).await?;
        let view = PersonView::read(cx, person).await?;
        let found = view.user_with_groups(cx).await?;
        let (user, groups) =
            found.map_or((None, Vec::new()), |(user, groups)| (Some(user), groups));
        let mut held = Holdings::default();
        if let (Some(user), Some(group)) = (&user, &group) {
            held.groups = groups.into_iter().filter(|member| member.id == group.id).collect();
            let kept = cx.graph().pim_of(&user.id, forms).await?;
            let here = kept.iter().filter(|entry| entry.group == group.id);
            held.pim = here.map(|entry| membership(group.clone(), entry)).collect();
        }
        // The facts are read again after Graph was: they decide, and must not be older.
        let state = PersonView::read(cx, person).await?.state(cx.now());
        Ok(Self {
            policy: cx.policy().clone(),
            person: person.clone(),
            team: team.clone(),
            standing: state.standing(),
            desired: Desired::of(cx.policy(), &state, cx.now()),
            user,
            group,
            held,
        })
    }

    /// What is held of the group.
    pub fn held(&self) -> Held<'_> {
        self.group.as_ref().map_or_else(Held::default, |group| Held::of(&self.held, group))
    }

    /// Who and of which group, for a write.
    ///
    /// # Errors
    /// A refusal when there is no user, or nobody may write the group; what somebody must do as
    /// residue when there is no group.
    pub fn membership(&self) -> Result<Option<Membership>, Refusal> {
        let user = self.user.as_ref();
        let user = user.ok_or_else(|| Refusal::NoUser { person: self.person.clone() })?;
        let Some(group) = &self.group else { return Ok(None) };
        if !group.writable() {
            return Err(Refusal::NotWritable {
                what: format!("the membership of {}", group.name),
                why: "PIM does not manage groups whose members are kept elsewhere".to_owned(),
            });
        }
        latchkey_core::invariants::check_principal(&self.policy, &user.id)?;
        Ok(Some(Membership {
            person: self.person.clone(),
            user: user.id.clone(),
            name: group.name.clone(),
            group: group.id.clone(),
        }))
    }

    /// Why somebody who is not given something is not given it.
    pub fn refusal(&self) -> Refusal {
        let person = self.person.clone();
        match self.standing {
            Standing::Left => Refusal::Tombstoned { person },
            Standing::Unknown => Refusal::Unknown { person },
            Standing::OnLeave | Standing::Upcoming => Refusal::Field {
                field: "personId".into(),
                why: format!("{person} does not work now"),
            },
            Standing::Active => {
                Refusal::OutsidePolicy { field: "team".into(), value: self.team.to_string() }
            }
        }
    }
}
