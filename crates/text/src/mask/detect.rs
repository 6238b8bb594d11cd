//! The table of detectors, and how a row of it is run over a text.
//!
//! A row has patterns that find where something may be, each linear in the text, and a function that reads on from
//! there: check digits, neighboring words, where it ends. What it reads is bounded, so that the whole stays linear.
//!
//! Not here: the names of a list (`names.rs`), and which of several finds stands (`replace.rs`).

mod bank;
mod email;
mod europe;
mod ids;
mod ip;
mod passport;
mod phone;
mod secret;
mod titles;

use std::ops::Range;

use regex::Regex;

use super::key::compile;
use super::{Hit, Kind, MaskError};

/// Reads on from what a pattern found (its first group, where it has one), and adds what it makes of it.
type Read = fn(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>);

/// One way to find one kind of personal data.
pub struct Detector {
    /// Its name, unique in the table.
    pub name: &'static str,
    /// What it finds.
    pub kind: Kind,
    /// What it takes for a find, and what it leaves.
    pub doc: &'static str,
    /// A text in which it finds something. Invented.
    pub example: &'static str,
    needs: Needs,
    patterns: &'static [&'static str],
    read: Read,
}

/// What a text must hold for the patterns to be worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Digit,
    At,
    Cyrillic,
    Han,
    Nothing,
}

/// What a text holds.
pub(super) struct Traits {
    digit: bool,
    at: bool,
    cyrillic: bool,
    han: bool,
}

impl Traits {
    pub(super) fn of(text: &str) -> Self {
        let mut traits = Self {
            digit: false,
            at: text.contains("@") || text.contains("(at)"),
            cyrillic: false,
            han: false,
        };
        for c in text.chars() {
            traits.digit |= c.is_ascii_digit();
            traits.cyrillic |= matches!(c, '\u{400}'..='\u{4FF}');
            traits.han |= matches!(c, '\u{4E00}'..='\u{9FFF}');
        }
        traits
    }

    fn have(&self, needs: Needs) -> bool {
        match needs {
            Needs::Digit => self.digit,
            Needs::At => self.at,
            Needs::Cyrillic => self.cyrillic,
            Needs::Han => self.han,
            Needs::Nothing => true,
        }
    }
}

/// A detector with its patterns compiled.
#[derive(Debug)]
pub(super) struct Ready {
    detector: &'static Detector,
    patterns: Vec<Regex>,
}

impl Ready {
    pub(super) fn new(detector: &'static Detector) -> Result<Self, MaskError> {
        let patterns: Result<_, _> = detector.patterns.iter().map(|pattern| compile(pattern)).collect();
        Ok(Self { detector, patterns: patterns? })
    }

