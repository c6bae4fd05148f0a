//! One person's terminal.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, ensure};
use sandbox::identity::Landing;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::Command,
};
use url::Url;

use super::{
    Ran, Shared,
    files::{BROWSE, write_azure},
};

/// A home with a sign-in, a kubeconfig and variables of its own.
pub struct Terminal {
    shared: Arc<Shared>,
    home: TempDir,
    variables: Mutex<BTreeMap<String, String>>,
    /// One command at a time: of two `az` at once one may read the token cache while the other
    /// rewrites it, and finds nobody signed in.
    busy: tokio::sync::Mutex<()>,
}

impl Terminal {
    pub(super) fn open(shared: Arc<Shared>) -> Result<Self> {
        let home = TempDir::new_in(shared.folder.path())?;
        write_azure(&shared.world, &home.path().join(".azure"))?;
        Ok(Self { shared, home, variables: Mutex::default(), busy: tokio::sync::Mutex::default() })
    }

    /// The home, where commands run.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `$HOME/.kube/config`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.home().join(".kube").join("config")
    }

    /// Sets a variable for the commands to come.
    pub fn set(&self, name: &str, value: impl Into<String>) {
        let mut variables = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        variables.insert(name.to_owned(), value.into());
    }

    /// What a variable is set to.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Runs `az` with these arguments.
    ///
    /// # Errors
    /// When it cannot be run at all.
    pub async fn az(&self, arguments: &[&str]) -> Result<Ran> {
        let program = self.shared.tools.az.clone();
        self.finish("az", self.command(program.as_os_str()).args(arguments)).await
    }

    /// Runs `kubectl` with these arguments.
    ///
    /// # Errors
    /// When it cannot be run at all.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<Ran> {
        self.finish("kubectl", self.command("kubectl".as_ref()).args(arguments)).await
    }

    /// Runs a line of shell, quoted and continued as documents quote and continue theirs.
    ///
    /// # Errors
    /// When there is no shell.
    pub async fn run(&self, line: &str) -> Result<Ran> {
        let mut command = self.command("bash".as_ref());
        command.args(["-e", "-u", "-o", "pipefail", "-c", line]);
        let mut ran = self.finish("bash", &mut command).await?;
        line.clone_into(&mut ran.command);
        Ok(ran)
    }

    /// Runs a line whose output becomes the variable `name`: `NAME=$(line)`.
    ///
    /// # Errors
    /// When the line fails.
    pub async fn capture(&self, name: &str, line: &str) -> Result<String> {
        let ran = self.run(line).await?;
        ensure!(ran.ok, "{line} failed:\n{}", ran.err);
        let value = ran.out.trim_end().to_owned();
        self.set(name, value.clone());
        Ok(value)
    }

    /// Writes a file into the home, a manifest for example.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.home().join(name), text).with_context(|| format!("writing {name}"))
    }

    /// Signs in as the administrator's service principal.
    ///
    /// # Errors
    /// When `az login` fails.
    pub async fn sign_in_admin(&self) -> Result<()> {
        self.forget()?;
        let config = &self.shared.world.config;
        let login = ["login", "--service-principal", "--username", &config.admin_client_id];
        let rest = ["--password", &config.admin_secret, "--tenant", &config.tenant_id];
        let ran = self.az(&[login, rest].concat()).await?;
        ensure!(ran.ok, "az login failed:\n{}", ran.err);
        Ok(())
    }

    /// Signs a person in: `az login` prints a code, which the person types into the page that it
    /// names, with user name and password. Answers what `az` printed on its way.
    ///
    /// # Errors
    /// When the password is wrong, the account disabled or `az login` fails.
    pub async fn sign_in(&self, upn: &str, password: &str) -> Result<Ran> {
        self.login(&["login", "--use-device-code"], async |line| match code_of(line) {
            Some(code) => {
                let entered = self.shared.world.enter_code(code, upn, password);
                entered.map_err(anyhow::Error::msg)
            }
            None => Ok(()),
        })
        .await
    }

    /// Signs a person in: `az login` opens a browser, on a device that is known to be compliant or
    /// of which nothing is known.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn sign_in_browser(&self, upn: &str, password: &str, compliant: bool) -> Result<Ran> {
        self.login(&["login"], async |line| {
            let Some(address) = line.strip_prefix(BROWSE) else { return Ok(()) };
            let query = address.split_once('?').map_or("", |(_, query)| query);
            let world = &self.shared.world;
            let landing = world.sign_in_browser(query, upn, password, compliant);
            land(&landing.map_err(anyhow::Error::msg)?).await
        })
        .await
    }

    /// Runs `az login`, which asks for something on standard error.
    async fn login(
        &self,
        arguments: &[&str],
        answer: impl AsyncFn(&str) -> Result<()>,
    ) -> Result<Ran> {
        let _alone = self.busy.lock().await;
        self.forget()?;
        let program = self.shared.tools.az.clone();
        let mut command = self.command(program.as_os_str());
        command.args(arguments).stderr(Stdio::piped()).stdout(Stdio::piped());
        self.shared.meter.started();
        let mut child = command.spawn().context("az cannot be run")?;
        let mut lines = BufReader::new(child.stderr.take().context("no stderr")?).lines();
        let mut err = String::new();
        while let Some(line) = lines.next_line().await? {
            if let Err(error) = answer(&line).await {
                child.kill().await?;
                return Err(error);
            }
            err.push_str(&line);
            err.push('\n');
        }
        let mut ran = Ran::of("az login".to_owned(), &child.wait_with_output().await?);
        ran.err = err;
        ensure!(ran.ok, "az login failed:\n{}", ran.err);
        Ok(ran)
    }

    /// Forgets sign-in and kubeconfig: `rm -R .azure .kube`.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn forget(&self) -> Result<()> {
        for folder in [".azure", ".kube"] {
            let folder = self.home().join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
        }
        write_azure(&self.shared.world, &self.home().join(".azure"))
    }

    fn command(&self, program: &std::ffi::OsStr) -> Command {
        let mut command = Command::new(program);
        let home = self.home();
        command.current_dir(home).env("HOME", home).env("AZURE_CONFIG_DIR", home.join(".azure"));
        command.env("KUBECONFIG", self.kubeconfig()).env("PATH", self.path());
        command.env("BROWSER", self.shared.folder.path().join("bin").join("browser"));
        command.env("REQUESTS_CA_BUNDLE", self.shared.folder.path().join("ca.pem"));
        command.envs(&*self.variables.lock().unwrap_or_else(PoisonError::into_inner));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The stand-in for kubelogin, `az` and what was there before.
    fn path(&self) -> OsString {
        let az = self.shared.tools.az.parent().map(Path::to_path_buf);
        let ours = [Some(self.shared.folder.path().join("bin")), az];
        let before = std::env::var_os("PATH").unwrap_or_default();
        let all = ours.into_iter().flatten().chain(std::env::split_paths(&before));
        std::env::join_paths(all).unwrap_or(before)
    }

    async fn finish(&self, name: &str, command: &mut Command) -> Result<Ran> {
        let _alone = self.busy.lock().await;
        self.shared.meter.started();
        let output = command.output().await.with_context(|| format!("{name} cannot be run"))?;
        let arguments = command.as_std().get_args().map(|a| a.to_string_lossy());
        let arguments = arguments.collect::<Vec<_>>().join(" ");
        Ok(Ran::of(format!("{name} {arguments}"), &output))
    }
}

/// Brings what the browser was given to the program that waits for it.
async fn land(landing: &Landing) -> Result<()> {
    let address = Url::parse(&landing.address).context("az listens nowhere")?;
    let port = address.port_or_known_default().context("az listens on no port")?;
    let form =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&landing.fields).finish();
    let mut stream = TcpStream::connect(("localhost", port)).await?;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.contains(" 200 "), "az did not take the code:\n{answer}");
    Ok(())
}

/// The code in the line that asks a person to type it.
fn code_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("enter the code ")?;
    rest.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_from_the_line_that_asks_for_it() {
        let line = "To sign in, use a web browser to open the page https://localhost:1/devicelogin \
                    and enter the code B24ZD6FP8 to authenticate.";
        assert_eq!(code_of(line), Some("B24ZD6FP8"));
        assert_eq!(code_of("Retrieving tenants"), None);
    }
}
