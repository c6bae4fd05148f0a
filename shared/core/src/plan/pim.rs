//! What becomes of one person's place in one team: membership, membership for a time, eligibility.

use jiff::SignedDuration;

use crate::{
    Holdings, Policy, Timestamp,
    desired::Desired,
    holdings::{Group, PimForm, PimMembership},
    ids::TeamName,
    state::Requested,
};

/// An eligibility is renewed when it ends within this time.
const RENEWAL: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Instants that differ by less are the same: services round them.
const ROUNDING: SignedDuration = SignedDuration::from_secs(1);

/// What is to be done about one team. Nothing, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Nothing justifies the ordinary membership.
    pub leave: bool,
    /// Nothing justifies the membership for a time.
    pub end_grant: bool,
    /// Nothing justifies the eligibility.
    pub end_eligibility: bool,
    /// Ordinary membership is lacking.
    pub join: bool,
    /// Membership for a time is lacking, or ends too soon.
    pub grant: Option<Requested>,
    /// Eligibility is lacking, or ends soon.
    pub make_eligible: bool,
}

/// What is held of a team's group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held<'a> {
    /// The user is a member, in whatever way.
    pub member: bool,
    /// PIM keeps the membership.
    pub active: Option<&'a PimMembership>,
    /// The user may ask for membership.
    pub eligible: Option<&'a PimMembership>,
}

impl<'a> Held<'a> {
    /// What a person holds of the group.
    pub fn of(held: &'a Holdings, group: &Group) -> Self {
        Self {
            member: held.groups.iter().any(|member| member.id == group.id),
            active: held.pim_of(&group.id, PimForm::Active),
            eligible: held.pim_of(&group.id, PimForm::Eligible),
        }
    }
}

/// Compares what is held of a team with what is desired.
///
/// A membership that PIM ends by itself is justified by eligibility (who is eligible may activate
/// it), by a request that stands, and in a requestable team by whoever granted it, unless its end
/// shows that it was given for a request that is over.
pub fn place(
    policy: &Policy,
    team: &TeamName,
    desired: &Desired,
    held: Held<'_>,
    now: Timestamp,
) -> Place {
    let standing = desired.teams.contains_key(team);
    let asked = desired.just_in_time.get(team);
    let eligible = desired.eligible.contains_key(team);
    let mut place = Place {
        join: standing && !held.member,
        make_eligible: eligible && held.eligible.is_none_or(|held| ends_within(held, now)),
        end_eligibility: !eligible && held.eligible.is_some(),
        ..Place::default()
    };
    match held.active {
        Some(active) => {
            let justified =
                standing || asked.is_some() || is_justified(policy, team, desired, active);
            place.end_grant = !justified;
            place.grant = asked.filter(|asked| !standing && lacks(active, asked.until)).cloned();
        }
        None if held.member => place.leave = !standing && asked.is_none(),
        None => place.grant = asked.filter(|_| !standing).cloned(),
    }
    place
}

/// Whether PIM ends the membership by itself before an instant.
pub fn lacks(active: &PimMembership, until: Timestamp) -> bool {
    active.until.is_some_and(|end| end + ROUNDING < until)
}

fn ends_within(held: &PimMembership, now: Timestamp) -> bool {
    held.until.is_some_and(|end| end < now + RENEWAL)
}

