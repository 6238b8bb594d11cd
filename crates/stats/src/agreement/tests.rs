//! Agreement on small data that can be checked by hand, and what holds for any data.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::{
    Agreement, AlternativeOptions, Coefficient, LabeledBox, Measure, Rating, Ratings, Scale, Undefined,
    Weights, agree, alpha_by, alpha_of_numbers, alternative_annotator_test, box_agreement, by_annotator,
    by_group, by_pair, class_agreement, jaccard_distance, mean_match, position_agreement, span_agreement,
};
use crate::Class;
use crate::bootstrap::IntervalOptions;
use crate::interval::Level;
use crate::random::SplitMix64;
use crate::score::{Outcome, Pair, Span, score_spans};

const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 60, seed: 3 };

/// Ratings as text: a word for each item, a character for each annotator, `.` is missing.
fn classes(items: &str) -> Ratings<Class> {
    let items: Vec<&str> = items.split_whitespace().collect();
    let n_annotators = items.iter().map(|item| item.len()).max().unwrap_or(0);
    let mut ratings = Vec::new();
    for (item, word) in (0..).zip(&items) {
        for (annotator, character) in (0..).zip(word.chars()) {
            let class = character.to_digit(10).map(Class);
            ratings.extend(class.map(|value| Rating { item, annotator, value }));
        }
    }
    Ratings::new(items.len(), n_annotators, ratings).unwrap()
}

fn measure(coefficient: Coefficient, n_classes: u32) -> Measure<'static> {
    Measure { coefficient, weights: Weights::Identity, n_classes }
}

#[track_caller]
fn check(items: &str, coefficient: Coefficient, want: Result<f64, Undefined>) {
    let found = agree(&classes(items), &measure(coefficient, 3), &OPTIONS).map(|it| it.estimate.value);
    match (found, want) {
        (Ok(got), Ok(want)) => assert!((got - want).abs() < 1e-12, "{got}"),
        (got, want) => assert_eq!(got, want),
    }
}

#[test]
fn full_agreement_is_one() {
    for coefficient in Coefficient::ALL {
        check("00 11 22 00", coefficient, Ok(1.0));
    }
}

#[test]
fn items_with_one_rating_are_not_compared() {
    for coefficient in [Coefficient::Percent, Coefficient::CohenKappa, Coefficient::KrippendorffAlpha] {
        check("00 11 0. .1 01", coefficient, agree_value("00 11 01", coefficient));
    }
    for coefficient in Coefficient::ALL {
        if coefficient != Coefficient::FleissKappa {
            check("0. .1", coefficient, Err(Undefined::NoPairs));
        }
    }
}

fn agree_value(items: &str, coefficient: Coefficient) -> Result<f64, Undefined> {
    agree(&classes(items), &measure(coefficient, 3), &OPTIONS).map(|it| it.estimate.value)
}

#[test]
fn one_class_alone_leaves_nothing_to_measure_but_percent_and_gwet() {
    for coefficient in Coefficient::ALL {
        let want = match coefficient {
            Coefficient::Percent | Coefficient::GwetAc => Ok(1.0),
            Coefficient::CohenKappa
            | Coefficient::ScottPi
            | Coefficient::FleissKappa
            | Coefficient::KrippendorffAlpha => Err(Undefined::OneCategory),
        };
        check("11 11 11", coefficient, want);
    }
    let one = agree(&classes("00 00"), &measure(Coefficient::GwetAc, 1), &OPTIONS);
    assert_eq!(one, Err(Undefined::OneCategory));
}

#[test]
fn fleiss_refuses_items_with_different_numbers_of_ratings() {
    let want = Undefined::UnequalRaters { fewest: 2, most: 3 };
    check("000 11.", Coefficient::FleissKappa, Err(want));
    check("000 ... 111", Coefficient::FleissKappa, Ok(1.0));
}

