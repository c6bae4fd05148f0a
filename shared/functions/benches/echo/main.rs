//! What the library costs: the echo function on it against the same function on bare axum.
//!
//! Both run in one process on threads of their own and get the same load in alternating rounds.
//! `cargo bench --bench echo -- --check` fails when the library is slower than it promises.

mod load;
mod servers;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use load::Round;

/// The least share of bare axum's requests per second.
const MIN_RATE: f64 = 0.85;
/// The most of bare axum's 99th percentile.
const MAX_P99: f64 = 1.3;
/// Rounds per server; each pair of rounds gives one ratio, and the median of these counts.
const ROUNDS: usize = 9;
/// Requests per connection and round.
const REQUESTS: usize = 1000;

/// The rounds of both servers.
struct Measured {
    library: Vec<Round>,
    axum: Vec<Round>,
}

impl Measured {
    fn ratio(&self, of: impl Fn(&Round) -> f64) -> f64 {
        let pairs = self.library.iter().zip(&self.axum);
        median(pairs.map(|(library, axum)| of(library) / of(axum)).collect())
    }
}

fn main() -> ExitCode {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    // `cargo test` runs benches too, without this flag: then a taste is enough.
    let (rounds, requests) = if has("--bench") { (ROUNDS, REQUESTS) } else { (1, 10) };
    let measured = measure(servers::library(), servers::bare_axum(), rounds, requests);
    report("azure-functions-handler", &measured.library);
    report("bare axum", &measured.axum);
    let rate = measured.ratio(Round::rate);
    let p99 = measured.ratio(|round| round.percentile(0.99).as_secs_f64());
    println!("ratio: {rate:.3} of the requests/s, {p99:.3} of the p99");
    println!("| `echo`: requests/s, of bare axum's | {rate:.2} | ≥ {MIN_RATE} |");
    println!("| `echo`: p99, of bare axum's | {p99:.2} | ≤ {MAX_P99} |");
    if has("--check") && (rate < MIN_RATE || p99 > MAX_P99) {
        eprintln!("wanted: at least {MIN_RATE} of the requests/s, at most {MAX_P99} of the p99");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Alternates, and changes who goes first, so that neither has the warmer machine.
fn measure(library: SocketAddr, axum: SocketAddr, rounds: usize, requests: usize) -> Measured {
    let mut measured = Measured { library: Vec::new(), axum: Vec::new() };
    load::run(library, requests);
    load::run(axum, requests);
    for round in 0..rounds {
        if round % 2 == 0 {
            measured.library.push(load::run(library, requests));
            measured.axum.push(load::run(axum, requests));
        } else {
            measured.axum.push(load::run(axum, requests));
            measured.library.push(load::run(library, requests));
        }
    }
    measured
}

fn report(name: &str, rounds: &[Round]) {
    let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    let time = |share| Duration::from_secs_f64(of(&|round| round.percentile(share).as_secs_f64()));
    let rate = of(&Round::rate);
    println!("{name:24} {rate:9.0} requests/s   p50 {:9.1?}   p99 {:9.1?}", time(0.5), time(0.99));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
