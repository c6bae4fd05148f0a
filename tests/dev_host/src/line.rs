//! What the handler prints.

use std::fmt;

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output of the handler.
    Stdout,
    /// Standard error of the handler.
    Stderr,
    /// The dev host itself.
    Host,
}

/// How the Functions host files a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As everything on standard output.
    Information,
    /// Standard error with "warn" in it.
    Warning,
    /// The rest of standard error.
    Error,
}

/// One line of the handler's output, or a remark of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it was printed.
    pub stream: Stream,
    /// How it is filed.
    pub level: Level,
    /// The text, without the line's end.
    pub text: String,
}

impl Line {
    /// Files a line as the host does. With `errors_only` (the default of
    /// `useStdErrorStreamForErrorsOnly`) standard error is for errors, save warnings.
    pub(crate) fn filed(stream: Stream, text: String, errors_only: bool) -> Self {
        let level = match stream {
            Stream::Stderr => stderr_level(&text.to_lowercase(), errors_only),
            Stream::Stdout | Stream::Host => Level::Information,
        };
        let text = match text.strip_prefix("LanguageWorkerConsoleLog") {
            Some(system) => system.to_owned(),
            None => text,
        };
        Self { stream, level, text }
    }

    /// A remark of the host.
    pub(crate) fn host(level: Level, text: impl Into<String>) -> Self {
        Self { stream: Stream::Host, level, text: text.into() }
    }
}

fn stderr_level(text: &str, errors_only: bool) -> Level {
    let has = |word| text.contains(word);
    if has("warn") {
        Level::Warning
    } else if errors_only || ["error", "fail", "severe", "unhandled exception"].into_iter().any(has)
    {
        Level::Error
    } else {
        Level::Information
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filed_by_stream_and_words() {
        let level = |stream, text: &str, only| Line::filed(stream, text.to_owned(), only).level;
        assert_eq!(level(Stream::Stdout, "ERROR: x", true), Level::Information);
        assert_eq!(level(Stream::Stderr, "a Warning", true), Level::Warning);
        assert_eq!(level(Stream::Stderr, "listening", true), Level::Error);
        assert_eq!(level(Stream::Stderr, "listening", false), Level::Information);
        assert_eq!(level(Stream::Stderr, "it Failed", false), Level::Error);
        let system = Line::filed(Stream::Stdout, "LanguageWorkerConsoleLogready".to_owned(), true);
        assert_eq!(system.text, "ready");
    }
}
