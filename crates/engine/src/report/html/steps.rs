//! What to do next, each step with its command.

use super::super::{Report, Step};
use crate::html::section;
use crate::html::text::{Esc, ticked};

/// The steps.
pub(super) fn steps(report: &Report) -> String {
    let step = |it: &Step| {
        let command = it
            .command
            .as_ref()
            .map_or(String::new(), |it| format!("<code class=\"command\">{}</code>", Esc(it)));
        format!("<li><span>{}</span>{command}</li>\n", ticked(&it.say))
    };
    let steps: String = report.next.iter().map(step).collect();
    section("next", "What to do next", &format!("<ol class=\"steps\">\n{steps}</ol>\n"))
}
