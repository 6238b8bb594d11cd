//! Takes what a prompt favors out of the label probabilities of one annotator.
//!
//! In: the label distribution of each kept answer, and for two of the methods those of inputs that say nothing. Out: a
//! label and a probability for each item ([`correct`]). What inputs say nothing: [`content_free_inputs`]. The mathematics
//! and the papers are in `karat_stats::calibrate`.
//!
//! Not here: asking, and reading the journal.

use std::collections::HashSet;

use karat_core::{Error, Hasher, ItemId, LabelId, LabelSchema, Result};
use karat_stats::calibrate::{CalibrateError, prompt_prior, without_prior};
use unicode_segmentation::UnicodeSegmentation;

/// The fewest items whose mean distribution stands for a prompt's leaning.
pub const MIN_BATCH: usize = 10;

/// How many strings of random words say nothing together, as in the paper.
const N_RANDOM: u64 = 20;

/// Where the leaning of a prompt is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// In what it makes of `N/A`, `[MASK]` and nothing. T. Z. Zhao et al., "Calibrate Before Use", 2021.
    Contextual,
    /// In what it makes of random words of the task's own texts: also takes out what a domain's words suggest. Y. Fei et al.,
    /// "Mitigating Label Biases for In-Context Learning", 2023.
    Domain,
    /// In the mean over the items themselves: no further call, and only where the classes are about even or their shares
    /// known. H. Zhou et al., "Batch Calibration", 2024.
    Batch,
}

impl Correction {
    /// Every correction, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Contextual, Self::Domain, Self::Batch];

    /// The name in `karat.toml`. Never changes once released.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contextual => "contextual",
            Self::Domain => "domain",
            Self::Batch => "batch",
        }
    }

    /// The correction of this name; the error lists the names.
    pub fn read(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name).ok_or_else(|| {
            Error::invalid(format!("there is no correction `{name}`"))
                .hint("`correct` is `contextual`, `domain` or `batch`")
        })
    }
}

/// The inputs that say nothing, to be asked about exactly as items are, each once.
///
/// `contextual`: `N/A`, `[MASK]` and an empty text. `domain`: 20 texts of as many words as the mean of `texts` (1 at
/// least), each word drawn from all words of `texts` with their frequency; none without texts. `batch`: none. The same seed
/// gives the same inputs for ever.
///
/// ```
/// use karat_engine::correct::{Correction, content_free_inputs};
/// assert_eq!(content_free_inputs(Correction::Contextual, &[], 0), ["N/A", "[MASK]", ""]);
/// let random = content_free_inputs(Correction::Domain, &["good film", "bad"], 7);
/// assert_eq!((random.len(), random[0].split(' ').count()), (20, 2));
/// ```
pub fn content_free_inputs(how: Correction, texts: &[&str], seed: u64) -> Vec<String> {
    match how {
        Correction::Contextual => ["N/A", "[MASK]", ""].map(str::to_owned).into(),
        Correction::Batch => Vec::new(),
        Correction::Domain => random_words(texts, seed),
    }
}

fn random_words(texts: &[&str], seed: u64) -> Vec<String> {
    let words: Vec<&str> = texts.iter().flat_map(|text| text.unicode_words()).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let n_words = ((words.len() as f64 / texts.len() as f64).round() as u64).max(1);
    // Texts of a language that writes no spaces get none.
    let n_spaces = texts.iter().flat_map(|text| text.chars()).filter(|c| c.is_whitespace()).count();
    let between = if 4 * n_spaces < words.len() && words.len() > texts.len() { "" } else { " " };
    let draw = |sample: u64, place: u64| {
        let parts = [seed, sample, place].map(u64::to_le_bytes);
        let hash =
            parts.iter().fold(Hasher::default().part("random words"), |to, part| to.part(part)).finish();
        let low = hash.0.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        words[(low % words.len() as u64) as usize]
    };
    let text = |sample: u64| (0..n_words).map(|place| draw(sample, place)).collect::<Vec<_>>().join(between);
    (0..N_RANDOM).map(text).collect()
}

/// What a correction is made with.
#[derive(Debug, Clone, Copy)]
pub struct CorrectOptions<'a> {
    /// Which correction.
    pub how: Correction,
    /// What the prompt made of each input of [`content_free_inputs`]; those without a distribution are left out. Not read
    /// by `batch`.
    pub content_free: &'a [Vec<f64>],
    /// The true shares of the classes, where they are known from gold drawn at random. Read by `batch` alone; `None` takes
    /// them as even.
    pub class_shares: Option<&'a [f64]>,
}

/// One item after the correction.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrected {
    /// The item.
    pub item: ItemId,
    /// The likeliest label; `None` where several share the top.
    pub label: Option<LabelId>,
    /// Its probability.
    pub probability: f64,
    /// The probabilities of all labels, in the order of the schema; they sum to 1.
    pub distribution: Vec<f64>,
}

