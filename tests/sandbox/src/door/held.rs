//! Holding what passes the door against the contract of its service.

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::UPGRADE;
use http::request::Parts;

use super::{HangUp, MAX_BODY, Service};
use crate::contracts::{Answered, Asked, Content, Contracts};

/// A request as it came in. What is too large or upgrades its connection is not looked at.
pub struct Held(Option<(Service, Parts, Bytes)>);

impl Held {
    /// Reads the body of `request` and answers the request to go on with; `None` when the client
    /// leaves before it has sent everything.
    pub async fn of(service: Service, request: Request) -> Option<(Request, Held)> {
        let upgrades = request.headers().contains_key(UPGRADE);
        let large = request.body().size_hint().lower() > MAX_BODY as u64;
        if service == Service::Authority || upgrades || large {
            return Some((request, Held(None)));
        }
        let (parts, body) = request.into_parts();
        // One more than allowed, so that the service itself refuses what is sent in chunks.
        let bytes = to_bytes(body, 2 * MAX_BODY).await.ok()?;
        let seen = Some((service, parts.clone(), bytes.clone()));
        Some((Request::from_parts(parts, Body::from(bytes)), Held(seen)))
    }

    /// Checks the exchange with `response`, which goes on as it is.
    pub async fn against(self, contracts: &Contracts, response: Response) -> Response {
        let Held(Some((service, asked, sent))) = self else { return response };
        let whole = response.body().size_hint().exact().is_some();
        if !whole || response.extensions().get::<HangUp>().is_some() {
            return response;
        }
        let (parts, body) = response.into_parts();
        // A body of known size is in memory already.
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let asked = Asked {
            service,
            method: asked.method.as_str(),
            target: asked.uri.path_and_query().map_or("/", |target| target.as_str()),
            headers: &asked.headers,
            body: Content::Bytes(&sent),
        };
        let answered = Answered {
            status: parts.status.as_u16(),
            headers: &parts.headers,
            body: Content::Bytes(&bytes),
        };
        contracts.check(&asked, &answered);
        Response::from_parts(parts, Body::from(bytes))
    }
}
