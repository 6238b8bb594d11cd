//! Spans from several annotators: people on news (CoNLL-2003), systems on noisy text (WNUT 2017), models on biodiversity
//! and on Wikipedia.
//!
//! In: `crowd/conll_mturk`, `gold_wnut17_ner`, `ner_biodiv`, `wikigold_self_consistency`. Out: precision, recall and F1 of
//! each method over exact spans, beside the targets.
//!
//! Not here: how much purity costs in reviews.

mod jsonl;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use karat_stats::spans::{
    Reading, Readings, SPAN_METHODS, SpanAggregate, SpanItem, SpanOptions, span_method,
};
use karat_stats::{Class, IntervalOptions, Level, NoLabel, Outcome, Pair, Span, score_spans};

use crate::{Given, data};

/// Runs the proof.
pub(crate) fn run(given: &Given) -> Result<()> {
    crowd(&given.data.join("crowd/conll_mturk"))?;
    jsonl::wnut(&given.data.join("gold_wnut17_ner/test_with_6_systems.jsonl"))?;
    jsonl::biodiv(&given.data.join("ner_biodiv/biodivner.jsonl"))?;
    jsonl::wikigold(&given.data.join("wikigold_self_consistency/wikigold_500.jsonl"))
}

/// Precision, recall and F1 of exact spans, in percent.
#[derive(Clone, Copy)]
pub(crate) struct Scores([f64; 3]);

impl std::fmt::Display for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [precision, recall, f1] = self.0;
        write!(f, "{precision:.1} | {recall:.1} | {f1:.2}")
    }
}

/// Scores the items at these places.
pub(crate) fn scores(
    gold: &[Vec<Span>],
    found: &[Option<Vec<Span>>],
    n_classes: u32,
    of: impl Fn(usize) -> bool,
) -> Result<Scores> {
    let pairs = gold.iter().zip(found).enumerate().filter(|(at, _)| of(*at)).map(|(_, (gold, found))| Pair {
        gold: Some(&gold[..]),
        outcome: found.as_ref().map_or(Outcome::NoLabel(NoLabel::Pending), |it| Outcome::Labeled(&it[..])),
    });
    let pairs: Vec<_> = pairs.collect();
    let options = IntervalOptions { level: Level::P95, n_resamples: 1, seed: 1 };
    let all = score_spans(&pairs, n_classes, &options)?.exact.micro_avg;
    Ok(Scores([all.precision, all.recall, all.f1].map(|it| it.map_or(0.0, |it| 100.0 * it.value))))
}

/// The spans of a result.
pub(crate) fn found(aggregate: &SpanAggregate) -> Vec<Option<Vec<Span>>> {
    let spans = |it: &Vec<karat_stats::spans::FoundSpan>| it.iter().map(|it| it.span).collect();
    aggregate.items.iter().map(|it| it.as_ref().map(spans)).collect()
}

/// Fits a method by its name.
pub(crate) fn fit(name: &str, readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate> {
    let method = span_method(name).with_context(|| format!("no method is called `{name}`"))?;
    Ok((method.fit)(readings, options)?)
}

const CLASSES: [&str; 4] = ["LOC", "MISC", "ORG", "PER"];

/// A class and whether its span begins at this token; `None` outside.
type Tag = Option<(Class, bool)>;

/// The tag of a token; `None` where it was not aligned.
fn tag(written: &str) -> Result<Option<Tag>> {
    if written == "?" {
        return Ok(None);
    }
    if written == "O" {
        return Ok(Some(None));
    }
    let class = CLASSES.iter().position(|class| written.ends_with(class));
    match class {
        Some(class) => Ok(Some(Some((Class(class as u32), written.starts_with('B'))))),
        None => bail!("`{written}` is no tag"),
    }
}

/// How a tag that goes on with a span that never began is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stray {
    /// The span began at the token before, which was not seen.
    BeganBefore,
    /// The span begins here: what the annotator marked.
    BeginsHere,
    /// It is no span: strict IOB2, as gold is scored.
    NoSpan,
}

/// The spans and the unread tokens of a row of tags, with tokens one code point long and one apart.
fn reading(annotator: u32, tags: &[Option<Tag>], stray: Stray) -> Reading {
    let mut known: Vec<bool> = tags.iter().map(Option::is_some).collect();
    let tag = |at: usize| tags.get(at).copied().flatten().flatten();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < tags.len() {
        let Some((class, begins)) = tag(at) else {
            at += 1;
            continue;
        };
        let mut start = at;
        if !begins && stray == Stray::NoSpan {
            at += 1;
            continue;
        }
        if !begins {
            while start > 0 && tags[start - 1].is_none() {
                start -= 1;
            }
            if start == at && at > 0 && tag(at - 1).is_none() && stray == Stray::BeganBefore {
                start -= 1;
                known[start] = false;
            }
        }
        let mut end = at + 1;
        loop {
            let next = (end..tags.len()).find(|it| tags[*it].is_some());
            match next.and_then(|next| tag(next).map(|tag| (next, tag))) {
                Some((next, tag)) if tag == (class, false) => end = next + 1,
                _ => break,
            }
        }
        spans.push(Span { start: 2 * start as u32, end: 2 * end as u32 - 1, class });
        at = end;
    }
    let unread = (0..known.len() as u32).filter(|at| !known[*at as usize]).map(|at| (2 * at, 2 * at + 1));
    Reading { annotator, spans, unread: unread.collect() }
}

