//! What calls cost, by dated price lists.
//!
//! In: the list that comes with the program (`prices.toml`), one of the user's that wins over it, and counted tokens. Out: an
//! amount in [`MicroUsd`], always rounded up. A model that no row names has no price: that is said, never guessed.
//!
//! Not here: counting tokens (`tokens.rs`) and keeping to a budget, which is the caller's.

use std::{fmt, iter::Sum, ops::Add};

use serde::{Deserialize, Serialize};

use crate::{Usage, endpoints::endpoint};

/// Millionths of a US dollar: an integer, so that a budget never drifts by rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Dollars as millionths, rounded up; `None` for what is negative or no number.
    #[must_use]
    pub fn from_usd(usd: f64) -> Option<MicroUsd> {
        let micro = usd * 1e6;
        // A product that is whole but for the last bits of the float is not rounded up by them.
        let rounded = if (micro - micro.round()).abs() < 1e-6 { micro.round() } else { micro.ceil() };
        (usd >= 0.0 && rounded < u64::MAX as f64).then_some(MicroUsd(rounded as u64))
    }

    /// As dollars, for people and plots.
    #[must_use]
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add for MicroUsd {
    type Output = MicroUsd;

    /// Saturates: a budget is refused rather than wrapped around.
    fn add(self, other: MicroUsd) -> MicroUsd {
        MicroUsd(self.0.saturating_add(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = MicroUsd>>(amounts: I) -> MicroUsd {
        amounts.fold(MicroUsd(0), Add::add)
    }
}

impl fmt::Display for MicroUsd {
    /// `$1.23`; below a cent, two further digits that count: `$0.00042`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usd = self.as_usd();
        if self.0 == 0 || usd >= 0.01 {
            return write!(f, "${usd:.2}");
        }
        // The first digit that counts stands at this place behind the point.
        let place = (-usd.log10()).ceil() as usize;
        write!(f, "${usd:.*}", place + 1)
    }
}

/// A price of one token, in millionths of a [`MicroUsd`]. A list price of 0.15 dollars for a million tokens is 150 000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct PerToken(u64);

/// What one model costs at one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// The day on which the list price was noted, `YYYY-MM-DD`; `local` for what runs on one's own machine.
    pub date: String,
    input: PerToken,
    cached_read: PerToken,
    cached_write: PerToken,
    output: PerToken,
    /// What a batch costs of it, 0 to 1.
    pub batch: f64,
}

/// Tokens that a chat template may add to what is counted from the texts.
const TEMPLATE_TOKENS: u64 = 256;

impl Price {
    /// What runs on one's own machine: nothing is charged.
    #[must_use]
    pub fn free() -> Price {
        let zero = PerToken(0);
        Price {
            date: "local".to_owned(),
            input: zero,
            cached_read: zero,
            cached_write: zero,
            output: zero,
            batch: 1.0,
        }
    }

    /// Whether nothing is charged.
    #[must_use]
    pub fn is_free(&self) -> bool {
        [self.input, self.cached_read, self.cached_write, self.output].iter().all(|it| it.0 == 0)
    }

    /// The same price as batches pay it. Where a batch costs less, its share stands behind the date: `2026-01-01 x0.5`.
    #[must_use]
    pub fn in_batch(&self) -> Price {
        if self.batch >= 1.0 {
            return self.clone();
        }
        let part = |price: PerToken| PerToken((price.0 as f64 * self.batch).ceil() as u64);
        Price {
            date: format!("{} x{}", self.date, self.batch),
            input: part(self.input),
            cached_read: part(self.cached_read),
            cached_write: part(self.cached_write),
            output: part(self.output),
            batch: 1.0,
        }
    }

    /// What counted tokens cost, rounded up.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> MicroUsd {
        let plain = usage.input.saturating_sub(usage.cached_read).saturating_sub(usage.cached_write);
        sum(&[
            (plain, self.input),
            (usage.cached_read, self.cached_read),
            (usage.cached_write, self.cached_write),
            (usage.output, self.output),
        ])
    }

    /// The most that a call can cost: each byte of the prompt a token at the dearest input price, and an answer that uses up
    /// its bound. What is reserved before a call.
    #[must_use]
    pub fn upper_bound(&self, prompt_bytes: u64, max_tokens: u32) -> MicroUsd {
        let dearest = self.input.max(self.cached_write).max(self.cached_read);
        sum(&[(prompt_bytes.saturating_add(TEMPLATE_TOKENS), dearest), (u64::from(max_tokens), self.output)])
    }

    /// What an estimate of tokens costs, rounded up, without cache.
    #[must_use]
    pub fn of_tokens(&self, input: u64, output: u64) -> MicroUsd {
        self.cost(&Usage { input, output, ..Usage::default() })
    }
}

