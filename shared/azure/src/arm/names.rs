//! Names of role assignments.

use latchkey_core::ObjectId;
use uuid::{Uuid, uuid};

/// The namespace of ARM's own `guid()` function.
const NAMESPACE: Uuid = uuid!("11fb06fb-712d-4ddd-98c7-e71bbd588830");

/// The name that an assignment of ours always has, so that giving it twice is one assignment and
/// a principal that was created anew gets a new one.
///
/// Source: `guid(scope, principalId, roleGuid)` of ARM templates, all in lower case.
pub fn assignment_name(scope: &str, principal: &ObjectId, role: Uuid) -> Uuid {
    let scope = scope.trim_end_matches('/').to_lowercase();
    Uuid::new_v5(&NAMESPACE, format!("{scope}-{principal}-{role}").as_bytes())
}

/// The scope that the id of a role assignment states; none when it is no such id.
pub fn scope_of_assignment(id: &str) -> Option<&str> {
    const KIND: &str = "/providers/microsoft.authorization/roleassignments/";
    let at = id.to_ascii_lowercase().rfind(KIND)?;
    let name = &id[at + KIND.len()..];
    (id.starts_with('/') && Uuid::try_parse(name).is_ok()).then(|| &id[..at])
}

/// The id that `RoleAssignmentExists` names in its message: 32 hex digits without dashes.
pub(super) fn existing_name(message: &str) -> Option<Uuid> {
    let words = message.split(|c: char| !c.is_ascii_hexdigit());
    words.filter(|word| word.len() == 32).find_map(|word| Uuid::try_parse(word).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLUSTER: &str = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140/resourceGroups/rg-aks\
                           /providers/Microsoft.ContainerService/managedClusters/aks-west";

    fn principal(id: u128) -> ObjectId {
        ObjectId::new(Uuid::from_u128(id).to_string()).unwrap()
    }

    #[test]
    fn the_name_is_pinned_for_ever() {
        let role = uuid!("a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb");
        insta::assert_snapshot!(assignment_name(CLUSTER, &principal(1), role), @"9e6aff35-9ba3-5151-a7f0-6ad95058e00d");
    }

    #[test]
    fn the_existing_id_is_found_in_both_published_texts() {
        let id = uuid!("3a7f0cbe-11c2-4d6e-8f90-a1b2c3d4e5f6");
        for text in [
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            "The role assignment already exists. The ID of the conflicting role assignment is {}.",
        ] {
            assert_eq!(existing_name(&text.replace("{}", &id.simple().to_string())), Some(id));
        }
        assert_eq!(existing_name("The role assignment already exists."), None);
    }

    #[test]
    fn the_scope_is_read_from_an_id_of_an_assignment_and_of_nothing_else() {
        let name = "3a7f0cbe-11c2-4d6e-8f90-a1b2c3d4e5f6";
        let id = format!("{CLUSTER}/Providers/Microsoft.Authorization/roleAssignments/{name}");
        assert_eq!(scope_of_assignment(&id), Some(CLUSTER));
        let at_root = format!("/providers/Microsoft.Authorization/roleAssignments/{name}");
        assert_eq!(scope_of_assignment(&at_root), Some(""));
        let others = [CLUSTER.to_owned(), format!("{id}/x"), format!("https://example.com{id}")];
        for other in others {
            assert_eq!(scope_of_assignment(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn the_name_ignores_case_and_a_trailing_slash_of_the_scope(scope in "(/[A-Za-z0-9.]{1,8}){1,6}", id: u128, role: u128) {
            let role = Uuid::from_u128(role);
            let name = assignment_name(&scope, &principal(id), role);
            prop_assert_eq!(name, assignment_name(&format!("{}/", scope.to_uppercase()), &principal(id), role));
            prop_assert_ne!(name, assignment_name(&format!("{scope}/x"), &principal(id), role));
            prop_assert_ne!(name, assignment_name(&scope, &principal(id ^ 1), role));
        }
    }
}