#[test]
fn cohen_and_scott_refuse_three_annotators() {
    for coefficient in [Coefficient::CohenKappa, Coefficient::ScottPi] {
        check("012 011", coefficient, Err(Undefined::NotTwoAnnotators { n_annotators: 3 }));
        check("0.1 0.1 1.1", coefficient, agree_value("01 01 11", coefficient));
    }
}

#[test]
fn a_class_out_of_the_schema_is_an_error() {
    check("03", Coefficient::Percent, Err(Undefined::OutOfRange { what: "class", got: 3, end: 3 }));
}

#[test]
fn nothing_at_all_is_an_error_and_no_panic() {
    let none = Ratings::<Class>::new(0, 0, Vec::new()).unwrap();
    for coefficient in Coefficient::ALL {
        assert!(agree(&none, &measure(coefficient, 2), &OPTIONS).is_err());
        assert!(agree(&none, &measure(coefficient, 0), &OPTIONS).is_err());
    }
    assert_eq!(class_agreement(&none, 2, &OPTIONS), Err(Undefined::NoPairs));
    assert_eq!(by_pair(&none, &measure(Coefficient::Percent, 2), &OPTIONS), Ok(Vec::new()));
    assert_eq!(by_group(&none, &[], (Weights::Identity, 2), &OPTIONS), Ok(Vec::new()));
    let numbers = Ratings::<f64>::new(3, 2, Vec::new()).unwrap();
    for scale in [Scale::Nominal, Scale::Ordinal, Scale::Interval, Scale::Ratio] {
        assert_eq!(alpha_of_numbers(&numbers, scale, &OPTIONS), Err(Undefined::NoPairs));
    }
    let spans = Ratings::<Vec<Span>>::new(0, 0, Vec::new()).unwrap();
    assert_eq!(span_agreement(&spans, &OPTIONS), Err(Undefined::NoPairs));
    assert_eq!(position_agreement(&spans, &[], &OPTIONS), Err(Undefined::NoPairs));
}

fn two_numbers(first: f64, second: f64) -> Ratings<f64> {
    let rating = |annotator, value| Rating { item: 0, annotator, value };
    Ratings::new(1, 2, vec![rating(0, first), rating(1, second)]).unwrap()
}

#[test]
fn numbers_that_are_none_are_errors() {
    for (scale, bad) in [(Scale::Interval, f64::NAN), (Scale::Ordinal, f64::INFINITY), (Scale::Ratio, -1.0)] {
        let found = alpha_of_numbers(&two_numbers(1.0, bad), scale, &OPTIONS);
        assert!(matches!(found, Err(Undefined::BadNumber { .. })), "{found:?}");
    }
    assert!(alpha_of_numbers(&two_numbers(1.0, -1.0), Scale::Interval, &OPTIONS).is_ok());
}

#[test]
fn a_negative_zero_is_zero() {
    let found = alpha_of_numbers(&two_numbers(0.0, -0.0), Scale::Ratio, &OPTIONS);
    assert_eq!(found, Err(Undefined::OneCategory));
}

#[test]
fn weights_of_ones_own_are_checked() {
    let bad: [&[f64]; 4] =
        [&[1.0, 0.0, 0.0], &[1.0, 0.5, 0.4, 1.0], &[0.9, 0.0, 0.0, 1.0], &[1.0, -0.1, -0.1, 1.0]];
    for table in bad {
        let measure =
            Measure { weights: Weights::Custom(table), ..measure(Coefficient::KrippendorffAlpha, 2) };
        assert!(agree(&classes("01 11"), &measure, &OPTIONS).is_err(), "{table:?}");
    }
    let half =
        Measure { weights: Weights::Custom(&[1.0, 0.5, 0.5, 1.0]), ..measure(Coefficient::Percent, 2) };
    assert_eq!(agree(&classes("01 11"), &half, &OPTIONS).unwrap().estimate.value, 0.75);
}