fn sum(parts: &[(u64, PerToken)]) -> MicroUsd {
    let total: u128 = parts.iter().map(|(n, price)| u128::from(*n) * u128::from(price.0)).sum();
    MicroUsd(u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

/// Price lists, the user's first.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    rows: Vec<Row>,
    /// The versions of the lists, joined by ` + `: stored with what they priced.
    pub version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(default)]
    price: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    endpoint: String,
    model: String,
    date: String,
    input: f64,
    output: f64,
    cached_read: Option<f64>,
    cached_write: Option<f64>,
    batch: Option<f64>,
}

const BUILT_IN: &str = include_str!("prices.toml");

impl Prices {
    /// The list that comes with the program.
    ///
    /// # Errors
    /// Never in a tested build: the list is part of it.
    pub fn built_in() -> Result<Prices, String> {
        Prices::parse(BUILT_IN)
    }

    /// The program's list with the user's rows before it. The user's file has the same form.
    ///
    /// # Errors
    /// A sentence with the line that is wrong.
    pub fn with_override(file: &str) -> Result<Prices, String> {
        let (own, built_in) = (Prices::parse(file)?, Prices::built_in()?);
        let version = format!("{} + {}", own.version, built_in.version);
        Ok(Prices { rows: own.rows.into_iter().chain(built_in.rows).collect(), version })
    }

    fn parse(file: &str) -> Result<Prices, String> {
        let file: File = toml::from_str(file).map_err(|error| format!("the price list is wrong: {error}"))?;
        if let Some(row) = file.price.iter().find(|row| !row.is_sound()) {
            return Err(format!(
                "the price of `{}/{}` is wrong: prices are dollars for a million tokens, 0 or more, `batch` is 0 to 1 and \
                 `date` is YYYY-MM-DD",
                row.endpoint, row.model
            ));
        }
        Ok(Prices { rows: file.price, version: file.version })
    }

    /// The price of a model at an endpoint: the first row whose pattern fits. What a local endpoint or a stand-in answers is
    /// free. `None` where no row names it: its cost is unknown, not zero.
    #[must_use]
    pub fn find(&self, endpoint_name: &str, model: &str) -> Option<Price> {
        let at = |name: &str| self.rows.iter().find(|row| row.endpoint == name && fits(&row.model, model));
        // One vendor and one price, whichever way it is asked.
        let row = at(endpoint_name)
            .or_else(|| (endpoint_name == "openai-responses").then(|| at("openai")).flatten());
        match row {
            Some(row) => Some(row.price()),
            None if matches!(endpoint_name, "replay" | "scripted") => Some(Price::free()),
            None if endpoint(endpoint_name).is_some_and(|row| row.is_local()) => Some(Price::free()),
            None => None,
        }
    }
}

impl Row {
    fn is_sound(&self) -> bool {
        let prices = [Some(self.input), Some(self.output), self.cached_read, self.cached_write];
        let date: Vec<&str> = self.date.split('-').collect();
        prices.into_iter().flatten().all(|price| (0.0..=1e6).contains(&price))
            && self.batch.is_none_or(|batch| (0.0..=1.0).contains(&batch))
            && matches!(date.as_slice(), [y, m, d] if (y.len(), m.len(), d.len()) == (4, 2, 2))
    }

