//! Delta query: what changed since a token was taken.

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use sandbox::Config;
use serde_json::{Value, json};

use crate::support::*;

const GROUPS: &str = "groups/delta?$select=displayName,members&$deltatoken=latest";
const USERS: &str = "users/delta?$select=employeeId,accountEnabled&$deltatoken=latest";

impl Answer {
    fn link(&self, kind: &str) -> Option<&str> {
        self.body[format!("@odata.{kind}")].as_str()
    }
}

impl Tenant {
    /// The pages of a round that begins at `path`, and the link of the next one.
    async fn round(&self, path: &str) -> (Vec<Value>, String) {
        let (mut pages, mut next) = (Vec::new(), path.to_owned());
        loop {
            let answer = self.get(&next).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            pages.push(answer.body["value"].clone());
            let Some(link) = answer.link("nextLink") else {
                return (pages, answer.link("deltaLink").unwrap().to_owned());
            };
            assert_eq!(answer.link("deltaLink"), None);
            link.clone_into(&mut next);
        }
    }

    /// What the next round tells, all pages in one, and the link after it.
    async fn told(&self, link: &str) -> (Vec<Value>, String) {
        let (pages, link) = self.round(link).await;
        (pages.iter().flat_map(|page| page.as_array().unwrap().clone()).collect(), link)
    }
}

#[tokio::test]
async fn only_what_changed_since_the_token_is_told_and_only_if_it_was_selected() {
    let tenant = Tenant::start().await;
    let (ada, bob) = tenant.seed(|d| (d.add_user("ada"), d.add_user("bob")));
    let (nothing, link) = tenant.told(USERS).await;
    assert_eq!(nothing, Vec::<Value>::new());
    tenant.patch(&format!("users/{bob}"), json!({"displayName": "Robert"})).await;
    tenant.patch(&format!("users/{ada}"), json!({"accountEnabled": false})).await;
    let (told, link) = tenant.told(&link).await;
    assert_eq!(told, [json!({"id": ada, "accountEnabled": false})]);
    assert_eq!(tenant.told(&link).await.0, Vec::<Value>::new());
}

#[tokio::test]
async fn members_that_came_and_left_are_told_and_nothing_of_a_soft_deleted_one() {
    let tenant = Tenant::start().await;
    let [ada, bob, eve] = ["ada", "bob", "eve"].map(|name| tenant.seed(|d| d.add_user(name)));
    let (team, inner) = tenant.seed(|d| (d.add_group("team"), d.add_group("inner")));
    tenant.seed(|d| [&bob, &eve].map(|member| assert!(d.add_member(&team, member))));
    let (_, link) = tenant.told(GROUPS).await;
    tenant.join(&team, &ada).await;
    tenant.join(&team, &inner).await;
    tenant.delete(&format!("groups/{team}/members/{bob}/$ref")).await;
    tenant.delete(&format!("users/{eve}")).await;
    let (told, link) = tenant.told(&link).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let member = |id: &str| {
        let all = told[0]["members@delta"].as_array().unwrap();
        all.iter().find(|member| member["id"] == id).cloned()
    };
    let of =
        |kind: &str, id: &str| json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id});
    assert_eq!(member(&ada), Some(of("user", &ada)));
    assert_eq!(member(&inner), Some(of("group", &inner)));
    assert_eq!(member(&bob).unwrap()["@removed"], json!({"reason": "deleted"}));
    assert_eq!(member(&eve), None, "a soft deletion does not show");
    tenant.delete(&format!("directory/deletedItems/{eve}")).await;
    let (told, _) = tenant.told(&link).await;
    let purged = json!({"@odata.type": "#microsoft.graph.user", "id": eve, "@removed": {"reason": "deleted"}});
    assert_eq!(told[0]["members@delta"], json!([purged]), "a purge does, like leaving");
}

