//! Each quoted mention to one place, or to none: a mention is never placed by chance.
//!
//! Words that stand once are placed. Words that stand several times are placed by what the answer says of them: a
//! position whose words are these, the words before or after, a count; by as many mentions as there are places; and,
//! where spans may not overlap, by the places that longer mentions leave free. What is still open stays open.

use std::ops::Range;

use karat_core::{Alignment, LabelId};

use super::find::{Haystack, Hits, tight};

/// A mention as an answer quotes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quoted {
    pub(crate) label: LabelId,
    /// The label as written.
    pub(crate) written: String,
    pub(crate) quote: String,
    /// Which of several places, from 1.
    pub(crate) occurrence: Option<u32>,
    /// Positions: believed only where these words stand there.
    pub(crate) start: Option<u32>,
    /// Whether `start` is a bare number, which does not say what it counts.
    pub(crate) is_bare: bool,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Where a mention went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Placement {
    /// Here, in bytes.
    At(Placed),
    /// Nowhere.
    Open(Alignment),
    /// Where an equal mention already is.
    Repeated,
}

/// A place, how its words were found, and whether they stand nowhere else.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) at: Range<usize>,
    pub(crate) how: Alignment,
    pub(crate) is_only: bool,
}

/// One mention on its way.
struct Open {
    hits: Hits,
    label: LabelId,
    place: Option<Placement>,
}

/// Places all mentions of one text. The result has one placement for each mention, in order.
pub(crate) fn place_all(haystack: &Haystack, mentions: &[Quoted], overlap: bool) -> Vec<Placement> {
    let in_words = counts_words(haystack, mentions);
    let mut open: Vec<Open> = mentions.iter().map(|it| begin(haystack, it, in_words && it.is_bare)).collect();
    count_spellings(haystack, mentions, &mut open);
    // A placed mention may leave only one place for another: until nothing moves.
    while settle(&mut open, overlap) {}
    let end = |it: Open| {
        let n_found = it.hits.places.len() as u32;
        let how = if n_found == 0 { Alignment::Absent } else { Alignment::Ambiguous { n_found } };
        it.place.unwrap_or(Placement::Open(how))
    };
    open.into_iter().map(end).collect()
}

/// The places of a mention, and the one that its hints tell.
fn begin(haystack: &Haystack, mention: &Quoted, in_words: bool) -> Open {
    let mut hits = haystack.find(&mention.quote);
    let n = mention.occurrence.map(|n| n as usize);
    if hits.how == Alignment::Exact && hits.places.len() > 1 && n.is_some_and(|n| n > hits.places.len()) {
        // The count goes over other spellings of the words too.
        let all = haystack.normalized(&mention.quote);
        if n.is_some_and(|n| n <= all.len()) {
            hits = Hits { places: all, how: Alignment::Normalized };
        }
    }
    let place = match hits.places.len() {
        0 | 1 => None,
        _ => hinted(haystack, mention, &hits, in_words)
            .map(|at| Placement::At(Placed { at, how: hits.how, is_only: false })),
    };
    Open { hits, label: mention.label, place }
}

/// Whether the bare numbers of an answer count words: one answer counts in one unit, and more of them fit so.
fn counts_words(haystack: &Haystack, mentions: &[Quoted]) -> bool {
    let mut balance = 0i64;
    for mention in mentions.iter().filter(|it| it.is_bare) {
        let places = haystack.find(&mention.quote).places;
        let fits = |in_words| i64::from(at_start(haystack.source, mention, &places, in_words).is_some());
        balance += fits(true) - fits(false);
    }
    balance > 0
}

/// The place that begins at the mention's position, in words or in code points.
fn at_start(text: &str, mention: &Quoted, places: &[Range<usize>], in_words: bool) -> Option<Range<usize>> {
    let start = mention.start? as usize;
    let begins = |it: &&Range<usize>| {
        let before = &text[..it.start];
        match in_words {
            true => {
                before.split_whitespace().count() == start && !before.ends_with(|c: char| !c.is_whitespace())
            }
            false => before.chars().count() == start,
        }
    };
    places.iter().find(begins).cloned()
}

