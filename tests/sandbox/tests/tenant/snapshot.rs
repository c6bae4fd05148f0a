//! Snapshots compare what access exists, whatever the way it came about.

use jiff::SignedDuration;

use crate::support::*;

#[tokio::test]
async fn worlds_with_the_same_access_print_the_same_text() {
    let (one, two) = (Tenant::start().await, Tenant::start().await);
    let ada = one.seed(|d| d.add_user("ada@contoso.com"));
    let group = one.post("groups", security_group("team")).await;
    one.join(group.id(), &ada).await;
    // The same by a detour: another time, another group object, a member who left again.
    two.sandbox.world.clock.advance(SignedDuration::from_hours(3));
    let first = two.post("groups", security_group("team")).await;
    two.delete(&format!("groups/{}", first.id())).await;
    let group = two.post("groups", security_group("team")).await;
    let (bob, ada) = two.seed(|d| (d.add_user("ada@contoso.com"), d.add_user("ada@contoso.com")));
    assert_eq!(bob, ada, "seeding a user twice answers the same one");
    two.join(group.id(), &ada).await;
    let text = one.sandbox.world.snapshot();
    assert_eq!(text, two.sandbox.world.snapshot());
    assert!(text.contains("member ada@contoso.com of team\n"), "{text}");
    two.delete(&format!("groups/{}/members/{ada}/$ref", group.id())).await;
    assert_ne!(text, two.sandbox.world.snapshot());
}
