//! The `$filter` of a list of role assignments.

use super::answer::ArmError;

/// Which assignments a list asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// At, above and below the scope.
    Everything,
    /// At or above the scope.
    AtScope,
    /// At, above and below, of exactly this principal.
    PrincipalIs(String),
    /// Of this user or service principal and of every group that contains it.
    AssignedTo {
        /// The object id asked about.
        principal: String,
        /// Whether sub-scopes are left out.
        at_scope: bool,
    },
}

impl Filter {
    /// Reads the value of `$filter`.
    ///
    /// # Errors
    /// 400 for anything the service does not understand, including the combination of
    /// `atScope()` and `principalId eq`, which it refuses.
    pub fn parse(text: Option<&str>) -> Result<Self, ArmError> {
        let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else {
            return Ok(Self::Everything);
        };
        let mut at_scope = false;
        let mut principal = None;
        let mut assigned = None;
        for term in text.split(" and ").map(str::trim) {
            if term.eq_ignore_ascii_case("atScope()") {
                at_scope = true;
            } else if let Some(id) = quoted(term, "principalId eq '", "'") {
                principal = Some(id);
            } else if let Some(id) = quoted(term, "assignedTo('", "')") {
                assigned = Some(id);
            } else {
                return Err(unsupported(text));
            }
        }
        match (at_scope, principal, assigned) {
            (true, None, None) => Ok(Self::AtScope),
            (false, Some(id), None) => Ok(Self::PrincipalIs(id)),
            (at_scope, None, Some(principal)) => Ok(Self::AssignedTo { principal, at_scope }),
            _ => Err(unsupported(text)),
        }
    }
}

fn quoted(term: &str, before: &str, after: &str) -> Option<String> {
    let head = term.get(..before.len())?;
    let inner = head.eq_ignore_ascii_case(before).then(|| &term[before.len()..])?;
    inner.strip_suffix(after).map(str::to_ascii_lowercase)
}

fn unsupported(text: &str) -> ArmError {
    ArmError::bad_request(
        "UnsupportedFilter",
        format!(
            "The filter '{text}' is not supported. Supported filters are 'atScope()', \
                 'principalId eq' and 'assignedTo()'; 'atScope()' and 'principalId eq' cannot be combined."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_filters_of_the_service_are_understood() {
        assert_eq!(Filter::parse(None).unwrap(), Filter::Everything);
        assert_eq!(Filter::parse(Some("atScope()")).unwrap(), Filter::AtScope);
        let principal = Filter::parse(Some("principalId eq 'ABC'")).unwrap();
        assert_eq!(principal, Filter::PrincipalIs("abc".to_owned()));
        let both = Filter::parse(Some("atScope() and assignedTo('x')")).unwrap();
        assert_eq!(both, Filter::AssignedTo { principal: "x".to_owned(), at_scope: true });
    }

    #[test]
    fn scope_and_principal_cannot_be_combined() {
        let refused = Filter::parse(Some("atScope() and principalId eq 'x'")).unwrap_err();
        assert_eq!(refused.status, 400);
        assert!(Filter::parse(Some("roleName eq 'x'")).is_err());
    }
}