/// The sentences, what people marked in them, and gold.
struct People {
    readings: Readings,
    gold: Vec<Vec<Span>>,
    names: Vec<String>,
    /// Tags by annotator, for what works on tags alone.
    tags: Vec<Vec<(u32, Vec<Option<Tag>>)>>,
}

fn people(folder: &Path, stray: Stray) -> Result<People> {
    let tags_of = |written: &str| written.split(' ').map(tag).collect::<Result<Vec<_>>>();
    let mut gold_of = HashMap::new();
    for row in data::rows(&folder.join("gold.csv"))? {
        gold_of.insert(row[0].clone(), tags_of(&row[1])?);
    }
    let (mut annotators, mut items) = (HashMap::new(), BTreeMap::<String, Vec<_>>::new());
    for row in data::rows(&folder.join("labels.csv"))? {
        let next = annotators.len() as u32;
        let annotator = *annotators.entry(row[1].clone()).or_insert(next);
        items.entry(row[0].clone()).or_default().push((annotator, tags_of(&row[2])?));
    }
    let (mut span_items, mut gold) = (Vec::new(), Vec::new());
    for (name, rows) in &items {
        let tags = gold_of.get(name).with_context(|| format!("{name} has no gold"))?;
        gold.push(reading(0, tags, Stray::NoSpan).spans);
        let tokens = (0..tags.len() as u32).map(|at| (2 * at, 2 * at + 1)).collect();
        let readings = rows.iter().map(|(annotator, tags)| reading(*annotator, tags, stray)).collect();
        span_items.push(SpanItem { tokens, readings });
    }
    let readings = Readings::new(annotators.len(), CLASSES.len(), span_items)?;
    let (names, tags) = items.into_iter().unzip();
    Ok(People { readings, gold, names, tags })
}

/// The tag with the most votes at each token, with no rule for sequences: what `token_majority` improves on.
fn plain_majority(people: &People) -> Vec<Option<Vec<Span>>> {
    let spans = |rows: &Vec<(u32, Vec<Option<Tag>>)>| {
        let n_tokens = rows.first().map_or(0, |(_, tags)| tags.len());
        let most = |at: usize| {
            // In the order O, B-LOC, I-LOC, B-MISC: of equal counts the first.
            let mut counts = BTreeMap::<(bool, Class, bool), usize>::new();
            for tag in rows.iter().filter_map(|(_, tags)| tags[at]) {
                let key = tag.map_or((false, Class(0), false), |(class, begins)| (true, class, !begins));
                *counts.entry(key).or_default() += 1;
            }
            let most = counts.values().copied().max()?;
            let (tag, _) = counts.into_iter().find(|(_, n)| *n == most)?;
            tag.0.then_some((tag.1, !tag.2))
        };
        let tags: Vec<Option<Tag>> = (0..n_tokens).map(|at| Some(most(at))).collect();
        Some(reading(0, &tags, Stray::NoSpan).spans)
    };
    people.tags.iter().map(spans).collect()
}

/// A row: what, precision, recall, F1, F1 on val and on test, further columns.
fn crowd_row(people: &People, what: &str, found: &[Option<Vec<Span>>], end: &str) -> Result<()> {
    let of = |part: &str| {
        scores(&people.gold, found, CLASSES.len() as u32, |at| people.names[at].starts_with(part))
    };
    println!("| {what} | {} | {:.1} | {:.1} |{end}", of("")?, of("val")?.0[2], of("test")?.0[2]);
    Ok(())
}

