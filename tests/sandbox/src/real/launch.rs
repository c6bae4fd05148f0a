//! Starting and stopping etcd and kube-apiserver.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

use super::certificates;
use super::flags::{self, Ports};
use super::server::ApiServer;
use crate::config::ClusterSpec;
use crate::sandbox::Sandbox;

/// Names the folder with the binaries `etcd` and `kube-apiserver`, as Kubernetes' test environment
/// has it.
const ASSETS: &str = "KUBEBUILDER_ASSETS";
/// Longest time from the start of the processes to the first token that is taken.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running etcd and kube-apiserver; dropping it ends both and removes their files.
pub struct RealCluster {
    /// The API server.
    pub server: ApiServer,
    etcd: Child,
    api: Child,
    folder: TempDir,
}

impl RealCluster {
    /// Starts bare binaries from the folder that `KUBEBUILDER_ASSETS` names, on free ports in a
    /// temporary directory, and registers them with `sandbox` as the cluster of `spec`. `None`,
    /// said on standard error, where the variable is not set.
    ///
    /// # Errors
    /// When a binary does not start or does not take the sandbox's tokens in time; the error ends
    /// with the last lines of its log.
    pub async fn start(
        sandbox: &Sandbox,
        spec: &ClusterSpec,
    ) -> anyhow::Result<Option<RealCluster>> {
        let Some(assets) = std::env::var_os(ASSETS).map(PathBuf::from) else {
            eprintln!("NO REAL API SERVER IS TESTED: {ASSETS} is not set");
            return Ok(None);
        };
        RealCluster::start_from(&assets, sandbox, spec).await.map(Some)
    }

    /// As [`start`](Self::start) with the binaries in `assets`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_from(
        assets: &Path,
        sandbox: &Sandbox,
        spec: &ClusterSpec,
    ) -> anyhow::Result<RealCluster> {
        let folder = tempfile::tempdir().context("making a folder for the cluster")?;
        let ports = Ports { etcd: free_port()?, peer: free_port()?, api: free_port()? };
        let ca_pem = certificates::write(folder.path())?;
        let admin_token = uuid::Uuid::new_v4().simple().to_string();
        let tokens = format!("{admin_token},admin,admin,\"system:masters\"\n");
        fs::write(folder.path().join("tokens.csv"), tokens)?;
        let ca_file = folder.path().join("sandbox.crt");
        fs::write(&ca_file, &sandbox.ca_pem)?;
        let mut arguments = flags::api_server(folder.path(), ports);
        arguments.extend(flags::oidc(&sandbox.world, &ca_file));
        let etcd = spawn(assets, "etcd", &flags::etcd(folder.path(), ports), folder.path())?;
        let api = spawn(assets, "kube-apiserver", &arguments, folder.path())?;
        let url = Url::parse(&format!("https://127.0.0.1:{}/", ports.api))?;
        let server = ApiServer { url, ca_pem, admin_token };
        let mut cluster = RealCluster { server, etcd, api, folder };
        cluster.ready(sandbox, spec).await?;
        sandbox.add_real_cluster(spec, &cluster.server);
        Ok(cluster)
    }

    /// Waits for the server, or for one of the processes to end.
    async fn ready(&mut self, sandbox: &Sandbox, spec: &ClusterSpec) -> anyhow::Result<()> {
        let admins = spec.admin_group.as_deref();
        let welcomed = tokio::select! {
            welcomed = self.server.welcome(&sandbox.world, admins, PATIENCE) => welcomed,
            ended = self.etcd.wait() => return Err(self.died("etcd", ended)),
            ended = self.api.wait() => return Err(self.died("kube-apiserver", ended)),
        };
        welcomed.with_context(|| self.log("kube-apiserver"))
    }

    fn died(&self, name: &str, ended: std::io::Result<std::process::ExitStatus>) -> anyhow::Error {
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        anyhow::anyhow!("{name} ended ({how}):\n{}", self.log(name))
    }

    /// The last lines of a process's log.
    fn log(&self, name: &str) -> String {
        const LINES: usize = 15;
        let path = self.folder.path().join(name).with_extension("log");
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Ends both processes and waits until they are gone.
    ///
    /// # Errors
    /// When one cannot be ended.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.api.kill().await.context("ending kube-apiserver")?;
        self.etcd.kill().await.context("ending etcd")
    }
}

fn spawn(assets: &Path, name: &str, arguments: &[String], folder: &Path) -> anyhow::Result<Child> {
    let program = assets.join(name);
    if !program.is_file() {
        bail!("{} is not there", program.display());
    }
    let log = File::create(folder.join(name).with_extension("log"))?;
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    command.spawn().with_context(|| format!("starting {}", program.display()))
}

/// A port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("finding a free port")?;
    Ok(listener.local_addr()?.port())
}
