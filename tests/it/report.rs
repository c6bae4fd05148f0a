//! The report in a real browser: are the figures that a reader sees those of the records, does it
//! fetch nothing, does it fit a screen and a phone, and can it be printed?

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    CaseId, PersonId,
    case::{CaseRecord, Cause, Evidence, Outcome},
    message::About,
    policy::Revocation,
    report::{ReceiptState, Report, Told},
    revocation::{Membership, PROOF, Path as Way},
};
use latchkey_runtime::report::page;
use serde_json::Value;
use tempfile::TempDir;

use crate::played::{Played, event, hire};

fn at(seconds: i64) -> Timestamp {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().expect("an instant")
        + SignedDuration::from_secs(seconds)
}

fn evidence(step: &str, seconds: i64, outcome: Outcome, ops: &[&str]) -> CaseRecord {
    CaseRecord::Evidence(Evidence {
        step: step.into(),
        message_id: format!("{step}-{seconds}"),
        attempt: 1,
        at: Some(at(seconds)),
        outcome,
        ops: ops.iter().map(ToString::to_string).collect(),
        residue: Vec::new(),
        why: None,
        ms: 1,
    })
}

fn group(name: &str) -> Way {
    Way::Group {
        group: "00000000-0000-4000-8000-000000000001".parse().expect("an id"),
        name: name.parse().expect("a name"),
        membership: Membership::Assigned,
    }
}

/// A leaver whose doors were shut after so many seconds, and of whom everything is proven.
fn closed(n: i64, doors: i64) -> Told {
    let person: PersonId = format!("70{n:02}").parse().expect("an id");
    let name = "Ops_a_team_with_a_name_that_is_as_long_as_a_name_of_a_group_may_get_in_a_company";
    let records = vec![
        CaseRecord::Opened {
            about: About::Person(person),
            cause: Cause::Sweep,
            since: Some(at(0)),
            trace: None,
        },
        evidence("disable_sign_in", doors, Outcome::Applied, &["- sign-in of 7001"]),
        evidence("end_sessions", doors, Outcome::Applied, &["- sessions of p7001@contoso.example"]),
        evidence("cut_writes", doors + 1, Outcome::Applied, &["+ <script>alert(1)</script>"]),
        CaseRecord::Paths { at: at(8), found: vec![group(name)], gone: vec![] },
        evidence("leave_groups", 9, Outcome::Applied, &["- 7001 from the group"]),
        CaseRecord::Paths { at: at(10), found: vec![], gone: vec![group(name)] },
        evidence(PROOF, 6000 + n, Outcome::AsExpected, &[]),
        CaseRecord::Closed { receipt: vec!["nothing left".into()], signed: None },
    ];
    let receipt = ReceiptState { hash: "ab".repeat(32), key_id: Some("0123456789abcdef".into()) };
    Told { id: CaseId::of(&["report", &n.to_string()]), records, receipt: Some(receipt) }
}

/// Ten leavers, one of them stuck.
fn report() -> Report {
    let mut told: Vec<_> = (1..=9).map(|n| closed(n, n)).collect();
    let mut stuck = closed(10, 30);
    stuck.records.truncate(5);
    let why = vec!["cluster private-aks cannot be seen: ask its owner, Ops_Frontend_team".into()];
    stuck.records.push(CaseRecord::Stuck { why });
    stuck.receipt = None;
    told.push(stuck);
    Report::of(told, &Revocation::default(), at(7200))
}

/// The browser; none on a laptop without one.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    let found = found.find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no chromium: the report is not looked at");
        eprintln!("NO CHROMIUM: THE REPORT IS NOT LOOKED AT IN A BROWSER");
    }
    found
}

/// The address of a file.
fn url(file: &Path) -> String {
    format!("file://{}", file.display())
}

/// Serves a page, whatever is asked for.
fn serve(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let length = page.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                // A browser that hangs up is none of ours.
                let _gone = stream.write_all((head + &page).as_bytes());
            }
        }
    });
    format!("http://{address}/")
}

