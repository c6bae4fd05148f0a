//! A folder as a zip, the same bytes for the same content.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// Writes all files below `folder` with their modes, and no time of day.
///
/// # Errors
/// When something cannot be read or written.
pub fn zip(folder: &Path, to: &Path) -> Result<()> {
    let file = File::create(to).with_context(|| to.display().to_string())?;
    let mut archive = ZipWriter::new(io::BufWriter::new(file));
    for path in files(folder)? {
        let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        let name = path.strip_prefix(folder)?.to_str().context("a name that is no text")?;
        archive.start_file(name, options)?;
        io::copy(&mut File::open(&path)?, &mut archive)?;
    }
    archive.finish()?.into_inner().context("writing the last of it")?;
    Ok(())
}

/// All files below a folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(self::files(&path)?),
            false => files.push(path),
        }
    }
    files.sort();
    Ok(files)
}
