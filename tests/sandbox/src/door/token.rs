//! The bearer token at the door.

use std::sync::PoisonError;

use axum::extract::Request;
use http::header::AUTHORIZATION;

use super::{Caller, Service};
use crate::world::World;

/// Application id of the AKS server application, the audience of every cluster token.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Who sent `request`; `None` where no token is needed and none was sent.
pub fn caller(
    world: &World,
    service: Service,
    request: &Request,
    function: Option<String>,
) -> Result<Option<Caller>, &'static str> {
    if service == Service::Authority {
        return Ok(None);
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
        return if is_public(service, request.uri().path()) {
            Ok(None)
        } else {
            Err("Access token is empty.")
        };
    };
    if service == Service::Kubernetes
        && let Some(local) =
            world.local_tokens.read().unwrap_or_else(PoisonError::into_inner).get(token)
    {
        return Ok(Some(Caller { function, ..local.clone() }));
    }
    let caller = world.verify(token)?;
    if !accepts(world, service, &caller.audience) {
        return Err("Access token validation failure. Invalid audience.");
    }
    Ok(Some(Caller { function, ..caller }))
}

fn is_public(service: Service, path: &str) -> bool {
    match service {
        Service::Arm => path == "/metadata/endpoints",
        Service::Kubernetes => {
            ["/version", "/healthz", "/livez", "/readyz"].iter().any(|p| path.starts_with(p))
        }
        _ => false,
    }
}

/// Whether `audience` names `service`: its public identifier or this sandbox's own address.
fn accepts(world: &World, service: Service, audience: &str) -> bool {
    let known: &[&str] = match service {
        Service::Authority => return true,
        Service::Kubernetes => return audience == AKS_SERVER,
        Service::Graph => &["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"],
        Service::Arm => &["https://management.azure.com", "https://management.core.windows.net"],
        Service::ServiceBus => &["https://servicebus.azure.net"],
    };
    let audience = audience.trim_end_matches('/');
    known.contains(&audience) || audience == own_address(world, service)
}

fn own_address(world: &World, service: Service) -> String {
    let endpoints = world.endpoints.read().unwrap_or_else(PoisonError::into_inner);
    let url = match service {
        Service::Graph => &endpoints.graph,
        Service::ServiceBus => &endpoints.service_bus,
        _ => &endpoints.arm,
    };
    url.as_str().trim_end_matches('/').to_owned()
}
