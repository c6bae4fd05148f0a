//! Links and queries.

use latchkey_core::{Call, CallError, Service};
use url::Url;

/// A link of an answer, verbatim, if it leads to the host that gave it: our token goes with it.
pub(crate) fn same_origin(
    service: Service,
    what: &'static str,
    base: &Url,
    link: &str,
) -> Result<Url, CallError> {
    let url = Url::parse(link).ok().filter(|url| url.origin() == base.origin());
    url.ok_or_else(|| CallError::Surprise {
        call: Call { service, what },
        detail: "the next page is on another host".to_owned(),
    })
}

/// The query with `$` as it is and `%20` for a space: some gateways read neither `%24` nor `+`.
pub(crate) fn odata(mut url: Url) -> Url {
    // In a query made by `query_pairs_mut` a `+` is always a space: a real one is `%2B`.
    let query = url.query().unwrap_or_default().replace("%24", "$").replace('+', "%20");
    url.set_query(Some(&query));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_on_another_host_is_not_fetched() {
        let base = Url::parse("https://graph.microsoft.com/v1.0").unwrap();
        let follow = |link| same_origin(Service::Graph, "test", &base, link);
        assert!(follow("https://graph.microsoft.com/v1.0/users?$skiptoken=x").is_ok());
        for link in ["https://example.com/v1.0/users", "http://graph.microsoft.com/", "/users"] {
            assert!(matches!(follow(link), Err(CallError::Surprise { .. })), "{link}");
        }
    }

    #[test]
    fn odata_queries_keep_their_dollar_and_plus() {
        let mut url = Url::parse("https://example.com/users").unwrap();
        url.query_pairs_mut().append_pair("$filter", "employeeId eq 'a+b'");
        let query = "$filter=employeeId%20eq%20%27a%2Bb%27";
        assert_eq!(odata(url).query(), Some(query));
    }
}
