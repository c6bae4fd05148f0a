//! The load: keep-alive connections, each sending its next request when it has its answer.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dev_host::encode::{Context, DataType, ServiceBusMessage, service_bus};
use jiff::Timestamp;
use serde_json::{Map, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use uuid::Uuid;

use crate::servers::PERSON;

/// Connections at a time: what the host opens for one busy Service Bus function on two cores.
const CONNECTIONS: usize = 32;

/// What one round took.
pub struct Round {
    elapsed: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Round {
    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the requests stays under.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(last as f64 * share) as usize]
    }
}

/// Sends `requests` over each connection.
pub fn run(address: SocketAddr, requests: usize) -> Round {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let request = Bytes::from(request());
        let start = Instant::now();
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            connections.spawn(drive(address, request.clone(), requests));
        }
        let mut latencies = connections.join_all().await.concat();
        latencies.sort();
        Round { elapsed: start.elapsed(), latencies }
    })
}

async fn drive(address: SocketAddr, request: Bytes, requests: usize) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket takes TCP_NODELAY");
    let mut latencies = Vec::with_capacity(requests);
    let mut answer = Vec::with_capacity(1024);
    for _ in 0..requests {
        let start = Instant::now();
        stream.write_all(&request).await.expect("the server reads");
        answer.clear();
        while !is_whole(&answer) {
            let read = stream.read_buf(&mut answer).await.expect("the server answers");
            assert_ne!(read, 0, "the server hung up");
        }
        latencies.push(start.elapsed());
        check(&answer);
    }
    latencies
}

/// Both servers answer with a JSON object that ends with its last member, null.
fn is_whole(answer: &[u8]) -> bool {
    answer.ends_with(b"\"ReturnValue\":null}")
}

fn check(answer: &[u8]) {
    let text = std::str::from_utf8(answer).expect("an answer is text");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains(PERSON), "{text}");
}

/// A delivery as Azure sends it: chunked, with the metadata of Service Bus.
fn request() -> String {
    let body = delivery().to_string();
    format!(
        "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json; charset=utf-8\r\n\
         X-Azure-Functions-HostVersion: 4.1037.0.0\r\n\
         X-Azure-Functions-InvocationId: 0f8fad5b-d9cb-469f-a165-70867728950e\r\n\
         User-Agent: Azure-Functions-Host/4.1037.0.0\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\n",
        body.len(),
    )
}

fn delivery() -> serde_json::Value {
    let event = json!({
        "specversion": "1.0", "id": "e-1", "source": "/hr", "type": "person.changed.v1",
        "subject": format!("person/{PERSON}"), "time": "2026-10-09T17:58:31Z",
        "datacontenttype": "application/json",
        "data": {
            "personId": PERSON, "spellId": "s-1", "workerType": "employee",
            "effectiveFrom": "2026-11-01T00:00:00", "tz": "Europe/Berlin", "sourceRevision": 17,
            "attributes": {
                "department": "Frontend Ops", "jobTitle": "Engineer", "location": "Berlin",
                "userPrincipalName": "alex@example.com", "displayName": "Alex Contoso",
            },
        },
    });
    let message = ServiceBusMessage {
        body: event.to_string().into(),
        message_id: Some("m-1".into()),
        session_id: Some(PERSON.into()),
        subject: Some("person.changed.v1".into()),
        content_type: Some("application/cloudevents+json".into()),
        delivery_count: 1,
        sequence_number: 123,
        lock_token: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        application_properties: Map::from_iter([("tenant".into(), "contoso".into())]),
        ..ServiceBusMessage::default()
    };
    let context = Context {
        function: "echo".into(),
        utc_now: Timestamp::UNIX_EPOCH,
        rand_guid: Uuid::nil(),
        retry: None,
    };
    service_bus(&context, "message", DataType::Binary, &message)
}