/// All items after the correction.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectedAll {
    /// What the prompt favored: the distribution that was divided out.
    pub leaning: Vec<f64>,
    /// The items, in the order given.
    pub items: Vec<Corrected>,
    /// How many have another likeliest label than before.
    pub n_changed: usize,
}

/// Divides what the prompt favors out of each distribution, and makes each sum to 1 again.
///
/// `kept` holds the answers of one annotator under one prompt: the distribution of each, one number a label.
///
/// An error without answers, for distributions of another length than the schema or that are none, where an item is there
/// twice, where no content-free input has a distribution, and for `batch` with fewer than [`MIN_BATCH`] items.
pub fn correct(
    schema: &LabelSchema,
    kept: &[(ItemId, Vec<f64>)],
    options: &CorrectOptions,
) -> Result<CorrectedAll> {
    let n = schema.len();
    let mut seen = HashSet::new();
    if let Some((item, _)) = kept.iter().find(|(item, _)| !seen.insert(item.as_str())) {
        return Err(Error::invalid(format!("item `{item}` has two distributions of one annotator")));
    }
    let rows = logs(kept.iter().map(|(item, it)| (item.as_str(), it)), n)?;
    let leaning = leaning(&rows, n, options)?;
    let corrected = without_prior(&rows, &leaning, 1.0).map_err(wrong)?;
    let of = |row: &[f64]| -> Vec<f64> { row.iter().map(|log| log.exp()).collect() };
    let items: Vec<Corrected> = kept
        .iter()
        .zip(corrected.chunks_exact(n))
        .map(|((item, _), row)| {
            let distribution = of(row);
            let probability = distribution.iter().copied().fold(0.0, f64::max);
            Corrected { item: item.clone(), label: top(schema, &distribution), probability, distribution }
        })
        .collect();
    let n_changed = kept.iter().zip(&items).filter(|((_, it), after)| top(schema, it) != after.label).count();
    Ok(CorrectedAll { leaning, items, n_changed })
}

fn leaning(rows: &[f64], n: usize, options: &CorrectOptions) -> Result<Vec<f64>> {
    let how = options.how;
    match how {
        Correction::Contextual | Correction::Domain => {
            if options.content_free.is_empty() {
                let message =
                    format!("`{}` needs what the prompt makes of inputs that say nothing", how.name());
                return Err(Error::invalid(message)
                    .hint("they need token probabilities with alternatives; `karat models --probe` shows who gives them"));
            }
            let empty = logs(options.content_free.iter().map(|it| ("a content-free input", it)), n)?;
            prompt_prior(&empty, n).map_err(wrong)
        }
        Correction::Batch => {
            let n_items = rows.len() / n;
            if n_items < MIN_BATCH {
                let message = format!("`batch` needs {MIN_BATCH} items or more, and there are {n_items}");
                return Err(Error::invalid(message).hint("label more items, or take `contextual`"));
            }
            let mut leaning = prompt_prior(rows, n).map_err(wrong)?;
            let Some(shares) = options.class_shares else { return Ok(leaning) };
            if shares.len() != n || shares.iter().any(|it| !(*it > 0.0 && it.is_finite())) {
                return Err(Error::invalid(format!("the class shares must be {n} numbers above 0")));
            }
            leaning.iter_mut().zip(shares).for_each(|(to, share)| *to /= share);
            let sum: f64 = leaning.iter().sum();
            Ok(leaning.into_iter().map(|it| it / sum).collect())
        }
    }
}

/// The distributions as logarithms, one after the other.
fn logs<'a>(rows: impl Iterator<Item = (&'a str, &'a Vec<f64>)>, n: usize) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for (whose, row) in rows {
        let sound = row.len() == n && row.iter().all(|p| (0.0..=1.0 + 1e-9).contains(p));
        if !sound || row.iter().sum::<f64>() <= 0.0 {
            return Err(Error::invalid(format!("`{whose}` has no distribution over {n} labels: {row:?}")));
        }
        all.extend(row.iter().map(|p| p.ln()));
    }
    Ok(all)
}

fn top(schema: &LabelSchema, distribution: &[f64]) -> Option<LabelId> {
    let most = distribution.iter().copied().fold(0.0, f64::max);
    let mut tops = schema.ids().filter(|id| distribution[id.index()] > most - 1e-12);
    tops.next().filter(|_| tops.next().is_none())
}

