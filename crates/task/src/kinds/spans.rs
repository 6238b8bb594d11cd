//! `spans`: labeled ranges of the text.
//!
//! Asked for: `{"spans": [{"quote": "Bob Lee", "label": "PERSON", "occurrence": null}]}`. The model quotes words and never
//! counts letters; where they stand is found by `align`. A mention that has no place is noted, and named in a re-ask.

use karat_core::{
    Abstention, Alignment, Item, LabelSchema, LabeledSpan, Note, Outcome, PromptLanguage, Shape, Span, Task,
    Unusable, Value,
};
use serde_json::{Value as Json, json};

use super::{example_task, frame, framed, item_of};
use crate::align::{Haystack, Placed, Placement, Quoted, place_all};
use crate::answer::clean::{clean, unfence};
use crate::answer::json::{Parsed, find_all};
use crate::answer::quoted::{Gathered, from_lines, from_value, is_single, says_none};
use crate::answer::refusal::abstention;
use crate::answer::{clip, outside};
use crate::inquiry::shortlist::enumerates;
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};

/// The kind `spans`.
pub(crate) struct Spans;

impl TaskKind for Spans {
    fn id(&self) -> &'static str {
        "spans"
    }

    fn about(&self) -> &'static str {
        "labeled words of the text: entities, terms, reasons"
    }

    fn shape(&self) -> Shape {
        Shape::Spans
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let label = match enumerates(task, style.moderates) {
            true => json!({"type": "string", "enum": task.schema.names().collect::<Vec<_>>()}),
            false => json!({"type": "string"}),
        };
        let mention = json!({
            "type": "object",
            "properties": {
                "quote": {"type": "string"},
                "label": label,
                "occurrence": {"type": ["integer", "null"]},
            },
            "required": ["quote", "label", "occurrence"],
            "additionalProperties": false,
        });
        frame(style, "spans", json!({"type": ["array", "null"], "items": mention}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("spans"))
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading = read_spans(task, &task.text_of(item), cleaned.text, answer.truncated_at);
        reading.notes.splice(0..0, cleaned.notes);
        if let (Outcome::Unusable(why), Some(max_tokens)) = (&reading.outcome, answer.truncated_at)
            && !matches!(why, Unusable::NotPlaced { .. })
        {
            return Reading::unusable(Unusable::Truncated { max_tokens }, reading.notes);
        }
        reading
    }

    /// The quotes with `start`, which is believed where the words stand there: no text is at hand to count in.
    fn answer_text(&self, task: &Task, value: &Value) -> String {
        let Value::Spans(spans) = value else {
            return json!({"spans": null}).to_string();
        };
        let mention = |it: &LabeledSpan| json!({"quote": it.quote, "label": task.schema.name(it.label), "start": it.span.start()});
        json!({"spans": spans.iter().map(mention).collect::<Vec<_>>()}).to_string()
    }

    fn shot_text(&self, task: &Task, text: &str, value: &Value, style: &ShotStyle) -> String {
        let Value::Spans(spans) = value else {
            return framed(style, "spans", &Json::Null);
        };
        let haystack = Haystack::new(text);
        let mention = |it: &LabeledSpan| {
            let places = haystack.exact(&it.quote);
            let nth = it.span.to_bytes(text).and_then(|at| places.iter().position(|place| *place == at));
            let nth = nth.filter(|_| places.len() > 1).map(|n| n + 1);
            json!({"quote": it.quote, "label": task.schema.name(it.label), "occurrence": nth})
        };
        framed(style, "spans", &spans.iter().map(mention).collect())
    }

    /// The labels behind `"label":`, in order, where there are as many as spans.
    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        let mut from = answer.find("\"spans\"").unwrap_or(0);
        let mut places = Vec::new();
        while let Some(key) = answer[from..].find("\"label\"") {
            let after = from + key + "\"label\"".len();
            let Some(open) = answer[after..].find('"') else {
                break;
            };
            let start = after + open + 1;
            let Some(len) = answer[start..].find('"') else {
                break;
            };
            from = start + len;
            let Some(label) = task.schema.by_name(&answer[start..from]) else {
                return Vec::new();
            };
            places.push(LabelAt { label, bytes: start..from });
        }
        if places.len() == value.labels().len() { places } else { Vec::new() }
    }

    /// One minus the F1 score of exact matches: the same range with the same label. Two empty sets are the same.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        let (Value::Spans(a), Value::Spans(b)) = (a, b) else {
            return 1.0;
        };
        let both = a.iter().filter(|span| b.contains(span)).count();
        let sizes = a.len() + b.len();
        if sizes == 0 { 0.0 } else { 1.0 - 2.0 * both as f64 / sizes as f64 }
    }

    /// Each span by itself: it stays with more than half of the votes. The share is the mean, over all spans that anyone
    /// marked, of the part of the votes that agrees with the decision on that span; 1 where nobody marked any. Two
    /// spans that stay were marked together at least once, so they overlap only where the task allows it.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        let n = values.len();
        let mut counts: Vec<(&LabeledSpan, usize)> = Vec::new();
        for value in values {
            let Value::Spans(spans) = value else { continue };
            for span in spans {
                match counts.iter_mut().find(|(seen, _)| *seen == span) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((span, 1)),
                }
            }
        }
        if n == 0 {
            return Vote::None;
        }
        let kept = counts.iter().filter(|(_, k)| 2 * k > n).map(|(span, _)| (*span).clone()).collect();
        let agree: usize = counts.iter().map(|(_, k)| (*k).max(n - k)).sum();
        let share = if counts.is_empty() { 1.0 } else { agree as f64 / (n * counts.len()) as f64 };
        Vote::Winner { value: Value::spans(kept), share }
    }

    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> Result<Value, String> {
        let text = task.text_of(item);
        let parsed: Json = match cell {
            Json::String(cell) => serde_json::from_str(cell)
                .map_err(|error| format!("`{}` is no list of spans: {error}", clip(cell)))?,
            cell => cell.clone(),
        };
        if let Json::Array(list) = &parsed
            && list.iter().all(|it| it.get("start").is_some() && it.get("end").is_some())
        {
            let mut value = Value::from_json(&parsed, Shape::Spans, &task.schema)?;
            value.check_quotes(&text)?;
            return Ok(value);
        }
        let gathered = from_value(&task.schema, &parsed).ok_or_else(|| {
            format!("`{}` is neither a list of spans nor quotes by label", clip(&parsed.to_string()))
        })?;
        let reading = align(task, &text, gathered);
        match (reading.outcome, reading.problem) {
            (Outcome::Labeled(value), None) => Ok(value),
            (outcome, problem) => Err(problem.or(outcome.reason()).unwrap_or_default()),
        }
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

fn read_spans(task: &Task, text: &str, answer: &str, truncated_at: Option<u32>) -> Reading {
    if answer.is_empty() {
        return Reading::unusable(Unusable::Empty, Vec::new());
    }
    let (gathered, is_cut) = match from_json(&task.schema, answer) {
        Some(found) => found,
        None => match from_plain(&task.schema, answer) {
            Ok(gathered) => (gathered, false),
            Err(reading) => return *reading,
        },
    };
    if gathered.is_null {
        return Reading::abstained(Abstention::Unknown { words: "null".to_owned() }, gathered.notes);
    }
    let stated = gathered.stated;
    let mut reading = align(task, text, gathered);
    reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
    if is_cut && reading.outcome == Outcome::Labeled(Value::spans(Vec::new())) {
        let got = "the answer is cut off before its first span".to_owned();
        return Reading::unusable(Unusable::WrongShape { got }, reading.notes);
    }
    if is_cut {
        let limit = truncated_at.map_or(String::new(), |limit| format!(" at {limit} tokens"));
        let problem = reading.problem.take().map_or(String::new(), |it| format!("; {it}"));
        reading.problem = Some(format!("the answer was cut off{limit}{problem}"));
    }
    reading
}

/// The last JSON value that holds mentions; where each value is one mention, all of them.
fn from_json(schema: &LabelSchema, answer: &str) -> Option<(Gathered, bool)> {
    let found = find_all(answer);
    let mut fits: Vec<(&Parsed, Gathered)> =
        found.iter().filter_map(|parsed| Some((parsed, from_value(schema, &parsed.value)?))).collect();
    let one_each = fits.len() > 1 && fits.iter().all(|(parsed, _)| is_single(&parsed.value));
    if one_each {
        let mut all = Gathered::default();
        let is_cut = fits.iter().any(|(parsed, _)| parsed.cut);
        for (_, one) in fits {
            all.mentions.extend(one.mentions);
            all.unknown.extend(one.unknown);
            let new: Vec<Note> = one.notes.into_iter().filter(|note| !all.notes.contains(note)).collect();
            all.notes.extend(new);
        }
        return Some((all, is_cut));
    }
    let (parsed, mut last) = fits.pop()?;
    // The mention in which the answer was cut is no mention.
    if parsed.cut && last.unknown.last().is_some_and(|(label, _)| label.is_empty()) {
        last.unknown.pop();
    }
    let mut notes = outside::notes(answer, parsed);
    match fits.iter().all(|(_, other)| other.mentions == last.mentions) {
        true if fits.is_empty() => {}
        true => notes.push(Note::Repeated),
        false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
    }
    last.notes.splice(0..0, notes);
    Some((last, parsed.cut))
}

fn from_plain(schema: &LabelSchema, answer: &str) -> Result<Gathered, Box<Reading>> {
    let fenced = unfence(answer);
    let inner = fenced.unwrap_or(answer);
    let mut gathered = match from_lines(schema, inner) {
        Some(gathered) => gathered,
        None if says_none(inner) => {
            let note = Note::Reshaped { what: "words for an empty list".to_owned() };
            Gathered { notes: vec![note], ..Gathered::default() }
        }
        None => {
            let reading = match abstention(inner) {
                Some(why) => Reading::abstained(why, Vec::new()),
                None => Reading::unusable(Unusable::NoLabel { got: clip(inner) }, Vec::new()),
            };
            return Err(Box::new(reading));
        }
    };
    if fenced.is_some() {
        gathered.notes.insert(0, Note::Fenced);
    }
    Ok(gathered)
}

/// At most so many troubles are named in one re-ask.
const MAX_NAMED: usize = 5;

/// What became of the mentions of an answer, so far.
#[derive(Default)]
struct Aligned {
    spans: Vec<LabeledSpan>,
    notes: Vec<Note>,
    problems: Vec<String>,
    /// Why there is no value, if no span is left.
    lost: Option<Unusable>,
}

/// Places the mentions; what has no place is a note and part of the problem.
fn align(task: &Task, text: &str, gathered: Gathered) -> Reading {
    let Gathered { mentions, unknown, notes, .. } = gathered;
    let mut aligned = Aligned { notes, ..Aligned::default() };
    for (label, quote) in unknown {
        aligned.problems.push(format!("`{label}` (for `{quote}`) is not one of the labels"));
        aligned.lost.get_or_insert(Unusable::UnknownLabel { got: label.clone(), nearest: None });
        aligned.notes.push(Note::UnknownMention { label, quote });
    }
    let placements = place_all(&Haystack::new(text), &mentions, task.spec.overlap);
    for (mention, placement) in mentions.iter().zip(placements) {
        aligned.add(text, mention, placement);
    }
    if !task.spec.overlap {
        aligned.drop_overlaps(&task.schema);
    }
    let Aligned { spans, notes, mut problems, lost } = aligned;
    let n_more = problems.len().saturating_sub(MAX_NAMED);
    problems.truncate(MAX_NAMED);
    if n_more > 0 {
        problems.push(format!("and {n_more} more"));
    }
    let outcome = match lost.filter(|_| spans.is_empty()) {
        Some(why) => Outcome::Unusable(why),
        None => Outcome::Labeled(Value::spans(spans)),
    };
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    Reading { outcome, notes, problem, stated: None }
}

impl Aligned {
    fn add(&mut self, text: &str, mention: &Quoted, placement: Placement) {
        let how = match placement {
            Placement::At(placed) => {
                if !(placed.is_only && placed.how == Alignment::Exact) {
                    self.notes.push(mention_note(mention, placed.how));
                }
                self.spans.extend(labeled_span(text, mention, &placed));
                return;
            }
            Placement::Repeated => return self.notes.push(Note::Repeated),
            Placement::Open(how) => how,
        };
        self.notes.push(mention_note(mention, how));
        let quote = clip(&mention.quote);
        let (n_found, problem) = match how {
            Alignment::Ambiguous { n_found } => {
                (n_found, format!("`{quote}` stands {n_found} times in the text: say which by `occurrence`"))
            }
            _ => (0, format!("`{quote}` does not stand in the text: copy the words exactly")),
        };
        self.problems.push(problem);
        self.lost =
            Some(Unusable::NotPlaced { quote, n_found }).filter(|_| !self.is_unplaced()).or(self.lost.take());
    }

    fn is_unplaced(&self) -> bool {
        matches!(self.lost, Some(Unusable::NotPlaced { .. }))
    }

    /// Keeps the longer of two that overlap. Two labels on one range are both left out: nothing tells which is meant.
    fn drop_overlaps(&mut self, schema: &LabelSchema) {
        self.spans.sort_by_key(|it| (std::cmp::Reverse(it.span.len()), it.span.start(), it.label));
        self.spans.dedup();
        let all = std::mem::take(&mut self.spans);
        for it in &all {
            let here: Vec<&LabeledSpan> = all.iter().filter(|other| other.span == it.span).collect();
            let is_torn = here.len() > 1;
            if is_torn {
                let got = here.iter().map(|it| schema.name(it.label).to_owned()).collect();
                self.lost.get_or_insert(Unusable::SeveralLabels { got });
                self.problems.push(format!("`{}` has more than one label: choose one", clip(&it.quote)));
            }
            if is_torn || self.spans.iter().any(|other| other.span.overlaps(it.span)) {
                self.notes.push(Note::Overlap { quote: it.quote.clone() });
            } else {
                self.spans.push(it.clone());
            }
        }
        self.problems.dedup();
    }
}

fn mention_note(mention: &Quoted, alignment: Alignment) -> Note {
    Note::Mention { label: mention.written.clone(), quote: mention.quote.clone(), alignment }
}

fn labeled_span(text: &str, mention: &Quoted, placed: &Placed) -> Option<LabeledSpan> {
    let span = Span::from_bytes(text, placed.at.clone())?;
    Some(LabeledSpan { span, label: mention.label, quote: text.get(placed.at.clone())?.to_owned() })
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task("spans", &[("PERSON", &["PER"]), ("PLACE", &["LOC"])])?;
    let text = "Bob met Ann in Paris. Ann stayed.";
    let spans = |rows: &[(u32, &str, &str)]| {
        let span = |(start, quote, label): &(u32, &str, &str)| {
            let span = Span::new(*start, start + quote.chars().count() as u32)?;
            Some(LabeledSpan { span, label: task.schema.by_name(label)?, quote: (*quote).to_owned() })
        };
        rows.iter().map(span).collect::<Option<Vec<_>>>().map(Value::spans).map(Outcome::Labeled)
    };
    let rows = [
        (
            "the form that was asked for",
            r#"{"spans": [{"quote": "Bob", "label": "PERSON", "occurrence": null}, {"quote": "Paris", "label": "PLACE", "occurrence": null}]}"#,
            spans(&[(0, "Bob", "PERSON"), (15, "Paris", "PLACE")])?,
            vec![],
        ),
        ("nothing to mark", r#"{"spans": []}"#, spans(&[])?, vec![]),
        (
            "the second of two places",
            r#"{"spans": [{"quote": "Ann", "label": "PERSON", "occurrence": 2}]}"#,
            spans(&[(22, "Ann", "PERSON")])?,
            vec!["mention"],
        ),
        (
            "words in two places and no sign of which is meant",
            r#"{"spans": [{"quote": "Ann", "label": "PERSON", "occurrence": null}]}"#,
            Outcome::Unusable(Unusable::NotPlaced { quote: "Ann".into(), n_found: 2 }),
            vec!["mention"],
        ),
        (
            "lines for JSON",
            "Bob (PERSON)\nPARIS (LOC)",
            spans(&[(0, "Bob", "PERSON"), (15, "Paris", "PLACE")])?,
            vec!["alias", "reshaped", "mention"],
        ),
    ];
    let item = item_of("text", text);
    let example = |(about, answer, outcome, notes)| Example {
        about,
        task: task.clone(),
        item: item.clone(),
        answer,
        outcome,
        notes,
    };
    Some(rows.into_iter().map(example).collect())
}

#[cfg(test)]
mod tests;
