//! How sure a model was of each field, from the probabilities of its tokens.
//!
//! In: an answer and its tokens. Out: for each field that was asked for, by its path, the product of the probabilities of
//! all tokens that write its value: how probable it was, after what stands before it, that this very value is written. A
//! long text is therefore less probable than a number, which is no fault: fields are compared with themselves over items.
//! A null has its probability too: that the text says nothing of it. Quotes do not count.
//!
//! Not here: calibration, and what to do with a field that is not sure.

use std::ops::Range;

use karat_core::{FieldSpec, FieldType, Task};
use karat_llm::TokenLogprob;

use crate::answer::json::find_all;

/// The probability of each value, by its path (`who`, `items.0.price`), in the order of the answer.
///
/// `answer` is the text of an answer to a task of the kind `extract`, `tokens` all of its tokens. Empty where there are
/// no tokens, where the tokens do not write the answer, or where the answer is not strict JSON with `fields`: in a mended
/// answer no place is sure. The paths are those of the answer: where a reading leaves an item of a list out, later ones
/// of that list move up.
///
/// ```
/// use karat_core::{FieldSpec, Task, TaskSpec};
/// use karat_llm::TokenLogprob;
/// let spec = TaskSpec {
///     kind: "extract".into(),
///     fields: vec![FieldSpec { name: "who".into(), ..FieldSpec::default() }],
///     ..TaskSpec::default()
/// };
/// let task = Task::new(&spec, &Default::default(), &Default::default(), String::new()).unwrap();
/// let token = |token: &str, p: f64| TokenLogprob { token: token.into(), logprob: p.ln(), top: vec![] };
/// let answer = r#"{"fields": {"who": {"quote": "Bob", "value": "Bob Lee"}}}"#;
/// let tokens = [token(r#"{"fields": {"who": {"quote": "Bob", "value": ""#, 1.0), token("Bob", 0.5), token(" Lee", 0.5), token(r#""}}}"#, 1.0)];
/// assert_eq!(karat_task::field_confidence(&task, answer, &tokens), [("who".to_owned(), 0.25)]);
/// ```
pub fn field_confidence(task: &Task, answer: &str, tokens: &[TokenLogprob]) -> Vec<(String, f64)> {
    let all: String = tokens.iter().map(|it| it.token.as_str()).collect();
    // Vendors trim the text, not the tokens.
    let Some(shift) = all.find(answer).filter(|_| !tokens.is_empty()) else { return Vec::new() };
    let probability = |at: &Range<usize>| {
        let (mut from, mut sum) = (0, 0.0);
        for token in tokens {
            let to = from + token.token.len();
            if to > at.start + shift && from < at.end + shift {
                sum += token.logprob.min(0.0);
            }
            from = to;
        }
        sum.exp().clamp(0.0, 1.0)
    };
    places(&task.spec.fields, answer).into_iter().map(|(path, at)| (path, probability(&at))).collect()
}

/// Where the values of an answer stand, in bytes, by path; empty where it is not strict JSON.
fn places(fields: &[FieldSpec], answer: &str) -> Vec<(String, Range<usize>)> {
    let Some(parsed) = find_all(answer).pop().filter(|it| it.mends.is_empty() && !it.cut) else {
        return Vec::new();
    };
    let mut scan = Scan { text: answer, at: parsed.start, out: Vec::new() };
    let done = scan.members(&mut |scan, key| match key {
        "fields" => scan.group(fields, ""),
        _ => scan.skip().map(|_| ()),
    });
    if done.is_some() { scan.out } else { Vec::new() }
}

/// A walk over JSON that is known to be strict.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    out: Vec<(String, Range<usize>)>,
}

