//! The contract against Azurite, which speaks Azure Blob Storage's protocol.

use std::{
    env,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_ledger::Ledger;
use object_store::{
    azure::{AzureAccessKey, AzureAuthorizer, AzureCredential},
    client::{HttpClient, HttpRequest, HttpRequestBody},
};

use crate::{at, stores::keeps_the_contract};

const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running Azurite, ended with the value.
struct Azurite {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Azurite {
    /// Starts it, or says loudly that it is not installed.
    fn start() -> Option<Self> {
        let Some(program) = program() else {
            assert!(env::var_os("CI").is_none(), "Azurite is missing: npm ci --prefix tests/tools");
            // Not `eprintln!`, which a passing test keeps to itself.
            let loud = "NOT TESTED: Azurite is missing; install it: npm ci --prefix tests/tools";
            let mut stderr = io::stderr();
            writeln!(stderr, "{loud}").unwrap();
            return None;
        };
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new(program)
            .args(["--silent", "--inMemoryPersistence", "--skipApiVersionCheck"])
            .args(["--blobPort", &port.to_string(), "--queuePort", "0", "--tablePort", "0"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self { process, port, _folder: folder };
        started.wait();
        Some(started)
    }

    fn wait(&self) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "Azurite does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn container(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/devstoreaccount1/{name}", self.port)
    }

    async fn create_container(&self, name: &str, http: &Http) {
        let uri = format!("{}?restype=container", self.container(name));
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = "PUT".parse().unwrap();
        *request.uri_mut() = uri.parse().unwrap();
        let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
        AzureAuthorizer::new(&credential, "devstoreaccount1").try_authorize(&mut request).unwrap();
        let client = HttpClient::new(http.client().clone());
        let answer = client.execute(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), 201);
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn program() -> Option<PathBuf> {
    let installed =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/tools/node_modules/.bin/azurite");
    let path = env::var_os("PATH").unwrap_or_default();
    env::var_os("LATCHKEY_AZURITE")
        .map(PathBuf::from)
        .into_iter()
        .chain([Path::new(installed).to_owned()])
        .chain(env::split_paths(&path).map(|folder| folder.join("azurite")))
        .find(|program| program.is_file())
}

#[tokio::test]
async fn azurite_keeps_the_contract() {
    let Some(azurite) = Azurite::start() else { return };
    let http = Http::new(HttpOptions::default()).unwrap();
    let tokens = Tokens::from_settings(&|_| None, &http);
    azurite.create_container("ledger", &http).await;

    let ledger = Ledger::open(&azurite.container("ledger"), &http, &tokens).unwrap();
    keeps_the_contract(&ledger).await;
    ten_writers_share_a_stream(&ledger).await;

    let missing = Ledger::open(&azurite.container("missing"), &http, &tokens).unwrap();
    let refused = missing.append("cases/1", 0, at(), "x").await.unwrap_err();
    assert!(refused.is_not_found(), "{refused}");
}

async fn ten_writers_share_a_stream(ledger: &Ledger) {
    let bodies: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let appends = bodies.iter().map(|body| ledger.append_always("cases/ten", at(), body));
    futures::future::try_join_all(appends).await.unwrap();
    let mut found: Vec<String> = ledger.read_as("cases/ten").await.unwrap();
    found.sort();
    assert_eq!(found, bodies);
}
