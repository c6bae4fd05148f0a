//! What a token says about a user or an application.

use std::sync::PoisonError;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::directory::{ServicePrincipal, User};
use crate::world::World;

/// Entra puts at most this many groups into a JWT and otherwise a pointer to Graph.
const MAX_GROUPS: usize = 200;

/// Client id of the Azure CLI, through which the sandbox's users sign in.
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user by UPN or object id, signed in through the Azure CLI.
    User(String),
    /// A user who also holds these app roles of the audience: `Access.Operate`, `Access.Read`.
    Operator {
        /// UPN or object id.
        user: String,
        /// Values of the `roles` claim.
        roles: Vec<String>,
    },
    /// A service principal by object id or client id.
    App(String),
    /// Latchkey's managed identity.
    Latchkey,
    /// The administrator's service principal.
    Admin,
}

impl World {
    /// A signed token for `who` and `audience` (a resource identifier without `/.default`), valid
    /// from now on the sandbox's clock for `Config::token_life`.
    ///
    /// # Panics
    /// When the directory does not know `who`, or the user's account is disabled: a mistake in a
    /// test, which it should see at once.
    #[track_caller]
    pub fn token_for(&self, who: &Who, audience: &str) -> String {
        self.try_token(who, audience).unwrap_or_else(|| {
            #[expect(clippy::panic, reason = "only tests call this and it is their mistake")]
            {
                panic!("the directory has no enabled principal {who:?}")
            }
        })
    }

    /// As [`token_for`](Self::token_for); `None` when `who` is unknown or disabled.
    pub fn try_token(&self, who: &Who, audience: &str) -> Option<String> {
        let own = {
            let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
            let app = |id: &str| directory.service_principal(id).map(app_claims);
            match who {
                Who::App(id) => app(id)?,
                Who::Latchkey => app(&self.config.identity_client_id)?,
                Who::Admin => app(&self.config.admin_client_id)?,
                Who::User(id) | Who::Operator { user: id, .. } => {
                    let user = directory.user(id).filter(|user| user.account_enabled)?;
                    user_claims(user, &directory.groups_of(&user.id), &self.config.tenant_id)
                }
            }
        };
        let mut claims = self.common_claims(audience);
        claims.extend(own);
        if let Who::Operator { roles, .. } = who {
            claims.insert("roles".to_owned(), json!(roles));
        }
        Some(self.keys.sign(&Value::Object(claims)))
    }

    /// An ID token that tells the application `client` who signed in.
    ///
    /// Its client compares the times with the machine's clock, not with the sandbox's.
    pub(super) fn id_token(&self, user: &str, client: &str, nonce: &str) -> String {
        let mut claims = self.common_claims(client);
        let machine = Timestamp::now().as_second();
        let life = i64::try_from(self.config.token_life.as_secs()).unwrap_or(i64::MAX / 2);
        claims.extend(object(json!({
            "iat": machine, "nbf": machine, "exp": machine.saturating_add(life), "nonce": nonce,
        })));
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = directory.user(user) {
            claims.extend(object(json!({
                "oid": user.id, "sub": user.id, "preferred_username": user.upn,
                "name": user.display_name,
            })));
        }
        self.keys.sign(&Value::Object(claims))
    }

    fn common_claims(&self, audience: &str) -> Map<String, Value> {
        let now = self.clock.now().as_second();
        let life = i64::try_from(self.config.token_life.as_secs()).unwrap_or(i64::MAX / 2);
        object(json!({
            "aud": audience,
            "iss": self.issuer(),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(life),
            "tid": self.config.tenant_id,
            "uti": uuid::Uuid::new_v4().simple().to_string(),
            "ver": "2.0",
        }))
    }
}

fn app_claims(app: &ServicePrincipal) -> Map<String, Value> {
    object(json!({
        "oid": app.id, "sub": app.id, "appid": app.app_id, "azp": app.app_id, "azpacr": "1",
        "idtyp": "app", "roles": app.roles,
    }))
}

fn user_claims(user: &User, groups: &[String], tenant: &str) -> Map<String, Value> {
    let mut claims = object(json!({
        "oid": user.id, "sub": user.id, "preferred_username": user.upn, "name": user.display_name,
        "idtyp": "user", "appid": AZURE_CLI, "azp": AZURE_CLI,
        "scp": "user_impersonation",
    }));
    // Guests are known by their object id only.
    if user.text("userType") != Some("Guest") {
        claims.insert("upn".to_owned(), json!(user.upn));
    }
    if groups.len() <= MAX_GROUPS {
        claims.insert("groups".to_owned(), json!(groups));
    } else {
        let endpoint =
            format!("https://graph.windows.net/{tenant}/users/{}/getMemberObjects", user.id);
        claims.insert("_claim_names".to_owned(), json!({"groups": "src1"}));
        claims.insert("_claim_sources".to_owned(), json!({"src1": {"endpoint": endpoint}}));
    }
    claims
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
