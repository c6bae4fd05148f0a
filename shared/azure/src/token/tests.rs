use std::sync::atomic::{AtomicUsize, Ordering};

use azure_core::credentials::{AccessToken, TokenRequestOptions};

use super::*;

/// Numbers its tokens; they live for as long as told.
#[derive(Debug)]
struct Counting {
    asked: AtomicUsize,
    life: Duration,
}

#[async_trait::async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let n = self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let until = OffsetDateTime::now_utc() + self.life;
        Ok(AccessToken::new(format!("{}#{n}", scopes[0]), until))
    }
}

fn tokens(life: Duration) -> (Tokens, Arc<Counting>) {
    let credential = Arc::new(Counting { asked: AtomicUsize::new(0), life });
    (Tokens::from_credential(credential.clone()), credential)
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn many_callers_at_once_cost_one_token_per_scope() {
    let (tokens, credential) = tokens(HOUR);
    let ask = |scope| tokens.bearer(scope);
    let all = futures::future::join_all((0..20).map(|n| ask(if n % 2 == 0 { "a" } else { "b" })));
    for (n, token) in all.await.into_iter().enumerate() {
        assert!(token.unwrap().secret().starts_with(if n % 2 == 0 { "a#" } else { "b#" }));
    }
    assert_eq!(credential.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_token_in_its_last_five_minutes_is_replaced() {
    let (tokens, credential) = tokens(Duration::from_secs(4 * 60));
    tokens.bearer("a").await.unwrap();
    tokens.bearer("a").await.unwrap();
    assert_eq!(credential.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_refused_token_is_forgotten_but_not_its_successor() {
    let (tokens, credential) = tokens(HOUR);
    let first = tokens.bearer("a").await.unwrap();
    tokens.forget("a", &first).await;
    let second = tokens.bearer("a").await.unwrap();
    assert_ne!(first.secret(), second.secret());
    tokens.forget("a", &first).await;
    assert_eq!(tokens.bearer("a").await.unwrap().secret(), second.secret());
    assert_eq!(credential.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn debug_never_shows_a_token() {
    let (tokens, _) = tokens(HOUR);
    let token = tokens.bearer("scope").await.unwrap();
    let shown = format!("{token:?} {tokens:?} {:?}", token.header());
    assert!(!shown.contains("scope#0"), "{shown}");
}

#[test]
fn the_settings_choose_the_credential() {
    let choose = |pairs: &'static [(&str, &str)]| {
        let find = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into());
        format!("{:?}", credential::Recipe::from_settings(&find))
    };
    assert_eq!(choose(&[]), "AzureCli { tenant: None }");
    assert_eq!(choose(&[("IDENTITY_ENDPOINT", "")]), "AzureCli { tenant: None }");
    assert_eq!(
        choose(&[("IDENTITY_ENDPOINT", "http://localhost/msi"), ("AZURE_CLIENT_ID", "id")]),
        r#"ManagedIdentity { client_id: Some("id") }"#
    );
    assert_eq!(
        choose(&[("AZURE_FEDERATED_TOKEN_FILE", "/token"), ("AZURE_TENANT_ID", "t")]),
        r#"WorkloadIdentity { client_id: None, tenant: Some("t"), file: "/token" }"#
    );
}
