//! Is what is deployed what it should be: its files, its functions, its rights?

mod files;
mod rights;

use std::fs;

use xtask::{options::StageOptions, pack};

use crate::played::Played;

/// A stage with one function's folder elsewhere: in another app, or nowhere.
async fn misplaced(function: &str, from: &str, to: Option<&str>) -> Played {
    Played::with(|files, options| {
        pack::pack_apps(&options.apps, files.binary()).expect("packed");
        let folder = options.apps.join(from).join(function);
        match to {
            Some(to) => fs::rename(folder, options.apps.join(to).join(function)).expect("moved"),
            None => fs::remove_dir_all(folder).expect("removed"),
        }
        StageOptions { binary: None, ..options }
    })
    .await
}
