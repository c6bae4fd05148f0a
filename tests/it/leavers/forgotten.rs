//! Nobody is forgotten: every message was lost, and the nightly sweep still finds who has a way in.

use latchkey_core::{
    PersonId, SpellId,
    case::{PersonRecord, person_stream},
    fact::{EventKey, Fact, FactKind, Urgency},
};
use sandbox::{directory::Form, event_grid::Knobs};

use super::{
    stubborn::kept,
    ways::{list_admin_credential, token},
    *,
};

/// One kind of way in that is left to somebody who has none.
type Leave = fn(&Played, &str, &str);

/// Each kind, planted by hand.
const KINDS: [(&str, Leave); 11] = [
    ("sign-in", |played, person, _| {
        directory(played, |directory| {
            let on = directory.change_user(&upn(person), |user| user.account_enabled = true);
            on.expect("the user").expect("the name stays");
        });
    }),
    ("group", |played, _, id| member(played, &group(played, "Ops_Frontend_team"), id)),
    ("group that is bound", |played, _, id| {
        let auditors = group(played, "Outside_auditors");
        bind(played, RETAIL, "outside", ("Group", &auditors));
        member(played, &auditors, id);
    }),
    ("nested group", |played, _, id| {
        let inner = group(played, "Inner_circle");
        member(played, &group(played, "Ops_Auditors"), &inner);
        member(played, &inner, id);
    }),
    ("owner", |played, _, id| {
        let backend = group(played, "Ops_Backend_team");
        directory(played, |directory| {
            let colleague = directory.add_user("a.colleague");
            directory.add_owner(&backend, &colleague).and(directory.add_owner(&backend, id))
        })
        .expect("it is there");
    }),
    ("Azure role", |played, _, id| {
        assign(played, "Contributor", &scope(played, PRIVATE), id);
    }),
    ("eligible Azure role", |played, _, id| {
        eligible(played, "Contributor", &scope(played, PRIVATE), id);
    }),
    ("membership kept by PIM", |played, _, id| keep(played, Form::Active, id)),
    ("eligible membership", |played, _, id| keep(played, Form::Eligible, id)),
    ("binding by name", |played, person, _| {
        bind(played, PRIVATE, "by-name", ("User", &upn(person)));
    }),
    ("binding by id", |played, _, id| bind(played, RETAIL, "by-id", ("User", id))),
];

/// PIM has kept a membership of the on-call team for half an hour.
fn keep(played: &Played, form: Form, id: &str) {
    let (on_call, now) =
        (group(played, "Frontend_on_call"), played.stage.sandbox.world.clock.now());
    let schedule = kept(form, &on_call, id, now, 30);
    directory(played, |directory| directory.put_schedule(schedule)).expect("they exist");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nightly_sweep_finds_a_leaver_with_any_one_way_in() {
    let played = Played::with_teams().await;
    let mut people = Vec::new();
    for (n, _) in KINDS.iter().enumerate() {
        let person = format!("75{n:02}");
        let id = hired(&played, &person, "Frontend Ops").await;
        played.tell(&left(&person, 2)).await;
        people.push((person, id));
    }
    played.proven().await;
    sweep(&played).await;
    let mut before = Vec::new();
    for ((person, id), (kind, leave)) in people.iter().zip(KINDS) {
        assert_eq!(ways(&played, person).await, Vec::<String>::new(), "{kind}");
        leave(&played, person, id);
        before.push(played.cases_of(person).await.len());
    }
    assert!(played.stage.sandbox.world.bus.lose_scheduled() < 1_000, "whatever was on its way");
    played.stage.clients.cells.remove("sweep/everybody").await.expect("the night comes");
    sweep(&played).await;
    for (((person, _), (kind, _)), before) in people.iter().zip(KINDS).zip(before) {
        let found = ways(&played, person).await;
        let opened = played.cases_of(person).await.len() > before;
        assert!(opened, "{kind}: no case was opened; {found:?} is left");
        if kind != "eligible Azure role" {
            assert_eq!(found, Vec::<String>::new(), "{kind}");
        }
    }
}

/// The fact is in the ledger, and every message that it caused is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_whose_messages_are_all_lost_is_found_by_the_sweep() {
    let played = Played::with_teams().await;
    hired(&played, "7601", "Frontend Ops").await;
    let person: PersonId = "7601".parse().expect("an id");
    let then = played.stage.sandbox.world.clock.now() - SignedDuration::from_hours(1);
    let fact = Fact {
        event: EventKey { source: "//hr/contoso".to_owned(), id: "lost".to_owned() },
        person: person.clone(),
        spell: SpellId::new("s-7601").expect("a spell"),
        kind: FactKind::Terminated,
        effective: then,
        revision: 2,
        recorded: then,
        urgency: Urgency::Immediate,
        worker_type: None,
        reason_class: None,
        attributes: latchkey_core::fact::Attributes::default(),
        legal_hold: None,
    };
    let cx = played.stage.cx();
    let stream = person_stream(&person);
    cx.ledger().append_always(&stream, cx.now(), &PersonRecord::Fact(fact)).await.expect("kept");
    assert!(!ways(&played, "7601").await.is_empty());
    sweep(&played).await;
    assert_eq!(ways(&played, "7601").await, Vec::<String>::new());
    ends(&played, "7601").await;
}

/// The admin credential is the only way in that is left, and nobody told of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nightly_sweep_finds_a_leaver_who_was_handed_an_admin_credential() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7602", "Frontend Ops").await;
    let before = token(&played, &id);
    played.tell(&left("7602", 2)).await;
    played.proven().await;
    sweep(&played).await;
    assert_eq!(ways(&played, "7602").await, Vec::<String>::new());
    let cases = played.cases_of("7602").await.len();
    played.stage.sandbox.world.event_grid.set(Knobs { loss: 1.0, ..Knobs::default() });
    list_admin_credential(&played, &before, &id).await;
    played.settled().await;
    assert_eq!(played.cases_of("7602").await.len(), cases, "nobody told");
    played.stage.clients.cells.remove("sweep/everybody").await.expect("the night comes");
    sweep(&played).await;
    assert!(played.cases_of("7602").await.len() > cases, "no case was opened");
    let told = residue(&played, "7602").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with("order rotate_certificates"), "{told:?}");
}
