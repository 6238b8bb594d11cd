//! How sure an annotator is, and where the number comes from. Uncalibrated until `calibrate` says otherwise.

use std::fmt;

/// Where a confidence comes from. Numbers of different sources are not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfidenceSource {
    /// The probability of the label's tokens, normalised over the labels of the schema.
    TokenProbability,
    /// The share of this label among several samples of one annotator.
    VoteShare,
    /// The number that the model wrote beside its answer.
    Stated,
    /// The probability of "true" when the model was asked whether its label is right.
    PTrue,
    /// How likely the label is after the text, among all labels.
    Likelihood,
    /// How likely the text is after the label, among all labels.
    NoisyChannel,
    /// The probability of the label's tokens without what the prompt favors.
    Corrected,
}

impl ConfidenceSource {
    /// All sources, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::TokenProbability,
        Self::VoteShare,
        Self::Stated,
        Self::PTrue,
        Self::Likelihood,
        Self::NoisyChannel,
        Self::Corrected,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::TokenProbability => "token_probability",
            Self::VoteShare => "vote_share",
            Self::Stated => "stated",
            Self::PTrue => "p_true",
            Self::Likelihood => "likelihood",
            Self::NoisyChannel => "noisy_channel",
            Self::Corrected => "corrected",
        }
    }
}

/// Why there is no confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoConfidence {
    /// There is no label to be sure of.
    NoLabel,
    /// The endpoint returned no token probabilities, and nothing else was asked for.
    NoLogprobs,
    /// Token probabilities came, but the label could not be found among the tokens.
    LabelNotInTokens,
    /// The answer was to state a confidence and did not.
    NotStated,
    /// The label was made of two answers that differ, and neither was sure of it.
    OrdersDiffer,
}

/// How sure an annotator is of its outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Confidence {
    /// A number in [0, 1] and its source; not calibrated.
    Raw(f64, ConfidenceSource),
    /// The probability that the label is right, and the source it was calibrated from. Never in the journal: what was said
    /// stays as it was said.
    Calibrated(f64, ConfidenceSource),
    /// No number, and why: never a zero.
    Unknown(NoConfidence),
}

impl Confidence {
    /// The number, where there is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Raw(value, _) | Self::Calibrated(value, _) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The same through a curve that says how often such a confidence is right.
    pub fn through(self, curve: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Raw(value, source) => Self::Calibrated(curve(value), source),
            Self::Calibrated(..) | Self::Unknown(_) => self,
        }
    }

    /// The name of the source, or of the reason why there is none: as in the journal and in exports.
    pub fn source(self) -> &'static str {
        match self {
            Self::Raw(_, source) | Self::Calibrated(_, source) => source.as_str(),
            Self::Unknown(NoConfidence::NoLabel) => "none: no label",
            Self::Unknown(NoConfidence::NoLogprobs) => "none: no token probabilities",
            Self::Unknown(NoConfidence::LabelNotInTokens) => "none: label not in tokens",
            Self::Unknown(NoConfidence::NotStated) => "none: not stated",
            Self::Unknown(NoConfidence::OrdersDiffer) => "none: orders differ",
        }
    }

    /// Reads what [`Confidence::value`] and [`Confidence::source`] gave.
    pub fn from_parts(value: Option<f64>, source: &str) -> Option<Self> {
        use NoConfidence::{LabelNotInTokens, NoLabel, NoLogprobs, NotStated, OrdersDiffer};
        let raw = ConfidenceSource::ALL.map(|it| Self::Raw(value.unwrap_or(f64::NAN), it));
        let none = [NoLabel, NoLogprobs, LabelNotInTokens, NotStated, OrdersDiffer].map(Self::Unknown);
        let found = raw.into_iter().chain(none).find(|it| it.source() == source)?;
        (found.value().is_none() == value.is_none()).then_some(found)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(value, _) => write!(f, "{value:.3} ({}, uncalibrated)", self.source()),
            Self::Calibrated(value, _) => write!(f, "{value:.3} ({}, calibrated)", self.source()),
            Self::Unknown(_) => f.write_str(self.source()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_survives_its_parts_and_a_missing_one_is_no_zero() {
        let all = [
            Confidence::Raw(0.5, ConfidenceSource::TokenProbability),
            Confidence::Raw(1.0, ConfidenceSource::VoteShare),
            Confidence::Raw(0.0, ConfidenceSource::Stated),
            Confidence::Raw(0.7, ConfidenceSource::PTrue),
            Confidence::Raw(0.7, ConfidenceSource::Corrected),
            Confidence::Unknown(NoConfidence::NoLabel),
            Confidence::Unknown(NoConfidence::NoLogprobs),
            Confidence::Unknown(NoConfidence::LabelNotInTokens),
            Confidence::Unknown(NoConfidence::NotStated),
        ];
        for confidence in all {
            assert_eq!(Confidence::from_parts(confidence.value(), confidence.source()), Some(confidence));
        }
        assert_eq!(Confidence::from_parts(None, "stated"), None);
    }
}
