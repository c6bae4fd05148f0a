//! A thousand edits behind our back, while notifications are lost and the handler is killed: is
//! every one reverted, excepted or told after one sweep, and is nobody else touched?
//!
//! Roles and bindings are edited past ARM and the API servers, so that no event tells of them.
//! `LATCHKEY_SEED=N` plays that seed.

use std::{
    collections::BTreeSet,
    env, fs,
    sync::{PoisonError, RwLockWriteGuard},
};

use latchkey_core::{
    ClusterName, ObjectId, PersonId, TeamName,
    case::{PersonRecord, cluster_stream, person_stream, team_stream},
    drift::{Found, Known, Response, Story},
};
use latchkey_runtime::journal;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use sandbox::Directory;
use serde_json::json;
use xtask::{chaos::Chaos, options::StageOptions, pack, play::plan_all};

use crate::played::{Played, event, hire};

const EDITS: usize = 1_000;
/// The handler is given time to react after so many.
const AT_ONCE: usize = 250;
/// Requests between which a round of edits spreads its kills.
const REQUESTS: usize = 600;
const STAFF: [(&str, &str); 8] = [
    ("4001", "Frontend Ops"),
    ("4002", "Frontend Ops"),
    ("4003", "Frontend Ops"),
    ("4004", "Backend Ops"),
    ("4005", "Backend Ops"),
    ("4006", "Backend Ops"),
    ("4007", "Retail Engineering"),
    ("4008", "Retail Engineering"),
];
const LEAVERS: [&str; 3] = ["4011", "4012", "4013"];
/// One whose policy removes, one that excepts, one that only tells.
const TEAMS: [&str; 3] = ["Ops_Backend_team", "Ops_Observers", "Ops_Frontend_team"];
const CLUB: &str = "Canteen";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_sweep_every_edit_is_reverted_excepted_or_told_and_nobody_else_is_touched() {
    let seed = env::var("LATCHKEY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let played = Played::with(|files, options| StageOptions {
        policy: policy(files.dir()),
        notified: true,
        ..options
    })
    .await;
    plan_all(&played.stage).await.expect("sent");
    settled(&played).await;
    let crowd = gather(&played).await;
    sweep(&played).await;
    let before = lines(&played);

    let knobs = &played.stage.sandbox.world.notifications;
    knobs.set(|knobs| (knobs.loss, knobs.seed) = (0.3, seed));
    let mut random = SmallRng::seed_from_u64(seed);
    let mut club = BTreeSet::new();
    for round in 0..EDITS / AT_ONCE {
        let kills = Chaos::start(&played.stage, seed + round as u64, REQUESTS);
        for at in 0..AT_ONCE {
            edit(&played, &crowd, &mut random, round * AT_ONCE + at, &mut club);
        }
        settled(&played).await;
        println!("round {round}: {} kills", kills.kills());
    }
    played.stage.sandbox.world.faults.clear();
    sweep(&played).await;

    let after = lines(&played);
    let lost: Vec<_> = before.difference(&after).collect();
    assert!(lost.is_empty(), "seed {seed}: gone for good: {lost:#?}");
    let new: Vec<&String> = after.difference(&before).collect();
    let in_club: BTreeSet<_> = new.iter().filter(|line| line.ends_with(CLUB)).collect();
    assert_eq!(in_club.len(), club.len(), "nobody sees to a club: {in_club:#?}");
    explained(&played, seed, new.into_iter().filter(|line| !line.ends_with(CLUB)).collect()).await;
}

/// The example policy, without its brakes.
fn policy(folder: &std::path::Path) -> std::path::PathBuf {
    let text = fs::read_to_string(pack::root().join("access.yaml")).expect("readable");
    let text = text.replace("leaversPerHour: 20", "leaversPerHour: 100000");
    let text = text.replace("driftPerHour: 20", "driftPerHour: 100000");
    let file = folder.join("access.yaml");
    fs::write(&file, text).expect("written");
    file
}

/// Object ids of those whom edits are about.
struct Crowd {
    staff: Vec<String>,
    leavers: Vec<String>,
    strangers: Vec<String>,
}

