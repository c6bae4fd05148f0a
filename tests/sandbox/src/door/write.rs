//! Which requests change something.

use super::Service;

/// Whether a request writes. A Graph `$batch` is none: each request inside it counts by itself.
pub fn is_write(service: Service, method: &str, path: &str) -> bool {
    const READING_POSTS: [&str; 13] = [
        "$batch",
        "evaluate",
        "getByIds",
        "getMemberGroups",
        "checkMemberGroups",
        "checkMemberObjects",
        "getMemberObjects",
        "subjectaccessreviews",
        "selfsubjectaccessreviews",
        "localsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "selfsubjectreviews",
        "tokenreviews",
    ];
    let last = path.rsplit('/').next().unwrap_or_default();
    match method {
        "PUT" | "PATCH" | "DELETE" => true,
        "POST" => {
            service != Service::Authority
                && !READING_POSTS.contains(&last)
                && !(last.starts_with("list") && last.ends_with("Credential"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_that_only_read_are_no_writes() {
        assert!(is_write(Service::Graph, "POST", "/v1.0/users"));
        assert!(is_write(Service::Kubernetes, "DELETE", "/api/v1/namespaces/x"));
        assert!(!is_write(Service::Graph, "GET", "/v1.0/users"));
        assert!(!is_write(Service::Graph, "POST", "/v1.0/directoryObjects/getByIds"));
        assert!(!is_write(Service::Arm, "POST", "/a/managedClusters/b/listClusterUserCredential"));
        assert!(!is_write(Service::Authority, "POST", "/t/oauth2/v2.0/token"));
    }
}