fn crowd(folder: &Path) -> Result<()> {
    let given = people(folder, Stray::BeganBefore)?;
    let n_items = given.names.len();
    println!("### People on news: CoNLL-2003 by Mechanical Turk, {n_items} sentences\n");
    println!("| method | P | R | F1 | F1 val | F1 test | measured before | target | seconds |");
    println!("|---|---|---|---|---|---|---|---|---|");
    crowd_row(&given, "tag with the most votes, no rules", &plain_majority(&given), " 63.4 | | |")?;
    for (share, before) in [(0.5, "65.6"), (0.4, "70.3"), (0.3, "71.9")] {
        let options = SpanOptions { min_share: share, ..SpanOptions::default() };
        let votes = fit("span_vote", &given.readings, &options)?;
        let what = format!("`span_vote` from {:.0} %", 100.0 * share);
        crowd_row(&given, &what, &found(&votes), &format!(" {before} | | |"))?;
    }
    let half = SpanOptions { min_posterior: 0.5, ..SpanOptions::default() };
    let weighed = fit("span_dawid_skene", &given.readings, &half)?;
    crowd_row(&given, "`span_dawid_skene` from 0.5", &found(&weighed), " | | |")?;
    let numbers = BTreeMap::from([
        ("token_majority", " 64.2 | "),
        ("token_dawid_skene", " 76.3 | 76.0"),
        ("previous_tag", " 77.3 | 77.0"),
    ]);
    let mut learned = Vec::new();
    for method in SPAN_METHODS.iter().filter(|it| it.name != "span_vote") {
        let start = Instant::now();
        let aggregate = fit(method.name, &given.readings, &SpanOptions::default())?;
        let seconds = start.elapsed().as_secs_f64();
        let end = format!("{} | {seconds:.1} |", numbers.get(method.name).unwrap_or(&" | "));
        crowd_row(&given, &format!("`{}`", method.name), &found(&aggregate), &end)?;
        learned.push(aggregate);
    }
    println!("\nThe same with each tag `I` that follows nothing read as the beginning of a span:\n");
    println!("| method | P | R | F1 | F1 val | F1 test |\n|---|---|---|---|---|---|");
    let plain = people(folder, Stray::BeginsHere)?;
    for method in SPAN_METHODS {
        let aggregate = fit(method.name, &plain.readings, &SpanOptions::default())?;
        crowd_row(&plain, &format!("`{}`", method.name), &found(&aggregate), "")?;
    }
    strays(folder)?;
    quality(&given, &learned);
    anchors(&plain)
}

/// Where the tags that follow nothing stand.
fn strays(folder: &Path) -> Result<()> {
    let given = people(folder, Stray::BeginsHere)?;
    let (mut n, mut n_inside) = (0, 0);
    for (rows, gold) in given.tags.iter().zip(&given.gold) {
        for (_, tags) in rows {
            for at in 1..tags.len() {
                if tags[at - 1] == Some(None) && matches!(tags[at], Some(Some((_, false)))) {
                    n += 1;
                    let place = 2 * at as u32;
                    n_inside += u32::from(gold.iter().any(|it| it.start < place && place < it.end));
                }
            }
        }
    }
    println!("\n{n_inside} of {n} tags `I` after an `O` stand inside a gold span, after its first token.");
    Ok(())
}

/// How far the learned precision and recall of each annotator are from those against gold.
fn quality(people: &People, learned: &[SpanAggregate]) {
    println!("\nLearned quality of the annotators against gold, mean absolute difference in points:\n");
    println!("| method | precision | recall |\n|---|---|---|");
    let gold: Vec<_> = people.gold.iter().cloned().map(Some).collect();
    let options = SpanOptions { gold: &gold, ..SpanOptions::default() };
    let Ok(truth) = fit("span_vote", &people.readings, &options) else { return };
    for aggregate in learned {
        let pairs = || aggregate.annotators.iter().zip(&truth.annotators).filter(|(_, it)| it.n_spans > 20);
        let mean =
            |differences: Vec<f64>| 100.0 * differences.iter().sum::<f64>() / differences.len().max(1) as f64;
        let precision = pairs().filter_map(|(a, b)| Some((a.precision? - b.precision?).abs())).collect();
        let recall = pairs().filter_map(|(a, b)| Some((a.recall? - b.recall?).abs())).collect();
        println!("| `{}` | {:.1} | {:.1} |", aggregate.method, mean(precision), mean(recall));
    }
}

/// What gold for some of the sentences adds to the others.
fn anchors(people: &People) -> Result<()> {
    println!("\nF1 on the sentences of the test part, with every n-th sentence of the val part as gold:\n");
    println!(
        "| gold sentences | `span_dawid_skene` | `token_dawid_skene` | `previous_tag` |\n|---|---|---|---|"
    );
    for every in [0, 32, 8, 1] {
        let mut at_val = 0_usize;
        let gold = people.names.iter().zip(&people.gold).map(|(name, gold)| {
            let is_val = name.starts_with("val");
            at_val += usize::from(is_val);
            (is_val && every > 0 && at_val.is_multiple_of(every)).then(|| gold.clone())
        });
        let gold: Vec<Option<Vec<Span>>> = gold.collect();
        let options = SpanOptions { gold: &gold, ..SpanOptions::default() };
        print!("| {} |", gold.iter().flatten().count());
        for name in ["span_dawid_skene", "token_dawid_skene", "previous_tag"] {
            let aggregate = fit(name, &people.readings, &options)?;
            let test = |at: usize| people.names[at].starts_with("test");
            let of_test = scores(&people.gold, &found(&aggregate), CLASSES.len() as u32, test)?;
            print!(" {:.1} |", of_test.0[2]);
        }
        println!();
    }
    Ok(())
}
