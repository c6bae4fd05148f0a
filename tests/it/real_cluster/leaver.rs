//! A leaver's writes on an API server that nobody here wrote, with the token from before.

use std::time::{Duration, Instant};

use latchkey_core::gate::Part;
use reqwest::Method;
use sandbox::{ApiServer, Who};
use serde_json::{Value, json};
use xtask::{
    doors::Doors,
    ready::Ready,
    stage::{Stage, user_id},
};

use crate::played::{event, hire};

const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const MAPS: &str = "api/v1/namespaces/dev/configmaps";
/// How long an API server may take to see what was written.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests of one measurement, and entries in the list for the second one.
const REQUESTS: u32 = 40;
const ENTRIES: usize = 1000;

pub async fn is_cut_and_comes_back(stage: &Stage, server: &ApiServer) {
    let ready = Ready::of(stage);
    let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"]);
    let doors = doors.expect("doors");
    for person in ["7901", "7902"] {
        tell(stage, &doors, &hire(person, "Retail Engineering")).await;
    }
    let [leaver, other] = ["7901", "7902"].map(|person| {
        let upn = format!("p{person}@contoso.onmicrosoft.com");
        let id = user_id(stage, &upn).expect("a user");
        stage.sandbox.world.token_for(&Who::User(id), SERVER_APP)
    });
    until(server, &leaver, 201).await;
    until(server, &other, 201).await;
    let left = json!({ "urgency": "immediate" });
    tell(stage, &doors, &event("person.terminated.v1", "7901", 2, left)).await;
    until(server, &leaver, 403).await;
    for part in ["exec", "portforward"] {
        let path = format!("api/v1/namespaces/dev/pods/none/{part}");
        let refused = server.call(&leaver, Method::POST, &path, None).await.expect("an answer");
        let told = refused.1["message"].as_str().unwrap_or_default().to_owned();
        assert!(refused.0 == 403 && told.contains("latchkey-leavers"), "{part}: {told}");
    }
    let read = server.call(&leaver, Method::GET, MAPS, None).await.expect("an answer");
    assert_eq!(read.0, 200, "reads are not admission");
    until(server, &other, 201).await;
    measure(server, &other).await;
    tell(stage, &doors, &event("person.termination-rescinded.v1", "7901", 3, json!({}))).await;
    until(server, &leaver, 201).await;
}

async fn tell(stage: &Stage, doors: &Doors, event: &Value) {
    let answer = doors.hr(event.to_string().as_bytes()).await.expect("the door answers");
    assert_eq!(answer.status, 202, "{}", answer.complaint());
    let settled = tokio::time::timeout(Duration::from_secs(120), stage.host.settled(false));
    settled.await.expect("it comes to an end");
}

/// Waits until a write with this token, tried only, is answered so.
async fn until(server: &ApiServer, token: &str, wanted: u16) {
    let began = Instant::now();
    loop {
        let (status, body) = write(server, token).await;
        if status == wanted {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{status} and not {wanted}: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn write(server: &ApiServer, token: &str) -> (u16, Value) {
    let body = json!({ "metadata": { "generateName": "try-" } });
    let path = format!("{MAPS}?dryRun=All");
    server.call(token, Method::POST, &path, Some(&body)).await.expect("an answer")
}

/// Tells what a write of somebody who is not listed costs, with a short list and with a long one.
async fn measure(server: &ApiServer, token: &str) {
    let short = cost(server, token).await;
    let resource = Part::Leavers.resource();
    let path = format!("{}/{}", resource.path, resource.name);
    let admin = &server.admin_token;
    let (_, mut list) = server.call(admin, Method::GET, &path, None).await.expect("the list");
    for n in 0..ENTRIES {
        let key = format!("oid.00000000-0000-4000-8000-{n:012}");
        list["spec"]["entries"][key] = json!("c-0123456789abcdef until 2999-01-01T00:00:00Z");
    }
    let put = server.call(admin, Method::PUT, &path, Some(&list)).await.expect("an answer");
    assert_eq!(put.0, 200, "{}", put.1);
    let long = cost(server, token).await;
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    eprintln!(
        "a write beside {ENTRIES} entries: {long:?}, beside few: {short:?}, ratio {ratio:.2}"
    );
    let (status, body) = write(server, token).await;
    assert_eq!(status, 201, "{body}");
}

/// The mean of some requests.
async fn cost(server: &ApiServer, token: &str) -> Duration {
    let began = Instant::now();
    for _ in 0..REQUESTS {
        write(server, token).await;
    }
    began.elapsed() / REQUESTS
}
