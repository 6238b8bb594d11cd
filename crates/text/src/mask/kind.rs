//! The kinds of personal data, what a masker is asked for, and why it cannot be made.
//!
//! Not here: how each kind is found (`detect.rs`).

use std::collections::BTreeMap;

use super::Found;

/// A kind of personal data, as `karat.toml` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Keys, tokens and passwords.
    Secret,
    /// Numbers of payment cards.
    Card,
    /// Bank accounts as IBAN.
    Iban,
    /// National numbers of persons: taxes, insurance, residence.
    NationalId,
    /// Passports.
    Passport,
    /// E-mail addresses.
    Email,
    /// Telephone numbers.
    Phone,
    /// Addresses of the internet protocol, versions 4 and 6.
    Ip,
    /// Names of persons.
    Name,
}

impl Kind {
    /// All kinds; of two equally long finds that overlap, the one whose kind comes first stands.
    pub const ALL: [Self; 9] = [
        Self::Secret,
        Self::Card,
        Self::Iban,
        Self::NationalId,
        Self::Passport,
        Self::Email,
        Self::Phone,
        Self::Ip,
        Self::Name,
    ];

    /// The name in `karat.toml` and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::NationalId => "national_id",
            Self::Passport => "passport",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Ip => "ip",
            Self::Name => "name",
        }
    }

    /// The word inside a placeholder: `EMAIL` in `[EMAIL_1]`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Secret => "SECRET",
            Self::Card => "CARD",
            Self::Iban => "IBAN",
            Self::NationalId => "ID",
            Self::Passport => "PASSPORT",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Ip => "IP",
            Self::Name => "NAME",
        }
    }

    /// The kind of this name.
    /// ```
    /// use karat_text::mask::Kind;
    /// assert_eq!(Kind::read("email"), Ok(Kind::Email));
    /// assert!(Kind::read("mail").is_err());
    /// ```
    pub fn read(name: &str) -> Result<Self, MaskError> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| MaskError::UnknownKind { got: name.to_owned() })
    }

    /// The kind whose placeholders use this word, in any case.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word))
    }
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskSpec {
    /// The kinds; all of them without another choice.
    pub kinds: Vec<Kind>,
    /// Names and other terms to be masked as [`Kind::Name`], as they stand in a list: `Anna Lindqvist`, `王小明`.
    ///
    /// A term that begins with a capital is found where its first letter is no small one (`ANNA`, not `anna`); a term in
    /// small letters in any case. Terms stand on word borders, except in scripts without blanks. Words in Cyrillic are
    /// found with their case endings (`Иванов`, `Ивановым`).
    pub names: Vec<String>,
    /// Texts that stand beside the masked ones in a prompt (labels, names of fields): no placeholder resembles a word of
    /// theirs, so that restoring an answer never changes one.
    pub avoid: Vec<String>,
}

impl Default for MaskSpec {
    fn default() -> Self {
        Self { kinds: Kind::ALL.to_vec(), names: Vec::new(), avoid: Vec::new() }
    }
}

/// Why a masker cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaskError {
    /// No kind has this name.
    UnknownKind {
        /// The name.
        got: String,
    },
    /// A name that cannot be looked for.
    BadName {
        /// The name.
        got: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A pattern of ours does not compile: a mistake of ours.
    BadPattern(String),
}

impl std::fmt::Display for MaskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownKind { got } => {
                let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                write!(f, "`{got}` is no kind of personal data; there are {}", known.join(", "))
            }
            Self::BadName { got, why } => write!(f, "the name `{got}` {why}"),
            Self::BadPattern(what) => write!(f, "a pattern for personal data does not compile: {what}"),
        }
    }
}

impl std::error::Error for MaskError {}

/// How many places were found of each kind, for a report; kinds without any are left out.
pub fn count_by_kind<'a>(found: impl IntoIterator<Item = &'a Found>) -> BTreeMap<Kind, u64> {
    let mut counts = BTreeMap::new();
    for one in found {
        *counts.entry(one.kind).or_insert(0) += 1;
    }
    counts
}
