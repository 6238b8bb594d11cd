//! What the pages for a browser share: the frame, the style, texts, tables, marks on scales, bars.
//!
//! In: parts of a page. Out: one document that needs no script, no other host and no other file, readable on a phone, on
//! paper, in the dark and by a screen reader. Foreign texts enter through [`text::Esc`] alone. Not here: what a page says.

pub(crate) mod bars;
pub(crate) mod cost;
pub(crate) mod labels;
pub(crate) mod plot;
pub(crate) mod said;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod text;

use text::Esc;

const STYLE: &str = include_str!("html/page.css");

/// A whole document. `title` is escaped here; `style` is added to that of all pages.
pub(crate) fn document(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n{}\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        Esc(title),
        plot::SHAPES
    )
}

/// A part of the page under its own heading.
pub(crate) fn section(id: &str, title: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{body}</section>\n"
    )
}
