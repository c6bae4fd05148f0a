//! Keys, entries, and the text of the guard; its expressions are run as CEL.

use std::{collections::BTreeSet, sync::Arc};

use cel::{Context, Env, Value as Cel, extensions::strings};
use insta::assert_snapshot;
use jiff::SignedDuration;
use proptest::{prelude::*, string::string_regex};
use serde_json::{Value, json};

use super::*;
use crate::{
    Names,
    fixtures::{hour, id, person, user},
    holdings::User,
};

/// What principal names are made of, and more.
fn name() -> impl Strategy<Value = String> {
    string_regex("[A-Za-z0-9'._!#^~@+:/ -]{1,24}|\\PC{0,40}").unwrap()
}

proptest! {
    #[test]
    fn no_two_names_have_one_key(a in name(), b in name()) {
        prop_assert!(name_key(&a) != name_key(&b) || a.eq_ignore_ascii_case(&b));
    }

    #[test]
    fn the_policy_looks_for_the_very_key_that_is_written(name in name()) {
        let found = variable("keys", &json!({"username": name}));
        prop_assert_eq!(&found[1], &json!(name_key(&name)));
    }

    #[test]
    fn an_entry_is_read_as_it_was_written(case in "[0-9a-f]{16}", hours in -999_999_i64..999_999) {
        let case = crate::CaseId::new(format!("c-{case}")).unwrap();
        for case in [Some(case), None] {
            let entry = Entry { case, until: hour(hours) };
            prop_assert_eq!(entry.to_string().parse(), Ok(entry));
        }
    }
}

#[test]
fn who_is_listed_is_denied_and_told_why() {
    let told = "access has ended (c-0123456789abcdef until 2026-08-21T02:00:00Z): ask your manager, \
                or whoever runs Latchkey here";
    let by_id = json!({"username": "sam@contoso.example", "extra": {"oid": [id(1).as_str()]}});
    assert_eq!(asked(&by_id), Some(told.into()));
    let upper = id(1).as_str().to_uppercase();
    assert_eq!(asked(&json!({"username": "x", "extra": {"oid": [upper]}})), Some(told.into()));
    assert_eq!(asked(&json!({"username": "Sam.Reed@contoso.example"})), Some(told.into()));
    assert_eq!(asked(&json!({"username": id(1).as_str()})), Some(told.into()));
}

#[test]
fn a_name_counts_only_where_the_token_has_no_object_id() {
    let heir = json!({"username": "sam.reed@contoso.example", "extra": {"oid": [id(7).as_str()]}});
    assert_eq!(asked(&heir), None, "somebody else has the name by now");
}

#[test]
fn nobody_else_is_denied_whatever_the_list_holds() {
    for other in [
        json!({"username": "ada@contoso.example", "extra": {"oid": [id(2).as_str()]}}),
        json!({"username": "ada@contoso.example", "extra": {"oid": []}}),
        json!({"username": "ada@contoso.example", "extra": {"scopes": ["x"]}}),
        json!({"username": "system:serviceaccount:kube-system:deployment-controller"}),
        json!({"username": "ada@contoso.example", "extra": {"oid": null}}),
        json!({"username": "x".repeat(300_000), "extra": {"oid": ["y".repeat(300_000)]}}),
        json!({"username": ""}),
        json!({}),
    ] {
        assert_eq!(asked(&other), None, "{other}");
        for list in [json!({}), json!({"spec": {}}), json!({"spec": {"entries": {}}})] {
            assert_eq!(ask(&other, &list), None, "{other} {list}");
        }
    }
}

#[test]
fn a_protected_principal_is_never_denied() {
    let by_id = json!({"username": "bg@contoso.example", "extra": {"oid": [id(9).as_str()]}});
    assert_eq!(asked(&by_id), None);
    assert_eq!(asked(&json!({"username": id(9).as_str()})), None);
}

#[test]
fn a_value_that_says_nothing_denies_its_own_entry_and_nobody_else() {
    let person = |n| json!({"username": "x", "extra": {"oid": ["other", id(n).as_str()]}});
    let told = asked(&person(3)).unwrap();
    assert!(told.starts_with("access has ended (who knows"), "{told}");
    assert_eq!(asked(&person(4)), None);
}

