//! Token probabilities by hand: each case is a few tokens and the number that follows from the formula.

use karat_core::LabelSpec;

use super::*;

fn token(text: &str, p: f64, top: &[(&str, f64)]) -> TokenLogprob {
    let top = top.iter().map(|(text, p)| ((*text).to_owned(), p.ln())).collect();
    TokenLogprob { token: text.to_owned(), logprob: p.ln(), top }
}

#[track_caller]
fn check(
    labels: &[&str],
    answer: &str,
    tokens: &[TokenLogprob],
    label: &str,
    want: Result<f64, NoConfidence>,
) {
    let task =
        Task::of("classify", labels.iter().map(|name| LabelSpec::named(*name)).collect(), "text").unwrap();
    let value = Value::Choice(task.schema.by_name(label).unwrap());
    match (token_confidence(crate::kind("classify").unwrap(), &task, answer, tokens, &value), want) {
        (Confidence::Raw(got, ConfidenceSource::TokenProbability), Ok(want)) => {
            assert!((got - want).abs() < 1e-9, "{got} is not {want}");
        }
        (Confidence::Unknown(got), Err(want)) => assert_eq!(got, want),
        (got, want) => panic!("{got:?} is not {want:?}"),
    }
}

#[test]
fn words_that_are_no_label_are_left_out_of_the_sum() {
    let tokens = [token("yes", 0.6, &[("yes", 0.6), ("no", 0.2), ("the", 0.2)])];
    check(&["yes", "no"], "yes", &tokens, "yes", Ok(0.75));
}

#[test]
fn a_label_of_several_tokens_is_their_product_against_what_branches_off() {
    let tokens = [
        token("{\"label\": \"", 1.0, &[]),
        token("not", 0.8, &[("not", 0.8), ("biased", 0.2)]),
        token("_biased", 0.5, &[("_biased", 0.5), ("_sure", 0.5)]),
        token("\"}", 1.0, &[]),
    ];
    check(
        &["biased", "not_biased", "not_sure"],
        r#"{"label": "not_biased"}"#,
        &tokens,
        "not_biased",
        Ok(0.4 / (0.4 + 0.2 + 0.4)),
    );
}

#[test]
fn without_alternatives_it_is_the_plain_product() {
    let tokens = [token("po", 0.9, &[]), token("sitive", 0.9, &[])];
    check(&["positive", "negative"], "positive", &tokens, "positive", Ok(0.81 / (0.81 + 0.1)));
}

#[test]
fn mass_that_is_not_shown_counts_against_labels_that_are_not_shown() {
    let tokens = [token("a", 0.7, &[("a", 0.7), ("b", 0.1)])];
    check(&["a", "b"], "a", &tokens, "a", Ok(0.7 / 0.8));
    check(&["a", "b", "c"], "a", &tokens, "a", Ok(0.7 / 0.9));
}

#[test]
fn another_spelling_of_the_same_label_is_no_rival() {
    let tokens = [token(" Positive", 0.5, &[(" Positive", 0.5), ("positive", 0.3), (" Negative", 0.2)])];
    check(&["positive", "negative"], "Positive", &tokens, "positive", Ok(0.5 / 0.7));
}

#[test]
fn no_tokens_and_no_label_in_them_are_two_reasons() {
    check(&["a", "b"], "a", &[], "a", Err(NoConfidence::NoLogprobs));
    check(&["a", "b"], "a", &[token("x", 0.5, &[])], "a", Err(NoConfidence::LabelNotInTokens));
}
