//! The integration tests: one binary, one module per question.
//!
//! - `access`: does everybody who can do something have a row that says so, and nobody else?
//! - `entra_events`: does Entra tell us of changes, and do we notice when it stops?
//! - `every_step`: does each step heal from a crash, a lost answer, a replay, throttling, and does
//!   it need what it declares?
//! - `infra`: is what Bicep deploys what the code asks for, no less and no more?
//! - `whole_day`: does the world end the same whenever the handler is killed?
//! - `bad_input`: does each kind of bad input get a clear error, once, and block nobody?
//! - `clusters`: is a cluster changed only as somebody else approved it, whatever comes between?
//! - `conformance`: do the real `az` and `kubectl` see what the seed documents show?
//! - `cut`: are a leaver's writes refused at once, wherever their token lives on, and nobody else's?
//! - `both_planes`: is access given by Azure roles and by bindings at once, and is nothing left of it?
//! - `brake`: does a bad feed empty the company?
//! - `changes`: does a change behind our back come to those whom it touches, once?
//! - `drift`: is every one of a thousand edits answered after one sweep, whatever was lost?
//! - `drift_by_policy`: are edits behind our back removed, excepted or told as the policy says?
//! - `hr_examples`: do the examples of the HR guide do what they are for?
//! - `just_in_time`: is membership for a time approved, given, and over by itself?
//! - `leaver`: how many calls and round trips does a leaver cost?
//! - `leavers`: is everybody who left cut off by every way in, and nobody forgotten?
//! - `ops`: who may ask `ops` for what, and what does it answer?
//! - `packed`: is what is deployed what it should be: its files, its functions, its rights?
//! - `pause`: does a paused app write nothing, lose nothing, and go on when it is resumed?
//! - `proof`: does a leaver's case close when everything is provably gone, and not before?
//! - `real_cluster`: does it do the same to an API server that nobody here wrote?
//! - `receipts`: can the ledger that a run leaves be checked with the binary alone?
//! - `report`: does a browser show the report's figures, alone, at any width and on paper?
//! - `sweep`: does it find what nobody told us of?
//! - `telemetry`: is an event one trace to its receipt, told in figures, whatever the collector does?
//! - `texts`: do the texts name only what exists: files, headings, functions, tests?
//! - `tidy`: do lists, folders, generated files and dependencies agree?
//! - `trail`: do events lead to a look, and do the logs tell who did it?

#![expect(clippy::panic, reason = "a test says so when something is wrong")]

mod access;
mod bad_input;
mod both_planes;
mod brake;
mod changes;
mod clusters;
mod conformance;
mod cut;
mod drift;
mod drift_by_policy;
mod entra_events;
mod every_step;
mod hr_examples;
mod infra;
mod just_in_time;
mod leaver;
mod leavers;
mod ops;
mod packed;
mod pause;
mod played;
mod proof;
mod real_cluster;
mod receipts;
mod report;
mod sweep;
mod telemetry;
mod texts;
mod tidy;
mod trail;
mod whole_day;
