//! How many simple requests per second the sandbox serves, over TLS connections that stay open.
//!
//! Clients and sandbox share the machine, so the sandbox alone serves more.
//! `cargo bench -p tests --bench sandbox`; `cargo xtask bench` runs it with the others.

use std::{
    io::{self, BufRead, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
    sync::{Arc, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use sandbox::{Config, Sandbox, Who};
use tests::figures::{Figures, asked};
use url::Url;

const CONNECTIONS: usize = 8;
const TIME: Duration = Duration::from_secs(3);
const WANTED: f64 = 5_000.0;
const PEOPLE: usize = 1_000;

fn main() -> Result<ExitCode> {
    if !asked() {
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let sandbox = runtime.block_on(Sandbox::start(Config::default()))?;
    let user = fill(&sandbox);
    let tls = tls(&sandbox.ca_pem)?;
    let graph = Load {
        url: sandbox.endpoints.graph.join(&format!("v1.0/users/{user}"))?,
        token: sandbox.world.token_for(&Who::Latchkey, "https://graph.microsoft.com"),
        tls: tls.clone(),
    };
    let scope = &sandbox.world.config.clusters.first().context("a cluster")?.resource_id;
    let arm = Load {
        url: sandbox.endpoints.arm.join(&format!(
            "{scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01\
             &$filter=principalId%20eq%20'{user}'"
        ))?,
        token: sandbox.world.token_for(&Who::Admin, "https://management.azure.com"),
        tls,
    };
    let mut figures = Figures::default();
    for (what, load) in [("GET a user", graph), ("list role assignments", arm)] {
        let rate = load.run()?;
        let what = format!("sandbox: {what}, {CONNECTIONS} connections");
        figures.add(&what, &format!("{rate:.0}/s"), "≥ 5,000/s", rate >= WANTED);
    }
    Ok(figures.verdict())
}

/// A thousand people with a role each; gives one of them.
fn fill(sandbox: &Sandbox) -> String {
    let world = &sandbox.world;
    let people: Vec<_> = {
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        (0..PEOPLE).map(|n| directory.add_user(&format!("person-{n}"))).collect()
    };
    let scope = &world.config.clusters[0].resource_id;
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    for person in &people {
        azure.assign("Reader", scope, "User", person);
    }
    people[PEOPLE / 2].clone()
}

fn tls(ca_pem: &str) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// One kind of request.
struct Load {
    url: Url,
    token: String,
    tls: Arc<ClientConfig>,
}

impl Load {
    /// Requests per second of all connections.
    fn run(&self) -> Result<f64> {
        let began = Instant::now();
        let counts = thread::scope(|scope| {
            let all: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| self.connection())).collect();
            all.into_iter().map(|one| one.join().ok().context("a client died")?).collect()
        });
        let counts: Result<Vec<u32>> = counts;
        let sum: u32 = counts?.into_iter().sum();
        Ok(f64::from(sum) / began.elapsed().as_secs_f64())
    }

    /// Asks on one connection, one request after the other, and counts the answers.
    fn connection(&self) -> Result<u32> {
        let port = self.url.port().context("a port")?;
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        let session = ClientConnection::new(self.tls.clone(), ServerName::try_from("localhost")?)?;
        let mut stream = BufReader::new(StreamOwned::new(session, socket));
        let (path, token) = (&self.url[url::Position::BeforePath..], &self.token);
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < TIME {
            stream.get_mut().write_all(request.as_bytes())?;
            answer(&mut stream)?;
            count += 1;
        }
        Ok(count)
    }
}

/// Reads one answer, which must be a 200.
fn answer(stream: &mut impl BufRead) -> Result<()> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    anyhow::ensure!(line.starts_with("HTTP/1.1 200"), "answered {line}");
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    anyhow::ensure!(length > 0, "an answer without a length");
    io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
    Ok(())
}