#[test]
fn weights_under_which_nothing_differs_have_no_chance_to_correct() {
    let all = Measure { weights: Weights::Custom(&[1.0; 4]), ..measure(Coefficient::CohenKappa, 2) };
    assert_eq!(agree(&classes("01 11"), &all, &OPTIONS), Err(Undefined::OneCategory));
}

#[test]
fn full_agreement_on_few_items_promises_little() {
    let options = IntervalOptions { n_resamples: 500, ..OPTIONS };
    let low = |items: &str| {
        let alpha = agree(&classes(items), &measure(Coefficient::KrippendorffAlpha, 3), &options);
        alpha.unwrap().estimate.interval.low
    };
    assert!(low("00 11 22") < 0.3, "{}", low("00 11 22"));
    assert!(low(&"00 11 22 ".repeat(100)) > 0.97);
}

#[test]
fn the_prevalence_paradox_is_seen() {
    let items = format!("{}01 10 01 10 01", "00 ".repeat(95));
    let found = class_agreement(&classes(&items), 2, &OPTIONS).unwrap();
    let value = |it: Result<Agreement, Undefined>| it.unwrap().estimate.value;
    assert!((value(found.percent) - 0.95).abs() < 1e-12 && value(found.gwet_ac1) > 0.94);
    assert!(value(found.alpha) < 0.0 && value(found.fleiss_kappa) < 0.0);
    assert_eq!((found.shares[1], value(found.classes[1].specific)), (0.025, 0.0));
}

#[test]
fn a_class_that_nobody_gave_has_no_agreement() {
    let found = class_agreement(&classes("00 01 11"), 3, &OPTIONS).unwrap();
    let unused = &found.classes[2];
    assert_eq!((unused.n_ratings, unused.share), (0, 0.0));
    assert_eq!((unused.specific, unused.alpha), (Err(Undefined::NoPairs), Err(Undefined::OneCategory)));
    let used = found.classes[0].specific.unwrap().estimate;
    assert!((used.value - 2.0 / 3.0).abs() < 1e-12 && used.n == 2);
}

#[test]
fn models_are_compared_with_people_over_cross_pairs_only() {
    // Annotators 0 and 1 are people, 2 and 3 models; the last item has no model, the one before no person.
    let ratings = classes("0011 0101 ..11 01..");
    let found = by_group(&ratings, &[5, 5, 8, 8], (Weights::Identity, 2), &OPTIONS).unwrap();
    let across = found.iter().find(|it| it.groups == (5, 8)).unwrap();
    assert_eq!((across.n_items, across.percent.unwrap().estimate.value), (2, 0.25));
    assert_eq!(found.iter().map(|it| it.n_items).collect::<Vec<_>>(), [3, 2, 3]);
}

#[test]
fn an_annotator_who_contradicts_everybody_stands_out() {
    let found = by_annotator(&classes("001 110 001 110 000"), (Weights::Identity, 2), &OPTIONS).unwrap();
    let percent: Vec<f64> = found.iter().map(|it| it.percent.unwrap().estimate.value).collect();
    assert!((percent[0] - 0.6).abs() < 1e-12 && (percent[2] - 0.2).abs() < 1e-12, "{percent:?}");
    assert!(found[2].kappa.unwrap().estimate.value < 0.0 && found[2].n_items == 5);
}

/// Start, end and class of the spans of one annotator on one item.
type Marked<'a> = &'a [(u32, u32, u32)];

