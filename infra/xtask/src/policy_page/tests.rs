use std::collections::BTreeSet;

use super::*;

#[test]
fn the_example_is_a_valid_policy() {
    let parsed = Policy::parse(EXAMPLE).map_err(|errors| errors.to_string());
    assert_eq!(parsed.err(), None);
}

#[test]
fn the_example_shows_every_field_of_the_schema() {
    let schema = Policy::schema();
    let mut fields = BTreeSet::new();
    named(&schema, &mut fields);
    assert!(fields.len() > 30, "the schema was not read");
    for field in fields {
        let shown = EXAMPLE.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == field);
        assert!(shown, "docs/policy.example.yaml does not show {field}");
    }
}

#[test]
fn every_section_and_every_object_type_has_its_place() {
    let schema = Policy::schema();
    let page = page().unwrap().text;
    let sections: BTreeSet<_> = sections().into_iter().map(|(name, _)| name).collect();
    for name in schema["properties"].as_object().unwrap().keys() {
        assert!(sections.contains(name.as_str()), "the example lacks {name}");
    }
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        if definition["properties"].is_object() {
            assert!(page.contains(&format!("\n### {name}\n")), "{name} has no table");
        }
    }
}

/// The names of all fields, at any depth.
fn named<'a>(schema: &'a Value, fields: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                fields.extend(properties.keys().map(String::as_str));
            }
            members.values().for_each(|member| named(member, fields));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, fields)),
        _ => {}
    }
}
