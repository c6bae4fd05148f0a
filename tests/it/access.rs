//! Does everybody who can do something in a cluster have a row that says so, and nobody else?

mod judged;
mod planted;
