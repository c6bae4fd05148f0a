//! What stands where the library expects an HTTP client.

use azure_core_021::{
    Body, BytesStream, HttpClient, Response, StatusCode,
    error::{Error, ErrorKind},
    headers::{HeaderName, Headers},
};
use latchkey_azure::{
    Http, Tokens,
    http::{Auth, Request},
};
use latchkey_core::CallError;
use reqwest::{
    Method,
    header::{HeaderName as Name, HeaderValue},
};
use url::Url;

use crate::{CALL, properties::corrected, surprise};

pub(crate) const SCOPE: &str = "https://servicebus.azure.net/.default";
const BROKER_PROPERTIES: HeaderName = HeaderName::from_static("brokerproperties");

/// Carries the library's requests: to our endpoint instead of its own, with a token of ours
/// instead of its signature, and through [`Http`] with its deadlines and repetitions.
#[derive(Debug)]
pub(crate) struct Transport {
    http: Http,
    tokens: Tokens,
    endpoint: Url,
}

impl Transport {
    pub(crate) fn new(http: &Http, tokens: &Tokens, endpoint: &Url) -> Self {
        Self { http: http.clone(), tokens: tokens.clone(), endpoint: endpoint.clone() }
    }

    /// Path, body and broker properties are the library's; everything else is ours.
    fn request(&self, theirs: &azure_core_021::Request) -> Result<Request, CallError> {
        let mut url = self.endpoint.clone();
        url.set_path(theirs.url().path());
        let Body::Bytes(body) = theirs.body() else { return Err(surprise("a streaming body")) };
        let properties = theirs
            .headers()
            .get_optional_str(&BROKER_PROPERTIES)
            .and_then(corrected)
            .ok_or_else(|| surprise("no readable broker properties"))?;
        Ok(Request::new(CALL.service, CALL.what, Method::POST, url)
            .bytes(body.clone(), HeaderValue::from_static("application/json"))
            .header(Name::from_static("brokerproperties"), properties))
    }
}

#[async_trait::async_trait]
impl HttpClient for Transport {
    async fn execute_request(
        &self,
        request: &azure_core_021::Request,
    ) -> azure_core_021::Result<Response> {
        let auth = Auth { tokens: &self.tokens, scope: SCOPE };
        let send = async { self.http.send(&self.request(request)?, Some(auth)).await };
        let answer = send.await.map_err(|error| Error::new(ErrorKind::Io, error))?;
        let body = Box::pin(BytesStream::new(answer.body));
        let status = StatusCode::try_from(answer.status.as_u16()).unwrap_or(StatusCode::Ok);
        Ok(Response::new(status, Headers::new(), body))
    }
}
