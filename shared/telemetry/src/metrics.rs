//! What is counted and measured. Attributes are words of our own code: functions, steps, outcomes,
//! services, event types; never who or what a case is about.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram, Meter},
};

/// Seconds from an event to its effect: the objectives of README lie between them.
const WAITS: [f64; 14] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0, 604_800.0,
];
/// Seconds of one call: those of the semantic conventions, and the longest deadline.
const CALLS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 60.0];

struct Instruments {
    opened: Counter<u64>,
    closed: Counter<u64>,
    stuck: Counter<u64>,
    overdue: Counter<u64>,
    open: Gauge<u64>,
    doors_shut: Histogram<f64>,
    writes_cut: Histogram<f64>,
    proof: Histogram<f64>,
    path_proof: Histogram<f64>,
    steps: Counter<u64>,
    put_off: Counter<u64>,
    parked: Counter<u64>,
    dead_lettered: Counter<u64>,
    held_back: Counter<u64>,
    calls: Histogram<f64>,
    resent: Counter<u64>,
    throttled: Counter<u64>,
}

/// Made at first use, when the exporter, if any, is in place.
static ALL: LazyLock<Instruments> = LazyLock::new(|| Instruments::of(&global::meter("latchkey")));

impl Instruments {
    fn of(meter: &Meter) -> Self {
        let count = |name, unit, what| {
            meter.u64_counter(name).with_unit(unit).with_description(what).build()
        };
        let seconds = |name, buckets: &[f64], what| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(what);
            histogram.with_boundaries(buckets.to_vec()).build()
        };
        Self {
            opened: count("latchkey.case.opened", "{case}", "Cases that began"),
            closed: count("latchkey.case.closed", "{case}", "Cases that a look found as desired"),
            stuck: count("latchkey.case.stuck", "{case}", "Cases that somebody must come for"),
            overdue: count(
                "latchkey.case.overdue",
                "{case}",
                "Leavers' cases whose bound passed without proof",
            ),
            open: meter
                .u64_gauge("latchkey.case.open")
                .with_unit("{case}")
                .with_description("Cases that are not closed, as the last sweep found them")
                .build(),
            doors_shut: seconds(
                "latchkey.case.doors_shut.duration",
                &WAITS,
                "From a leaver's event to sign-in and sessions shut",
            ),
            writes_cut: seconds(
                "latchkey.case.writes_cut.duration",
                &WAITS,
                "From a leaver's event to writes refused in every cluster",
            ),
            proof: seconds("latchkey.case.proof.duration", &WAITS, "From an event to its receipt"),
            path_proof: seconds(
                "latchkey.path.proof.duration",
                &WAITS,
                "From a leaver's event to the proof that a way in is gone",
            ),
            steps: count("latchkey.step.done", "{step}", "Steps that left evidence"),
            put_off: count(
                "latchkey.message.put_off",
                "{message}",
                "Messages sent again for later",
            ),
            parked: count("latchkey.message.parked", "{message}", "Messages that cannot be read"),
            dead_lettered: count(
                "latchkey.message.dead_lettered",
                "{message}",
                "Messages whose last delivery failed",
            ),
            held_back: count(
                "latchkey.write.held_back",
                "{step}",
                "Steps that wrote nothing because effects are paused",
            ),
            calls: seconds("http.client.request.duration", &CALLS, "Calls, repetitions included"),
            resent: count("latchkey.call.resent", "{call}", "Calls sent again, by cause"),
            throttled: count("latchkey.call.throttled", "{call}", "Answers 429"),
        }
    }
}

fn path(path: &str) -> [KeyValue; 1] {
    [KeyValue::new("latchkey.path", path.to_owned())]
}

/// A case began; its path is what set it in motion.
pub fn opened(of: &str) {
    ALL.opened.add(1, &path(of));
}

/// A look found everything of a case as desired, so long after what set it in motion.
pub fn closed(of: &str, after: Option<Duration>) {
    ALL.closed.add(1, &path(of));
    if let Some(after) = after {
        ALL.proof.record(after.as_secs_f64(), &path(of));
    }
}

/// A way in of a leaver, of this kind, was proven to be gone, so long after the event.
pub fn path_proven(kind: &'static str, after: Duration) {
    ALL.path_proof.record(after.as_secs_f64(), &[KeyValue::new("latchkey.path.kind", kind)]);
}

/// A case needs somebody.
pub fn stuck(of: &str) {
    ALL.stuck.add(1, &path(of));
}

/// The bound of a leaver's case passed, and it is not proven.
pub fn overdue(of: &str) {
    ALL.overdue.add(1, &path(of));
}

/// So many cases are open, and so many beside them wait for somebody.
pub fn open(open: usize, stuck: usize) {
    for (state, cases) in [("open", open), ("stuck", stuck)] {
        ALL.open.record(cases as u64, &[KeyValue::new("latchkey.state", state)]);
    }
}

/// Sign-in and sessions of a leaver were seen shut, so long after the event.
pub fn doors_shut(of: &str, after: Duration) {
    ALL.doors_shut.record(after.as_secs_f64(), &path(of));
}

/// Every cluster refuses what a leaver writes, so long after what set the case in motion.
pub fn writes_cut(of: &str, after: Duration) {
    ALL.writes_cut.record(after.as_secs_f64(), &path(of));
}

/// A step left evidence.
pub fn step_done(step: &str, outcome: &'static str) {
    let step = KeyValue::new("latchkey.step", step.to_owned());
    ALL.steps.add(1, &[step, KeyValue::new("latchkey.outcome", outcome)]);
}

/// A message was sent again for later.
pub fn put_off(function: &'static str) {
    ALL.put_off.add(1, &[KeyValue::new("faas.name", function)]);
}

/// A message cannot be read and was kept.
pub fn parked(function: &str) {
    ALL.parked.add(1, &[KeyValue::new("faas.name", function.to_owned())]);
}

/// The last delivery of a message failed: the queue dead-letters it.
pub fn dead_lettered(function: &'static str) {
    ALL.dead_lettered.add(1, &[KeyValue::new("faas.name", function)]);
}

/// A step would have written, but effects are paused.
pub fn held_back(step: &'static str) {
    ALL.held_back.add(1, &[KeyValue::new("latchkey.step", step)]);
}

pub(crate) fn called(took: Duration, attributes: &[KeyValue]) {
    ALL.calls.record(took.as_secs_f64(), attributes);
}

pub(crate) fn resent(service: &'static str, why: &'static str) {
    let service = KeyValue::new("latchkey.service", service);
    ALL.resent.add(1, &[service, KeyValue::new("latchkey.cause", why)]);
}

pub(crate) fn throttled(service: &'static str) {
    ALL.throttled.add(1, &[KeyValue::new("latchkey.service", service)]);
}
