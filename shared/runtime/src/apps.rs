//! Which function runs in which function app, as `infra/apps.toml` says.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    functions: Vec<String>,
}

static APPS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "it is compiled in, and a test reads it")]
    let apps: BTreeMap<String, App> =
        toml::from_str(include_str!("../../../infra/apps.toml")).expect("infra/apps.toml is valid");
    apps.into_iter().map(|(name, app)| (name, app.functions)).collect()
});

/// Every function app with its functions, by name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static [String])> {
    APPS.iter().map(|(name, functions)| (name.as_str(), functions.as_slice()))
}

/// The app of a function; none for what is no function.
pub fn app_of(function: &str) -> Option<&'static str> {
    all().find(|(_, functions)| functions.iter().any(|held| held == function)).map(|(app, _)| app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_its_app_and_what_is_none_in_no_app() {
        assert_eq!(app_of("disable_sign_in"), Some("directory"));
        assert_eq!(app_of("ops"), Some("planner"));
        assert_eq!(app_of("open_sesame"), None);
    }
}