    /// Adds every place that this detector finds.
    pub(super) fn run(&self, text: &str, traits: &Traits, hits: &mut Vec<Hit>) {
        if !traits.have(self.detector.needs) {
            return;
        }
        let mut places = Vec::new();
        for pattern in &self.patterns {
            if pattern.captures_len() == 1 {
                for found in pattern.find_iter(text) {
                    (self.detector.read)(text, found.range(), &mut places);
                }
            } else {
                for found in pattern.captures_iter(text) {
                    let Some(group) = found.iter().skip(1).flatten().next() else { continue };
                    (self.detector.read)(text, group.range(), &mut places);
                }
            }
        }
        hits.extend(places.into_iter().map(|at| Hit { kind: self.detector.kind, at }));
    }
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every detector, in the order of the documentation. To add one: write its functions, add its row.
pub const DETECTORS: &[Detector] = &[
    Detector {
        name: "email",
        kind: Kind::Email,
        doc: "addresses in any script, also written with `(at)`",
        example: "Write to anna.lindqvist@example.com today",
        needs: Needs::At,
        patterns: &["@", r"(?i)\(at\)"],
        read: email::address,
    },
    Detector {
        name: "phone_international",
        kind: Kind::Phone,
        doc: "a plus, a country code and the number of digits that the country has",
        example: "+7 (912) 345-67-89",
        needs: Needs::Digit,
        patterns: &[phone::INTERNATIONAL],
        read: phone::international,
    },
    Detector {
        name: "phone_national",
        kind: Kind::Phone,
        doc: "numbers in the shapes of Russia, China, North America and Europe; no dates, no prices",
        example: "8 (912) 345-67-89",
        needs: Needs::Digit,
        patterns: phone::NATIONAL,
        read: phone::national,
    },
    Detector {
        name: "phone_named",
        kind: Kind::Phone,
        doc: "7 to 15 digits after a word such as `phone`, `тел.` or `电话`",
        example: "phone: 555 0123 44",
        needs: Needs::Digit,
        patterns: &[phone::NAMED],
        read: phone::named,
    },
    Detector {
        name: "card",
        kind: Kind::Card,
        doc: "13 to 19 digits of an issuer, in groups or not, with the check digit of Luhn",
        example: "4111 1111 1111 1111",
        needs: Needs::Digit,
        patterns: &[bank::CARD],
        read: bank::card,
    },
    Detector {
        name: "iban",
        kind: Kind::Iban,
        doc: "a country of the registry with its length, and check digits modulo 97",
        example: "DE89 3704 0044 0532 0130 00",
        needs: Needs::Digit,
        patterns: &[bank::IBAN],
        read: bank::iban,
    },
    Detector {
        name: "ru_snils",
        kind: Kind::NationalId,
        doc: "Russian SNILS with check digits: in its groups, or as 11 digits after its name",
        example: "112-233-445 95",
        needs: Needs::Digit,
        patterns: &[ids::SNILS],
        read: ids::snils,
    },
    Detector {
        name: "ru_inn",
        kind: Kind::NationalId,
        doc: "Russian INN of 10 or 12 digits with check digits, after its name",
        example: "ИНН 500100732259",
        needs: Needs::Digit,
        patterns: &[ids::INN],
        read: ids::inn,
    },
    Detector {
        name: "cn_resident_id",
        kind: Kind::NationalId,
        doc: "Chinese resident identity number: region, date of birth, check character",
        example: "11010519491231002X",
        needs: Needs::Digit,
        patterns: &[ids::CN_RESIDENT],
        read: ids::cn_resident,
    },
    Detector {
        name: "us_ssn",
        kind: Kind::NationalId,
        doc: "SSN and ITIN in groups with the rules of the area, or as 9 digits after their name",
        example: "SSN 219-09-9999",
        needs: Needs::Digit,
        patterns: ids::SSN,
        read: ids::ssn,
    },
    Detector {
        name: "eu_national",
        kind: Kind::NationalId,
        doc: "numbers of Germany, France, Spain, Italy, the Netherlands, Poland, Belgium, Portugal and Britain, with their checks",
        example: "NIR 1 85 05 78 006 084 91",
        needs: Needs::Digit,
        patterns: europe::PATTERNS,
        read: europe::number,
    },
    Detector {
        name: "passport",
        kind: Kind::Passport,
        doc: "a series and number after a word such as `passport`, `паспорт` or `护照`",
        example: "паспорт 45 12 345678",
        needs: Needs::Digit,
        patterns: passport::PATTERNS,
        read: passport::number,
    },
    Detector {
        name: "ip",
        kind: Kind::Ip,
        doc: "addresses of version 4 and 6; no loopback, no mask, no version or section numbers",
        example: "from 203.0.113.57",
        needs: Needs::Digit,
        patterns: ip::PATTERNS,
        read: ip::address,
    },
    Detector {
        name: "secret_url",
        kind: Kind::Secret,
        doc: "user and password of a URL, and what looks secret in its query",
        example: "https://example.com/?token=a8f5f167f44f",
        needs: Needs::Nothing,
        patterns: secret::URLS,
        read: secret::value,
    },
    Detector {
        name: "secret_key",
        kind: Kind::Secret,
        doc: "keys and tokens by their beginning (`ghp_`, `AKIA` and others), JSON Web Tokens, bearer tokens, private keys",
        example: concat!("key AK", "IAIOSFODNN7EXAMPLE"),
        needs: Needs::Nothing,
        patterns: secret::KEYS,
        read: secret::key,
    },
    Detector {
        name: "secret_named",
        kind: Kind::Secret,
        doc: "what stands after `password:`, `пароль:` or `密码：` and looks like one",
        example: "password: hunter2!",
        needs: Needs::Nothing,
        patterns: secret::NAMED,
        read: secret::named,
    },
    Detector {
        name: "private_key",
        kind: Kind::Secret,
        doc: "the lines of a private key in PEM",
        example: concat!("-----BEGIN PRI", "VATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIABC\n"),
        needs: Needs::Nothing,
        patterns: &[secret::PEM],
        read: secret::pem,
    },
    Detector {
        name: "name_western",
        kind: Kind::Name,
        doc: "capitalized words after `Mr.`, `Dr.`, `Frau`, `Madame` and the like",
        example: "Dr. Anna Lindqvist",
        needs: Needs::Nothing,
        patterns: &[titles::WESTERN],
        read: titles::western,
    },
    Detector {
        name: "name_russian",
        kind: Kind::Name,
        doc: "names after `г-н` or `господин`, with a patronymic, or with two initials",
        example: "Петров Иван Сергеевич",
        needs: Needs::Cyrillic,
        patterns: titles::RUSSIAN,
        read: titles::russian,
    },
    Detector {
        name: "name_chinese",
        kind: Kind::Name,
        doc: "a surname and one or two characters before `先生` or another title, or after `姓名：` and the like",
        example: "王小明先生",
        needs: Needs::Han,
        patterns: titles::CHINESE,
        read: titles::chinese,
    },
];
