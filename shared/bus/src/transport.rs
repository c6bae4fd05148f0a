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
use latchkey_core::{CallError, Traceparent};
use reqwest::{
    Method,
    header::{HeaderName as Name, HeaderValue},
};
use url::Url;

use crate::{CALL, properties::corrected, surprise};

pub(crate) const SCOPE: &str = "https://servicebus.azure.net/.default";
const BROKER_PROPERTIES: HeaderName = HeaderName::from_static("brokerproperties");

/// The property that the Azure SDKs keep the W3C trace context of a message in. A header that
/// HTTP does not know becomes a property of the message.
const DIAGNOSTIC_ID: Name = Name::from_static("diagnostic-id");

/// Carries the library's requests: to our endpoint instead of its own, with a token of ours
/// instead of its signature, and through [`Http`] with its deadlines and repetitions.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: Http,
    pub(crate) tokens: Tokens,
    pub(crate) endpoint: Url,
    pub(crate) trace: Option<Traceparent>,
}

impl Transport {
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
        let request = Request::new(CALL.service, CALL.what, Method::POST, url)
            .bytes(body.clone(), HeaderValue::from_static("application/json"))
            .header(Name::from_static("brokerproperties"), properties);
        Ok(match self.trace.and_then(property) {
            Some(trace) => request.header(DIAGNOSTIC_ID, trace),
            None => request,
        })
    }
}

/// A property of type string is written in quotes.
fn property(trace: Traceparent) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{trace}\"")).ok()
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
