//! Development commands of Latchkey, and the stage they and the integration tests play on.

pub mod apps;
pub mod archive;
pub mod before;
pub mod bless;
pub mod chaos;
pub mod clients;
pub mod dist;
pub mod doors;
pub mod elf;
pub mod events;
pub mod functions_page;
pub mod options;
pub mod outcome;
pub mod pack;
pub mod play;
pub mod policy_page;
pub mod procedure;
pub mod ready;
pub mod rights;
pub mod scratch;
pub mod stage;
pub mod tenant;
pub mod timeline;
pub mod venv;
