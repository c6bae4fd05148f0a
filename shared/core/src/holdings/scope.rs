//! Scopes of Azure Resource Manager.

/// ARM ids and scopes compare without case and trailing slash.
pub fn same_scope(a: &str, b: &str) -> bool {
    a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'))
}
