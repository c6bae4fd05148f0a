//! A cluster whose API server somebody else runs: what ARM hands out, and what the server checks
//! the sandbox's tokens with.

mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use sandbox::{ApiServer, ClusterSpec, Config, RealCluster, Sandbox, Who};
use serde_json::{Value, json};
use wire::{AKS_SERVER, Wire};

fn spec() -> ClusterSpec {
    let spec = ClusterSpec::named("private-aks", &Config::default().subscription);
    ClusterSpec { local_accounts: true, ..spec }
}

async fn empty() -> Sandbox {
    wire::sandbox(Config { clusters: Vec::new(), ..Config::default() }).await
}

#[tokio::test]
async fn arm_hands_out_the_server_its_authority_and_its_administrator() {
    let sandbox = empty().await;
    let url = url::Url::parse("https://127.0.0.1:6443").unwrap();
    let (ca_pem, admin_token) = ("an authority".to_owned(), "a token".to_owned());
    sandbox.add_real_cluster(&spec(), &ApiServer { url, ca_pem, admin_token });
    let arm = Wire::arm(&sandbox, &Who::Admin);
    for (credential, user) in
        [("listClusterUserCredential", "kubelogin"), ("listClusterAdminCredential", "a token")]
    {
        let path = format!("{}/{credential}?api-version=2026-04-01", spec().resource_id);
        let answer = arm.act(&path).await;
        let value = answer.body["kubeconfigs"][0]["value"].as_str().unwrap();
        let config = String::from_utf8(STANDARD.decode(value).unwrap()).unwrap();
        assert!(config.contains("server: https://127.0.0.1:6443\n"), "{config}");
        assert!(config.contains(&STANDARD.encode("an authority")), "{config}");
        assert!(config.contains(user), "{config}");
    }
}

/// What an API server does with `--oidc-issuer-url`: discovery, keys, signature, issuer, audience.
#[tokio::test]
async fn tokens_are_checked_by_what_their_issuer_publishes() {
    let sandbox = empty().await;
    let (person, group) = {
        let mut directory = sandbox.world.directory.write().unwrap();
        let (person, group) = (directory.add_user("ada"), directory.add_group("readers"));
        assert!(directory.add_member(&group, &person));
        (person, group)
    };
    let issuer = sandbox.world.issuer();
    let web = Wire::new(&sandbox, "", String::new());
    let document = web.get(&format!("{issuer}/.well-known/openid-configuration")).await.body;
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));
    let keys = web.get(document["jwks_uri"].as_str().unwrap()).await.body;
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[&issuer]);
    validation.set_audience(&[AKS_SERVER]);
    let claims = |token: &str| {
        let key = keys.find(&decode_header(token).unwrap().kid.unwrap()).unwrap();
        decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
            .map(|data| data.claims)
    };
    let own = claims(&sandbox.world.token_for(&Who::User(person.clone()), AKS_SERVER)).unwrap();
    assert_eq!(own["oid"], person.as_str());
    assert_eq!(own["upn"], "ada@contoso.onmicrosoft.com");
    assert_eq!(own["groups"], json!([group]));
    let app = claims(&sandbox.world.token_for(&Who::Latchkey, AKS_SERVER)).unwrap();
    assert!(app["oid"].is_string() && app.get("upn").is_none());
    assert!(claims(&sandbox.world.token_for(&Who::User(person), wire::ARM)).is_err());
}

#[tokio::test]
async fn a_binary_that_ends_at_once_is_told_with_its_last_words() {
    use std::os::unix::fs::PermissionsExt as _;
    let assets = tempfile::tempdir().unwrap();
    let programs =
        [("etcd", "exec sleep 600"), ("kube-apiserver", "echo \"no such flag: $1\"; exit 3")];
    for (name, script) in programs {
        let path = assets.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let sandbox = empty().await;
    let failed = RealCluster::start_from(assets.path(), &sandbox, &spec()).await;
    let Err(error) = failed else { unreachable!("nothing serves") };
    let told = format!("{error:#}");
    assert!(told.contains("kube-apiserver ended (exit status: 3)"), "{told}");
    assert!(told.contains("no such flag: --etcd-servers=http://127.0.0.1:"), "{told}");
}

#[tokio::test]
async fn a_real_api_server_knows_people_by_the_sandboxs_tokens() {
    let sandbox = empty().await;
    let Some(real) = RealCluster::start(&sandbox, &spec()).await.unwrap() else { return };
    let (person, group) = {
        let mut directory = sandbox.world.directory.write().unwrap();
        let (person, group) = (directory.add_user("ada"), directory.add_group("readers"));
        assert!(directory.add_member(&group, &person));
        (person, group)
    };
    let token = sandbox.world.token_for(&Who::User(person.clone()), AKS_SERVER);
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "apis/authentication.k8s.io/v1/selfsubjectreviews";
    let server = &real.server;
    let (status, known) = server.call(&token, Method::POST, path, Some(&review)).await.unwrap();
    assert_eq!((status, &known["status"]["userInfo"]["username"]), (201, &json!(person)));
    let groups = known["status"]["userInfo"]["groups"].as_array().unwrap();
    assert!(groups.contains(&json!(group)), "{groups:?}");
    let nodes = server.call(&token, Method::GET, "api/v1/pods", None).await.unwrap();
    assert_eq!(nodes.0, 403);
    real.stop().await.unwrap();
}
