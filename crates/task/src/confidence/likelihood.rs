//! Labels from how likely a model finds texts: a label given the item, or the item given each label.
//!
//! In: an item's text, words for each label, and the log-probabilities of prompts (`karat_llm::score`). Out: the prompts to
//! score ([`likelihood_prompts`]), and the label that follows ([`likelihood_verdict`]). Three ways ([`Likelihood`]):
//!
//! ```text
//! direct   s(y) = log p(v(y) | x)
//! pmi      s(y) = log p(v(y) | x) - log p(v(y) | a text that says nothing)
//! channel  s(y) = log p(x | v(y))
//! ```
//!
//! where v(y) is the label in words and x the text. The distribution is the softmax of s, with the prior of the classes
//! added where it is known.
//!
//! Not here: sending the prompts. It needs log-probabilities of prompts, which chat endpoints do not give.

use std::ops::Range;

use karat_core::{LabelId, LabelSchema};
use karat_llm::PromptToken;

/// What is made of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likelihood {
    /// How likely the label is after the text. One prompt for each label.
    Direct,
    /// The same, divided by how likely the label is after a text that says nothing: for labels that differ in length or in how
    /// common their words are. Two prompts for each label; those of the second kind are the same for all items. A. Holtzman et
    /// al., "Surface Form Competition: Why the Highest Probability Answer Isn't Always Right", 2021 (PMI over a domain premise).
    Pmi,
    /// How likely the text is after the label: the noisy channel. Every word of the text must be accounted for, and a model's
    /// liking of a label does not enter. One prompt for each label. S. Min et al., "Noisy Channel Language Model Prompting for
    /// Few-Shot Text Classification", 2022.
    Channel,
}

/// How text and label are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The label in words, one for each label of the schema: `It was great.` The names themselves where nothing better is known.
    pub verbalizers: Vec<String>,
    /// Worked examples in front, each a label and a text; put together as the item is.
    pub shots: Vec<(LabelId, String)>,
    /// What says nothing, in the place of the text: for [`Likelihood::Pmi`].
    pub content_free: String,
}

impl Frame {
    /// The names of the labels, no examples, and `N/A` in the place of the text.
    pub fn of(schema: &LabelSchema) -> Self {
        let verbalizers = schema.names().map(str::to_owned).collect();
        Self { verbalizers, shots: Vec::new(), content_free: "N/A".to_owned() }
    }
}

/// A prompt to score, and the part of it that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToScore {
    /// The whole prompt.
    pub prompt: String,
    /// The part whose tokens are summed, in code points of the prompt.
    pub target: Range<usize>,
}

/// The prompts for one text, in the order that [`likelihood_verdict`] expects: one for each label; for [`Likelihood::Pmi`]
/// those of the text first, then those of the text that says nothing, which may be scored once for a run.
///
/// ```
/// use karat_task::{Frame, Likelihood, likelihood_prompts};
/// let schema = karat_core::LabelSchema::of(&["great", "bad"]).unwrap();
/// let asked = likelihood_prompts(Likelihood::Channel, &Frame::of(&schema), "I loved it");
/// assert_eq!((asked[1].prompt.as_str(), asked[1].target.clone()), ("bad\nI loved it", 3..14));
/// ```
pub fn likelihood_prompts(scoring: Likelihood, frame: &Frame, text: &str) -> Vec<ToScore> {
    let shown = |label: &LabelId| frame.verbalizers.get(label.index()).map_or("", String::as_str);
    let shots: String = frame
        .shots
        .iter()
        .map(|(label, text)| match scoring {
            Likelihood::Channel => format!("{}\n{text}\n\n", shown(label)),
            Likelihood::Direct | Likelihood::Pmi => format!("{text}\n{}\n\n", shown(label)),
        })
        .collect();
    // The line break goes with what it is before: some tokenizers join it with the word that follows.
    let one = |before: &str, target: &str| {
        let prompt = format!("{shots}{before}\n{target}");
        let end = prompt.chars().count();
        ToScore { target: end - target.chars().count() - 1..end, prompt }
    };
    let each = |make: &dyn Fn(&str) -> ToScore| frame.verbalizers.iter().map(|it| make(it)).collect();
    match scoring {
        Likelihood::Channel => each(&|label| one(label, text)),
        Likelihood::Direct => each(&|label| one(text, label)),
        Likelihood::Pmi => {
            let mut all: Vec<ToScore> = each(&|label| one(text, label));
            all.extend::<Vec<ToScore>>(each(&|label| one(&frame.content_free, label)));
            all
        }
    }
}

