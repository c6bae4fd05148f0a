use proptest::prelude::*;

use super::{PersonState, SpellStatus, Standing};
use crate::{
    desired::{Account, Desired},
    fact::{Fact, FactKind, Urgency},
    fixtures::*,
};

fn state(facts: &[Fact], now: i64) -> PersonState {
    PersonState::of(&person(), facts, hour(now))
}

fn standing(facts: &[Fact], now: i64) -> Standing {
    state(facts, now).standing()
}

fn hired() -> Fact {
    fact(FactKind::Hired, 1, 0)
}

#[test]
fn nobody_is_known_without_facts() {
    assert_eq!(standing(&[], 0), Standing::Unknown);
}

#[test]
fn a_future_hire_gives_nothing_until_its_hour() {
    let facts = [fact(FactKind::Hired, 1, 5)];
    assert_eq!(standing(&facts, 4), Standing::Upcoming);
    assert_eq!(state(&facts, 4).next_change, Some(hour(5)));
    assert_eq!(standing(&facts, 5), Standing::Active);
    assert_eq!(state(&facts, 5).next_change, None);
}

#[test]
fn a_postponed_hire_waits_for_its_new_date() {
    let facts = [hired(), fact(FactKind::Hired, 2, 9)];
    assert_eq!(standing(&facts, 5), Standing::Upcoming);
}

#[test]
fn a_termination_counts_before_its_hire_is_known() {
    let facts = [fact(FactKind::Terminated, 3, 2)];
    assert_eq!(standing(&facts, 3), Standing::Left);
    let late_hire = [fact(FactKind::Terminated, 3, 2), hired()];
    assert_eq!(standing(&late_hire, 3), Standing::Left);
    assert!(state(&late_hire, 3).tombstoned());
}

#[test]
fn nothing_but_a_higher_revision_undoes_a_termination() {
    let with = |kind, revision| {
        standing(&[hired(), fact(FactKind::Terminated, 3, 2), fact(kind, revision, 3)], 4)
    };
    assert_eq!(with(FactKind::TerminationRescinded, 2), Standing::Left);
    assert_eq!(with(FactKind::TerminationRescinded, 3), Standing::Left);
    assert_eq!(with(FactKind::TerminationRescinded, 4), Standing::Active);
    assert_eq!(with(FactKind::Changed, 4), Standing::Left);
    assert_eq!(with(FactKind::Hired, 4), Standing::Left);
    assert_eq!(with(FactKind::Extended, 4), Standing::Left);
}

#[test]
fn a_correction_moves_the_end_before_the_old_one_bites() {
    let facts =
        [hired(), fact(FactKind::Terminated, 2, 5), fact(FactKind::TerminationCorrected, 3, 9)];
    assert_eq!(standing(&facts, 6), Standing::Active);
    assert_eq!(state(&facts, 6).next_change, Some(hour(9)));
    assert_eq!(standing(&facts, 9), Standing::Left);
}

#[test]
fn a_rescind_before_the_end_cancels_it() {
    let facts =
        [hired(), fact(FactKind::Terminated, 2, 5), fact(FactKind::TerminationRescinded, 3, 4)];
    assert_eq!(standing(&facts, 6), Standing::Active);
}

#[test]
fn an_older_revision_after_a_newer_is_ignored() {
    let newer = with_department("Backend Ops", fact(FactKind::Changed, 5, 3));
    let older = with_department("Platform", fact(FactKind::Changed, 4, 6));
    let state = state(&[hired(), newer, older], 7);
    let spell = state.spells.values().next().unwrap();
    assert_eq!(spell.attributes.department.as_deref(), Some("Backend Ops"));
}

#[test]
fn a_change_keeps_what_it_does_not_mention() {
    let moved = with_department("Backend Ops", fact(FactKind::Changed, 2, 3));
    let state = state(&[hired(), moved], 4);
    let upn = state.identity().unwrap().user_principal_name.as_deref();
    assert_eq!(upn, Some("alex.kim@contoso.example"));
}

#[test]
fn a_leave_ends_when_it_is_over() {
    let facts = [hired(), fact(FactKind::LeaveStarted, 2, 3), fact(FactKind::LeaveEnded, 3, 8)];
    assert_eq!(standing(&facts, 4), Standing::OnLeave);
    assert_eq!(state(&facts, 4).cut_since(), Some(hour(3)));
    assert_eq!(state(&facts, 4).next_change, Some(hour(8)));
    assert_eq!(standing(&facts, 8), Standing::Active);
}

#[test]
fn a_contract_ends_unless_it_is_extended() {
    let contract = fact(FactKind::Extended, 2, 10);
    let extended = fact(FactKind::Extended, 3, 20);
    assert_eq!(standing(&[hired(), contract.clone()], 9), Standing::Active);
    assert_eq!(standing(&[hired(), contract.clone()], 10), Standing::Left);
    assert_eq!(standing(&[hired(), contract, extended], 10), Standing::Active);
}