fn is_justified(
    policy: &Policy,
    team: &TeamName,
    desired: &Desired,
    active: &PimMembership,
) -> bool {
    let open = desired.account == crate::desired::Account::Enabled
        && policy
            .teams
            .get(team)
            .is_some_and(|team| team.just_in_time.is_some() && team.requestable);
    let may_be_given = open || desired.eligible.contains_key(team);
    let over = |end: Timestamp| {
        let mut ends = desired.over.get(team).into_iter().flatten();
        ends.any(|asked| asked.duration_since(end).abs() <= ROUNDING)
    };
    may_be_given && active.until.is_some_and(|end| !over(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fact::{Fact, FactKind},
        fixtures::*,
        state::PersonState,
    };

    const TEAM: &str = "on-call";

    fn active(since: i64, until: i64) -> PimMembership {
        let group = group("Frontend_on_call");
        let (since, until) = (Some(hour(since)), Some(hour(until)));
        PimMembership { group, form: PimForm::Active, since, until }
    }

    fn hired(department: &str) -> Fact {
        with_department(department, fact(FactKind::Hired, 1, 0))
    }

    fn asked(revision: u64, from: i64, until: i64) -> Fact {
        let kind = FactKind::AccessRequested { team: team(TEAM), until: hour(until) };
        fact(kind, revision, from)
    }

    fn judge(facts: &[Fact], held: Held<'_>, now: i64) -> Place {
        let policy = policy();
        let state = PersonState::of(&person(), facts, hour(now));
        let desired = Desired::of(&policy, &state, hour(now));
        place(&policy, &team(TEAM), &desired, held, hour(now))
    }

    #[test]
    fn a_request_is_granted_made_longer_and_over() {
        let facts = [hired("Site Reliability"), asked(2, 1, 4)];
        let granted = judge(&facts, Held::default(), 2).grant.expect("it stands");
        assert_eq!((granted.until, granted.over), (hour(4), false));
        let held = active(2, 4);
        let held = Held { member: true, active: Some(&held), eligible: None };
        assert_eq!(judge(&facts, held, 2), Place { make_eligible: true, ..Place::default() });
        let longer = [&facts[..], &[asked(3, 3, 6)]].concat();
        assert_eq!(judge(&longer, held, 3).grant.map(|asked| asked.until), Some(hour(6)));
        let later = judge(&facts, held, 5);
        assert!(later.end_grant && later.grant.is_none(), "it outlived its request");
    }

    #[test]
    fn a_request_for_too_long_is_a_finding_and_gives_nothing() {
        let facts = [hired("Site Reliability"), asked(2, 1, 9)];
        let policy = policy();
        let state = PersonState::of(&person(), &facts, hour(2));
        let desired = Desired::of(&policy, &state, hour(2));
        assert_eq!(desired.findings, ["data.request.until: on-call is given for PT4H at most"]);
        assert!(judge(&facts, Held::default(), 2).grant.is_none());
    }

    #[test]
    fn only_who_is_eligible_may_ask_for_what_is_not_requestable() {
        let facts = [hired("Frontend Ops"), asked(2, 1, 4)];
        assert_eq!(judge(&facts, Held::default(), 2), Place::default());
    }

    #[test]
    fn who_is_eligible_may_activate_it_themselves() {
        let held = active(2, 9);
        let held = Held { member: true, active: Some(&held), eligible: None };
        assert!(!judge(&[hired("Site Reliability")], held, 3).end_grant);
        assert!(judge(&[hired("Frontend Ops")], held, 3).end_grant);
    }

    #[test]
    fn what_never_ends_is_not_just_in_time() {
        let held = PimMembership { until: None, ..active(2, 9) };
        let held = Held { member: true, active: Some(&held), eligible: None };
        assert!(judge(&[hired("Site Reliability")], held, 3).end_grant);
        let ordinary = Held { active: None, ..held };
        assert!(judge(&[hired("Site Reliability")], ordinary, 3).leave);
    }

    #[test]
    fn a_withdrawn_request_ends_what_it_gave_and_not_what_was_given_after() {
        let facts = [hired("Site Reliability"), asked(2, 1, 4), asked(3, 2, 2)];
        let early = active(1, 4);
        let early = Held { member: true, active: Some(&early), eligible: None };
        assert!(judge(&facts, early, 3).end_grant);
        let late = active(3, 5);
        let late = Held { member: true, active: Some(&late), eligible: None };
        assert!(!judge(&facts, late, 3).end_grant);
    }

    #[test]
    fn eligibility_is_renewed_before_it_ends_and_taken_from_who_moved() {
        let eligible = |days: i64| PimMembership {
            form: PimForm::Eligible,
            until: Some(hour(24 * days)),
            ..active(0, 0)
        };
        let held = |eligible| Held { member: false, active: None, eligible: Some(eligible) };
        let (soon, late) = (eligible(29), eligible(31));
        assert!(judge(&[hired("Site Reliability")], held(&soon), 0).make_eligible);
        assert_eq!(judge(&[hired("Site Reliability")], held(&late), 0), Place::default());
        assert!(judge(&[hired("Frontend Ops")], held(&late), 0).end_eligibility);
    }
}
