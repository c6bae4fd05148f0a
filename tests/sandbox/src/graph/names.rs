//! The names of properties by type, as Graph spells them.

/// What `/users` returns without `$select`.
pub const USER_DEFAULT: &[&str] = &[
    "id",
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// User properties without a meaning of their own here; the flag marks collections.
pub const USER_OTHER: &[(&str, bool)] = &[
    ("ageGroup", false),
    ("assignedLicenses", true),
    ("businessPhones", true),
    ("city", false),
    ("companyName", false),
    ("country", false),
    ("creationType", false),
    ("department", false),
    ("employeeHireDate", false),
    ("employeeId", false),
    ("employeeLeaveDateTime", false),
    ("employeeType", false),
    ("externalUserState", false),
    ("givenName", false),
    ("jobTitle", false),
    ("mail", false),
    ("mobilePhone", false),
    ("officeLocation", false),
    ("onPremisesImmutableId", false),
    ("onPremisesSyncEnabled", false),
    ("otherMails", true),
    ("passwordPolicies", false),
    ("postalCode", false),
    ("preferredLanguage", false),
    ("proxyAddresses", true),
    ("state", false),
    ("streetAddress", false),
    ("surname", false),
    ("usageLocation", false),
    ("userType", false),
];

/// User properties that other workloads own and a collection cannot show.
pub const USER_FOREIGN: &[&str] =
    &["aboutMe", "birthday", "hireDate", "interests", "mySite", "pastProjects", "skills"];

/// What `/groups` returns without `$select`, in Graph's order.
pub const GROUP_DEFAULT: &[&str] = &[
    "id",
    "deletedDateTime",
    "classification",
    "createdDateTime",
    "creationOptions",
    "description",
    "displayName",
    "expirationDateTime",
    "groupTypes",
    "isAssignableToRole",
    "mail",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "membershipRuleProcessingState",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "renewedDateTime",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "securityEnabled",
    "securityIdentifier",
    "theme",
    "uniqueName",
    "visibility",
    "onPremisesProvisioningErrors",
    "serviceProvisioningErrors",
];

/// What `/servicePrincipals` returns without `$select`.
pub const APP_DEFAULT: &[&str] = &[
    "id",
    "deletedDateTime",
    "accountEnabled",
    "alternativeNames",
    "appDisplayName",
    "appDescription",
    "appId",
    "applicationTemplateId",
    "appOwnerOrganizationId",
    "appRoleAssignmentRequired",
    "createdDateTime",
    "description",
    "disabledByMicrosoftStatus",
    "displayName",
    "homepage",
    "loginUrl",
    "logoutUrl",
    "notes",
    "notificationEmailAddresses",
    "preferredSingleSignOnMode",
    "preferredTokenSigningKeyThumbprint",
    "replyUrls",
    "servicePrincipalNames",
    "servicePrincipalType",
    "signInAudience",
    "tags",
    "tokenEncryptionKeyId",
    "samlSingleSignOnSettings",
    "addIns",
    "appRoles",
    "info",
    "keyCredentials",
    "oauth2PermissionScopes",
    "passwordCredentials",
    "resourceSpecificApplicationPermissions",
    "verifiedPublisher",
];

/// User properties with a field of their own.
pub const USER_OWN: &[&str] = &[
    "accountEnabled",
    "createdDateTime",
    "deletedDateTime",
    "mailNickname",
    "signInSessionsValidFromDateTime",
];

/// Whether objects of `kind` have a property `name`.
pub fn knows(kind: &str, name: &str) -> bool {
    match kind {
        "user" => {
            USER_OTHER.iter().any(|(other, _)| *other == name)
                || USER_DEFAULT.contains(&name)
                || USER_OWN.contains(&name)
        }
        "group" => GROUP_DEFAULT.contains(&name),
        "servicePrincipal" => APP_DEFAULT.contains(&name),
        _ => true,
    }
}

/// Whether a client may set `name` on a user as it is.
pub fn is_plain_user_property(name: &str) -> bool {
    USER_OTHER.iter().any(|(other, _)| *other == name)
}