impl<'a> Scan<'a> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Passes this byte, where it comes next.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes a string; gives the bytes between its marks.
    fn string(&mut self) -> Option<Range<usize>> {
        self.take(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        while *bytes.get(self.at)? != b'"' {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        Some(start..self.at - 1)
    }

    /// Passes an object; `each` passes the value of a key.
    fn members(&mut self, each: &mut dyn FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let text: &'a str = self.text;
            each(self, text.get(key)?)?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    /// Passes a list; `each` passes an item.
    fn items(&mut self, each: &mut dyn FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        for n in 0.. {
            each(self, n)?;
            if self.take(b',').is_none() {
                break;
            }
        }
        self.take(b']')
    }

    /// Passes any value; gives its bytes, those between the marks of a string.
    fn skip(&mut self) -> Option<Range<usize>> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => {
                let start = self.at;
                self.members(&mut |scan, _| scan.skip().map(|_| ()))?;
                Some(start..self.at)
            }
            b'[' => {
                let start = self.at;
                self.items(&mut |scan, _| scan.skip().map(|_| ()))?;
                Some(start..self.at)
            }
            _ => {
                let start = self.at;
                let end = self.text[start..]
                    .find([',', '}', ']', ' ', '\n', '\r', '\t'])
                    .map_or(self.text.len(), |n| start + n);
                self.at = end;
                (start < end).then_some(start..end)
            }
        }
    }

    fn group(&mut self, fields: &[FieldSpec], inside: &str) -> Option<()> {
        if self.peek()? != b'{' {
            return self.skip().map(|_| ());
        }
        self.members(&mut |scan, key| {
            let Some(field) = fields.iter().find(|it| it.name == key) else { return scan.skip().map(|_| ()) };
            let path = if inside.is_empty() { key.to_owned() } else { format!("{inside}.{key}") };
            match (field.list, scan.peek()?) {
                (true, b'[') => scan.items(&mut |scan, n| scan.one(field, format!("{path}.{n}"))),
                _ => scan.one(field, path),
            }
        })
    }

    fn one(&mut self, field: &FieldSpec, path: String) -> Option<()> {
        if field.of == FieldType::Group {
            return self.group(&field.fields, &path);
        }
        if self.peek()? != b'{' {
            let at = self.skip()?;
            self.out.push((path, at));
            return Some(());
        }
        self.members(&mut |scan, key| {
            let at = scan.skip()?;
            if key == "value" {
                scan.out.push((path.clone(), at));
            }
            Some(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<FieldSpec> {
        let field = |name: &str| FieldSpec { name: name.to_owned(), ..FieldSpec::default() };
        let group = FieldSpec {
            of: FieldType::Group,
            list: true,
            fields: vec![field("what"), field("price")],
            ..field("items")
        };
        vec![field("who"), FieldSpec { list: true, ..field("tags") }, group]
    }

    #[track_caller]
    fn check(answer: &str, want: &[(&str, &str)]) {
        let found = places(&fields(), answer);
        let got: Vec<(&str, &str)> =
            found.iter().map(|(path, at)| (path.as_str(), &answer[at.clone()])).collect();
        assert_eq!(got, want, "{answer}");
    }

    #[test]
    fn each_value_is_found_by_its_path() {
        check(
            r#"{"reason": "a \"}", "fields": {"who": {"quote": "Bob", "value": "Bob \"L\""}, "tags": [{"value": "x"}, "y"],
                "items": [{"what": {"quote": null, "value": "case"}, "price": null}, {"price": {"value": 12.5}}]}, "confidence": 0.5}"#,
            &[
                ("who", r#"Bob \"L\""#),
                ("tags.0", "x"),
                ("tags.1", "y"),
                ("items.0.what", "case"),
                ("items.0.price", "null"),
                ("items.1.price", "12.5"),
            ],
        );
        check(r#"Sure: {"fields": {"who": null}}"#, &[("who", "null")]);
    }

    #[test]
    fn a_mended_answer_has_no_sure_places() {
        check(r#"{"fields": {"who": {"value": 'Bob'}}}"#, &[]);
        check(r#"{"fields": {"who": {"value": "Bob"}"#, &[]);
        check("Bob", &[]);
        check(r#"{"fields": null}"#, &[]);
    }
}
