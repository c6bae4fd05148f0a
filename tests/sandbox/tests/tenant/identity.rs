//! Tokens: what they say, who gets them and how others check them.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use sandbox::Who;
use serde_json::Value;

use crate::support::*;

const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

impl Tenant {
    async fn json(&self, url: &str) -> Value {
        let text = self.client.get(url).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The claims of `token`, checked as a stranger would: discovery, keys, signature.
    async fn claims(&self, token: &str, audience: &str) -> Value {
        let authority = &self.sandbox.endpoints.authority;
        let tenant = &self.sandbox.world.config.tenant_id;
        let found =
            self.json(&format!("{authority}{tenant}/v2.0/.well-known/openid-configuration")).await;
        let keys: JwkSet =
            serde_json::from_value(self.json(found["jwks_uri"].as_str().unwrap()).await).unwrap();
        let header = jsonwebtoken::decode_header(token).unwrap();
        let key = keys.find(header.kid.as_ref().unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[audience]);
        validation.set_issuer(&[found["issuer"].as_str().unwrap()]);
        // The clock of the sandbox stands in the past.
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        decode::<Value>(token, &key, &validation).unwrap().claims
    }
}

#[tokio::test]
async fn a_persons_token_can_be_checked_by_anybody_and_names_its_groups() {
    let tenant = Tenant::start().await;
    let (ada, group) = tenant.seed(|d| {
        let ids = (d.add_user("ada@contoso.com"), d.add_group("team"));
        d.add_member(&ids.1, &ids.0);
        ids
    });
    let world = &tenant.sandbox.world;
    let who = Who::Operator { user: ada.clone(), roles: vec!["Access.Operate".to_owned()] };
    let claims = tenant.claims(&world.token_for(&who, AKS), AKS).await;
    assert_eq!(claims["oid"], ada);
    assert_eq!(claims["upn"], "ada@contoso.com");
    assert_eq!(claims["tid"], world.config.tenant_id);
    assert_eq!(claims["groups"], serde_json::json!([group]));
    assert_eq!(claims["roles"], serde_json::json!(["Access.Operate"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 24 * 3600);
}

#[tokio::test]
async fn beyond_200_groups_a_token_points_to_graph_instead() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| {
        let ada = d.add_user("ada");
        (0..200).for_each(|n| {
            let group = d.add_group(&format!("g{n}"));
            d.add_member(&group, &ada);
        });
        ada
    });
    let world = &tenant.sandbox.world;
    let who = Who::User(ada.clone());
    let claims = tenant.claims(&world.token_for(&who, AKS), AKS).await;
    assert_eq!(claims["groups"].as_array().unwrap().len(), 200);
    tenant.seed(|d| {
        let group = d.add_group("one too many");
        d.add_member(&group, &ada);
    });
    let claims = tenant.claims(&world.token_for(&who, AKS), AKS).await;
    assert_eq!(claims.get("groups"), None);
    assert_eq!(claims["_claim_names"]["groups"], "src1");
    let example = example("token-groups-overage");
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    if let Some(example) = example {
        let wanted = &example["request"]["body"]["_claim_sources"]["src1"];
        assert_eq!(keys(&claims["_claim_sources"]["src1"]), keys(wanted));
    }
}

#[tokio::test]
async fn a_service_principal_signs_in_with_its_secret_only() {
    let tenant = Tenant::start().await;
    let world = &tenant.sandbox.world;
    let url = format!(
        "{}{}/oauth2/v2.0/token",
        tenant.sandbox.endpoints.authority, world.config.tenant_id
    );
    let ask = async |client: &str, secret: &str, scope: &str| {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "client_credentials"),
                ("client_id", client),
                ("client_secret", secret),
                ("scope", scope),
            ])
            .finish();
        let request = tenant.client.post(&url).body(form);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap())
    };
    let (id, secret) = (&world.config.admin_client_id, &world.config.admin_secret);
    let scope = format!("{GRAPH}/.default");
    let (status, granted) = ask(id, secret, &scope).await;
    assert_eq!((status, &granted["token_type"]), (200, &Value::from("Bearer")));
    let token = granted["access_token"].as_str().unwrap();
    let claims = tenant.claims(token, GRAPH).await;
    assert_eq!((&claims["idtyp"], &claims["appid"]), (&"app".into(), &Value::from(id.as_str())));
    let refused = ask(id, "wrong", &scope).await;
    assert_eq!((refused.0, &refused.1["error"]), (401, &"invalid_client".into()));
    assert_eq!(ask(NOBODY, secret, &scope).await.1["error"], "unauthorized_client");
    assert_eq!(ask(id, secret, GRAPH).await.1["error"], "invalid_scope");
    let latchkey = &world.config.identity_client_id;
    assert_eq!(ask(latchkey, "", &scope).await.0, 401, "a managed identity has no secret");
}

#[tokio::test]
async fn the_managed_identity_needs_its_header() {
    let mut tenant = Tenant::start().await;
    let endpoints = tenant.sandbox.endpoints.clone();
    let url = format!("{}?api-version=2019-08-01&resource={GRAPH}", endpoints.managed_identity);
    let bare = tenant.client.get(&url).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let ask = async |url: &str| {
        let request =
            tenant.client.get(url).header("x-identity-header", &endpoints.identity_header);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap())
    };
    let (status, answer) = ask(&url).await;
    assert_eq!(status, 200);
    assert_eq!((&answer["resource"], &answer["token_type"]), (&GRAPH.into(), &"Bearer".into()));
    let expires: i64 = answer["expires_on"].as_str().unwrap().parse().unwrap();
    assert!(expires > tenant.sandbox.world.clock.now().as_second());
    let id = &tenant.sandbox.world.config.identity_client_id;
    assert_eq!(ask(&format!("{url}&client_id={id}")).await.0, 200);
    assert_eq!(ask(&format!("{url}&client_id={NOBODY}")).await.0, 400);
    let other = tenant.sandbox.world.add_identity("latchkey-planner");
    let (status, of_other) = ask(&format!("{url}&client_id={other}")).await;
    assert_eq!((status, &of_other["client_id"]), (200, &Value::from(other.as_str())));
    let claims = tenant.claims(of_other["access_token"].as_str().unwrap(), GRAPH).await;
    assert_eq!(claims["appid"], other.as_str());
    tenant.token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(tenant.get("users").await.status, 200);
}

#[tokio::test]
async fn a_disabled_account_gets_no_token() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let who = Who::User(ada.clone());
    assert!(tenant.sandbox.world.try_token(&who, GRAPH).is_some());
    tenant.patch(&format!("users/{ada}"), serde_json::json!({"accountEnabled": false})).await;
    assert!(tenant.sandbox.world.try_token(&who, GRAPH).is_none());
}

#[tokio::test]
async fn instance_discovery_is_answered_for_command_line_tools() {
    let tenant = Tenant::start().await;
    let authority = &tenant.sandbox.endpoints.authority;
    let found = tenant.json(&format!("{authority}common/discovery/instance?api-version=1.1")).await;
    let next = found["tenant_discovery_endpoint"].as_str().unwrap();
    assert_eq!(tenant.json(next).await["issuer"], tenant.sandbox.world.issuer());
}
