//! The door for operators: what exists, who holds what and why, a dry run, and a step on request.
//!
//! Every call needs an Entra access token. `ops` writes nothing in the tenant: it records who
//! asked and why, sends the step, and waits for its evidence in the ledger.

mod access;
mod apply;
mod apps;
mod catalog;
mod drill;
mod dry_run;
mod fault;
mod fields;
mod health;
mod jwks;
mod needs;
mod order;
mod plans;
mod replay;
mod report;
mod route;
mod show;
mod token;

use azure_functions_handler::{HttpReply, HttpRequest};
use catalog::Offer;
use fault::Fault;
use http::{Method, StatusCode};
pub use jwks::Keys;
use latchkey_runtime::{Cx, StepError};
pub use needs::NEEDS;
use order::Order;
use route::Route;
use serde_json::{Value, json};
use token::Caller;

/// The function's name.
pub const NAME: &str = "ops";

/// Answers an operator.
///
/// # Errors
/// None: whatever goes wrong is answered as a problem (RFC 9457).
pub async fn serve(cx: &Cx, keys: &Keys, request: HttpRequest) -> Result<HttpReply, StepError> {
    let answer = match token::caller(cx, keys, &request.headers).await {
        Ok(caller) => answer(cx, &caller, &request).await,
        Err(fault) => Err(fault),
    };
    Ok(answer.unwrap_or_else(Fault::reply))
}

async fn answer(cx: &Cx, caller: &Caller, request: &HttpRequest) -> Result<HttpReply, Fault> {
    let route = Route::of(&request.params)?;
    route.check(&request.method)?;
    let body = request.body.as_deref().unwrap_or_default();
    match route {
        Route::Step(name) => return ask(cx, caller, Offer::find(name)?, request).await,
        Route::Approve(hash) => return plans::approve(cx, caller, hash, body).await,
        // Approvers see what they are asked to approve, and nothing else.
        Route::Plan(hash) => {
            caller.may_approve()?;
            return ok(&plans::show(cx, hash).await?);
        }
        _ => {}
    }
    if request.method == Method::POST {
        caller.may_operate()?;
        return ok(&operate(cx, caller, route, body).await?);
    }
    caller.may_read()?;
    if let Route::Report = route {
        return report::report(cx, &request.query).await;
    }
    ok(&look(cx, route, request).await?)
}

/// What an operator does to Latchkey itself; every one of these has a reason.
async fn operate(cx: &Cx, caller: &Caller, route: Route<'_>, body: &[u8]) -> Result<Value, Fault> {
    match route {
        Route::Pause(app) => apps::pause(cx, caller, app, body).await,
        Route::Resume(app) => apps::resume(cx, caller, app, body).await,
        Route::Replay(digest) => replay::replay(cx, caller, digest, &order::reason(body)?).await,
        Route::ReplayAll => replay::replay_all(cx, caller, &order::reason(body)?).await,
        Route::ReplayDead(entity) => {
            let (reason, only) = order::replay(body)?;
            replay::replay_dead(cx, caller, entity, (&reason, only)).await
        }
        _ => Err(absent()),
    }
}

async fn look(cx: &Cx, route: Route<'_>, request: &HttpRequest) -> Result<Value, Fault> {
    Ok(match route {
        Route::Steps => show::steps(),
        Route::People => show::people(cx).await?,
        Route::Person(id) => show::person(cx, id).await?,
        Route::Team(name) => show::team(cx, name).await?,
        Route::Cluster(name) => show::cluster(cx, name).await?,
        Route::Case(id) => show::case(cx, id).await?,
        Route::Access => access::access(cx, &request.query).await?,
        Route::Feeds => show::feeds(cx).await?,
        Route::Health => health::health(cx).await,
        Route::Drill => json!(drill::drill(cx).await),
        Route::Apps => apps::list(cx).await?,
        Route::Parked => replay::parked(cx).await?,
        Route::DeadLetters => replay::dead_letters(cx).await,
        _ => return Err(absent()),
    })
}

fn absent() -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "there is no such resource")
}

async fn ask(
    cx: &Cx,
    caller: &Caller,
    offer: Offer,
    request: &HttpRequest,
) -> Result<HttpReply, Fault> {
    let body = request.body.as_deref().unwrap_or_default();
    if dry_run::is_wanted(&request.query)? {
        caller.may_read()?;
        return ok(&dry_run::look(cx, offer, Order::for_look(body, &offer.schema())?).await?);
    }
    caller.may_operate()?;
    let order = Order::read(body, &offer.schema())?;
    let key = apply::idempotency_key(&request.headers)?;
    apply::apply(cx, caller, offer, order, &key).await
}

fn ok(value: &Value) -> Result<HttpReply, Fault> {
    json(StatusCode::OK, value)
}

fn json(status: StatusCode, value: &Value) -> Result<HttpReply, Fault> {
    HttpReply::json(status, value)
        .map_err(|error| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

#[cfg(test)]
mod tests;
