//! Takes what a prompt favors out of an annotator's labels, once all items are labeled: `correct` of `karat.toml`.
//!
//! In: the kept answers of the annotator with their token probabilities; for two of the methods, answers to inputs that say
//! nothing, which are asked about and kept like any other. Out: an annotation more for each item whose label or confidence
//! changes; the one before stays in the journal. Running it again changes nothing. Not here: the method (`correct.rs`).

use karat_core::{
    Annotation, AnnotatorSpec, Confidence, ConfidenceSource, Error, Fields, Item, ItemId, Note, Outcome,
    Result, Scoring, Shape, Value,
};
use karat_store::Entry;
use karat_task::label_distribution;

use crate::answer::KeptAnswer;
use crate::ask::{Desk, Halt};
use crate::asker::{Asked, Asker};
use crate::correct::{CorrectOptions, Corrected, Correction, content_free_inputs, correct};
use crate::run::chunks;
use crate::setup::Setup;

/// From how many texts the random words of `domain` are drawn.
const N_TEXTS: usize = 1000;
/// Probabilities nearer than this are the same.
const SAME: f64 = 1e-9;

/// An error where the annotator's settings cannot give what a correction needs.
pub(crate) fn check(spec: &AnnotatorSpec, shape: Shape) -> Result<()> {
    let Some(name) = &spec.correct else { return Ok(()) };
    Correction::read(name)?;
    let is_fit =
        shape == Shape::Choice && spec.samples == 1 && spec.logprobs && spec.scoring == Scoring::Answer;
    match is_fit {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "`correct = \"{name}\"` needs the token probabilities of single labels"
        ))
        .hint("it goes with a kind that gives one label, one sample, and `logprobs`")),
    }
}

/// One labeled item with what its answer said of every label.
struct Kept {
    standing: Annotation,
    distribution: Vec<f64>,
}

/// Corrects all labels of the desk's annotator.
pub(crate) async fn apply(setup: &Setup, desk: &Desk<'_>, first: Option<u64>) -> Result<(), Halt> {
    let Some(name) = &desk.asker.spec.correct else { return Ok(()) };
    let how = Correction::read(name)?;
    let (kept, texts) = gather(setup, desk, first).await?;
    if kept.is_empty() {
        return Err(Halt::Fatal(
            Error::invalid(format!(
                "`correct = \"{name}\"`: no answer came with token probabilities; the labels stay as they are"
            ))
            .hint("`karat models --probe` shows which endpoints give them"),
        ));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let content_free = ask_content_free(desk, &content_free_inputs(how, &texts, 0)).await?;
    let options = CorrectOptions { how, content_free: &content_free, class_shares: None };
    let rows: Vec<(ItemId, Vec<f64>)> =
        kept.iter().map(|it| (it.standing.item.clone(), it.distribution.clone())).collect();
    let all = correct(&desk.asker.task().schema, &rows, &options)?;
    for (kept, corrected) in kept.into_iter().zip(all.items) {
        if let Some(annotation) = changed(desk, kept.standing, &corrected) {
            let row = annotation.to_row(&desk.asker.task().schema);
            desk.write(Entry { annotations: vec![row], ..Entry::default() }).await?;
        }
    }
    Ok(())
}

/// The annotation after the correction; `None` where nothing changes, or several labels are equally likely.
fn changed(desk: &Desk<'_>, standing: Annotation, corrected: &Corrected) -> Option<Annotation> {
    let outcome = Outcome::Labeled(Value::Choice(corrected.label?));
    let confidence = Confidence::Raw(corrected.probability.clamp(0.0, 1.0), ConfidenceSource::Corrected);
    let was = standing.confidence;
    let is_same = standing.outcome == outcome
        && was.source() == confidence.source()
        && was.value().zip(confidence.value()).is_some_and(|(a, b)| (a - b).abs() < SAME);
    if is_same {
        return None;
    }
    let mut notes = standing.notes;
    if standing.outcome != outcome {
        let before = standing.outcome.value().map(|it| it.to_json(&desk.asker.task().schema));
        notes.push(Note::Corrected { from: before.map_or_else(String::new, |it| it.to_string()) });
    }
    Some(Annotation { outcome, confidence, notes, run: desk.run, at_ms: crate::now_ms(), ..standing })
}

/// All labeled items with their distributions, and the first texts.
async fn gather(setup: &Setup, desk: &Desk<'_>, first: Option<u64>) -> Result<(Vec<Kept>, Vec<String>)> {
    let asker = desk.asker;
    let (mut all, mut texts) = (Vec::new(), Vec::new());
    let mut chunks = chunks(setup.read.clone(), first);
    while let Some(chunk) = chunks.recv().await {
        let mut questions = Vec::new();
        let mut keys = Vec::new();
        for item in chunk? {
            let input = asker.task().input_hash(&item);
            keys.push((item.id.shared(), input));
            if texts.len() < N_TEXTS {
                texts.push(asker.task().text_of(&item).into_owned());
            }
            questions.push(asker.question(item, input)?);
        }
        let standing = desk.store.standing(asker.id, &keys).await?;
        let requests: Vec<_> = questions.iter().map(|it| it.request).collect();
        let answers = desk.store.answers(&requests).await?;
        for (question, row) in questions.iter().zip(standing) {
            let read =
                row.and_then(|row| Annotation::from_row(&row, asker.shape(), &asker.task().schema).ok());
            let standing = read.filter(|it| it.outcome.value().is_some());
            let answer = answers.get(&question.request);
            let (Some(standing), Some(answer), [asked]) = (standing, answer, &question.asked[..]) else {
                continue;
            };
            if let Some(distribution) = distribution(asker, asked, &answer.answer)? {
                all.push(Kept { standing, distribution });
            }
        }
    }
    Ok((all, texts))
}

/// What an answer said of every label; `None` where it has no token probabilities or no label.
fn distribution(asker: &Asker, asked: &Asked, answer: &[u8]) -> Result<Option<Vec<f64>>> {
    let answer = KeptAnswer::read(answer)?;
    let reading = asker.read(asked, &answer);
    let (Some(tokens), Some(value)) = (&answer.logprobs, reading.outcome.value()) else { return Ok(None) };
    let found = label_distribution(asker.kind, &asked.view.task, &answer.text, tokens, value);
    Ok(found.map(|it| it.probabilities))
}

/// What the prompt makes of inputs that say nothing. They are asked once: the journal knows them afterwards.
async fn ask_content_free(desk: &Desk<'_>, inputs: &[String]) -> Result<Vec<Vec<f64>>, Halt> {
    let asker = desk.asker;
    let mut found = Vec::new();
    for (n, text) in inputs.iter().enumerate() {
        let mut fields: Fields =
            asker.task().context.iter().map(|name| (name.clone(), "N/A".into())).collect();
        fields.insert(asker.task().text.clone(), text.as_str().into());
        let item = Item { id: ItemId::new(format!("content-free {}", n + 1)), row: 0, fields };
        let input = asker.task().input_hash(&item);
        let mut question = asker.question(item, input)?;
        question.twin = true;
        let sample = desk.sample(&question, 0).await?;
        desk.write(sample.entry).await?;
        let answers = desk.store.answers(&[question.request]).await?;
        let (Some(answer), [asked]) = (answers.get(&question.request), &question.asked[..]) else { continue };
        found.extend(distribution(asker, asked, &answer.answer)?);
    }
    Ok(found)
}