#[test]
fn the_objects_of_the_guard() {
    let protected = [id(9)].into();
    let texts = Part::ALL.map(|part| {
        let object = object(part, &protected);
        assert!(part.agrees(&object, &object));
        match part {
            Part::Policy => serde_json::to_string_pretty(&object).unwrap(),
            _ => object.to_string(),
        }
    });
    assert_snapshot!(texts.join("\n"), @r#"
    {"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"latchkey"}}
    {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"leaverlists.latchkey.dev"},"spec":{"conversion":{"strategy":"None"},"group":"latchkey.dev","names":{"kind":"LeaverList","listKind":"LeaverListList","plural":"leaverlists","singular":"leaverlist"},"scope":"Namespaced","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"properties":{"spec":{"properties":{"entries":{"additionalProperties":{"type":"string"},"type":"object"}},"type":"object"}},"type":"object"}},"served":true,"storage":true}]}}
    {"apiVersion":"latchkey.dev/v1","kind":"LeaverList","metadata":{"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"probe","namespace":"latchkey"},"spec":{"entries":{}}}
    {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"latchkey-probe","namespace":"latchkey"},"rules":[{"apiGroups":["latchkey.dev"],"resourceNames":["probe"],"resources":["leaverlists"],"verbs":["patch"]}]}
    {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"latchkey-probe","namespace":"latchkey"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"latchkey-probe"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"latchkey:probe"}]}
    {
      "apiVersion": "admissionregistration.k8s.io/v1",
      "kind": "ValidatingAdmissionPolicy",
      "metadata": {
        "labels": {
          "app.kubernetes.io/managed-by": "latchkey"
        },
        "name": "latchkey-leavers"
      },
      "spec": {
        "failurePolicy": "Ignore",
        "matchConditions": [
          {
            "expression": "!(has(request.userInfo.username) && request.userInfo.username.startsWith('system:'))",
            "name": "not-of-the-system"
          }
        ],
        "matchConstraints": {
          "matchPolicy": "Equivalent",
          "namespaceSelector": {},
          "objectSelector": {},
          "resourceRules": [
            {
              "apiGroups": [
                "*"
              ],
              "apiVersions": [
                "*"
              ],
              "operations": [
                "CREATE",
                "UPDATE",
                "DELETE",
                "CONNECT"
              ],
              "resources": [
                "*/*"
              ],
              "scope": "*"
            }
          ]
        },
        "paramKind": {
          "apiVersion": "latchkey.dev/v1",
          "kind": "LeaverList"
        },
        "validations": [
          {
            "expression": "variables.spared || size(variables.listed) == 0",
            "message": "access has ended: ask your manager, or whoever runs Latchkey here",
            "messageExpression": "'access has ended (' + params.spec.entries[variables.listed[0]] + '): ask your manager, or whoever runs Latchkey here'",
            "reason": "Forbidden"
          }
        ],
        "variables": [
          {
            "expression": "has(request.userInfo.extra) && 'oid' in request.userInfo.extra && dyn(request.userInfo.extra['oid']) != null ? request.userInfo.extra['oid'].filter(id, size(id) <= 64).map(id, id.lowerAscii()) : []",
            "name": "ids"
          },
          {
            "expression": "has(request.userInfo.username) && size(request.userInfo.username) <= 1024 ? request.userInfo.username.lowerAscii() : ''",
            "name": "name"
          },
          {
            "expression": "size(variables.ids) > 0 ? variables.ids.map(id, 'oid.' + id) : ['oid.' + variables.name, 'name.' + variables.name]",
            "name": "keys"
          },
          {
            "expression": "has(params.spec) && has(params.spec.entries) ? variables.keys.filter(key, key in params.spec.entries) : []",
            "name": "listed"
          },
          {
            "expression": "variables.ids.exists(id, id in ['00000009-1111-4222-8333-444455556666']) || variables.name in ['00000009-1111-4222-8333-444455556666']",
            "name": "spared"
          }
        ]
      }
    }
    {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"latchkey-leavers"},"spec":{"paramRef":{"name":"leavers","namespace":"latchkey","parameterNotFoundAction":"Allow"},"policyName":"latchkey-leavers","validationActions":["Deny"]}}
    {"apiVersion":"latchkey.dev/v1","kind":"LeaverList","metadata":{"annotations":{"latchkey/guard":"d8d9869a88efbde0"},"labels":{"app.kubernetes.io/managed-by":"latchkey"},"name":"leavers","namespace":"latchkey"},"spec":{"entries":{}}}
    "#);
}

#[test]
fn an_edited_object_is_noticed() {
    let protected = [id(9)].into();
    let wanted = object(Part::Policy, &protected);
    let edited = |pointer: &str, value: Value| {
        let mut seen = wanted.clone();
        *seen.pointer_mut(pointer).unwrap() = value;
        seen
    };
    for seen in [
        edited("/spec/failurePolicy", json!("Fail")),
        edited("/spec/matchConstraints/namespaceSelector", json!({"matchLabels": {"a": "b"}})),
        edited("/spec/validations/0/expression", json!("true")),
        edited("/metadata/labels", json!({})),
    ] {
        assert!(!Part::Policy.agrees(&wanted, &seen), "{seen}");
    }
    let mut labelled = wanted.clone();
    labelled["metadata"]["labels"]["team"] = json!("web");
    labelled["status"] = json!({"observedGeneration": 1});
    assert!(Part::Policy.agrees(&wanted, &labelled), "what others add beside it stays");
}

#[test]
fn a_guard_that_spares_others_is_another_guard() {
    assert_ne!(digest(&[id(9)].into()), digest(&[id(8)].into()));
    assert_eq!(digest(&[id(9)].into()), digest(&[id(9)].into()));
}

#[test]
fn an_entry_is_needed_while_a_token_may_live() {
    let life = SignedDuration::from_mins(90);
    let until = |user: Option<&User>| needed_until(user, hour(0), hour(5), life);
    let (five, zero) = (hour(5) + life, hour(0) + life);
    assert_eq!(until(Some(&user(1))), five, "who may sign in gets a token at any moment");
    let shut = User { enabled: false, ..user(1) };
    assert_eq!(until(Some(&shut)), five, "nor is it known that the sessions are over");
    let ended = User { sessions_valid_from: Some(hour(1)), ..shut.clone() };
    assert_eq!(until(Some(&ended)), hour(1) + life);
    let before = User { sessions_valid_from: Some(hour(-1)), ..shut.clone() };
    assert_eq!(until(Some(&before)), five);
    let guest = User { guest: true, ..shut };
    assert_eq!(until(Some(&guest)), zero, "its home tenant keeps the sessions");
    assert_eq!(until(None), zero);
}

#[test]
fn how_writes_stand_is_what_the_weaker_key_says() {
    let person = person();
    let names = Names { person, id: Some(id(1)), upn: Some("sam.reed@contoso.example".into()) };
    let keys = Keys::of(&names);
    assert_eq!(format!("{keys:?}"), "2 keys");
    let mut leavers = leavers();
    assert_eq!(leavers.shut(&keys), Shut { listed: true, until: Some(hour(2)) });
    leavers.entries.0.insert(id_key(&id(1)), "until 2026-08-21T01:00:00Z".into());
    assert_eq!(leavers.shut(&keys).until, Some(hour(1)));
    leavers.entries.0.insert(id_key(&id(1)), "soon".into());
    assert_eq!(leavers.shut(&keys), Shut { listed: true, until: None });
    leavers.entries.0.clear();
    assert_eq!(leavers.shut(&keys), Shut::default());
}

#[test]
fn what_has_expired_and_what_must_not_be_there_goes() {
    let leavers = leavers();
    assert_eq!(expired(&leavers, &BTreeSet::new(), hour(1)), Entries::default());
    let protected = expired(&leavers, &[id(9)].into(), hour(1));
    assert_eq!(protected.0.keys().collect::<Vec<_>>(), [&id_key(&id(9))]);
    let later = expired(&leavers, &BTreeSet::new(), hour(2));
    assert_eq!(later.cases(), ["c-0123456789abcdef".to_owned()].into());
    assert_eq!((later.0.len(), unreadable(&leavers)), (2, 2));
}

/// Person 1 by both keys, persons 3 and 9 by hand.
fn leavers() -> Leavers {
    let own = "c-0123456789abcdef until 2026-08-21T02:00:00Z";
    let entries = [
        (id_key(&id(1)), own),
        (name_key("sam.reed@contoso.example"), own),
        (id_key(&id(3)), "who knows"),
        (id_key(&id(9)), "by hand"),
    ];
    let entries = entries.map(|(key, value)| (key, value.to_owned()));
    Leavers { guard: None, entries: Entries(entries.into()) }
}

/// What somebody who writes is told, if they are denied.
fn asked(user: &Value) -> Option<String> {
    ask(user, &json!({"spec": {"entries": leavers().entries.0}}))
}

fn ask(user: &Value, params: &Value) -> Option<String> {
    let Expressions { condition, allowed, message, .. } = Expressions::of(&[id(9)].into());
    if run(&condition, user, params) == json!(false) || run(&allowed, user, params) == json!(true) {
        return None;
    }
    Some(run(&message, user, params).as_str().unwrap().to_owned())
}

/// A variable of the policy.
fn variable(name: &str, user: &Value) -> Value {
    run(&format!("variables.{name}"), user, &json!({}))
}

/// Evaluates as an API server does: variables first, each from those before it. An error fails the
/// test: the policy must not err.
fn run(expression: &str, user: &Value, params: &Value) -> Value {
    let mut env = Env::stdlib();
    env.add_extension(strings).unwrap();
    let mut context = Context::with_env(Arc::new(env));
    context.add_variable("request", json!({"userInfo": user})).unwrap();
    context.add_variable("params", params.clone()).unwrap();
    let policy = object(Part::Policy, &[id(9)].into());
    let mut variables = json!({});
    for variable in policy["spec"]["variables"].as_array().unwrap() {
        context.add_variable("variables", variables.clone()).unwrap();
        let text = |field: &str| variable[field].as_str().unwrap();
        variables[text("name")] = evaluate(&context, text("expression"));
    }
    context.add_variable("variables", variables).unwrap();
    evaluate(&context, expression)
}

fn evaluate(context: &Context<'_, '_>, expression: &str) -> Value {
    let program = cel::Program::compile(expression).unwrap();
    let found: Cel = program.execute(context).unwrap_or_else(|e| panic!("{expression}: {e}"));
    found.json().unwrap()
}
