//! Bodies that create and change app registrations.

use serde_json::{Map, Value, json};

use super::answer::Refused;
use super::user_body::take_text;
use crate::config::Config;

/// Reads the body of `POST /applications` and fills in what Graph defaults.
pub fn new_application(
    mut body: Map<String, Value>,
    config: &Config,
) -> Result<Map<String, Value>, Refused> {
    let name = take_text(&mut body, "displayName")?.ok_or_else(Refused::invalid_values)?;
    check_uris(&body, config, "")?;
    let mut properties = defaults(&config.tenant);
    properties.insert("displayName".to_owned(), Value::String(name));
    merge(&mut properties, body);
    Ok(properties)
}

/// What `PATCH /applications/{id}` makes of the properties it names; of a complex property those
/// parts that it does not name stay.
pub fn changed(
    body: Map<String, Value>,
    before: &Map<String, Value>,
    config: &Config,
    app_id: &str,
) -> Result<Map<String, Value>, Refused> {
    if ["id", "appId", "passwordCredentials"].iter().any(|name| body.contains_key(*name)) {
        return Err(Refused::invalid_values());
    }
    check_uris(&body, config, app_id)?;
    let mut after: Map<String, Value> =
        body.keys().filter_map(|name| Some((name.clone(), before.get(name)?.clone()))).collect();
    merge(&mut after, body);
    Ok(after)
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name).and_then(Value::as_object_mut), value) {
            (Some(inner), Value::Object(value)) => inner.extend(value),
            (_, value) => drop(into.insert(name, value)),
        }
    }
}

/// Since October 2021 an application of one tenant must name itself after the tenant or its own
/// client id.
fn check_uris(body: &Map<String, Value>, config: &Config, app_id: &str) -> Result<(), Refused> {
    let uris = body.get("identifierUris").and_then(Value::as_array);
    let mut uris = uris.into_iter().flatten().filter_map(Value::as_str);
    match uris.find(|uri| !is_ours(uri, config, app_id)) {
        None => Ok(()),
        Some(uri) => Err(Refused::odata(
            "HostNameNotOnVerifiedDomain",
            format!(
                "Values of identifierUris property must use a verified domain of the organization \
                 or its subdomain: '{uri}'"
            ),
        )),
    }
}

fn is_ours(uri: &str, config: &Config, app_id: &str) -> bool {
    let Ok(uri) = url::Url::parse(uri) else { return false };
    let host = uri.host_str().unwrap_or_default().to_ascii_lowercase();
    let verified = std::iter::once(&config.tenant).chain(&config.domains).any(|domain| {
        host == *domain || host.strip_suffix(domain.as_str()).is_some_and(|h| h.ends_with('.'))
    });
    let path = uri.path().trim_start_matches('/');
    let by_id = host == config.tenant_id || (!app_id.is_empty() && [&host, path].contains(&app_id));
    verified || (uri.scheme() == "api" && by_id)
}

fn defaults(domain: &str) -> Map<String, Value> {
    let defaults = json!({
        "id": null, "deletedDateTime": null, "appId": null, "applicationTemplateId": null,
        "disabledByMicrosoftStatus": null, "createdDateTime": null, "displayName": null,
        "description": null, "groupMembershipClaims": null, "identifierUris": [],
        "isDeviceOnlyAuthSupported": null, "isFallbackPublicClient": null, "notes": null,
        "publisherDomain": domain, "serviceManagementReference": null,
        "signInAudience": "AzureADMyOrg", "tags": [], "tokenEncryptionKeyId": null,
        "samlMetadataUrl": null, "defaultRedirectUri": null, "certification": null,
        "optionalClaims": null, "servicePrincipalLockConfiguration": null,
        "requestSignatureVerification": null, "addIns": [],
        "api": {
            "acceptMappedClaims": null, "knownClientApplications": [],
            "requestedAccessTokenVersion": null, "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "appRoles": [],
        "info": {
            "logoUrl": null, "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null,
            "termsOfServiceUrl": null,
        },
        "keyCredentials": [],
        "parentalControlSettings": {
            "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow",
        },
        "passwordCredentials": [], "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "verifiedPublisher": {
            "displayName": null, "verifiedPublisherId": null, "addedDateTime": null,
        },
        "web": {
            "homePageUrl": null, "logoutUrl": null, "redirectUris": [],
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false,
            },
            "redirectUriSettings": [],
        },
        "spa": {"redirectUris": []},
    });
    match defaults {
        Value::Object(defaults) => defaults,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_uri_names_the_tenant_or_the_application() {
        let config = Config::default();
        let ours = |uri: &str| is_ours(uri, &config, "00000000-0000-4000-8000-00000000000a");
        assert!(ours("https://myaksclusterServer.contoso.onmicrosoft.com"));
        assert!(ours("https://contoso.com/a"));
        assert!(ours("api://00000000-0000-4000-8000-00000000000a"));
        assert!(!ours("https://myaksclusterServer"));
        assert!(!ours("https://notcontoso.com"));
        assert!(!ours("myaksclusterServer"));
    }
}
