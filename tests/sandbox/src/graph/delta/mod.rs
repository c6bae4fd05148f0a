//! Delta query of users and groups (`graph-contracts.md` section 7), read from the directory's log
//! of changes: a round costs as much as there are changes.

mod knobs;
mod rows;
mod token;
mod window;

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::filter::Filter;
use super::parse_filter::parse;
use super::permit::{READ_GROUPS, READ_USERS};
use super::properties::Select;
pub use knobs::{Deltas, Knobs};
use rows::{Page, full, pages};
use token::{Step, Token};
use window::Window;

/// How long a token can be used.
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Most ids that a filter names.
const MOST_IDS: usize = 50;
/// The token that asks for changes from now on.
const LATEST: &str = "latest";

/// What a delta query is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// `/users/delta`.
    Users,
    /// `/groups/delta`.
    Groups,
}

impl Of {
    fn set(self) -> &'static str {
        match self {
            Of::Users => "users",
            Of::Groups => "groups",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Of::Users => "user",
            Of::Groups => "group",
        }
    }
}

/// `GET /users/delta` and `GET /groups/delta`.
pub fn delta(call: &Call<'_>, of: Of) -> Outcome {
    call.needs(match of {
        Of::Users => READ_USERS,
        Of::Groups => READ_GROUPS,
    })?;
    for option in ["$top", "$orderby", "$expand", "$search", "$count"] {
        if call.option(option).is_some() {
            let message = format!("The query option '{option}' is not supported by delta query.");
            return Err(Refused::unsupported_query(&message));
        }
    }
    match (call.option("$skiptoken"), call.option("$deltatoken")) {
        (Some(text), _) => go_on(call, of, text),
        (None, Some("") | None) => {
            let (to, token) = (newest(call), begin(call, of)?);
            page(call, of, &token, &Step::Full { to, after: None })
        }
        (None, Some(LATEST)) => {
            let (from, token) = (newest(call), begin(call, of)?);
            let link = token.with(Step::Since { from }, call.world.clock.now());
            Ok(answer(call, of, &token, Vec::new(), ("deltaLink", &link)))
        }
        (None, Some(text)) => since(call, of, text),
    }
}

/// A first call: what it selects holds for the whole round and those after it.
fn begin(call: &Call<'_>, of: Of) -> Result<Token, Refused> {
    // `members` is shown in its own way, and may be selected all the same.
    let properties = |names: &str| {
        let names = names.split(',').map(str::trim);
        names.filter(|name| *name != "members").collect::<Vec<_>>().join(",")
    };
    let named = call.option("$select").map(properties).filter(|names| !names.is_empty());
    Select::checked(named.as_deref(), of.kind())?;
    let ids = match call.option("$filter").map(parse).transpose()? {
        Some(filter) => ids(&filter)?,
        None => Vec::new(),
    };
    if ids.len() > MOST_IDS {
        let message = format!("Too many ids in the filter clause. At most {MOST_IDS} are allowed.");
        return Err(Refused::unsupported_query(&message));
    }
    let select = call.option("$select").map(str::to_owned);
    Ok(Token::new(of.set(), select, ids, call.world.clock.now()))
}

fn members_selected(select: Option<&str>) -> bool {
    select.is_none_or(|names| names.split(',').any(|name| name.trim() == "members"))
}

/// `id eq 'x' or id eq 'y'`.
fn ids(filter: &Filter) -> Result<Vec<String>, Refused> {
    match filter {
        Filter::Equal(name, Value::String(id)) if name == "id" => Ok(vec![id.to_lowercase()]),
        Filter::Or(left, right) => Ok([ids(left)?, ids(right)?].concat()),
        _ => Err(Refused::unsupported_query("Unsupported Query.")),
    }
}

/// A call with a delta token begins a round.
fn since(call: &Call<'_>, of: Of, text: &str) -> Outcome {
    let Some(token) = Token::read(text).filter(|token| token.set == of.set()) else {
        return Err(Refused::odata("BadRequest", "Badly formed token."));
    };
    let Step::Since { from } = token.step else {
        return Err(Refused::odata("BadRequest", "Badly formed token."));
    };
    if call.world.clock.now().duration_since(token.issued) >= LIFE {
        return Ok(resync(call, of, StatusCode::NOT_FOUND, "SyncStateNotFound"));
    }
    let knobs = call.world.deltas.begins();
    if knobs.refused > 0 {
        return Ok(resync(call, of, StatusCode::GONE, "resyncRequired"));
    }
    let to = if knobs.held > 0 { from } else { newest(call).max(from) };
    let from = from.saturating_sub(knobs.replays);
    page(call, of, &token, &Step::Changes { from, to, page: 0 })
}

/// A call with a skip token shows the next page.
fn go_on(call: &Call<'_>, of: Of, text: &str) -> Outcome {
    let token = Token::read(text).filter(|token| token.set == of.set());
    match token {
        Some(token) if !matches!(token.step, Step::Since { .. }) => {
            let step = token.step.clone();
            page(call, of, &token, &step)
        }
        _ => Err(Refused::odata(
            "Directory_ExpiredPageToken",
            "The specified page token value has expired.",
        )),
    }
}

fn page(call: &Call<'_>, of: Of, token: &Token, step: &Step) -> Outcome {
    let knobs = call.world.deltas.knobs();
    let members = of == Of::Groups && members_selected(token.select.as_deref());
    let select = Select::read(token.select.as_deref());
    let (to, Page { value, next }) = match step {
        Step::Full { to, after } => {
            let directory = call.directory();
            (*to, full(&directory, of, token, &select, members, knobs.page, after.as_ref(), *to))
        }
        Step::Changes { from, to, page } => {
            let window = Window::read(call, of, token, members, *from, *to);
            let directory = call.directory();
            (*to, pages(&directory, &window, &select, call.minimal, &knobs, *page))
        }
        Step::Since { from } => (*from, Page { value: Vec::new(), next: None }),
    };
    let link = match next {
        Some(step) => ("nextLink", token.with(step, token.issued)),
        None => ("deltaLink", token.with(Step::Since { from: to }, call.world.clock.now())),
    };
    Ok(answer(call, of, token, value, (link.0, &link.1)))
}

fn answer(
    call: &Call<'_>,
    of: Of,
    token: &Token,
    value: Vec<Value>,
    (kind, link): (&str, &Token),
) -> Answer {
    let option = if kind == "nextLink" { "$skiptoken" } else { "$deltatoken" };
    let mut body = Map::new();
    let shown = token.select.iter().flat_map(|names| names.split(',')).map(str::trim);
    let shown: Vec<&str> = shown.filter(|name| *name != "members").collect();
    let context = match shown.is_empty() {
        true => of.set().to_owned(),
        false => format!("{}({})", of.set(), shown.join(",")),
    };
    body.insert("@odata.context".to_owned(), call.context(&context));
    let link = format!("{}/{}/delta?{option}={}", call.base(), of.set(), link.text());
    body.insert(format!("@odata.{kind}"), json!(link));
    body.insert("value".to_owned(), Value::Array(value));
    Answer::ok(Value::Object(body))
}

/// The token is of no use any more: begin again, from the beginning.
fn resync(call: &Call<'_>, of: Of, status: StatusCode, code: &'static str) -> Answer {
    let answer = Refused::resync(status, code).answer();
    answer.with("Location", format!("{}/{}/delta?$deltatoken=", call.base(), of.set()))
}

fn newest(call: &Call<'_>) -> u64 {
    call.log().last_change()
}
