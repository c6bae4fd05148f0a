//! How many calls and round trips does a leaver cost, and does leaving hold in every story?

mod admins;
mod cost;
mod stories;