async fn gather(played: &Played) -> Crowd {
    for (person, department) in STAFF {
        played.send(&hire(person, department)).await;
    }
    for person in LEAVERS {
        played.send(&hire(person, "Frontend Ops")).await;
    }
    settled(played).await;
    for person in LEAVERS {
        let left = json!({ "urgency": "immediate" });
        played.send(&event("person.terminated.v1", person, 2, left)).await;
    }
    settled(played).await;
    let mut directory = directory(played);
    let user = |directory: &Directory, person: &str| {
        let upn = format!("p{person}@contoso.onmicrosoft.com");
        directory.user(&upn).expect("the user was made").id.clone()
    };
    let staff = STAFF.iter().map(|(person, _)| user(&directory, person)).collect();
    let leavers = LEAVERS.iter().map(|person| user(&directory, person)).collect();
    let mut strangers: Vec<String> =
        (0..5).map(|at| directory.add_user(&format!("stranger-{at}"))).collect();
    strangers.push(directory.add_group("Night_shift"));
    directory.add_group(CLUB);
    Crowd { staff, leavers, strangers }
}

fn directory(played: &Played) -> RwLockWriteGuard<'_, Directory> {
    let directory = played.stage.sandbox.world.directory.write();
    directory.unwrap_or_else(PoisonError::into_inner)
}

fn group(directory: &Directory, name: &str) -> String {
    let found = directory.groups().find(|group| group.display_name == name);
    found.expect("the group was made").id.clone()
}

/// One edit, of whatever kind the dice say.
fn edit(
    played: &Played,
    crowd: &Crowd,
    random: &mut SmallRng,
    at: usize,
    club: &mut BTreeSet<String>,
) {
    let anybody = [&crowd.staff[..], &crowd.leavers, &crowd.strangers].concat();
    let who = anybody.choose(random).expect("there are some").clone();
    let stranger = crowd.strangers.choose(random).expect("there are some").clone();
    let leaver = crowd.leavers.choose(random).expect("there are some").clone();
    let team = *TEAMS.choose(random).expect("there are some");
    match random.random_range(0..8) {
        0 | 1 => {
            let mut directory = directory(played);
            let group = group(&directory, team);
            directory.add_member(&group, &who);
        }
        2 => {
            let mut directory = directory(played);
            let group = group(&directory, team);
            let members: Vec<_> = directory.members_of(&group).map(str::to_owned).collect();
            if let Some(member) = members.choose(random) {
                let _ = directory.remove_from_group(&group, member);
            }
        }
        3 => role(played, &who),
        4 => take_a_role(played, random),
        5 => bind(played, &stranger, at),
        6 => {
            let mut directory = directory(played);
            let _ = directory.change_user(&leaver, |user| user.account_enabled = true);
        }
        _ => {
            let mut directory = directory(played);
            let group = group(&directory, CLUB);
            if club.remove(&stranger) {
                let _ = directory.remove_from_group(&group, &stranger);
            } else if directory.add_member(&group, &stranger) {
                club.insert(stranger);
            }
        }
    }
}

/// Somebody gives somebody a role at a cluster whose policy removes such.
fn role(played: &Played, who: &str) {
    let world = &played.stage.sandbox.world;
    let kind = match directory(played).user(who) {
        Some(_) => "User",
        None => "Group",
    };
    let scope = scope(played);
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let role = "Azure Kubernetes Service RBAC Writer";
    let scope = format!("{scope}/namespaces/frontend");
    let has = azure.assignments.of(who).any(|held| held.scope.eq_ignore_ascii_case(&scope));
    if !has {
        azure.assign(role, &scope, kind, who);
    }
}

fn scope(played: &Played) -> String {
    let name = "private-aks".parse::<ClusterName>().expect("a name");
    played.stage.policy.clusters[&name].scope(None)
}

/// Somebody deletes a role that the policy gives.
fn take_a_role(played: &Played, random: &mut SmallRng) {
    let scope = scope(played).to_ascii_lowercase();
    let azure = played.stage.sandbox.world.azure.write();
    let mut azure = azure.unwrap_or_else(PoisonError::into_inner);
    let here = azure.assignments.iter();
    let here = here.filter(|held| held.scope.to_ascii_lowercase().starts_with(&scope));
    let names: Vec<_> = here.map(|held| held.name.clone()).collect();
    if let Some(name) = names.choose(random) {
        azure.assignments.remove(name);
    }
}