/// The sum of the log-probabilities of the tokens that stand in `target` (code points of the prompt), and their number.
///
/// A token that stands in it only in part counts as a whole: what it shares with the frame is the same for every label.
/// `None` where no token stands in it, or one of them has no log-probability: the first of a prompt has none.
pub fn target_logprob(tokens: &[PromptToken], target: &Range<usize>) -> Option<(f64, usize)> {
    let inside = |it: &&PromptToken| it.chars.start < target.end && target.start < it.chars.end;
    let logprobs: Option<Vec<f64>> = tokens.iter().filter(inside).map(|it| it.logprob).collect();
    let logprobs = logprobs.filter(|it| !it.is_empty())?;
    Some((logprobs.iter().sum(), logprobs.len()))
}

/// How scores become a distribution.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LikelihoodOptions {
    /// Whether sums are divided by the number of tokens: for labels of several tokens in [`Likelihood::Direct`]. A channel's
    /// texts are the same for all labels; there it only makes the distribution flatter.
    pub by_length: bool,
    /// The shares of the classes, where they are known; they are added to the scores as logarithms. `None` takes them as even.
    pub prior: Option<Vec<f64>>,
}

/// What the likelihoods say.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The likeliest label; `None` where several share the top.
    pub label: Option<LabelId>,
    /// The score of each label, in the order of the schema.
    pub scores: Vec<f64>,
    /// Their softmax: it sums to 1. Sums over long texts make it far too sure; calibrate it before it is believed.
    pub distribution: Vec<f64>,
}