fn wrong(error: CalibrateError) -> Error {
    match error {
        CalibrateError::NoItems => Error::invalid("there is no answer with a label distribution to correct")
            .hint("set `logprobs = true`; `karat models --probe` shows whether the endpoint gives them"),
        other => Error::invalid(format!("the correction cannot be made: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> LabelSchema {
        LabelSchema::of(&["yes", "no"]).unwrap()
    }

    fn kept(ps: &[f64]) -> Vec<(ItemId, Vec<f64>)> {
        ps.iter().enumerate().map(|(n, p)| (ItemId::new(n.to_string()), vec![*p, 1.0 - p])).collect()
    }

    fn options(how: Correction, content_free: &[Vec<f64>]) -> CorrectOptions<'_> {
        CorrectOptions { how, content_free, class_shares: None }
    }

    #[track_caller]
    fn check_error(ps: &[f64], options: &CorrectOptions, words: &str) {
        let error = correct(&schema(), &kept(ps), options).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn what_the_prompt_makes_of_nothing_is_divided_out() {
        // 0.6 / 0.75 against 0.4 / 0.25.
        let empty = [vec![0.8, 0.2], vec![0.7, 0.3]];
        for how in [Correction::Contextual, Correction::Domain] {
            let got = correct(&schema(), &kept(&[0.6, 0.9]), &options(how, &empty)).unwrap();
            assert!((got.items[0].probability - 1.6 / 2.4).abs() < 1e-12, "{got:?}");
            assert_eq!(got.items[0].label, schema().by_name("no"));
            assert_eq!(got.items[1].label, schema().by_name("yes"));
            assert_eq!(got.n_changed, 1);
            assert!((got.leaning[0] - 0.75).abs() < 1e-12);
        }
    }

    #[test]
    fn a_batch_leans_by_its_own_mean_and_by_known_shares() {
        let ps = [0.9, 0.9, 0.9, 0.9, 0.9, 0.6, 0.6, 0.6, 0.6, 0.6];
        let even = correct(&schema(), &kept(&ps), &options(Correction::Batch, &[])).unwrap();
        assert_eq!((even.n_changed, even.items[5].label), (5, schema().by_name("no")));
        let shares = CorrectOptions { class_shares: Some(&[0.75, 0.25]), ..options(Correction::Batch, &[]) };
        let known = correct(&schema(), &kept(&ps), &shares).unwrap();
        assert_eq!(known.n_changed, 0, "the mean is what the shares say: there is no leaning");
        assert!((known.items[0].probability - 0.9).abs() < 1e-12);
    }

    #[test]
    fn equal_tops_give_no_label() {
        let empty = [vec![0.6, 0.4]];
        let got = correct(&schema(), &kept(&[0.6]), &options(Correction::Contextual, &empty)).unwrap();
        assert_eq!(got.items[0].label, None);
    }

    #[test]
    fn what_cannot_be_corrected_is_an_error_with_a_reason() {
        check_error(
            &[0.6],
            &options(Correction::Batch, &[]),
            "`batch` needs 10 items or more, and there are 1",
        );
        check_error(
            &[0.6],
            &options(Correction::Domain, &[]),
            "`domain` needs what the prompt makes of inputs",
        );
        check_error(&[0.6], &options(Correction::Domain, &[vec![1.0]]), "a content-free input");
        check_error(
            &[],
            &options(Correction::Contextual, &[vec![0.5, 0.5]]),
            "no answer with a label distribution",
        );
        check_error(&[f64::NAN], &options(Correction::Batch, &[]), "`0` has no distribution");
        assert!(Correction::read("bath").unwrap_err().next_step().unwrap().contains("`batch`"));
        let twice = [kept(&[0.6]), kept(&[0.7])].concat();
        let error = correct(&schema(), &twice, &options(Correction::Batch, &[])).unwrap_err();
        assert!(error.to_string().contains("item `0` has two distributions"), "{error}");
    }

    #[test]
    fn every_correction_is_read_by_its_name() {
        for how in Correction::ALL {
            assert_eq!(Correction::read(how.name()).unwrap(), how);
        }
    }

    #[test]
    fn random_words_are_those_of_the_texts_and_of_their_mean_length() {
        let texts = ["a great film", "bad"];
        let got = content_free_inputs(Correction::Domain, &texts, 3);
        assert_eq!(got, content_free_inputs(Correction::Domain, &texts, 3));
        assert_ne!(got, content_free_inputs(Correction::Domain, &texts, 4));
        assert!(got.iter().all(|it| it.split(' ').count() == 2), "{got:?}");
        assert!(
            got.iter().flat_map(|it| it.split(' ')).all(|word| ["a", "great", "film", "bad"].contains(&word))
        );
        let chinese = content_free_inputs(Correction::Domain, &["手机很好", "很差"], 3);
        assert!(chinese.iter().all(|it| it.chars().count() == 3), "{chinese:?}");
        assert!(content_free_inputs(Correction::Domain, &[""], 3).is_empty());
    }
}
