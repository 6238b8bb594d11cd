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
fn without_alternatives_what_a_token_leaves_over_may_be_another_label() {
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

#[track_caller]
fn check_distribution(
    labels: &[&str],
    answer: &str,
    tokens: &[TokenLogprob],
    want: Option<(&[f64], f64, f64)>,
) {
    let task =
        Task::of("classify", labels.iter().map(|name| LabelSpec::named(*name)).collect(), "text").unwrap();
    let kind = crate::kind("classify").unwrap();
    let item = karat_core::Item { id: karat_core::ItemId::new("1"), row: 1, fields: Default::default() };
    let read = kind.read_answer(&task, &item, &crate::RawAnswer::of(answer));
    let karat_core::Outcome::Labeled(value) = read.outcome else { panic!("{read:?}") };
    let got = label_distribution(kind, &task, answer, tokens, &value);
    let Some((probabilities, on_labels, unseen)) = want else {
        assert_eq!(got, None);
        return;
    };
    let got = got.unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(got.probabilities.iter().zip(probabilities).all(|(a, b)| near(*a, *b)), "{got:?}");
    assert!(near(got.on_labels, on_labels) && near(got.unseen, unseen), "{got:?}");
    let Confidence::Raw(p, _) = token_confidence(kind, &task, answer, tokens, &value) else { panic!() };
    let chosen = value.labels()[0].index();
    assert!(near(got.probabilities[chosen], p), "the distribution and the confidence are one: {got:?}, {p}");
}

#[test]
fn the_distribution_holds_each_label_with_its_own_mass() {
    let tokens = [token("a", 0.5, &[("a", 0.5), ("c", 0.2), ("B", 0.1), ("x", 0.2)])];
    check_distribution(&["a", "b", "c"], "a", &tokens, Some((&[0.625, 0.125, 0.25], 0.8, 0.0)));
}

#[test]
fn an_unseen_label_has_the_most_it_may_have() {
    // 0.2 is not shown; no unseen token is likelier than the least likely one shown, 0.05.
    let tokens = [token("a", 0.75, &[("a", 0.75), ("b", 0.05)])];
    check_distribution(
        &["a", "b", "c"],
        "a",
        &tokens,
        Some((&[0.75 / 0.85, 0.05 / 0.85, 0.05 / 0.85], 0.8, 0.05 / 0.85)),
    );
}

#[test]
fn a_beginning_of_several_labels_is_shared_among_them() {
    let tokens = [token("yes", 0.6, &[("yes", 0.6), ("no", 0.4)])];
    check_distribution(&["yes", "no", "none"], "yes", &tokens, Some((&[0.6, 0.2, 0.2], 1.0, 0.0)));
}

#[test]
fn branches_of_later_tokens_are_weighted_by_what_came_before() {
    let tokens = [
        token("not", 0.8, &[("not", 0.8), ("biased", 0.2)]),
        token("_biased", 0.5, &[("_biased", 0.5), ("_sure", 0.5)]),
    ];
    check_distribution(
        &["biased", "not_biased", "not_sure"],
        "not_biased",
        &tokens,
        Some((&[0.2, 0.4, 0.4], 1.0, 0.0)),
    );
}

#[test]
fn without_alternatives_the_rest_is_spread_evenly_and_said_to_be_unseen() {
    check_distribution(&["a", "b", "c"], "a", &[token("a", 0.7, &[])], Some((&[0.7, 0.15, 0.15], 0.7, 0.3)));
}

#[test]
fn another_spelling_of_the_same_label_lies_on_a_label() {
    let tokens = [token("a", 0.5, &[("a", 0.5), (" A", 0.2), ("b", 0.2), ("the", 0.1)])];
    check_distribution(&["a", "b"], "a", &tokens, Some((&[0.5 / 0.7, 0.2 / 0.7], 0.9, 0.0)));
}

#[test]
fn without_tokens_there_is_no_distribution() {
    check_distribution(&["a", "b"], "a", &[], None);
}

#[test]
fn an_alias_of_another_label_is_that_label() {
    let spec = |name: &str, alias: &str| LabelSpec { aliases: vec![alias.into()], ..LabelSpec::named(name) };
    let task = Task::of("classify", vec![spec("ham", "ok"), spec("spam", "junk")], "text").unwrap();
    let value = Value::Choice(task.schema.by_name("ham").unwrap());
    let tokens = [token("ham", 0.6, &[("ham", 0.6), ("junk", 0.2), ("the", 0.2)])];
    let kind = crate::kind("classify").unwrap();
    let got = label_distribution(kind, &task, "ham", &tokens, &value).unwrap();
    assert!((got.probabilities[0] - 0.75).abs() < 1e-9, "{got:?}");
}

#[test]
fn a_label_that_was_not_offered_is_no_rival() {
    let task = Task::of("classify", ["a", "b", "c"].map(LabelSpec::named).into(), "text").unwrap();
    let (a, b) = (task.schema.by_name("a").unwrap(), task.schema.by_name("b").unwrap());
    let task = Task { schema: task.schema.only(&[a, b]), ..task };
    let tokens = [token("a", 0.6, &[("a", 0.6), ("b", 0.2), ("c", 0.2)])];
    let got =
        label_distribution(crate::kind("classify").unwrap(), &task, "a", &tokens, &Value::Choice(a)).unwrap();
    assert!((got.probabilities[0] - 0.75).abs() < 1e-9 && got.probabilities[2] == 0.0, "{got:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]
    #[test]
    fn a_distribution_sums_to_one_and_agrees_with_the_confidence(
        ps in proptest::collection::vec(0.001_f64..1.0, 5), n_shown in 0_usize..5, chosen in 0_usize..3,
    ) {
        let words = ["alpha", "beta", "alphabet", "the", "al"];
        let sum: f64 = ps.iter().sum();
        let mut top: Vec<(&str, f64)> = words.into_iter().zip(ps.iter().map(|p| p / sum)).collect();
        let own = top[chosen];
        top.sort_by(|a, b| b.1.total_cmp(&a.1));
        let tokens = [token(own.0, own.1, &top[..n_shown])];
        let labels = ["alpha", "beta", "alphabet"].map(LabelSpec::named).into();
        let task = Task::of("classify", labels, "text").unwrap();
        let value = Value::Choice(task.schema.by_name(own.0).unwrap());
        let kind = crate::kind("classify").unwrap();
        let got = label_distribution(kind, &task, own.0, &tokens, &value).unwrap();
        proptest::prop_assert!((got.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{:?}", got);
        proptest::prop_assert!((0.0..=1.0).contains(&got.on_labels) && (0.0..=1.0).contains(&got.unseen));
        let sure = token_confidence(kind, &task, own.0, &tokens, &value).value().unwrap();
        proptest::prop_assert!((got.probabilities[chosen] - sure).abs() < 1e-9, "{:?} {}", got, sure);
    }
}