fn hinted(haystack: &Haystack, mention: &Quoted, hits: &Hits, in_words: bool) -> Option<Range<usize>> {
    let text = haystack.source;
    if let Some(at) = at_start(text, mention, &hits.places, in_words) {
        return Some(at);
    }
    let near = |words: &Option<String>,
                side: &dyn Fn(&Range<usize>) -> String,
                ends: bool|
     -> Option<Range<usize>> {
        let words = tight(words.as_deref()?);
        let fits = |it: &&Range<usize>| {
            let side = side(it);
            if ends { side.ends_with(&words) } else { side.starts_with(&words) }
        };
        let mut fitting = hits.places.iter().filter(fits);
        let first = fitting.next().filter(|_| !words.is_empty())?;
        fitting.next().is_none().then(|| first.clone())
    };
    near(&mention.before, &|at| tight(&text[..at.start]), true)
        .or_else(|| near(&mention.after, &|at| tight(&text[at.end..]), false))
        .or_else(|| {
            let n = (mention.occurrence? as usize).checked_sub(1)?;
            hits.places.get(n).cloned()
        })
}

/// Where a quote is mentioned more often than its very words stand there, and just as often as they stand there in any
/// spelling, all spellings are meant.
fn count_spellings(haystack: &Haystack, mentions: &[Quoted], open: &mut [Open]) {
    for n in 0..open.len() {
        let same =
            |m: &usize| mentions[*m].label == mentions[n].label && mentions[*m].quote == mentions[n].quote;
        let group: Vec<usize> = (0..open.len()).filter(same).collect();
        if open[n].hits.how != Alignment::Exact || group.len() <= open[n].hits.places.len() || group[0] != n {
            continue;
        }
        let all = haystack.normalized(&mentions[n].quote);
        if all.len() == group.len() {
            for m in group {
                open[m].hits = Hits { places: all.clone(), how: Alignment::Normalized };
            }
        }
    }
}

/// One round of placing what follows from what is placed; whether anything moved.
fn settle(open: &mut [Open], overlap: bool) -> bool {
    for n in 0..open.len() {
        if open[n].place.is_some() || open[n].hits.places.is_empty() {
            continue;
        }
        let same = |m: &usize| {
            open[*m].place.is_none()
                && open[*m].label == open[n].label
                && open[*m].hits.places == open[n].hits.places
        };
        let waiting: Vec<usize> = (n..open.len()).filter(same).collect();
        let free = free_places(open, n, overlap);
        let is_only = open[n].hits.places.len() == 1;
        if is_only && free.is_empty() {
            open[n].place = Some(Placement::Repeated);
            return true;
        }
        if !free.is_empty() && waiting.len() >= free.len() {
            for (m, at) in waiting.iter().zip(&free) {
                let how = open[*m].hits.how;
                open[*m].place = Some(Placement::At(Placed { at: at.clone(), how, is_only }));
            }
            for m in &waiting[free.len()..] {
                open[*m].place = Some(Placement::Repeated);
            }
            return true;
        }
    }
    false
}

/// The places of mention `n` that no mention with its label has, and, where spans may not overlap, no longer one covers.
fn free_places(open: &[Open], n: usize, overlap: bool) -> Vec<Range<usize>> {
    let own = &open[n];
    let several = own.hits.places.len() > 1;
    let taken = |at: &Range<usize>| {
        open.iter().any(|other| {
            let Some(Placement::At(Placed { at: there, .. })) = &other.place else {
                return false;
            };
            let covered = there.len() > at.len() && there.start < at.end && at.start < there.end;
            (other.label == own.label && there == at) || (several && !overlap && covered)
        })
    };
    own.hits.places.iter().filter(|at| !taken(at)).cloned().collect()
}
