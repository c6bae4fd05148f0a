//! The folder that `cargo xtask dev` names: three variables make `az` and `kubectl` work.

use std::path::Path;

use sandbox::{ClusterSpec, Config, Sandbox};
use tokio::process::Command;
use xtask::clients::{Desk, Tools};

#[tokio::test(flavor = "multi_thread")]
async fn three_variables_make_az_and_kubectl_work() {
    let Some(tools) = Tools::find().expect("az and kubectl are there") else { return };
    let base = Config::default();
    let mut spec = ClusterSpec::named("aks-west", &base.subscription);
    spec.azure_rbac = false;
    spec.admin_group = Some("not-yet".to_owned());
    let sandbox = Sandbox::start(Config { clusters: vec![spec], ..base }).await.expect("started");
    let world = &sandbox.world;
    world.directory.write().expect("not poisoned").add_user("ada");
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::set(world, &sandbox.ca_pem, folder.path()).expect("written");

    let told = desk.told(world);
    let login = told.lines().find(|line| line.trim().starts_with("az login --service-principal"));
    let login: Vec<&str> = login.expect("how to sign in").split_whitespace().skip(1).collect();
    let az = tools.az.to_str().expect("a path");
    run(folder.path(), "administrator", az, &login).await.expect("signed in");
    let clusters = ["aks", "list", "--query", "[].name", "-o", "tsv"];
    let clusters = run(folder.path(), "administrator", az, &clusters).await;
    assert_eq!(clusters.as_deref(), Ok("aks-west\n"));
    let nodes = ["get", "nodes", "--context", "aks-west", "-o", "name"];
    let seen = run(folder.path(), "administrator", "kubectl", &nodes).await.expect("allowed");
    assert!(seen.starts_with("node/aks-nodepool1-"), "{seen}");
    let ada = run(folder.path(), "ada@contoso.onmicrosoft.com", "kubectl", &nodes).await;
    let refused = ada.expect_err("forbidden");
    assert!(refused.contains("User \"ada@contoso.onmicrosoft.com\" cannot list"), "{refused}");
}

/// Standard output, or standard error of what failed.
async fn run(
    folder: &Path,
    person: &str,
    program: &str,
    arguments: &[&str],
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("HOME", folder);
    command.env("AZURE_CONFIG_DIR", folder.join("azure"));
    command.env("REQUESTS_CA_BUNDLE", folder.join("ca.pem"));
    command.env("KUBECONFIG", folder.join("kube").join(format!("{person}.yaml")));
    let output = command.output().await.expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
