use serde_json::json;

use super::*;
use crate::{Op, case::SentStep, fixtures::id, ids::ClusterName, message::About};

fn message(attempt: u32) -> StepMessage {
    StepMessage {
        case_id: CaseId::of(&["case"]),
        about: About::Team("platform".parse().unwrap()),
        step: "rotate_certificates".into(),
        attempt,
        request: json!({ "cluster": "private-aks" }),
        tries: 0,
    }
}

fn decision(cluster: &str) -> Decision {
    let cluster = ClusterName::new(cluster).unwrap();
    Decision::from_ops([Op::RotateCertificates { cluster }])
}

fn ask(attempt: u32, records: &[CaseRecord]) -> Ask {
    Ask::of(&message(attempt), &decision("private-aks"), Approval::Operator, records)
}

fn asked(ask: &Ask) -> CaseRecord {
    CaseRecord::AwaitsApproval(ask.clone())
}

fn approved(ask: &Ask) -> CaseRecord {
    CaseRecord::Approved {
        plan_hash: ask.plan_hash.clone(),
        approver: id(1),
        reason: "ticket 1".into(),
    }
}

fn ended(attempt: u32, outcome: Outcome) -> CaseRecord {
    CaseRecord::Evidence(Evidence {
        at: None,
        step: "rotate_certificates".into(),
        message_id: message(attempt).id(),
        attempt,
        outcome,
        ops: Vec::new(),
        residue: Vec::new(),
        why: None,
        ms: 0,
    })
}

fn planned(attempt: u32, sends: bool) -> CaseRecord {
    let sent = SentStep { step: message(1).step, message_id: message(attempt).id() };
    CaseRecord::Planned {
        attempt,
        plan: Vec::new(),
        steps: sends.then_some(sent).into_iter().collect(),
        residue: Vec::new(),
        plan_hash: String::new(),
        ms: 0,
    }
}

#[test]
fn another_decision_case_request_or_approver_is_another_plan() {
    let first = ask(1, &[]);
    let other = Ask::of(&message(1), &decision("retail-aks"), Approval::Operator, &[]);
    assert_ne!(first.plan_hash, other.plan_hash);
    let group = Approval::MemberOf("Platform_leads".parse().unwrap());
    let other = Ask::of(&message(1), &decision("private-aks"), group, &[]);
    assert_ne!(first.plan_hash, other.plan_hash);
    let elsewhere = StepMessage { case_id: CaseId::of(&["other"]), ..message(1) };
    let other = Ask::of(&elsewhere, &decision("private-aks"), Approval::Operator, &[]);
    assert_ne!(first.plan_hash, other.plan_hash);
    let request = json!({ "cluster": "retail-aks" });
    let other = StepMessage { request, ..message(1) };
    let other = Ask::of(&other, &decision("private-aks"), Approval::Operator, &[]);
    assert_ne!(first.plan_hash, other.plan_hash);
}

#[test]
fn the_same_decision_of_a_later_attempt_is_the_same_plan() {
    assert_eq!(ask(1, &[]).plan_hash, ask(4, &[ended(1, Outcome::Waiting)]).plan_hash);
    let failed = [ended(1, Outcome::Failed), ended(2, Outcome::Unconfirmed)];
    assert_eq!(ask(1, &[]).plan_hash, ask(3, &failed).plan_hash);
}

#[test]
fn carrying_a_plan_out_uses_its_approval_up() {
    let first = ask(1, &[]);
    let records = [asked(&first), approved(&first), ended(2, Outcome::Applied)];
    let again = ask(2, &records);
    assert_ne!(first.plan_hash, again.plan_hash);
    assert_eq!(approver(&records, &again.plan_hash), None);
    let other = json!({ "cluster": "retail-aks" });
    let other = StepMessage { request: other, ..message(2) };
    let of_other = Ask::of(&other, &decision("x"), Approval::Operator, &records).plan_hash;
    let alone = Ask::of(&other, &decision("x"), Approval::Operator, &[]).plan_hash;
    assert_eq!(of_other, alone, "evidence of another request does not count");
}

#[test]
fn an_ask_awaits_until_it_is_approved_superseded_or_the_case_is_over() {
    let first = ask(1, &[]);
    let mut records = vec![asked(&first), ended(1, Outcome::Waiting)];
    assert_eq!(first.standing(&records), Standing::Awaiting);
    assert_eq!(awaiting(&records).count(), 1);
    let moved = Ask::of(&message(2), &decision("retail-aks"), Approval::Operator, &records);
    records.push(asked(&moved));
    assert_eq!(first.standing(&records), Standing::Void, "the world moved");
    assert_eq!(moved.standing(&records), Standing::Awaiting);
    records.push(approved(&moved));
    assert_eq!(moved.standing(&records), Standing::Approved { approver: &id(1) });
    assert_eq!(awaiting(&records).count(), 0);
    let over = [asked(&first), CaseRecord::Closed { receipt: Vec::new(), signed: None }];
    assert_eq!(first.standing(&over), Standing::Void);
}

#[test]
fn an_approved_ask_is_ripe_until_a_message_is_sent_that_can_carry_it_out() {
    let case = CaseId::of(&["case"]);
    let first = ask(1, &[]);
    let mut records = vec![planned(1, true), asked(&first), ended(1, Outcome::Waiting)];
    assert!(!first.is_ripe(&case, &records), "it is not approved");
    records.push(approved(&first));
    assert!(first.is_ripe(&case, &records));
    records.push(planned(2, false));
    assert!(first.is_ripe(&case, &records), "this look did not know of the approval");
    records.push(planned(3, true));
    assert!(!first.is_ripe(&case, &records));
}

#[test]
fn who_approved_and_why_is_not_in_the_debug_text_beyond_the_object_id() {
    let text = format!("{:?}", approved(&ask(1, &[])));
    assert!(text.contains(id(1).as_str()) && !text.contains("ticket"), "{text}");
}

fn of_three(lines: &[&str]) -> Ask {
    Ask { lines: lines.iter().map(|&line| line.to_owned()).collect(), ..ask(1, &[]) }
}

#[test]
fn what_is_left_of_a_plan_that_began_needs_no_second_approval_until_it_is_used_up() {
    let whole = of_three(&["- role", "- binding", "- group"]);
    let rest = Ask { plan_hash: PlanHash::of(&["rest"]), ..of_three(&["- group"]) };
    let is_rest = |ask: &Ask, records: &[CaseRecord]| is_rest(ask, &message(2), records);
    assert!(!is_rest(&rest, &[asked(&whole)]));
    let mut records = vec![asked(&whole), ended(1, Outcome::Waiting), approved(&whole)];
    assert!(!is_rest(&rest, &records), "nothing of it was written: the world moved");
    records.push(CaseRecord::Began { plan_hash: whole.plan_hash });
    assert!(is_rest(&rest, &records));
    assert!(!is_rest(&of_three(&["- group", "- another group"]), &records));
    assert!(!is_rest(&of_three(&[]), &records));
    let group = Approval::MemberOf("Platform_leads".parse().unwrap());
    assert!(!is_rest(&Ask { by: group, ..rest.clone() }, &records));
    let elsewhere = Ask { request: json!({ "cluster": "retail-aks" }), ..rest.clone() };
    assert!(!is_rest(&elsewhere, &records));
    records.push(ended(2, Outcome::Applied));
    assert!(!is_rest(&rest, &records));
}
