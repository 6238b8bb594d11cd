//! Sets in JSON lines: a text, gold spans, and the answers of several systems or models.
//!
//! In: `test_with_6_systems.jsonl`, `biodivner.jsonl`, `wikigold_500.jsonl`. Out: tables of single annotators beside
//! every method.
//!
//! Not here: tags of tokens (`entities.rs`).

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::spans::{Reading, Readings, SPAN_METHODS, SpanItem, SpanOptions};
use karat_stats::{Class, Span};
use serde::Deserialize;

use super::{Scores, fit, found, scores};

/// A line.
#[derive(Deserialize)]
struct Line {
    text: String,
    gold: Vec<Entity>,
    responses: Vec<Response>,
}

#[derive(Deserialize)]
struct Response {
    model: String,
    prompt_id: String,
    label: Vec<Entity>,
    #[serde(default)]
    entity_votes: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    label: Option<String>,
    text: Option<String>,
    start: Option<u32>,
    end: Option<u32>,
    votes: Option<u32>,
}

/// Items of several annotators with gold.
struct Set {
    readings: Readings,
    gold: Vec<Vec<Span>>,
    annotators: Vec<String>,
    n_classes: u32,
}

fn lines(path: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The labels of gold.
fn classes(lines: &[Line]) -> Vec<String> {
    let labels = lines.iter().flat_map(|it| &it.gold).filter_map(|it| it.label.clone());
    labels.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The words between spaces, in code points.
fn words(text: &str) -> Vec<(u32, u32)> {
    let (mut words, mut start) = (Vec::new(), 0);
    for (at, letter) in (0_u32..).zip(text.chars().chain([' '])) {
        if letter == ' ' {
            if start < at {
                words.push((start, at));
            }
            start = at + 1;
        }
    }
    words
}

/// The spans inside the text whose labels are those of gold; by offsets, or the first place of the text. How many are
/// not is counted.
fn spans(line: &Line, entities: &[Entity], classes: &[String], n_left_out: &mut u32) -> Vec<Span> {
    let n_letters = line.text.chars().count() as u32;
    let span = |it: &Entity| {
        let class = classes.iter().position(|class| Some(class) == it.label.as_ref())?;
        let (start, end) = match (it.start, it.end) {
            (Some(start), Some(end)) => (start, end),
            _ => {
                let quote = it.text.as_ref().filter(|quote| !quote.is_empty())?;
                let start = line.text[..line.text.find(quote.as_str())?].chars().count() as u32;
                (start, start + quote.chars().count() as u32)
            }
        };
        (start < end && end <= n_letters).then_some(Span { start, end, class: Class(class as u32) })
    };
    let spans: Vec<Span> = entities.iter().filter_map(span).collect();
    *n_left_out += (entities.len() - spans.len()) as u32;
    spans
}

/// The answers that `annotator` names.
fn set(lines: &[Line], annotator: impl Fn(&Response) -> Option<String>) -> Result<Set> {
    let classes = classes(lines);
    let names: BTreeSet<String> = lines.iter().flat_map(|it| &it.responses).filter_map(&annotator).collect();
    let names: Vec<String> = names.into_iter().collect();
    let (mut items, mut gold, mut n_left_out) = (Vec::new(), Vec::new(), 0);
    for line in lines {
        gold.push(spans(line, &line.gold, &classes, &mut 0));
        let mut readings = Vec::new();
        for response in &line.responses {
            let Some(name) = annotator(response) else { continue };
            let annotator = names.binary_search(&name).unwrap_or_default() as u32;
            let spans = spans(line, &response.label, &classes, &mut n_left_out);
            readings.push(Reading { annotator, spans, unread: Vec::new() });
        }
        items.push(SpanItem { tokens: words(&line.text), readings });
    }
    if n_left_out > 0 {
        println!("{n_left_out} spans with another label or outside the text are left out.\n");
    }
    let readings = Readings::new(names.len(), classes.len(), items)?;
    Ok(Set { readings, gold, annotators: names, n_classes: classes.len() as u32 })
}

impl Set {
    fn row(&self, what: &str, found: &[Option<Vec<Span>>]) -> Result<Scores> {
        let scores = scores(&self.gold, found, self.n_classes, |_| true)?;
        println!("| {what} | {scores} |");
        Ok(scores)
    }

    /// Each annotator, then each method.
    fn table(&self) -> Result<()> {
        println!("| who | P | R | F1 |\n|---|---|---|---|");
        for (number, name) in self.annotators.iter().enumerate() {
            let own = self.readings.items().iter().map(|item| {
                let of = item.readings.iter().find(|it| it.annotator as usize == number);
                of.map(|it| it.spans.clone())
            });
            self.row(name, &own.collect::<Vec<_>>())?;
        }
        for method in SPAN_METHODS {
            let aggregate = fit(method.name, &self.readings, &SpanOptions::default())?;
            self.row(&format!("`{}`", method.name), &found(&aggregate))?;
        }
        let half = SpanOptions { min_share: 0.5, min_posterior: 0.5, ..SpanOptions::default() };
        for name in ["span_vote", "span_dawid_skene"] {
            let aggregate = fit(name, &self.readings, &half)?;
            self.row(&format!("`{name}` from 0.5"), &found(&aggregate))?;
        }
        self.anchored()
    }

    /// Methods that learn from gold, scored on the rest.
    fn anchored(&self) -> Result<()> {
        println!("\nWith every fourth item as gold, scored on the others:\n");
        println!("| method | P | R | F1 |\n|---|---|---|---|");
        let known = |at: usize| at.is_multiple_of(4);
        let gold = self.gold.iter().enumerate().map(|(at, gold)| known(at).then(|| gold.clone()));
        let gold: Vec<Option<Vec<Span>>> = gold.collect();
        for method in SPAN_METHODS {
            let options = SpanOptions { gold: &gold, ..SpanOptions::default() };
            let aggregate = fit(method.name, &self.readings, &options)?;
            let rest = scores(&self.gold, &found(&aggregate), self.n_classes, |at| !known(at))?;
            println!("| `{}` | {rest} |", method.name);
        }
        Ok(())
    }
}

/// Six systems of a shared task.
pub(super) fn wnut(path: &Path) -> Result<()> {
    println!("\n### Systems on noisy text: WNUT 2017, six systems of the shared task\n");
    set(&lines(path)?, |it| Some(it.model.clone()))?.table()
}

/// Four models on abstracts of ecology, with prompts that show no sentence of the test.
pub(super) fn biodiv(path: &Path) -> Result<()> {
    let lines = lines(path)?;
    println!("\n### Models on ecology: BiodivNER, four models, tokens with five examples drawn at random\n");
    set(&lines, |it| (it.prompt_id == "tokens/random_5").then(|| it.model.clone()))?.table()?;
    println!("\n### The same with three and five examples: eight annotators\n");
    let random = |it: &Response| {
        it.prompt_id.starts_with("tokens/random").then(|| format!("{} {}", it.model, it.prompt_id))
    };
    set(&lines, random)?.table()
}

/// Five answers of one model; the set has counts of votes only, so that the voters have no names.
pub(super) fn wikigold(path: &Path) -> Result<()> {
    let lines = lines(path)?;
    println!(
        "\n### One model five times: WikiGold, votes of five answers after the authors' two-stage vote\n"
    );
    let mut set = set(&lines, |it| (it.prompt_id == "zero-shot/greedy").then(|| it.model.clone()))?;
    println!("| who | P | R | F1 |\n|---|---|---|---|");
    let greedy = set.readings.items().iter().map(|it| it.readings.first().map(|it| it.spans.clone()));
    set.row("one answer, greedy", &greedy.collect::<Vec<_>>())?;
    let classes = classes(&lines);
    let mut items = Vec::new();
    for line in &lines {
        let voted: Vec<&Entity> = line.responses.iter().flat_map(|it| &it.entity_votes).collect();
        let mut readings: Vec<Reading> =
            (0..5).map(|annotator| Reading { annotator, ..Reading::default() }).collect();
        for it in voted {
            let of = spans(line, std::slice::from_ref(it), &classes, &mut 0);
            let n_votes = it.votes.unwrap_or(0) as usize;
            readings.iter_mut().take(n_votes).for_each(|reading| reading.spans.extend(&of));
        }
        items.push(SpanItem { tokens: words(&line.text), readings });
    }
    set.readings = Readings::new(5, classes.len(), items)?;
    for n_votes in 1..=5_u32 {
        let options = SpanOptions { min_share: f64::from(n_votes) / 5.0, ..SpanOptions::default() };
        let votes = fit("span_vote", &set.readings, &options)?;
        set.row(&format!("`span_vote` from {n_votes} of 5"), &found(&votes))?;
    }
    Ok(())
}
