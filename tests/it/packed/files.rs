//! Folders, zips and `host.json`, and what is served of them.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use azure_functions_handler::DEFAULT_DEADLINE;
use handlers::needs;
use reqwest::Method;
use serde_json::Value;
use xtask::{apps::apps, dist, doors::Doors, pack, scratch::Scratch};
use zip::ZipArchive;

use super::misplaced;
use crate::played::hire;

/// Something to pack in the binary's place, which is large: every stage packs that one.
fn stand_in(files: &Scratch) -> PathBuf {
    let file = files.dir().join("stand-in");
    fs::write(&file, "not the binary\n".repeat(1000)).expect("written");
    file
}

/// Permissions of every file by its name.
type Modes = BTreeMap<String, u32>;

/// All files below a folder.
fn in_folder(folder: &Path, prefix: &str) -> Modes {
    let mut modes = Modes::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            modes.extend(in_folder(&path, &format!("{name}/")));
        } else {
            modes.insert(name, fs::metadata(&path).expect("there").permissions().mode() & 0o777);
        }
    }
    modes
}

fn in_zip(file: &Path) -> Modes {
    let mut zip = ZipArchive::new(File::open(file).expect("a zip")).expect("readable");
    let mut modes = Modes::new();
    for at in 0..zip.len() {
        let entry = zip.by_index(at).expect("an entry");
        let name = entry.name().expect("a text").into_owned();
        let mode = entry.unix_mode().expect("a mode");
        assert_eq!(mode & 0o170_000, 0o100_000, "{name} is no file");
        modes.insert(name, mode & 0o777);
    }
    modes
}

#[test]
fn every_app_is_a_folder_and_a_zip_of_its_functions_and_nothing_else() {
    let files = Scratch::new().expect("files");
    let to = files.options().apps;
    dist::write(&to, &stand_in(&files), None).expect("written");
    let apps = apps().expect("readable");
    let mut functions = Vec::new();
    for (app, of_app) in &apps {
        let modes = in_folder(&to.join(app), "");
        let mut names: Vec<_> = modes.keys().map(String::as_str).collect();
        names.retain(|name| !["host.json", "latchkey"].contains(name));
        let mut wanted: Vec<_> = of_app.iter().map(|f| format!("{f}/function.json")).collect();
        wanted.sort();
        assert_eq!(names, wanted, "{app}");
        assert_eq!(modes["latchkey"], 0o755, "{app}");
        assert!(modes.iter().all(|(name, mode)| name == "latchkey" || mode & 0o111 == 0), "{app}");
        assert_eq!(in_zip(&to.join(format!("{app}.zip"))), modes, "{app}");
        functions.extend(of_app.iter().map(String::as_str));
    }
    assert_eq!(fs::read_dir(&to).expect("a folder").count(), 2 * apps.len(), "nothing beside");
    let mut all: Vec<_> = needs().map(|(name, _)| name).collect();
    all.sort_unstable();
    functions.sort_unstable();
    assert_eq!(functions, all, "each function exactly once");
}

#[test]
fn a_zip_has_the_same_bytes_whenever_it_is_made_and_the_policy_where_it_is_given() {
    let files = Scratch::new().expect("files");
    let policy = files.options().policy;
    let binary = stand_in(&files);
    let zip = |name: &str| {
        let to = files.options().apps.join(name);
        dist::write(&to, &binary, Some(&policy)).expect("written");
        fs::read(to.join("intake.zip")).expect("a zip")
    };
    let first = zip("first");
    assert!(first == zip("second"), "two zips of the same content differ");
    let shipped = fs::read(files.options().apps.join("first/planner/access.yaml"));
    assert_eq!(shipped.expect("shipped"), fs::read(&policy).expect("the policy"));
}

#[test]
fn host_json_says_what_the_host_would_else_assume() {
    let text = fs::read(pack::root().join("host.json")).expect("host.json");
    let host: Value = serde_json::from_slice(&text).expect("JSON");
    let seconds = |pointer: &str| {
        let span = host.pointer(pointer).and_then(Value::as_str);
        let span = span.unwrap_or_else(|| panic!("{pointer} is not said"));
        span.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().expect("a number"))
    };
    assert_eq!(host["customHandler"]["description"]["defaultExecutablePath"], pack::BINARY);
    let timeout = seconds("/functionTimeout");
    let renewal = seconds("/extensions/serviceBus/maxAutoLockRenewalDuration");
    assert!(renewal > timeout, "an invocation would outlive its lock");
    let own = DEFAULT_DEADLINE.as_secs();
    assert!(own < timeout, "one slow message would have the host kill all others");
    assert!(seconds("/customHandler/initializationTimeout") <= 30);
    let bus = &host["extensions"]["serviceBus"];
    assert_eq!(bus["autoCompleteMessages"], true, "a handler cannot settle");
    assert_eq!(bus["maxConcurrentCallsPerSession"], 1, "a session is an order");
    assert_eq!(bus["prefetchCount"], 0, "a prefetched message's lock runs while it waits");
    assert!(host.get("retry").is_none(), "a retry would hold the lock and multiply deliveries");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_whose_folder_is_absent_is_not_served() {
    let played = misplaced("ops", "planner", None).await;
    let ask = |doors: Doors| async move {
        let answer = doors.ops(Method::GET, "parked", None).await.expect("an answer");
        answer.status
    };
    assert_eq!(ask(played.doors.clone()).await, 404);
    let answer = played.send(&hire("6401", "Frontend Ops")).await;
    assert_eq!(answer.status, 202, "the others are: {}", answer.complaint());
    let secret = &played.ready.hr_secret;
    for (app, status) in [("intake", 202), ("planner", 404), ("cluster", 404)] {
        let host = played.stage.host.app(app).expect("an app");
        let doors = Doors::new(host.url().as_str(), secret, "").expect("doors");
        let event = hire("6402", "Frontend Ops").to_string();
        let answer = doors.hr(event.as_bytes()).await.expect("an answer");
        assert_eq!(answer.status, status, "{app}: {}", answer.complaint());
    }
    played.settled().await;
}
