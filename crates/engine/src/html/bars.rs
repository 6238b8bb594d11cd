//! Stacked bars: the parts of a whole, each with a pattern of its own.

use super::text::{Esc, count};
use crate::evaluate::Counts;

/// One part of a whole: its class in the style, its words, how many.
pub(crate) type Part = (&'static str, &'static str, u64);

/// A bar over the full width; a part that is there is never thinner than the eye sees.
pub(crate) fn bar(parts: &[Part]) -> String {
    let there = || parts.iter().filter(|(_, _, n)| *n > 0);
    let words: Vec<String> = there().map(|(_, words, n)| format!("{} {words}", count(*n))).collect();
    let words = if words.is_empty() { "nothing to count".to_owned() } else { words.join(", ") };
    let pieces: String = there()
        .map(|(class, _, n)| format!("<span class=\"p {class}\" style=\"flex-grow:{n}\"></span>"))
        .collect();
    format!("<div class=\"bar\" role=\"img\" aria-label=\"{0}\" title=\"{0}\">{pieces}</div>", Esc(&words))
}

/// What the patterns stand for.
pub(crate) fn legend(parts: &[Part]) -> String {
    let key = |(class, words, _): &Part| format!("<li><span class=\"key p {class}\"></span> {words}</li>");
    format!("<ul class=\"legend\">{}</ul>\n", parts.iter().map(key).collect::<String>())
}

/// A share as a bar over the full width; `words`, which are escaped, say it too.
pub(crate) fn share(share: f64, words: &str) -> String {
    let (part, rest) = (share.clamp(0.0, 1.0), 1.0 - share.clamp(0.0, 1.0));
    format!(
        "<div class=\"bar\" role=\"img\" aria-label=\"{words}\" title=\"{words}\"><span class=\"p p-hatch\" style=\"flex-grow:{part:.3}\">\
         </span><span class=\"rest\" style=\"flex-grow:{rest:.3}\"></span></div>"
    )
}

/// What came of items, by kind.
pub(crate) fn outcomes(counts: &Counts) -> [Part; 5] {
    [
        ("p-good", "labeled", counts.labeled),
        ("p-dots", "abstained", counts.abstained),
        ("p-hatch", "unusable", counts.unusable),
        ("p-cross", "failed", counts.failed),
        ("p-empty", "not yet", counts.not_yet),
    ]
}
