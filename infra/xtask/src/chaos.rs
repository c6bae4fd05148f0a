//! Kills the handler now and then, at random but repeatable points.

use std::time::Duration;

use dev_host::Host;
use tokio::task::JoinHandle;

/// Kills that a message may live through: the queue dead-letters it at ten deliveries.
const MOST_KILLS: u32 = 6;

/// A running chaos.
#[derive(Debug)]
pub struct Chaos(JoinHandle<()>);

impl Chaos {
    /// Ends it.
    pub async fn stop(self) {
        self.0.abort();
        drop(self.0.await);
    }
}

/// Starts to kill the handler of the host, a few times, after waits that follow from the seed.
pub fn kill_now_and_then(host: &Host, seed: u64) -> Chaos {
    let kill = host.killer();
    Chaos(tokio::spawn(async move {
        for n in 0..MOST_KILLS {
            tokio::time::sleep(wait(seed, n)).await;
            kill();
        }
    }))
}

/// Between 40 and 700 milliseconds.
fn wait(seed: u64, n: u32) -> Duration {
    let digest = latchkey_core::ids::digest(&[&seed.to_string(), &n.to_string()]);
    let draw = u64::from_str_radix(&digest[..8], 16).unwrap_or_default();
    Duration::from_millis(40 + draw % 660)
}
