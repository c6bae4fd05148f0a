//! Sending again what was parked or dead-lettered. What it says is not shown to anybody: it is
//! judged again by whoever it is for, as any message is.
//!
//! Who wants it and why is recorded before the message is sent, and that it was sent afterwards. A
//! crash between the two leaves a wish that was not seen to be fulfilled: asked again, the message
//! goes out under the same id, and is dropped as a duplicate or found to be done already.

mod dead_letters;
mod letter;
mod parked;

pub(super) use dead_letters::{
    count as dead_letter_count, list as dead_letters, replay as replay_dead,
};
pub(super) use parked::{count as parked_count, list as parked, replay, replay_all};
