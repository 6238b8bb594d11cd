//! Money and time as they stand on the page, and a dash where they are not known.

use super::text::{dash, seconds, usd};
use crate::evaluate::Cost;

/// What was spent, and what a thousand right items cost.
pub(crate) fn money(cost: &Cost) -> String {
    let Some(spent) = cost.micro_usd else {
        return dash("not known, there is no price or no count of tokens");
    };
    let about = if cost.estimated {
        "<span title=\"estimated from counted tokens, not a bill\">≈ </span>"
    } else {
        ""
    };
    let per = match cost.usd_per_correct.filter(|it| it.is_finite() && spent.usd() > 0.0) {
        Some(it) => format!(" <span class=\"ci\">{} per 1,000 right</span>", usd(it * 1e3)),
        None => String::new(),
    };
    format!("<span class=\"v\">{about}{spent}</span>{per}")
}

/// How long one right item took.
pub(crate) fn time(cost: &Cost) -> String {
    match cost.seconds_per_correct.filter(|it| it.is_finite()) {
        Some(it) => format!("<span class=\"v\">{}</span>", seconds(it)),
        None => dash("not known, no time was measured or nothing is right"),
    }
}
