//! Keys: found, held and kept out of sight.
//!
//! In: the name of an environment variable and a folder that may hold a `.env` file. Out: a [`Key`], which nothing prints.
//! The environment wins over the file. [`Key::redact`] takes a key out of text that others wrote: some vendors repeat
//! the key in their error bodies.
//!
//! Not here: which variable an endpoint uses (`endpoints.rs`). A key never reaches a store, a log or a report.

use std::{fmt, path::Path};

use secrecy::{ExposeSecret, SecretString};

/// A secret that names its user to an endpoint. `Debug` shows nothing of it; memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Key(SecretString);

/// Where a key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// In the environment.
    Environment,
    /// In the `.env` file.
    DotEnv,
}

impl Key {
    /// Takes a key. Spaces and line ends around it are dropped: they come from copying.
    #[must_use]
    pub fn new(secret: &str) -> Key {
        Key(SecretString::from(secret.trim()))
    }

    /// The key itself, for the one header that needs it.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only the transport sends keys"))]
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` with each occurrence of the key replaced, also of its beginning or end of 12 characters or more.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        const SHORTEST: usize = 12;
        let key = self.0.expose_secret();
        if key.is_empty() {
            return text.to_owned();
        }
        let mut out = text.replace(key, "[key]");
        if key.len() > SHORTEST && key.is_ascii() {
            out = out.replace(&key[..SHORTEST], "[key]").replace(&key[key.len() - SHORTEST..], "[key]");
        }
        out
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([hidden])")
    }
}

/// Looks a key up: first in the environment, then in `folder/.env`. An empty value counts as none.
#[must_use]
pub fn find_key(name: &str, folder: Option<&Path>) -> Option<(Key, KeySource)> {
    find_value(name, folder).map(|(value, source)| (Key::new(&value), source))
}

/// Looks up a setting that is no secret, such as an address, in the same places.
pub(crate) fn find_value(name: &str, folder: Option<&Path>) -> Option<(String, KeySource)> {
    let filled = |value: &String| !value.trim().is_empty();
    if let Some(value) = std::env::var(name).ok().filter(filled) {
        return Some((value, KeySource::Environment));
    }
    let file = std::fs::read_to_string(folder?.join(".env")).ok()?;
    dot_env(&file, name).filter(filled).map(|value| (value, KeySource::DotEnv))
}

/// The value of `name` in the text of a `.env` file: `NAME=value` lines, the last one wins, with an optional `export`,
/// optional quotes and, behind unquoted values, comments.
fn dot_env(file: &str, name: &str) -> Option<String> {
    let line = |line: &str| {
        let line = line.trim().trim_start_matches('\u{feff}');
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (found, value) = line.split_once('=')?;
        (found.trim() == name).then(|| unquote(value.trim()))
    };
    file.lines().rev().find_map(line)
}

fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside.to_owned();
        }
    }
    let value = if value.starts_with('#') { "" } else { value };
    value.split_once(" #").map_or(value, |(value, _)| value).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# keys\nexport A_KEY=\"sk-a#1\" # mine\nB_KEY=sk-b # theirs\nEMPTY=\nA_KEY2='x y'\nB_KEY = sk-b2\n";

    #[track_caller]
    fn check(name: &str, want: Option<&str>) {
        assert_eq!(dot_env(FILE, name).as_deref(), want, "{name}");
    }

    #[test]
    fn a_dot_env_file_is_read_as_shells_read_it() {
        check("A_KEY", Some("sk-a#1"));
        check("A_KEY2", Some("x y"));
        check("B_KEY", Some("sk-b2"));
        check("EMPTY", Some(""));
        check("C_KEY", None);
    }

    #[test]
    fn a_key_is_found_in_the_file_and_an_empty_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "KARAT_TEST_KEY=sk-1\nKARAT_TEST_EMPTY=\n").unwrap();
        let (key, source) = find_key("KARAT_TEST_KEY", Some(folder.path())).unwrap();
        assert_eq!((key.0.expose_secret(), source), ("sk-1", KeySource::DotEnv));
        assert!(find_key("KARAT_TEST_EMPTY", Some(folder.path())).is_none());
        assert!(find_key("KARAT_TEST_KEY", None).is_none());
    }

    #[test]
    fn a_key_shows_itself_nowhere() {
        let key = Key::new(" sk-verysecretindeed\n");
        assert_eq!(format!("{key:?} {:?}", Some(&key)), "Key([hidden]) Some(Key([hidden]))");
        let echoed = "Incorrect API key provided: sk-verysecretindeed. See sk-verysecre*****.";
        assert_eq!(key.redact(echoed), "Incorrect API key provided: [key]. See [key]*****.");
    }

    #[test]
    fn an_empty_key_redacts_nothing() {
        assert_eq!(Key::new("").redact("abc"), "abc");
    }
}
