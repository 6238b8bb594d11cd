//! Finds the known name that a mistyped one stands for.
//!
//! In: what was typed and the known names. Out: the nearest one, where it is near enough to be worth a question.

/// The known name with the fewest edits from `typed`, if at most a third of its characters (and at least one edit) differ,
/// or one that begins with it.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let near = |name: &&str| {
        let lower = name.to_lowercase();
        let allowed = (lower.chars().count() / 3).max(1);
        let edits = edits(&typed, &lower);
        if typed.chars().count() >= 3 && lower.starts_with(&typed) {
            return Some(edits.min(1));
        }
        (edits <= allowed).then_some(edits)
    };
    known
        .into_iter()
        .filter_map(|name| Some((near(&name)?, name)))
        .min_by_key(|(edits, _)| *edits)
        .map(|found| found.1)
}

/// The number of characters to insert, remove or replace (Levenshtein, 1966).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, want: Option<&str>) {
        assert_eq!(nearest(typed, ["ollama", "openai", "openrouter", "vllm"]), want, "{typed}");
    }

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        check("olama", Some("ollama"));
        check("OpenAI", Some("openai"));
        check("openr", Some("openrouter"));
        check("vlm", Some("vllm"));
        check("bedrock", None);
        check("", None);
    }
}
