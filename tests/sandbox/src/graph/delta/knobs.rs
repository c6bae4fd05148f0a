//! What tests can make delta queries do.

use std::sync::{Mutex, PoisonError};

/// How delta queries behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// Most objects and members on a page together; one group's members go on on the next.
    pub page: usize,
    /// An empty page comes before every page.
    pub empty_pages: bool,
    /// The newest changes come first.
    pub backwards: bool,
    /// Each round tells this many changes of the log once more that came before its token.
    pub replays: u64,
    /// This many rounds tell nothing and let the next one begin where they began: the changes are
    /// not in every replica yet.
    pub held: u32,
    /// This many rounds are refused with 410.
    pub refused: u32,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs { page: 200, empty_pages: false, backwards: false, replays: 0, held: 0, refused: 0 }
    }
}

/// The knobs of a sandbox.
#[derive(Debug, Default)]
pub struct Deltas(Mutex<Knobs>);

impl Deltas {
    /// Turns knobs.
    pub fn set(&self, turn: impl FnOnce(&mut Knobs)) {
        turn(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn knobs(&self) -> Knobs {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A round begins: how it behaves. What is counted in rounds is one less for the next.
    pub(super) fn begins(&self) -> Knobs {
        let mut knobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = knobs.clone();
        if knobs.refused > 0 {
            knobs.refused -= 1;
        } else {
            knobs.held = knobs.held.saturating_sub(1);
        }
        now
    }
}