/// Somebody binds somebody in a cluster whose policy only tells.
fn bind(played: &Played, who: &str, at: usize) {
    let clusters = played.stage.sandbox.world.clusters.write();
    let mut clusters = clusters.unwrap_or_else(PoisonError::into_inner);
    let cluster = clusters.get_mut("retail-aks").expect("it is there");
    let name = format!("by-hand-{at}");
    cluster.bind(("shop", &name), ("ClusterRole", "view"), ("User", who));
}

async fn settled(played: &Played) {
    let world = &played.stage.sandbox.world;
    world.notifications.settled(world).await;
    played.settled().await;
}

async fn sweep(played: &Played) {
    played.stage.host.run("sweep", "").await.expect("the sweep runs");
    settled(played).await;
}

fn lines(played: &Played) -> BTreeSet<String> {
    played.snapshot().lines().map(str::to_owned).collect()
}

/// Each line of what is there now has a record of its own in the ledger: excepted, or told.
async fn explained(played: &Played, seed: u64, new: Vec<&String>) {
    let known = known(played).await;
    let responses: Vec<_> = known.iter().map(|(_, known)| &known.response).collect();
    assert!(responses.iter().any(|response| matches!(response, Response::Adopted { .. })));
    assert!(responses.contains(&&Response::Reported));
    for line in new {
        let answered = match line.rsplit_once(" of ") {
            Some((member, "Ops_Observers")) => {
                let adopted = |response: &Response| matches!(response, Response::Adopted { .. });
                !LEAVERS.iter().any(|id| member.contains(id))
                    && is_known(&known, &membership(played, line), adopted)
            }
            Some((member, "Ops_Frontend_team")) => {
                (member.contains("stranger-") || member.contains("Night_shift"))
                    && is_known(&known, &membership(played, line), |r| *r == Response::Reported)
            }
            _ => known.iter().any(|(found, known)| {
                matches!(found, Found::Binding { name, .. } if names(line, name))
                    && known.response == Response::Reported
            }),
        };
        assert!(answered, "seed {seed}: nobody answers for {line}\n{known:#?}");
    }
}

/// The membership that a line of the snapshot tells of.
fn membership(played: &Played, line: &str) -> Found {
    let directory = directory(played);
    let (member, name) = line.rsplit_once(" of ").expect("a membership");
    let group = group(&directory, name);
    let mut members = directory.members_of(&group);
    let named = member.trim_start().trim_start_matches("member ");
    let is_it = |id: &&str| directory.label(id).as_deref() == Some(named);
    let member = members.find(is_it).unwrap_or_else(|| panic!("who is it: {line}"));
    let id = |text: &str| ObjectId::new(text).expect("an object id");
    Found::member(&id(&group), &id(member))
}

/// Whether the line names exactly this binding: `by-hand-1` is none of `by-hand-11`.
fn names(line: &str, binding: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.any(|word| word == binding)
}

fn is_known(known: &[(Found, Known)], found: &Found, how: impl Fn(&Response) -> bool) -> bool {
    known.iter().any(|(known, what)| known == found && how(&what.response))
}

/// What the ledger tells of as not over.
async fn known(played: &Played) -> Vec<(Found, Known)> {
    let policy = &played.stage.policy;
    let teams = policy.teams.keys().map(|name: &TeamName| team_stream(name));
    let clusters = policy.clusters.keys().map(cluster_stream);
    let people = STAFF.iter().map(|(id, _)| person_stream(&PersonId::new(*id).expect("an id")));
    let mut known = Vec::new();
    for stream in teams.chain(clusters).chain(people) {
        let records = journal::read::<PersonRecord>(&played.stage.cx(), &stream).await;
        let story = Story::of(&records.expect("readable"));
        known.extend(story.iter().map(|(found, known)| (found.clone(), known.clone())));
    }
    known
}