#[tokio::test]
async fn objects_say_whether_they_can_be_restored_and_come_back_without_a_word() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let (_, link) = tenant.told(USERS).await;
    tenant.delete(&format!("users/{ada}")).await;
    let (told, link) = tenant.told(&link).await;
    assert_eq!(told, [json!({"id": ada, "@removed": {"reason": "changed"}})]);
    tenant.post(&format!("directory/deletedItems/{ada}/restore"), json!({})).await;
    let (told, link) = tenant.told(&link).await;
    assert_eq!((&told[0]["id"], told[0].get("@removed")), (&json!(ada), None));
    tenant.delete(&format!("users/{ada}")).await;
    tenant.delete(&format!("directory/deletedItems/{ada}")).await;
    let (told, _) = tenant.told(&link).await;
    assert_eq!(told, [json!({"id": ada, "@removed": {"reason": "deleted"}})]);
}

#[tokio::test]
async fn pages_split_one_groups_members_and_can_be_empty_or_backwards() {
    let tenant = Tenant::start().await;
    let team = tenant.seed(|d| d.add_group("team"));
    let (_, link) = tenant.told(GROUPS).await;
    tenant.seed(|d| {
        for n in 0..5 {
            let member = d.add_user(&format!("user{n}"));
            assert!(d.add_member(&team, &member));
        }
        d.add_group("last");
    });
    tenant.sandbox.world.deltas.set(|knobs| knobs.page = 2);
    let sizes = |pages: &[Value]| -> Vec<usize> {
        let of = |page: &Value| page.as_array().unwrap().iter().map(slice).sum();
        pages.iter().map(of).collect()
    };
    let (plain, _) = tenant.round(&link).await;
    assert_eq!(sizes(&plain), [2, 2, 2]);
    assert!(
        plain.iter().all(|page| page[0]["id"] == json!(team) && page[0]["displayName"] == "team")
    );
    tenant.sandbox.world.deltas.set(|knobs| (knobs.empty_pages, knobs.backwards) = (true, true));
    let (odd, _) = tenant.round(&link).await;
    assert_eq!(sizes(&odd), [0, 2, 0, 2, 0, 2]);
    assert_eq!(odd[1][0]["displayName"], "last");
}

/// How much of a page an object takes.
fn slice(object: &Value) -> usize {
    object["members@delta"].as_array().map_or(1, Vec::len)
}

#[tokio::test]
async fn a_round_can_tell_again_what_was_told_or_keep_it_for_later() {
    let tenant = Tenant::start().await;
    let (ada, team) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
    let (_, link) = tenant.told(GROUPS).await;
    tenant.join(&team, &ada).await;
    tenant.sandbox.world.deltas.set(|knobs| knobs.held = 1);
    let (told, same) = tenant.told(&link).await;
    assert_eq!(told, Vec::<Value>::new(), "not yet");
    let (told, link) = tenant.told(&same).await;
    assert_eq!(told.len(), 1, "but later");
    tenant.sandbox.world.deltas.set(|knobs| knobs.replays = 1);
    assert_eq!(tenant.told(&link).await.0, told, "and again");
}

#[tokio::test]
async fn a_token_of_seven_days_or_one_given_up_sends_back_to_the_beginning() {
    let token_life = Duration::from_secs(30 * 24 * 3600);
    let tenant = Tenant::with(Config { token_life, ..Config::default() }).await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let (_, link) = tenant.told(USERS).await;
    tenant.sandbox.world.deltas.set(|knobs| knobs.refused = 1);
    let refused = tenant.get(&link).await;
    assert_eq!((refused.status.as_u16(), refused.error().0), (410, "resyncRequired"));
    let again = refused.headers["Location"].to_str().unwrap().to_owned();
    assert!(again.ends_with("v1.0/users/delta?$deltatoken="), "{again}");
    let (all, _) = tenant.told(&again).await;
    assert_eq!(all.iter().map(|user| &user["id"]).collect::<Vec<_>>(), [&json!(ada)]);
    tenant.sandbox.world.clock.advance(SignedDuration::from_hours(7 * 24 - 1));
    assert_eq!(tenant.get(&link).await.status, 200);
    tenant.sandbox.world.clock.advance(SignedDuration::from_hours(1));
    let expired = tenant.get(&link).await;
    assert_eq!((expired.status.as_u16(), expired.error().0), (404, "SyncStateNotFound"));
}