fn spans(items: &[&[Marked<'_>]]) -> Ratings<Vec<Span>> {
    let mut ratings = Vec::new();
    for (item, annotators) in (0..).zip(items) {
        for (annotator, spans) in (0..).zip(*annotators) {
            let span = |&(start, end, class): &(u32, u32, u32)| Span { start, end, class: Class(class) };
            ratings.push(Rating { item, annotator, value: spans.iter().map(span).collect() });
        }
    }
    Ratings::new(items.len(), 3, ratings).unwrap()
}

#[test]
fn agreement_on_spans_is_the_f1_that_either_annotator_has_as_gold() {
    let items: [&[Marked<'_>]; 3] = [
        &[&[(0, 5, 0), (10, 15, 1)], &[(0, 5, 0), (10, 14, 1), (20, 22, 1)]],
        &[&[(1, 3, 0), (2, 9, 1)], &[(1, 3, 1)]],
        &[&[], &[(0, 2, 0)]],
    ];
    let ratings = spans(&items);
    let found = span_agreement(&ratings, &OPTIONS).unwrap();
    for (gold, other) in [(0, 1), (1, 0)] {
        let of = |item: usize, annotator: usize| &ratings.of(item)[annotator].1[..];
        let pair = |item| Pair { gold: Some(of(item, gold)), outcome: Outcome::Labeled(of(item, other)) };
        let score = score_spans(&[pair(0), pair(1), pair(2)], 2, &OPTIONS).unwrap();
        assert_eq!(found.exact.unwrap().value, score.exact.micro_avg.f1.unwrap().value);
        assert_eq!(found.overlap.unwrap().value, score.overlap.micro_avg.f1.unwrap().value);
        for class in &found.classes {
            let want = &score.exact.labels[class.class.0 as usize].scores;
            assert!((class.exact.unwrap().value - want.f1.unwrap().value).abs() < 1e-12);
        }
    }
    assert_eq!(found.exact_mean, Some(found.exact.unwrap().value));
    assert_eq!((found.n_items, found.pairs.len(), found.pairs[0].n_spans), (3, 1, 9));
}

#[test]
fn nothing_marked_by_anybody_has_no_f1() {
    let found = span_agreement(&spans(&[&[&[], &[]]]), &OPTIONS).unwrap();
    assert_eq!((found.exact, found.exact_mean), (Err(Undefined::NoPairs), None));
    let found = position_agreement(&spans(&[&[&[], &[]]]), &[9], &OPTIONS).unwrap();
    assert_eq!((found.all, found.marked), (Err(Undefined::OneCategory), Err(Undefined::NoPairs)));
}

#[test]
fn spans_that_are_empty_or_leave_their_item_are_errors() {
    let out = |end| position_agreement(&spans(&[&[&[(0, end, 0)], &[]]]), &[5], &OPTIONS);
    assert!(out(5).is_ok());
    assert_eq!(out(6), Err(Undefined::OutOfRange { what: "end of a span", got: 6, end: 6 }));
    assert!(span_agreement(&spans(&[&[&[(3, 3, 0)], &[]]]), &OPTIONS).is_err());
}

#[test]
fn positions_under_several_spans_have_a_set_of_classes() {
    let nested: &[(u32, u32, u32)] = &[(0, 10, 0), (2, 5, 1)];
    let found = position_agreement(&spans(&[&[nested, nested]]), &[12], &OPTIONS).unwrap();
    assert_eq!(found.all.unwrap().estimate.value, 1.0);
    let flat: &[(u32, u32, u32)] = &[(0, 10, 0)];
    let found = position_agreement(&spans(&[&[nested, flat]]), &[12], &OPTIONS).unwrap();
    assert_eq!(found.all.unwrap().observed, 3.0 / 12.0);
}

fn square(x0: f64, y0: f64, size: f64, class: u32) -> LabeledBox {
    LabeledBox { x0, y0, x1: x0 + size, y1: y0 + size, class: Class(class) }
}

fn boxes(ours: &[LabeledBox], theirs: &[LabeledBox]) -> Ratings<Vec<LabeledBox>> {
    let rating = |annotator, value: &[LabeledBox]| Rating { item: 0, annotator, value: value.to_vec() };
    Ratings::new(1, 2, vec![rating(0, ours), rating(1, theirs)]).unwrap()
}

#[test]
fn boxes_match_by_class_and_overlap() {
    let ours = [square(0.0, 0.0, 4.0, 0), square(10.0, 0.0, 4.0, 1), square(20.0, 0.0, 4.0, 0)];
    let theirs = [square(0.0, 0.0, 4.0, 0), square(10.0, 0.0, 4.0, 0), square(20.0, 2.0, 4.0, 0)];
    let found = box_agreement(&boxes(&ours, &theirs), 0.5, &OPTIONS).unwrap();
    assert_eq!((found.n_matched, found.mean_iou.unwrap().value), (1, 1.0));
    assert!((found.f1.unwrap().value - 1.0 / 3.0).abs() < 1e-12);
    let found = box_agreement(&boxes(&ours, &theirs), 0.3, &OPTIONS).unwrap();
    assert_eq!(found.n_matched, 2);
}

#[test]
fn a_box_is_matched_once_and_with_its_best() {
    let ours = [square(0.0, 0.0, 4.0, 0)];
    let theirs = [square(0.5, 0.0, 4.0, 0), square(0.0, 0.0, 4.0, 0)];
    for ratings in [boxes(&ours, &theirs), boxes(&theirs, &ours)] {
        let found = box_agreement(&ratings, 0.5, &OPTIONS).unwrap();
        assert_eq!((found.n_matched, found.mean_iou.unwrap().value), (1, 1.0));
    }
}

#[test]
fn boxes_without_area_are_errors() {
    let flat = LabeledBox { y1: 0.0, ..square(0.0, 0.0, 1.0, 0) };
    let far = LabeledBox { y1: f64::NAN, ..square(0.0, 0.0, 1.0, 0) };
    for bad in [flat, far] {
        let found = box_agreement(&boxes(&[bad], &[]), 0.5, &OPTIONS);
        assert!(matches!(found, Err(Undefined::BadNumber { .. })), "{found:?}");
    }
    assert!(box_agreement(&boxes(&[], &[]), 0.0, &OPTIONS).is_err());
    assert_eq!(box_agreement(&boxes(&[], &[]), 0.5, &OPTIONS).unwrap().f1, Err(Undefined::NoPairs));
}

fn alternative(n_items: u32, model: impl Fn(u32) -> u32) -> Result<super::AlternativeTest, Undefined> {
    let of_item = |item: u32| {
        (0..3).map(move |annotator| Rating { item, annotator, value: Class((item + annotator) / 4 % 2) })
    };
    let people = Ratings::new(n_items as usize, 3, (0..n_items).flat_map(of_item).collect()).unwrap();
    let model: Vec<_> = (0..n_items).map(|item| Some(Class(model(item)))).collect();
    let score = |value: &Class, others: &[&Class]| mean_match(value, others);
    alternative_annotator_test(&people, &model, score, &AlternativeOptions::SKILLED, &OPTIONS)
}

#[test]
fn fewer_than_thirty_items_are_too_few_to_replace_a_person() {
    assert_eq!(alternative(29, |_| 0), Err(Undefined::TooFew { got: 29, want: 30 }));
    assert!(alternative(30, |_| 0).is_ok());
}

#[test]
fn a_model_like_the_middle_person_passes_and_one_unlike_everybody_fails() {
    let good = alternative(80, |item| (item + 1) / 4 % 2).unwrap();
    assert!(good.passes && good.winning_rate == 1.0, "{good:?}");
    let bad = alternative(80, |_| 2).unwrap();
    assert!(!bad.passes && bad.n_won == 0 && bad.advantage.value < 0.5, "{bad:?}");
}

#[test]
fn the_interval_of_alpha_covers_the_truth_about_as_often_as_it_says() {
    // Two annotators, each right with probability .8 on two equally frequent classes: alpha is .36.
    let mut random = SplitMix64::new(11);
    let options = IntervalOptions { n_resamples: 200, ..OPTIONS };
    let (n_runs, mut n_covered) = (300, 0);
    for _ in 0..n_runs {
        let mut ratings = Vec::new();
        for item in 0..100 {
            let truth = random.below(2) as u32;
            for annotator in 0..2 {
                let class = if random.below(5) == 0 { 1 - truth } else { truth };
                ratings.push(Rating { item, annotator, value: Class(class) });
            }
        }
        let ratings = Ratings::new(100, 2, ratings).unwrap();
        let alpha = agree(&ratings, &measure(Coefficient::KrippendorffAlpha, 2), &options).unwrap();
        n_covered += u32::from(alpha.estimate.interval.contains(0.36));
    }
    let covered = f64::from(n_covered) / f64::from(n_runs);
    assert!((0.91..=0.985).contains(&covered), "{covered}");
}

#[test]
fn alpha_is_kappa_for_two_annotators_and_many_items() {
    let items = "00 00 01 11 11 10 22 20 22 00 ".repeat(2_000);
    let value = |coefficient| agree_value(&items, coefficient).unwrap();
    assert!((value(Coefficient::KrippendorffAlpha) - value(Coefficient::ScottPi)).abs() < 1e-4);
    assert!((value(Coefficient::KrippendorffAlpha) - value(Coefficient::CohenKappa)).abs() < 1e-2);
}

#[test]
fn items_with_many_ratings_in_many_classes_are_grouped_as_well() {
    // More than fits into one word: the same numbers as with few classes.
    let wide = classes("0123401234 1111122222 3333300000 0000000001");
    let far = wide.map(|class| Class(class.0 * 9_999));
    let alpha = |ratings: &Ratings<Class>, n_classes| {
        agree(ratings, &measure(Coefficient::KrippendorffAlpha, n_classes), &OPTIONS).unwrap()
    };
    assert_eq!(alpha(&wide, 5).estimate, alpha(&far, 40_000).estimate);
}

#[test]
fn more_values_than_are_kept_have_the_same_alpha() {
    let options = IntervalOptions { n_resamples: 0, ..OPTIONS };
    let rating = |at: u32| Rating { item: at / 2, annotator: at % 2, value: at * 7 % 2_203 + at % 2 };
    let ratings = Ratings::new(1_100, 2, (0..2_200).map(rating).collect()).unwrap();
    let squared = |a: &u32, b: &u32| (f64::from(*a) - f64::from(*b)).powi(2);
    let by = alpha_by(&ratings, squared, &options).unwrap().estimate;
    let numbers =
        alpha_of_numbers(&ratings.map(|it| f64::from(*it)), Scale::Interval, &options).unwrap().estimate;
    assert!((by.value - numbers.value).abs() < 1e-9 && by.value > 0.9, "{by:?}");
    assert!((by.interval.low - numbers.interval.low).abs() < 1e-9);
}

fn any_rows() -> impl Strategy<Value = Vec<Vec<Option<u32>>>> {
    prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, 0..4_u32), 4), 2..25)
}

