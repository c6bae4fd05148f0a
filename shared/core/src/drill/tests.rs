//! What a drill says of what was seen.

use insta::assert_snapshot;

use super::*;

fn id(last: u8) -> ObjectId {
    format!("00000000-0000-4000-8000-0000000000{last:02x}").parse().expect("an object id")
}

fn cluster(name: &str) -> ClusterName {
    name.parse().expect("a cluster")
}

fn account(last: u8) -> Account {
    let path = Path { text: "group glass, admin group of the cluster".into(), active: true };
    Account {
        id: id(last),
        state: AccountState::Enabled,
        person: None,
        policies: BTreeMap::from([("Latchkey: compliant device for west".into(), Spared::Yes)]),
        admin: BTreeMap::from([(cluster("west"), vec![path])]),
        pending: Vec::new(),
    }
}

fn west(accepted: Option<bool>) -> BTreeMap<ClusterName, Option<bool>> {
    BTreeMap::from([(cluster("west"), accepted)])
}

#[test]
fn two_accounts_that_open_the_cluster_are_ready_and_what_entra_takes_with_it_is_said() {
    let seen = Seen {
        accounts: vec![account(1), account(2)],
        local_accounts: west(Some(false)),
        unseen: Vec::new(),
    };
    assert_snapshot!(judge(&seen), @"
    ready
    warns   west: if Entra is down, nobody gets in: local accounts are disabled; workloads go on
    warns   00000000-0000-4000-8000-000000000001: last sign-in: not visible from here; look at it in Entra, and at the alert on it
    warns   00000000-0000-4000-8000-000000000002: last sign-in: not visible from here; look at it in Entra, and at the alert on it
    holds   00000000-0000-4000-8000-000000000001: exists and may sign in
    holds   00000000-0000-4000-8000-000000000001: is left alone by policy Latchkey: compliant device for west
    holds   00000000-0000-4000-8000-000000000001 west: admin by group glass, admin group of the cluster
    holds   00000000-0000-4000-8000-000000000002: exists and may sign in
    holds   00000000-0000-4000-8000-000000000002: is left alone by policy Latchkey: compliant device for west
    holds   00000000-0000-4000-8000-000000000002 west: admin by group glass, admin group of the cluster
    ");
}

#[test]
fn everything_that_would_fail_comes_first() {
    let lost = Account {
        state: AccountState::Disabled,
        person: Some("1042".parse().expect("a person")),
        policies: BTreeMap::from([
            ("Latchkey: compliant device for west".into(), Spared::No),
            ("Latchkey: compliant device for east".into(), Spared::NotButHarmless),
        ]),
        admin: BTreeMap::new(),
        pending: vec!["- sign-in of 1042".into()],
        ..account(1)
    };
    let seen = Seen { accounts: vec![lost], local_accounts: west(Some(true)), unseen: Vec::new() };
    assert_snapshot!(judge(&seen), @"
    NOT READY
    FAILS   00000000-0000-4000-8000-000000000001: a plan that awaits an approval names it: - sign-in of 1042
    FAILS   00000000-0000-4000-8000-000000000001: may not sign in
    FAILS   00000000-0000-4000-8000-000000000001: policy Latchkey: compliant device for west refuses it without a compliant device
    FAILS   00000000-0000-4000-8000-000000000001 west: no way to be an admin was seen
    warns  : one account only: a lost key is the end
    warns   00000000-0000-4000-8000-000000000001: is person 1042 for HR: a break-glass account is nobody's own
    warns   00000000-0000-4000-8000-000000000001: last sign-in: not visible from here; look at it in Entra, and at the alert on it
    warns   00000000-0000-4000-8000-000000000001: policy Latchkey: compliant device for east, which only reports, does not leave it alone
    holds   west: if Entra is down, the static credential opens it, for whoever may download it from ARM
    ");
}

#[test]
fn what_was_not_seen_is_not_ready_and_is_no_failure() {
    let eligible = Path { text: "eligible for group glass".into(), active: false };
    let unseen = Account {
        state: AccountState::Unseen,
        policies: BTreeMap::new(),
        admin: BTreeMap::from([(cluster("west"), vec![eligible])]),
        ..account(1)
    };
    let missing = Account { state: AccountState::NoUser, ..account(2) };
    let seen = Seen {
        accounts: vec![unseen, missing],
        local_accounts: west(None),
        unseen: vec!["bindings of west: Kubernetes GET rolebindings could not be done now".into()],
    };
    assert_snapshot!(judge(&seen), @"
    NOT READY
    unknown: bindings of west: Kubernetes GET rolebindings could not be done now
    unknown west: whether it accepts its static credential was not seen
    unknown 00000000-0000-4000-8000-000000000001: the directory did not answer
    warns   00000000-0000-4000-8000-000000000001: last sign-in: not visible from here; look at it in Entra, and at the alert on it
    warns   00000000-0000-4000-8000-000000000001 west: admin only after an activation: eligible for group glass
    warns   00000000-0000-4000-8000-000000000002: is no user: nobody signs in as it
    warns   00000000-0000-4000-8000-000000000002: last sign-in: not visible from here; look at it in Entra, and at the alert on it
    holds   00000000-0000-4000-8000-000000000002: is left alone by policy Latchkey: compliant device for west
    holds   00000000-0000-4000-8000-000000000002 west: admin by group glass, admin group of the cluster
    ");
    assert_snapshot!(judge(&Seen::default()), @"
    NOT READY
    FAILS  : protected.principals names nobody
    ");
}
