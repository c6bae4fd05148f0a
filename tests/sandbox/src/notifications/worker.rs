//! The worker that delivers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;

use super::queue::Post;
use crate::directory::Change;
use crate::world::World;

/// Time alone ends memberships and subscriptions, so that is looked at this often.
const LOOK: Duration = Duration::from_secs(1);

/// Delivers notifications until `stop` is true.
pub(crate) async fn work(world: Arc<World>, mut stop: watch::Receiver<bool>) {
    let notifications = &world.notifications;
    notifications.queue().tenant.clone_from(&world.config.tenant_id);
    let mut changing = {
        let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.changing()
    };
    let (mut turns, mut woken) = (world.clock.turns(), notifications.woken.subscribe());
    loop {
        for seen in [&mut changing, &mut turns, &mut woken] {
            seen.borrow_and_update();
        }
        for post in due(&world) {
            tokio::spawn(deliver(Arc::clone(&world), post));
        }
        notifications.tell();
        let next = until_next(&world);
        tokio::select! {
            changed = changing.changed() => if changed.is_err() { return },
            changed = turns.changed() => if changed.is_err() { return },
            changed = woken.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(next) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// What must be sent now.
fn due(world: &World) -> Vec<Post> {
    let now = world.clock.now();
    world.notifications.queue().tidy(now);
    let after = world.notifications.queue().reads_after();
    let changes = after.map(|seq| changes_since(world, seq)).unwrap_or_default();
    let mut queue = world.notifications.queue();
    queue.take_in(&changes, now);
    queue.take_due(now)
}

fn changes_since(world: &World, seq: u64) -> Vec<Change> {
    let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
    directory.changes_since(seq).to_vec()
}

fn until_next(world: &World) -> Duration {
    let due = world.notifications.queue().next_due();
    let left = |due: Timestamp| Duration::try_from(due.duration_since(world.clock.now()));
    let left = due.map_or(LOOK, |due| left(due).unwrap_or_default());
    left.clamp(Duration::from_millis(10), LOOK)
}

async fn deliver(world: Arc<World>, post: Post) {
    let notifications = &world.notifications;
    let patience = notifications.knobs().patience;
    let (taken, late) = match notifications.http(&world) {
        Ok(http) => {
            let body = json!({ "value": post.items().collect::<Vec<_>>() });
            let request = http.post(&post.url).json(&body).timeout(patience);
            match request.send().await {
                Ok(answer) => (answer.status().is_success(), false),
                Err(error) => (false, error.is_timeout()),
            }
        }
        Err(_) => (false, false),
    };
    notifications.queue().sent(post, taken, late, world.clock.now());
    notifications.wake();
    notifications.tell();
}
