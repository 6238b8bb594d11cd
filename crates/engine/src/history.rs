//! What came back for an item so far: the raw answers with what each cost.

use karat_core::{Item, Result};
use karat_store::Store;

use crate::answer::KeptAnswer;
use crate::asker::Asker;

/// One answered or failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAnswer {
    /// When, by whom, at what cost, in a line.
    pub about: String,
    /// The raw text, or the error.
    pub text: String,
}

/// All calls of one annotator for one item, oldest first.
pub async fn answers_to(store: &Store, asker: &Asker, item: &Item) -> Result<Vec<PastAnswer>> {
    let mut answers = Vec::new();
    for attempt in store.attempts_of(item.id.as_str()).await? {
        if attempt.annotator != asker.id {
            continue;
        }
        let text = match attempt.answer {
            Some(hash) => match store.blob(hash).await? {
                Some(bytes) => KeptAnswer::read(&bytes)?.text,
                None => "(the raw answer is missing: run `karat verify`)".to_owned(),
            },
            None => attempt.message.clone().unwrap_or_default(),
        };
        let mut about = format!("{} in {} ms", attempt.status, attempt.latency_ms);
        if attempt.ask > 0 {
            about.push_str(", asked once more");
        }
        if let Some(served) = &attempt.served_model {
            about.push_str(&format!(" by {served}"));
        }
        if attempt.cost.0 > 0 {
            about.push_str(&format!(" for {}", attempt.cost));
        }
        answers.push(PastAnswer { about, text });
    }
    Ok(answers)
}