/// Runs the browser on a page, with a profile of its own. Gives what it prints.
fn browse(browser: &Path, files: &TempDir, url: &str, flags: &[String]) -> String {
    let profile = TempDir::new_in(files.path()).expect("a profile");
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--allow-file-access-from-files"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(flags)
        .arg(url)
        .output()
        .expect("the browser runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The texts of the cells of a table, row by row, as the browser's document holds them.
fn rows(document: &str, table: &str) -> Vec<Vec<String>> {
    let start = document.find(&format!("<table id=\"{table}\"")).expect("the table");
    let body = document[start..].split("<tbody>").nth(1).expect("its rows");
    let body = body.split("</tbody>").next().expect("its end");
    let rows = body.split("</tr>").filter(|row| row.contains("<th"));
    let cells = |row: &str| {
        let cells = row.split(['<']).filter_map(|tag| tag.split_once('>'));
        cells.map(|(_, text)| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn a_browser_shows_the_figures_of_the_records_and_runs_nothing() {
    let Some(browser) = chromium() else { return };
    let files = TempDir::new().expect("files");
    let page = serve(page(&report()));
    let log = files.path().join("net.json");
    let flags = ["--dump-dom".to_owned(), format!("--log-net-log={}", log.display())];
    let document = browse(&browser, &files, &page, &flags);
    // Doors after 1 to 9 and 30 seconds; writes a second later, but of the tenth as well.
    assert_eq!(
        rows(&document, "clocks"),
        [
            ["doors shut", "10", "5.0 s", "30.0 s", "30.0 s", "30.0 s"],
            ["writes cut", "10", "6.0 s", "31.0 s", "31.0 s", "31.0 s"],
            ["out", "9", "1 h 30 min", "1 h 30 min", "1 h 30 min", "1 h 30 min"],
            ["proven", "9", "1 h 40 min", "1 h 40 min", "1 h 40 min", "1 h 40 min"],
        ]
    );
    let figure = |id: &str| {
        let after = document.split(&format!("id=\"{id}\">")).nth(1).expect("a tile");
        after.split('<').next().expect("a number").to_owned()
    };
    assert_eq!(["cases", "closed", "open", "signed"].map(figure), ["10", "9", "1", "9"]);
    assert!(document.contains("&lt;script&gt;") && !document.contains("<script"), "{document}");
    assert!(!document.contains("p7001@") && document.contains("(an address)"));
    assert!(document.contains("ask its owner, Ops_Frontend_team"));
    assert_eq!(fetched(&log, &page), BTreeSet::from([page]));
}

/// What the page, and nobody else, had the browser fetch.
fn fetched(log: &Path, page: &str) -> BTreeSet<String> {
    let log = fs::read_to_string(log).expect("what the browser did on the net");
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let events = log["events"].as_array().expect("events");
    let of_page = |event: &&Value| {
        let initiator = event["params"]["initiator"].as_str().unwrap_or_default();
        let url = event["params"]["url"].as_str().unwrap_or_default();
        url.starts_with(page) || initiator.starts_with(page.trim_end_matches('/'))
    };
    let urls = events.iter().filter(of_page).filter_map(|event| event["params"]["url"].as_str());
    urls.map(str::to_owned).collect()
}

/// What lies beyond the right edge, in a frame as wide as a screen. What scrolls by itself may.
const MEASURE: &str = r#"<iframe id="page" style="border:0;width:WIDTHpx;height:3000px" src="report.html"></iframe>
<pre id="told"></pre><script>onload = () => {
  const page = document.getElementById('page').contentDocument;
  const beyond = [...page.querySelectorAll('body *')].filter(element =>
    element.getBoundingClientRect().right > WIDTH + 0.5 && !element.closest('.scroll'));
  document.getElementById('told').textContent = JSON.stringify({
    width: page.documentElement.scrollWidth, height: page.documentElement.scrollHeight,
    beyond: beyond.map(element => element.tagName + '.' + element.getAttribute('class')) });
}</script>"#;

#[test]
fn nothing_lies_beyond_the_edge_of_a_screen_or_of_a_phone() {
    let Some(browser) = chromium() else { return };
    let files = TempDir::new().expect("files");
    fs::write(files.path().join("report.html"), page(&report())).expect("written");
    for width in [1280, 390] {
        let file = files.path().join("measure.html");
        fs::write(&file, MEASURE.replace("WIDTH", &width.to_string())).expect("written");
        let flags = ["--dump-dom".to_owned(), "--window-size=1400,3200".to_owned()];
        let document = browse(&browser, &files, &url(&file), &flags);
        let told = document.split("<pre id=\"told\">").nth(1).expect("a result");
        let told: Value =
            serde_json::from_str(told.split('<').next().expect("its end")).expect("measured");
        assert_eq!(told["beyond"], serde_json::json!([]), "{width}: {told}");
        assert!(told["width"].as_i64() <= Some(width), "{width}: {told}");
        assert!(told["height"].as_i64() > Some(1000), "nothing was laid out: {told}");
    }
}

#[test]
fn it_is_printed_on_pages_of_paper() {
    let Some(browser) = chromium() else { return };
    let files = TempDir::new().expect("files");
    let file = files.path().join("report.html");
    fs::write(&file, page(&report())).expect("written");
    let pdf = files.path().join("report.pdf");
    browse(&browser, &files, &url(&file), &[format!("--print-to-pdf={}", pdf.display())]);
    let bytes = fs::read(&pdf).expect("a PDF");
    let text = String::from_utf8_lossy(&bytes);
    assert!(bytes.starts_with(b"%PDF-"));
    let pages = text.matches("/Type /Page\n").count() + text.matches("/Type /Page ").count();
    assert!((2..=12).contains(&pages), "{pages} pages");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the page comes from the host, and is no JSON")]
async fn a_reader_gets_the_page_on_a_leaver_and_nobody_else_does() {
    let played = Played::with_teams().await;
    played.tell(&hire("6501", "Frontend Ops")).await;
    let left =
        event("person.terminated.v1", "6501", 2, serde_json::json!({ "urgency": "immediate" }));
    played.tell(&left).await;
    let get = async |token: &str, query: &str| {
        let url =
            format!("{}/api/report{query}", played.ready.functions.as_str().trim_end_matches('/'));
        let asked =
            reqwest::Client::new().get(url).bearer_auth(token).send().await.expect("an answer");
        (asked.status().as_u16(), asked.text().await.expect("a page"))
    };
    let (status, text) = get(&played.ready.tokens["reader"], "").await;
    assert_eq!(status, 200, "{text}");
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("6501"), "{text}");
    assert!(text.contains("sign-in") && !text.contains("p6501@"), "{text}");
    assert_eq!(get(&played.ready.tokens["reader"], "?days=32").await.0, 400);
    assert_eq!(get("nobody", "").await.0, 401);
}
