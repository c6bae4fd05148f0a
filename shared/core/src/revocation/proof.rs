//! Whether what was observed proves that a leaver is out.

use std::collections::BTreeSet;

use crate::{
    Decision, Policy, Timestamp,
    expected::expectations,
    ids::{ClusterName, NamespaceName, TeamName},
    policy::place,
    request::Expectation,
};

use super::{Path, Story};

/// What was observed once more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Ways in that are still there.
    pub held: BTreeSet<Path>,
    /// Each cluster.
    pub clusters: Vec<Seen>,
    /// Whether a token issued before may still live: then writes must be refused.
    pub token_lives: bool,
}

/// What was observed of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The cluster.
    pub cluster: ClusterName,
    /// What became of a write tried as the leaver.
    pub write: Write,
    /// What its authorizers say.
    pub answers: Vec<Answer>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

/// What became of a write tried as the leaver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The admission policy refused it.
    Refused,
    /// It would have been done.
    WentThrough,
    /// There is no guard to try it on.
    NoGuard,
    /// The policy does not ask for guards, or the try had no answer.
    NotTried,
}

/// What a cluster's authorizers say to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// Whether the leaver may, with the groups of now.
    pub now: bool,
    /// Whether a token could that names the groups of before; none when they are the same.
    pub before: Option<bool>,
    /// Whether everybody may who can sign in: then it says nothing of the leaver.
    pub anybody: bool,
}

/// Something that the leaver could do before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The namespace; none for the whole cluster.
    pub namespace: Option<NamespaceName>,
    /// The verb.
    pub verb: String,
    /// The resource, of the core group.
    pub resource: String,
}

impl Question {
    fn of(asked: Expectation) -> Self {
        let Expectation { namespace, verb, resource, .. } = asked;
        Self { namespace, verb, resource }
    }

    fn pods(namespace: Option<NamespaceName>) -> Self {
        Self { namespace, verb: "list".into(), resource: "pods".into() }
    }
}

/// What to ask of a cluster: what the ways in of the story opened there.
pub fn questions(policy: &Policy, story: &Story, cluster: &ClusterName) -> BTreeSet<Question> {
    let teams: BTreeSet<&TeamName> =
        story.paths.iter().filter_map(|tracked| team(policy, &tracked.path)).collect();
    let given = expectations(policy, cluster, teams, &BTreeSet::new());
    let given = given.into_iter().filter(|asked| asked.allowed).map(Question::of);
    let named = story.paths.iter().filter_map(|tracked| match &tracked.path {
        Path::Binding { cluster: at, namespace, .. } if at == cluster => Some(namespace.clone()),
        Path::AzureRole { scope, .. } => {
            let (at, namespace) = policy.place_of_scope(scope)?;
            (at == cluster).then_some(namespace)
        }
        _ => None,
    });
    given.chain(named.map(Question::pods)).collect()
}

fn team<'a>(policy: &'a Policy, path: &Path) -> Option<&'a TeamName> {
    match path {
        Path::Group { name, .. } | Path::Pim { name, .. } => Some(policy.team_of_group(name)?.0),
        _ => None,
    }
}

/// State, probe and elapsed bound together: nothing is held any more, writes are refused for as long
/// as a token may live, and the authorizers deny what the groups of now do not give. What a token of
/// before could do is told, and no fault: its time runs out.
pub fn judge(observed: &Observed, until: Option<Timestamp>) -> Decision {
    let mut lines = Vec::new();
    let held: Vec<_> = observed.held.iter().map(|path| format!("still there: {path}")).collect();
    let mut good = held.is_empty();
    if held.is_empty() {
        lines.push("the directory, ARM and every cluster that was seen hold nothing".to_owned());
    }
    lines.extend(held);
    for seen in &observed.clusters {
        good &= judge_cluster(seen, observed.token_lives, until, &mut lines);
    }
    Decision::Report { lines, as_expected: good }
}

fn judge_cluster(
    seen: &Seen,
    token_lives: bool,
    until: Option<Timestamp>,
    lines: &mut Vec<String>,
) -> bool {
    let name = &seen.cluster;
    lines.extend(seen.unseen.iter().map(|why| format!("{name} could not be seen: {why}")));
    let written = match seen.write {
        Write::Refused => Some("a write as the leaver is refused by the admission policy"),
        Write::WentThrough if token_lives => Some("A WRITE AS THE LEAVER WOULD BE DONE"),
        Write::NoGuard if token_lives => Some("NO GUARD STANDS: a token of before could write"),
        Write::WentThrough | Write::NoGuard => {
            Some("no write is refused any more: no token of before can live")
        }
        Write::NotTried => None,
    };
    lines.extend(written.map(|line| format!("{name}: {line}")));
    let passes = matches!(seen.write, Write::WentThrough | Write::NoGuard) && token_lives;
    let mut good = seen.unseen.is_empty() && !passes;
    for answer in &seen.answers {
        good &= !answer.now || answer.anybody;
        lines.push(line(name, answer, until));
    }
    good
}

fn line(name: &ClusterName, answer: &Answer, until: Option<Timestamp>) -> String {
    let Question { namespace, verb, resource } = &answer.question;
    let what = format!("{verb} {resource} at {}", place(name, namespace.as_ref()));
    let until = until.map(|at| format!(" until {at}")).unwrap_or_default();
    match (answer.now, answer.anybody, answer.before) {
        (true, true, _) => format!("{what}: everybody may who signs in"),
        (true, false, _) => format!("{what} IS STILL ALLOWED"),
        (false, _, Some(true)) => {
            format!("{what} is denied; a token that names the groups of before could{until}")
        }
        (false, ..) => format!("{what} is denied"),
    }
}