/// The label that follows from the scored prompts of [`likelihood_prompts`], each given as [`target_logprob`] gave it.
///
/// `None` where there are not as many as were asked for, or a number is none.
pub fn likelihood_verdict(
    scoring: Likelihood,
    schema: &LabelSchema,
    sums: &[(f64, usize)],
    options: &LikelihoodOptions,
) -> Option<Verdict> {
    let n = schema.len();
    let n_wanted = if scoring == Likelihood::Pmi { 2 * n } else { n };
    if n == 0 || sums.len() != n_wanted || options.prior.as_ref().is_some_and(|it| it.len() != n) {
        return None;
    }
    let of = |(sum, n): (f64, usize)| if options.by_length { sum / n.max(1) as f64 } else { sum };
    let score = |at: usize| {
        let empty = sums.get(n + at).map_or(0.0, |it| of(*it));
        let prior = options.prior.as_ref().map_or(0.0, |it| it[at].ln());
        of(sums[at]) - empty + prior
    };
    let scores: Vec<f64> = (0..n).map(score).collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() || scores.iter().any(|it| it.is_nan()) {
        return None;
    }
    let weights: Vec<f64> = scores.iter().map(|it| (it - top).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mut tops = schema.ids().filter(|id| scores[id.index()] > top - 1e-12);
    let label = tops.next().filter(|_| tops.next().is_none());
    Some(Verdict { label, distribution: weights.iter().map(|it| it / sum).collect(), scores })
}

#[cfg(test)]
mod tests {
    use karat_llm::score::repeats;

    use super::*;

    fn schema() -> LabelSchema {
        LabelSchema::of(&["great film", "bad"]).unwrap()
    }

    /// The verdict of the stand-in that expects the words it has read.
    fn verdict(scoring: Likelihood, text: &str, options: &LikelihoodOptions) -> Verdict {
        let asked = likelihood_prompts(scoring, &Frame::of(&schema()), text);
        let sums: Vec<(f64, usize)> =
            asked.iter().map(|it| target_logprob(&repeats(&it.prompt).tokens, &it.target).unwrap()).collect();
        likelihood_verdict(scoring, &schema(), &sums, options).unwrap()
    }

    #[test]
    fn the_target_is_the_text_of_a_channel_and_the_label_of_the_others() {
        let part = |it: &ToScore| -> String {
            it.prompt.chars().skip(it.target.start).take(it.target.end - it.target.start).collect()
        };
        let frame = Frame {
            shots: vec![(schema().by_name("bad").unwrap(), "手机坏了".into())],
            ..Frame::of(&schema())
        };
        let channel = likelihood_prompts(Likelihood::Channel, &frame, "很好 🎉");
        assert_eq!(channel[0].prompt, "bad\n手机坏了\n\ngreat film\n很好 🎉");
        assert_eq!(channel.iter().map(part).collect::<Vec<_>>(), ["\n很好 🎉", "\n很好 🎉"]);
        let pmi = likelihood_prompts(Likelihood::Pmi, &frame, "很好");
        assert_eq!(pmi[3].prompt, "手机坏了\nbad\n\nN/A\nbad");
        assert_eq!(
            pmi.iter().map(part).collect::<Vec<_>>(),
            ["\ngreat film", "\nbad", "\ngreat film", "\nbad"]
        );
    }

    #[test]
    fn a_channel_by_hand() {
        // After "great film": great 1.001/3, then film 1.001/4 … after "bad": 0.001/2, 0.001/3.
        let got = verdict(Likelihood::Channel, "great film", &LikelihoodOptions::default());
        let want = [
            (1.001_f64 / 3.0).ln() + (1.001_f64 / 4.0).ln(),
            (0.001_f64 / 2.0).ln() + (0.001_f64 / 3.0).ln(),
        ];
        assert!(got.scores.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-9), "{got:?}");
        assert_eq!(got.label, schema().by_name("great film"));
        assert!((got.distribution.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_label_in_common_words_wins_directly_and_not_by_its_ratio_to_nothing() {
        // log p: directly -1 against -2, after nothing -0.5 against -3.
        let sums = [(-1.0, 1), (-2.0, 2), (-0.5, 1), (-3.0, 2)];
        let (first, second) = (schema().by_name("great film"), schema().by_name("bad"));
        let of = |scoring, sums: &[(f64, usize)], by_length| {
            let options = LikelihoodOptions { by_length, prior: None };
            likelihood_verdict(scoring, &schema(), sums, &options).unwrap()
        };
        assert_eq!(of(Likelihood::Direct, &sums[..2], false).label, first);
        assert_eq!(of(Likelihood::Direct, &sums[..2], true).label, None, "-1 and -2/2 tie");
        let pmi = of(Likelihood::Pmi, &sums, false);
        assert_eq!((pmi.scores.clone(), pmi.label), (vec![-0.5, 1.0], second));
        assert!((pmi.distribution[1] - 1.0 / (1.0 + (-1.5_f64).exp())).abs() < 1e-12);
    }

    #[test]
    fn a_known_prior_is_added() {
        let options = LikelihoodOptions { by_length: false, prior: Some(vec![0.9, 0.1]) };
        let got =
            likelihood_verdict(Likelihood::Channel, &schema(), &[(-1.0, 3), (-1.0, 3)], &options).unwrap();
        assert!((got.distribution[0] - 0.9).abs() < 1e-12);
    }

    #[test]
    fn what_is_missing_gives_no_verdict() {
        let none = |sums: &[(f64, usize)]| {
            likelihood_verdict(Likelihood::Direct, &schema(), sums, &LikelihoodOptions::default()).is_none()
        };
        assert!(
            none(&[(-1.0, 1)]) && none(&[(f64::NAN, 1), (-1.0, 1)]) && none(&[(f64::NEG_INFINITY, 1); 2])
        );
        let tokens = repeats("one two").tokens;
        assert_eq!(target_logprob(&tokens, &(0..3)), None, "the first token has no probability");
        assert_eq!(target_logprob(&tokens, &(7..9)), None);
        assert_eq!(target_logprob(&tokens, &(4..7)).unwrap().1, 1);
    }
}
