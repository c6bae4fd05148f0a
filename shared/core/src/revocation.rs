//! What a leaver loses, when it is really gone, and what proves it.
//!
//! A [`Path`] is one way in. Taking it away bites only after a bound: tokens that were issued before
//! go on to work. [`Story`] follows the paths of one case through its records: when each was found,
//! when it was seen gone, after which instant it cannot work any more, and when that was proven.
//! When every path is proven, the story becomes a [`Receipt`].
//! What comes back when the end itself is taken back, [`undo`] says.

mod bound;
mod doors;
mod path;
mod proof;
mod receipt;
mod story;
#[cfg(test)]
mod tests;
pub mod undo;

pub use bound::Bound;
pub use doors::{AdminDoor, Doors};
pub use path::{Membership, Path};
pub use proof::{Answer, Observed, Question, Seen, Write, judge, questions};
pub use receipt::{Beside, Receipt, Revoked};
pub use story::{DOORS, Forecast, GRACE, PROOF, Story, Tracked};
