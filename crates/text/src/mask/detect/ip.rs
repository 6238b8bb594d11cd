//! Addresses of the internet protocol. What stands for no machine of a person (loopback, masks) is left.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::super::around::{before, says};

pub(super) const PATTERNS: &[&str] = &[
    r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?-u:\b)",
    r"[0-9A-Fa-f:]{1,39}:[0-9A-Fa-f:]{0,39}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?",
];

/// Words after which four numbers with dots are no address.
const OTHERS: &[&str] = &[
    "v",
    "ver",
    "version*",
    "release*",
    "firmware",
    "build",
    "section",
    "chapter",
    "clause",
    "driver",
    "§",
    "верси*",
    "раздел*",
    "пункт*",
    "глав*",
    "п",
    "прошивк*",
    "сборк*",
    "版本",
    "章节",
    "固件",
    "版",
    "章",
    "条",
    "节",
];

/// Words beside which small numbers are an address after all.
const ADDRESSES: &[&str] = &[
    "ip",
    "ipv4",
    "address*",
    "host",
    "server",
    "ping",
    "dns",
    "from",
    "адрес*",
    "сервер*",
    "хост*",
    "地址",
    "服务器",
];

pub(super) fn address(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    if !quote.contains(':') {
        if is_v4(text, &at) {
            out.push(at);
        }
        return;
    }
    // A sentence goes on with a colon of its own, and a label ends with one.
    let n_before = usize::from(quote.starts_with(':') && !quote.starts_with("::"));
    let (at, quote) = (at.start + n_before..at.end, &quote[n_before..]);
    let trimmed =
        if quote.ends_with(':') && !quote.ends_with("::") { &quote[..quote.len() - 1] } else { quote };
    let end = at.start + trimmed.len();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text[..at.start].ends_with(is_part) && !text[end..].starts_with(is_part) && is_v6(trimmed) {
        out.push(at.start..end);
    }
}

fn is_v4(text: &str, at: &Range<usize>) -> bool {
    let quote = &text[at.clone()];
    let Ok(address) = quote.parse::<Ipv4Addr>() else { return false };
    let left = before(text, at.start, 20);
    let after = &text[at.end..];
    let goes_on = left.ends_with(['.', ',', '_', '-'])
        && left.trim_end_matches(['.', ',', '_', '-']).ends_with(|c: char| c.is_ascii_alphanumeric())
        || after.starts_with('.') && after[1..].starts_with(|c: char| c.is_ascii_digit())
        || after.starts_with(['-', '+', '_']) && after[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_nobody = address.is_loopback() || address.is_unspecified() || address.octets()[0] == 255;
    // A word just before: `version 10.2.4.1`, not `version of the page. 10.2.4.1`.
    let word_before = before(text, at.start, 10);
    let is_small = address.octets().iter().all(|octet| *octet < 20);
    !goes_on && !is_nobody && !says(word_before, OTHERS) && (!is_small || says(left, ADDRESSES))
}

/// Whether this is an address and no path of a program (`a::b`) or time.
fn is_v6(quote: &str) -> bool {
    let Ok(address) = quote.parse::<Ipv6Addr>() else { return false };
    let n_groups = quote.split(':').filter(|group| !group.is_empty()).count();
    let first = address.segments()[0];
    let is_known = matches!(first, 0x2000..=0x3FFF | 0xFC00..=0xFDFF | 0xFE80..=0xFEBF);
    let has_digit = quote.contains(|c: char| c.is_ascii_digit());
    !address.is_loopback() && !address.is_unspecified() && has_digit && (n_groups >= 4 || is_known)
}