#[tokio::test]
async fn a_first_round_shows_everything_page_by_page() {
    let tenant = Tenant::start().await;
    tenant.seed(|d| {
        for name in ["a", "b", "c"] {
            let group = d.add_group(name);
            for n in 0..4 {
                let member = d.add_user(&format!("user{n}"));
                assert!(name == "b" || d.add_member(&group, &member));
            }
        }
    });
    tenant.sandbox.world.deltas.set(|knobs| knobs.page = 3);
    let (told, _) = tenant.told("groups/delta?$select=displayName,members").await;
    let count = |name: &str| {
        let of = told.iter().filter(|group| group["displayName"] == name);
        of.map(|group| group["members@delta"].as_array().map_or(0, Vec::len)).sum::<usize>()
    };
    assert_eq!(["a", "b", "c"].map(count), [4, 0, 4]);
    assert!(told.iter().any(|group| group["displayName"] == "b"));
}

#[tokio::test]
async fn a_filter_names_at_most_fifty_ids_and_other_options_are_refused() {
    let tenant = Tenant::start().await;
    let (ada, bob) = tenant.seed(|d| (d.add_user("ada"), d.add_user("bob")));
    let filter = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| format!("id eq '{id}'")).collect();
        format!("{USERS}&$filter={}", ids.join(" or "))
    };
    let (_, link) = tenant.told(&filter(&[&bob])).await;
    for id in [&ada, &bob] {
        tenant.patch(&format!("users/{id}"), json!({"accountEnabled": false})).await;
    }
    let (told, _) = tenant.told(&link).await;
    assert_eq!(told.iter().map(|user| &user["id"]).collect::<Vec<_>>(), [&json!(bob)]);
    assert_eq!(tenant.get(&filter(&[NOBODY; 50])).await.status, 200);
    assert_eq!(tenant.get(&filter(&[NOBODY; 51])).await.status, 400);
    let refused =
        ["&$top=1", "&$orderby=id", "&$expand=manager", "&$filter=accountEnabled eq true"];
    for option in refused {
        assert_eq!(tenant.get(&format!("{USERS}{option}")).await.status, 400, "{option}");
    }
}

#[tokio::test]
async fn only_what_changed_is_shown_when_the_client_prefers_that() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    tenant.patch(&format!("users/{ada}"), json!({"employeeId": "p-1"})).await;
    let (_, link) = tenant.told(USERS).await;
    tenant.patch(&format!("users/{ada}"), json!({"accountEnabled": false})).await;
    let full = json!([{"id": ada, "employeeId": "p-1", "accountEnabled": false}]);
    assert_eq!(tenant.get(&link).await.body["value"], full);
    let prefer = [("Prefer", "return=minimal")];
    let minimal = tenant.try_send(Method::GET, &link, &prefer, None).await.unwrap();
    assert_eq!(minimal.body["value"], json!([{"id": ada, "accountEnabled": false}]));
}

#[tokio::test]
async fn only_who_may_read_gets_changes() {
    let mut tenant = Tenant::start().await;
    let rights = |name: &str| sandbox::Rights {
        graph: [name.to_owned()].into(),
        ..sandbox::Rights::default()
    };
    tenant.sandbox.world.grant("probe", rights("User.Read.All"));
    tenant.act_as("probe");
    assert_eq!(tenant.get(USERS).await.status, 200);
    assert_eq!(tenant.get(GROUPS).await.status, 403);
    tenant.sandbox.world.grant("probe", rights("GroupMember.Read.All"));
    assert_eq!(tenant.get(GROUPS).await.status, 200);
}