fn of_rows(
    rows: &[Vec<Option<u32>>],
    order: &[usize],
    annotators: [u32; 4],
    names: [u32; 4],
) -> Ratings<Class> {
    let mut ratings = Vec::new();
    for (item, row) in (0..).zip(order.iter().map(|idx| &rows[*idx])) {
        for (annotator, value) in annotators.iter().zip(row) {
            let class = value.map(|value| Class(names[value as usize]));
            ratings.extend(class.map(|value| Rating { item, annotator: *annotator, value }));
        }
    }
    Ratings::new(rows.len(), 4, ratings).unwrap()
}

fn permuted() -> impl Strategy<Value = [u32; 4]> {
    Just([0_u32, 1, 2, 3]).prop_shuffle()
}

const SAME: [u32; 4] = [0, 1, 2, 3];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..Default::default() })]

    #[test]
    fn every_coefficient_is_at_most_one_and_inside_its_interval(rows in any_rows()) {
        let order: Vec<usize> = (0..rows.len()).collect();
        let ratings = of_rows(&rows, &order, SAME, SAME);
        for coefficient in Coefficient::ALL {
            for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic, Weights::Ordinal] {
                let measure = Measure { coefficient, weights, n_classes: 4 };
                if let Ok(found) = agree(&ratings, &measure, &OPTIONS) {
                    let Agreement { estimate, observed, .. } = found;
                    prop_assert!(estimate.value <= 1.0 + 1e-12 && estimate.value.is_finite());
                    prop_assert!(estimate.interval.contains(estimate.value) && estimate.interval.high <= 1.0 + 1e-12);
                    prop_assert!(estimate.interval.low < estimate.interval.high);
                    prop_assert!((-1e-12..=1.0 + 1e-12).contains(&observed) && estimate.n > 0);
                }
            }
        }
    }

    #[test]
    fn the_order_of_items_and_the_names_of_annotators_change_no_bit(
        rows in any_rows(), annotators in permuted(), seed in any::<u64>(),
    ) {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let ratings = of_rows(&rows, &order, SAME, SAME);
        SplitMix64::new(seed).shuffle(&mut order);
        let other = of_rows(&rows, &order, annotators, SAME);
        prop_assert_eq!(class_agreement(&ratings, 4, &OPTIONS), class_agreement(&other, 4, &OPTIONS));
        let number = |class: &Class| f64::from(class.0) * 1.7;
        for scale in [Scale::Ordinal, Scale::Interval, Scale::Ratio] {
            let found = alpha_of_numbers(&ratings.map(number), scale, &OPTIONS);
            prop_assert_eq!(found, alpha_of_numbers(&other.map(number), scale, &OPTIONS));
        }
    }

    #[test]
    fn the_names_of_classes_change_nothing(rows in any_rows(), names in permuted()) {
        let order: Vec<usize> = (0..rows.len()).collect();
        let (ratings, other) = (of_rows(&rows, &order, SAME, SAME), of_rows(&rows, &order, SAME, names));
        for coefficient in Coefficient::ALL {
            let value = |ratings| agree(ratings, &measure(coefficient, 4), &OPTIONS).map(|it| it.estimate.value);
            match (value(&ratings), value(&other)) {
                (Ok(one), Ok(two)) => prop_assert!((one - two).abs() < 1e-12),
                (one, two) => prop_assert_eq!(one, two),
            }
        }
        let pairs = |ratings| by_pair(ratings, &measure(Coefficient::ScottPi, 4), &OPTIONS).unwrap();
        for (one, two) in pairs(&ratings).iter().zip(&pairs(&other)) {
            prop_assert_eq!((one.first, one.second, one.n_items), (two.first, two.second, two.n_items));
            prop_assert_eq!(one.agreement.is_ok(), two.agreement.is_ok());
        }
    }

    #[test]
    fn the_four_ways_to_one_alpha_agree(rows in any_rows()) {
        let order: Vec<usize> = (0..rows.len()).collect();
        let ratings = of_rows(&rows, &order, SAME, SAME);
        let value = |it: Result<Agreement, Undefined>| it.ok().map(|it| it.estimate.value);
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        };
        let numbers = ratings.map(|class| f64::from(class.0));
        let sets = ratings.map(|class| vec![*class]);
        let nominal = value(agree(&ratings, &measure(Coefficient::KrippendorffAlpha, 4), &OPTIONS));
        prop_assert!(close(nominal, value(alpha_of_numbers(&numbers, Scale::Nominal, &OPTIONS))));
        prop_assert!(close(nominal, value(alpha_by(&sets, |a, b| jaccard_distance(a, b), &OPTIONS))));
        let quadratic = Measure { weights: Weights::Quadratic, ..measure(Coefficient::KrippendorffAlpha, 4) };
        let quadratic = value(agree(&ratings, &quadratic, &OPTIONS));
        prop_assert!(close(quadratic, value(alpha_of_numbers(&numbers, Scale::Interval, &OPTIONS))));
        let squared = |a: &Class, b: &Class| (f64::from(a.0) - f64::from(b.0)).powi(2);
        prop_assert!(close(quadratic, value(alpha_by(&ratings, squared, &OPTIONS))));
    }
}
