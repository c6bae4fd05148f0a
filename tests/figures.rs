//! What the benches in benches/ share: a line per figure, and the verdict.

use std::{process::ExitCode, time::Duration};

/// Whether it was `cargo bench` that started us; `cargo test` runs benches too, and wants no load.
pub fn asked() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// The figures so far.
#[derive(Debug, Default)]
pub struct Figures {
    missed: Vec<String>,
}

impl Figures {
    /// Prints a figure and what is wanted of it, as a row of README's table.
    pub fn add(&mut self, what: &str, value: &str, wanted: &str, met: bool) {
        println!("| {what} | {value} | {wanted} |");
        if !met {
            self.missed.push(format!("{what}: {value}, wanted {wanted}"));
        }
    }

    /// Failure when a target was missed and `--check` was given.
    pub fn verdict(&self) -> ExitCode {
        for missed in &self.missed {
            eprintln!("missed: {missed}");
        }
        let check = std::env::args().any(|argument| argument == "--check");
        if check && !self.missed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// The one in the middle.
#[must_use]
pub fn median<T: Copy + Ord>(values: &[T]) -> Option<T> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// The smallest value that so many of a hundred do not exceed (nearest rank).
#[must_use]
pub fn percentile<T: Copy + Ord>(values: &[T], percent: usize) -> Option<T> {
    let mut values = values.to_vec();
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}

/// Milliseconds with one digit.
#[must_use]
pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
