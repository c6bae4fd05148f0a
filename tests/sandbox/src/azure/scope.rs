//! ARM identifiers: compared without regard to case, shown as they were written.

/// The resource id of the scope without a trailing slash; the tenant root is `/`.
pub fn tidy(scope: &str) -> String {
    let trimmed = scope.trim_matches('/');
    format!("/{trimmed}")
}

/// The form in which two spellings of one scope are equal.
pub fn key(scope: &str) -> String {
    tidy(scope).to_ascii_lowercase()
}

/// Whether `inner` is `outer` or lies below it, by whole path segments.
pub fn within(inner: &str, outer: &str) -> bool {
    let (inner, outer) = (key(inner), key(outer));
    outer == "/"
        || inner == outer
        || inner.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

/// The last segment of a resource id, in lower case: the GUID of a role definition or assignment.
pub fn last_segment(id: &str) -> String {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// The subscription a scope belongs to.
pub fn subscription_of(scope: &str) -> Option<&str> {
    let mut segments = scope.trim_matches('/').split('/');
    let head = segments.next()?;
    head.eq_ignore_ascii_case("subscriptions").then(|| segments.next()).flatten()
}

/// Whether an Azure action pattern (`Microsoft.Authorization/*/read`) covers an action.
pub fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == action };
    let Some(mut left) = action.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_lies_within_its_cluster_but_not_within_a_namesake() {
        let cluster = "/subscriptions/S/resourceGroups/rg/providers/X/managedClusters/aks";
        assert!(within(&format!("{}/namespaces/a", cluster.to_lowercase()), cluster));
        assert!(!within(&format!("{cluster}2/namespaces/a"), cluster));
        assert!(within(cluster, "/"));
        assert!(!within("/", cluster));
    }

    #[test]
    fn wildcards_cover_any_run_of_characters_without_regard_to_case() {
        assert!(covers("*", "Anything/at/all"));
        assert!(covers("*/read", "Microsoft.Authorization/roleAssignments/read"));
        assert!(covers("Microsoft.Authorization/*/Write", "microsoft.authorization/x/write"));
        assert!(!covers("Microsoft.Authorization/*/read", "Microsoft.Authorization/x/write"));
        assert!(!covers("a/b", "a/b/c"));
    }
}