#[test]
fn ending_one_spell_leaves_what_the_other_justifies() {
    let employee = of_spell("s2", with_department("Backend Ops", fact(FactKind::Hired, 1, 0)));
    let facts = [hired(), employee, fact(FactKind::Terminated, 2, 5)];
    let desired = |now| {
        let teams = Desired::of(&policy(), &state(&facts, now), hour(now)).teams;
        teams.into_keys().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(desired(4), ["backend", "frontend"]);
    assert_eq!(desired(6), ["backend"]);
}

#[test]
fn a_rehire_is_a_new_spell_and_is_cut_off_until_it_begins() {
    let again = of_spell("s2", fact(FactKind::Hired, 1, 20));
    let facts = [hired(), fact(FactKind::Terminated, 2, 5), again];
    assert_eq!(standing(&facts, 10), Standing::Left);
    assert_eq!(standing(&facts, 20), Standing::Active);
}

#[test]
fn a_revoke_now_cuts_off_every_spell_that_had_begun() {
    let other = of_spell("s2", fact(FactKind::Hired, 1, 0));
    let facts = [hired(), other, fact(FactKind::RevokeNow, 5, 3)];
    assert_eq!(standing(&facts, 4), Standing::Left);
    assert!(state(&facts, 4).immediate());
    let mut ended = facts.to_vec();
    ended.push(fact(FactKind::Terminated, 6, 5));
    assert_eq!(standing(&ended, 6), Standing::Left, "the end of its spell does not lift it");
    ended.push(of_spell("s3", fact(FactKind::Hired, 1, 7)));
    assert_eq!(standing(&ended, 8), Standing::Active, "a new spell does");
    let rescinded = fact(FactKind::TerminationRescinded, 6, 5);
    assert_eq!(
        standing(&[hired(), fact(FactKind::RevokeNow, 5, 3), rescinded], 6),
        Standing::Active
    );
}

#[test]
fn an_immediate_end_is_told_from_a_scheduled_one() {
    let mut end = fact(FactKind::Terminated, 2, 5);
    assert!(!state(&[hired(), end.clone()], 6).immediate());
    end.urgency = Urgency::Immediate;
    let cut = state(&[hired(), end], 6);
    assert!(cut.immediate());
    let status = cut.spells.values().next().unwrap().status;
    assert_eq!(status, SpellStatus::Ended { at: hour(5), immediate: true });
}

#[test]
fn a_request_runs_out() {
    let asked = FactKind::AccessRequested { team: team("observers"), until: hour(9) };
    let facts = [hired(), fact(asked, 2, 3)];
    let has = |now| {
        Desired::of(&policy(), &state(&facts, now), hour(now))
            .teams
            .contains_key(&team("observers"))
    };
    assert!(!has(2));
    assert!(has(3));
    assert_eq!(state(&facts, 3).next_change, Some(hour(9)));
    assert!(!has(9));
}

/// Whether a spell's facts, read by themselves and in the plainest way, can give access at all.
fn may_have_access(facts: &[Fact], spell: &str, now: i64) -> bool {
    let of = |kind: FactKind| {
        facts
            .iter()
            .any(|f| f.spell.as_str() == spell && f.kind == kind && f.effective <= hour(now))
    };
    let undone = facts.iter().any(|f| {
        f.spell.as_str() == spell
            && matches!(f.kind, FactKind::TerminationRescinded | FactKind::TerminationCorrected)
    });
    of(FactKind::Hired) && (undone || !(of(FactKind::Terminated) || of(FactKind::RevokeNow)))
}

/// Gives every fact an event of its own.
fn distinct(mut facts: Vec<Fact>) -> Vec<Fact> {
    for (index, fact) in facts.iter_mut().enumerate() {
        fact.event.id = format!("e{index}");
    }
    facts
}

proptest! {
    #[test]
    fn order_and_number_of_arrivals_do_not_matter(
        (facts, shuffled) in facts().prop_flat_map(|facts| {
            let twice: Vec<_> = facts.iter().chain(&facts).cloned().collect();
            (Just(facts), Just(twice).prop_shuffle())
        }),
        recorded in 0_i64..100,
        now in 0_i64..60,
    ) {
        let mut shuffled = shuffled;
        for (index, fact) in shuffled.iter_mut().enumerate() {
            fact.recorded = hour(recorded + i64::try_from(index).unwrap());
        }
        // When it was known is the one thing that does depend on when it was recorded.
        let unknown = |state: PersonState| PersonState { known: None, ..state };
        prop_assert_eq!(unknown(state(&facts, now)), unknown(state(&shuffled, now)));
    }

    #[test]
    fn sessions_begun_before_we_knew_are_too_old(late in 1_i64..50) {
        let mut hired = fact(FactKind::Hired, 1, 0);
        let mut left = fact(FactKind::Terminated, 2, 10);
        let fraction = jiff::SignedDuration::from_millis(640);
        (hired.recorded, left.recorded) = (hour(0), hour(10 + late) + fraction);
        let state = state(&[hired, left], 100);
        prop_assert_eq!(state.cut_since(), Some(hour(10 + late)));
    }

    #[test]
    fn no_state_gives_access_without_an_active_spell(facts in facts(), now in 0_i64..60) {
        let facts = distinct(facts);
        let state = state(&facts, now);
        let desired = Desired::of(&policy(), &state, hour(now));
        let possible = ["s1", "s2", "s3"].iter().any(|spell| may_have_access(&facts, spell, now));
        let active = state.active_spells().next().is_some();
        prop_assert!(possible || !active);
        if !active {
            prop_assert!(desired.teams.is_empty());
            prop_assert_ne!(desired.account, Account::Enabled);
        }
    }

    #[test]
    fn between_changes_the_state_stands_still(facts in facts(), now in 0_i64..60) {
        let before = state(&facts, now);
        let until = before.next_change.unwrap_or(hour(200));
        let calm = (now..200).take_while(|later| hour(*later) < until);
        for later in calm {
            prop_assert_eq!(&state(&facts, later).spells, &before.spells);
        }
        if let Some(change) = before.next_change {
            let after = PersonState::of(&person(), &facts, change);
            prop_assert_ne!(&after.spells, &before.spells);
        }
    }
}
