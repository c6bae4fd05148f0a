//! When Azure believes that a principal of a role assignment exists.

use super::answer::ArmError;

/// What the directory knows about an object id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// `User`, `Group` or `ServicePrincipal`.
    pub kind: &'static str,
    /// Whether the replica that role assignments ask has heard of it.
    pub replicated: bool,
}

/// Checks the principal of a `PUT` and returns its type. A stated type of anything but a group
/// skips the question whether the directory knows it; an absent type means `User`.
///
/// # Errors
/// 400 `PrincipalNotFound`, 400 `UnmatchedPrincipalType`, 400 for an unknown type.
pub fn check(
    principal_id: &str,
    stated: Option<&str>,
    known: Option<Known>,
    tenant_id: &str,
) -> Result<String, ArmError> {
    const TYPES: [&str; 5] = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];
    if let Some(wrong) = stated.filter(|t| !TYPES.contains(t)) {
        return Err(ArmError::bad_request(
            "InvalidPrincipalType",
            format!("The principal type '{wrong}' is not valid."),
        ));
    }
    let wanted = stated.unwrap_or("User");
    match known.filter(|k| k.replicated) {
        Some(known) if known.kind == wanted => Ok(wanted.to_owned()),
        Some(known) => Err(unmatched(principal_id, known.kind, wanted)),
        None if stated.is_some() && wanted != "Group" => Ok(wanted.to_owned()),
        None => Err(not_found(principal_id, tenant_id)),
    }
}

fn unmatched(principal_id: &str, kind: &str, wanted: &str) -> ArmError {
    // The misspelling is the service's own.
    ArmError::bad_request(
        "UnmatchedPrincipalType",
        format!(
            "The PrincipalId '{principal_id}' has type '{kind}' , which is different from \
             specified PrinciaplType '{wanted}'."
        ),
    )
}

fn not_found(principal_id: &str, tenant_id: &str) -> ArmError {
    let plain = principal_id.replace('-', "");
    ArmError::bad_request(
        "PrincipalNotFound",
        format!(
            "Principal {plain} does not exist in the directory {tenant_id}. Check that you have \
             the correct principal ID. If you are creating this principal and then immediately \
             assigning a role, this error might be related to a replication delay. In this case, \
             set the role assignment principalType property to a value, such as ServicePrincipal, \
             User, or Group.  See https://aka.ms/docs-principaltype"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: Option<Known> = Some(Known { kind: "Group", replicated: true });
    const YOUNG: Option<Known> = Some(Known { kind: "Group", replicated: false });

    #[test]
    fn a_type_that_is_left_out_means_user() {
        let refused = check("g", None, GROUP, "t").unwrap_err();
        assert_eq!(refused.code, "UnmatchedPrincipalType");
        assert!(refused.message.contains("has type 'Group' ,"));
    }

    #[test]
    fn a_group_the_replica_has_not_heard_of_is_refused_even_with_its_type() {
        assert_eq!(check("g", Some("Group"), YOUNG, "t").unwrap_err().code, "PrincipalNotFound");
        assert_eq!(check("g", Some("Group"), GROUP, "t").unwrap(), "Group");
    }

    #[test]
    fn a_stated_user_or_service_principal_is_taken_on_trust() {
        assert_eq!(check("u", Some("User"), None, "t").unwrap(), "User");
        assert_eq!(check("s", Some("ServicePrincipal"), None, "t").unwrap(), "ServicePrincipal");
        assert_eq!(check("u", None, None, "t").unwrap_err().code, "PrincipalNotFound");
    }
}
