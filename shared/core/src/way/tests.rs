use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{person, user};

const GROUP: &str = "00000002-1111-4222-8333-444455556666";
const AZURE: &str = "Access allowed by Azure RBAC Role Assignment \
    6f1c1b1e-0000-4000-8000-000000000001 of Role 7f6c6a51-bcf8-42ba-9220-52d62157d7db \
    to user alex.kim@contoso.example";

fn told(reason: &str) -> String {
    let names = Names::of(&person(), Some(&user(1)), None);
    let called = |id: &str| (id == GROUP).then(|| "group Web_team".to_owned());
    let placed = |name: &str| name.ends_with('1').then(|| "private-aks/web".to_owned());
    Way::parse(reason)
        .map_or_else(|| "no way".to_owned(), |way| way.told(Some(&names), called, placed))
}

#[test]
fn every_way_is_told_without_the_users_name() {
    assert_snapshot!(told(AZURE), @"Azure role Azure Kubernetes Service RBAC Reader at private-aks/web");
    let bound = |tail: &str| told(&format!("RBAC: allowed by {tail}"));
    assert_snapshot!(
        bound(&format!(r#"RoleBinding "web-edits/web" of ClusterRole "edit" to Group "{GROUP}""#)),
        @"RoleBinding web-edits in web of ClusterRole/edit to group Web_team"
    );
    assert_snapshot!(
        bound(r#"ClusterRoleBinding "alex" of ClusterRole "view" to User "alex.kim@contoso.example""#),
        @"ClusterRoleBinding alex of ClusterRole/view to 0042"
    );
    assert_snapshot!(
        bound(r#"RoleBinding "theirs/web" of Role "own" to User "somebody@contoso.example""#),
        @"RoleBinding theirs in web of Role/own to a user"
    );
    assert_snapshot!(
        bound(r#"ClusterRoleBinding "robots" of ClusterRole "view" to ServiceAccount "bot/web""#),
        @"ClusterRoleBinding robots of ClusterRole/view to service account web/bot"
    );
}

#[test]
fn whole_resource_ids_are_read_by_their_last_part() {
    let scope = "/subscriptions/s/providers/Microsoft.Authorization";
    let reason = AZURE
        .replace("6f1c", &format!("{scope}/roleAssignments/6f1c"))
        .replace("7f6c", &format!("{scope}/roleDefinitions/7f6c"));
    assert_eq!(Way::parse(&reason), Way::parse(AZURE));
}

#[test]
fn what_tells_no_way_gives_none() {
    for reason in [
        "",
        "RBAC: ",
        "User does not have access to the resource in Azure.",
        "RBAC: allowed by magic",
    ] {
        assert_eq!(Way::parse(reason), None, "{reason}");
    }
}

/// As Go's `%q` writes it.
fn go_quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        name in "[^/]{1,20}",
        namespace in proptest::option::of("[a-z0-9-]{1,20}"),
        role in "\\PC{1,20}",
        own in any::<bool>(),
        subject in prop_oneof![
            any::<String>().prop_map(Subject::User),
            "[0-9a-f-]{36}".prop_map(Subject::Group),
            ("[a-z]{1,9}", "[a-z]{1,9}").prop_map(|(space, name)| {
                Subject::ServiceAccount(format!("{space}/{name}"))
            }),
        ],
    ) {
        let (kind, place) = match &namespace {
            Some(namespace) => ("RoleBinding", format!("{name}/{namespace}")),
            None => ("ClusterRoleBinding", name.clone()),
        };
        let (of, role) = if own {
            ("Role", RoleRef::Role(role))
        } else {
            ("ClusterRole", RoleRef::ClusterRole(role))
        };
        let (RoleRef::Role(role_name) | RoleRef::ClusterRole(role_name)) = &role;
        let to = match &subject {
            Subject::User(name) => format!("User {}", go_quoted(name)),
            Subject::Group(id) => format!("Group {}", go_quoted(id)),
            Subject::ServiceAccount(both) => {
                let (space, name) = both.split_once('/').unwrap();
                format!("ServiceAccount {}", go_quoted(&format!("{name}/{space}")))
            }
        };
        let reason = format!(
            "RBAC: allowed by {kind} {} of {of} {} to {to}", go_quoted(&place), go_quoted(role_name)
        );
        prop_assert_eq!(Way::parse(&reason), Some(Way::Binding { name, namespace, role, subject }));
    }

    #[test]
    fn no_text_is_too_odd_and_no_users_name_is_told(text in "\\PC{0,60}", name in "[a-z]{6,12}@x\\.example") {
        let _ = Way::parse(&text);
        let _ = Way::parse(&format!("RBAC: allowed by {text}"));
        let by_user = format!(
            "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"view\" to User \"{name}\""
        );
        let by_azure = AZURE.replace("alex.kim@contoso.example", &name);
        for reason in [by_user, by_azure] {
            prop_assert!(!told(&reason).contains(&name));
            let shown = format!("{:?}", Way::parse(&reason));
            prop_assert!(!shown.contains(&name), "{}", shown);
        }
    }
}