    fn price(&self) -> Price {
        // A price in dollars for a million tokens, times a million, is a price for one token in millionths of a MicroUsd.
        let per_token = |usd: f64| PerToken((usd * 1e6).round() as u64);
        Price {
            date: self.date.clone(),
            input: per_token(self.input),
            cached_read: per_token(self.cached_read.unwrap_or(self.input)),
            cached_write: per_token(self.cached_write.unwrap_or(self.input)),
            output: per_token(self.output),
            batch: self.batch.unwrap_or(1.0),
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mini() -> Price {
        Prices::built_in().unwrap().find("openai", "gpt-4o-mini-2024-07-18").unwrap()
    }

    #[track_caller]
    fn check_fits(pattern: &str, name: &str, want: bool) {
        assert_eq!(fits(pattern, name), want, "{pattern} {name}");
    }

    #[test]
    fn tokens_are_priced_by_class_and_rounded_up() {
        let usage = Usage { input: 1000, cached_read: 400, cached_write: 0, output: 100, reasoning: 60 };
        // 600 x 0.15 + 400 x 0.075 + 100 x 0.60 millionths of a dollar.
        assert_eq!(mini().cost(&usage), MicroUsd(180));
        assert_eq!(mini().cost(&Usage { input: 1, ..Usage::default() }), MicroUsd(1));
        assert_eq!(mini().cost(&Usage::default()), MicroUsd(0));
    }

    #[test]
    fn a_batch_costs_its_share_and_says_so() {
        let usage = Usage { input: 1000, cached_read: 400, cached_write: 0, output: 100, reasoning: 60 };
        let price = mini().in_batch();
        assert_eq!((price.cost(&usage), price.date.as_str()), (MicroUsd(90), "2025-08-31 x0.5"));
        assert_eq!(price.in_batch(), price, "half the price is not halved again");
        assert_eq!(Price::free().in_batch(), Price::free());
    }

    #[test]
    fn the_bound_is_never_below_the_cost() {
        for (input, output) in [(0, 0), (1, 1), (500, 16), (100_000, 4096)] {
            let usage = Usage { input, output, ..Usage::default() };
            assert!(mini().upper_bound(input, output as u32) >= mini().cost(&usage));
        }
    }

    #[test]
    fn a_dated_model_does_not_get_the_price_of_a_longer_name() {
        let prices = Prices::built_in().unwrap();
        let dear = prices.find("openai", "gpt-4o").unwrap();
        assert!(dear.of_tokens(1000, 0) > mini().of_tokens(1000, 0));
    }

    #[test]
    fn what_openai_is_asked_by_its_responses_api_costs_the_same() {
        let prices = Prices::built_in().unwrap();
        let price = prices.find("openai-responses", "gpt-5-mini-2025-08-07").unwrap();
        assert_eq!(Some(price), prices.find("openai", "gpt-5-mini-2025-08-07"));
        assert!(prices.find("openai-responses", "claude-haiku-4-5").is_none());
    }

    #[test]
    fn writing_a_cache_is_dearer_by_anthropic_and_the_bound_knows_it() {
        let price = Prices::built_in().unwrap().find("anthropic", "claude-haiku-4-5-20251001").unwrap();
        let usage = Usage { input: 1000, cached_write: 1000, ..Usage::default() };
        assert_eq!(price.cost(&usage), MicroUsd(1250));
        assert!(price.upper_bound(1000, 0) >= MicroUsd(1250));
    }

    #[test]
    fn an_unknown_model_has_no_price_and_a_local_one_is_free() {
        let prices = Prices::built_in().unwrap();
        assert_eq!(prices.find("openai", "no-such-model"), None);
        assert_eq!(prices.find("nowhere", "gpt-4o"), None);
        assert_eq!(prices.find("ollama", "qwen3:8b"), Some(Price::free()));
        assert_eq!(prices.find("scripted", "seed=1"), Some(Price::free()));
        assert_eq!(Price::free().upper_bound(1 << 40, u32::MAX), MicroUsd(0));
    }

    #[test]
    fn the_users_rows_win_and_both_versions_are_kept() {
        let own = "version = \"mine\"\n[[price]]\nendpoint = \"openai\"\nmodel = \"gpt-4o-mini*\"\ndate = \"2026-01-02\"\ninput = 1\noutput = 2\n";
        let prices = Prices::with_override(own).unwrap();
        let price = prices.find("openai", "gpt-4o-mini").unwrap();
        assert_eq!((price.of_tokens(10, 10), price.date.as_str()), (MicroUsd(30), "2026-01-02"));
        assert!(prices.version.starts_with("mine + "), "{}", prices.version);
    }

    #[test]
    fn a_wrong_list_is_refused() {
        let row = "version = \"1\"\n[[price]]\nendpoint = \"a\"\nmodel = \"m\"\ndate = \"2026-01-02\"\ninput = -1\noutput = 2\n";
        assert!(Prices::with_override(row).unwrap_err().contains("`a/m`"));
        assert!(
            Prices::with_override(&row.replace("-1", "1").replace("output", "outptu"))
                .unwrap_err()
                .contains("outptu")
        );
    }

    #[test]
    fn every_row_names_a_known_endpoint_and_no_row_is_hidden_by_an_earlier_one() {
        let prices = Prices::built_in().unwrap();
        for (n, row) in prices.rows.iter().enumerate() {
            assert!(endpoint(&row.endpoint).is_some(), "{row:?}");
            let hidden = prices.rows[..n]
                .iter()
                .any(|e| e.endpoint == row.endpoint && fits(&e.model, &row.model.replace('*', "")));
            assert!(!hidden, "{row:?}");
        }
    }

    #[test]
    fn patterns_fit_whole_names() {
        check_fits("gpt-4o", "gpt-4o", true);
        check_fits("gpt-4o", "gpt-4o-mini", false);
        check_fits("gpt-4o-2*", "gpt-4o-2024-08-06", true);
        check_fits("*qwen*8b", "org/qwen3-8b", true);
        check_fits("*qwen*8b", "org/qwen3-8b-x", false);
        check_fits("*", "", true);
    }

    #[test]
    fn amounts_are_written_with_the_digits_that_count() {
        let shown: Vec<String> =
            [0, 1_234_567, 12_000, 420, 9_990, 1].map(|n| MicroUsd(n).to_string()).to_vec();
        assert_eq!(shown, ["$0.00", "$1.23", "$0.01", "$0.00042", "$0.0100", "$0.0000010"]);
        assert_eq!(MicroUsd::from_usd(0.1), Some(MicroUsd(100_000)));
        assert_eq!(MicroUsd::from_usd(0.000_000_1), Some(MicroUsd(1)));
        assert_eq!(MicroUsd::from_usd(-1.0), None);
    }
}
