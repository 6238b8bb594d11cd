//! One text from several: the best of them, or a new one voted word by word.
//!
//! In: answers as words by number (`u32`), or how alike they are, or their embeddings; who wrote them. Out: which answer
//! stands for all, or the words of a new one.
//!
//! | to get | call |
//! |---|---|
//! | the answer that is most like the others | [`medoid`] of a [`Similarity`] |
//! | the same, with good annotators counting more | [`weighted_medoids`] |
//! | a new text, word by word: for transcripts, not for translations | [`rover`] |
//! | the answer nearest to the center of embeddings | [`rasa`], [`hrrasa`] |
//!
//! Not here: cutting text into words and numbering them, which is the caller's, and embedding it.

mod embeddings;
mod medoid;
mod rover;
mod similarity;

pub use embeddings::{Embedded, HrrasaOptions, Rasa, RasaOptions, hrrasa, rasa};
pub use medoid::{Medoid, MedoidOptions, TextItem, TextQuality, WeightedMedoids, medoid, weighted_medoids};
pub use rover::{Rover, Slot, rover};
pub use similarity::{Similarity, gleu, word_errors};

/// Why no text can be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TextError {
    /// There is not a single answer.
    NoAnswers,
    /// A list is not as long as the answers need it.
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How long it is.
        got: usize,
        /// How long it should be.
        want: usize,
    },
    /// The number of an annotator is not below the count that was given.
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The number.
        got: u64,
        /// One above the largest that is allowed.
        end: u64,
    },
    /// A number that is none, or outside its range.
    BadNumber {
        /// Of what, with its range.
        what: &'static str,
        /// The number.
        got: f64,
    },
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAnswers => f.write_str("there are no answers to choose from"),
            Self::WrongLength { what, got, want } => write!(f, "{got} {what} were given for {want}"),
            Self::OutOfRange { what, got, end } => {
                write!(f, "{what} {got} is out of range: they are below {end}")
            }
            Self::BadNumber { what, got } => write!(f, "{got} was given as {what}"),
        }
    }
}

impl std::error::Error for TextError {}

/// Two scores nearer than this are equal: rounding settles no tie.
const TIE: f64 = 1e-9;

/// The places of the largest scores, in ascending order.
fn largest(scores: &[f64]) -> Vec<usize> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (0..scores.len()).filter(|idx| scores[*idx] >= most - TIE).collect()
}

fn check_length(what: &'static str, got: usize, want: usize) -> Result<(), TextError> {
    if got == want { Ok(()) } else { Err(TextError::WrongLength { what, got, want }) }
}

fn check_annotator(annotator: u32, n_annotators: u32) -> Result<(), TextError> {
    let (got, end) = (u64::from(annotator), u64::from(n_annotators));
    if got < end { Ok(()) } else { Err(TextError::OutOfRange { what: "annotator", got, end }) }
}

fn at_least_zero(what: &'static str, got: f64) -> Result<(), TextError> {
    if got >= 0.0 && got.is_finite() { Ok(()) } else { Err(TextError::BadNumber { what, got }) }
}

#[cfg(test)]
mod tests;
