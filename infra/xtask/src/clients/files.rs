//! The files that make `az` and `kubectl` talk to a sandbox.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::Result;
use sandbox::World;
use url::Url;

/// Writes `clouds.config` and `config` into `AZURE_CONFIG_DIR`.
///
/// # Errors
/// When a file cannot be written.
pub fn write_azure(world: &World, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let ends = world.endpoints();
    let text = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
    let (arm, authority, graph) = (text(&ends.arm), text(&ends.authority), text(&ends.graph));
    let clouds = [
        ("resource_manager", &arm),
        ("management", &arm),
        ("active_directory", &authority),
        ("active_directory_resource_id", &arm),
        ("active_directory_graph_resource_id", &graph),
        ("microsoft_graph_resource_id", &graph),
    ];
    let clouds: String =
        clouds.iter().map(|(name, url)| format!("endpoint_{name} = {url}\n")).collect();
    fs::write(
        folder.join("clouds.config"),
        format!(
            "[sandbox]\n{clouds}suffix_storage_endpoint = localhost\n\
             suffix_keyvault_dns = .localhost\nprofile = latest\n"
        ),
    )?;
    // No instance discovery: the authority is none that Microsoft knows.
    fs::write(
        folder.join("config"),
        "[cloud]\nname = sandbox\n[core]\ninstance_discovery = false\ncollect_telemetry = no\n\
         no_color = true\n[clients]\nshow_secrets_warning = no\n",
    )?;
    Ok(())
}

/// What the browser says before the address it was opened at.
pub(super) const BROWSE: &str = "BROWSE ";

/// Writes the programs that a person has besides: a stand-in for kubelogin, and a browser that tells
/// on standard error where it was sent.
pub(super) fn write_programs(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    program(&folder.join("kubelogin"), include_str!("kubelogin.sh"))?;
    program(&folder.join("browser"), &format!("#!/bin/sh\necho \"{BROWSE}$1\" >&2\n"))
}

fn program(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text)?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
