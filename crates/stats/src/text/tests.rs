//! Answers whose best one is known.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{
    Embedded, MedoidOptions, RasaOptions, Similarity, TextError, TextItem, gleu, medoid, rasa, rover,
    weighted_medoids, word_errors,
};
use crate::random::SplitMix64;

const MEDOIDS: MedoidOptions = MedoidOptions { n_prior: 10.0, n_rounds: 50, tolerance: 1e-9 };
const RASA: RasaOptions = RasaOptions { alpha: 0.05, n_prior: 10.0, n_rounds: 50, tolerance: 1e-12 };

/// Answers of one-letter words, each by its code.
fn answers(text: &str) -> Vec<Vec<u32>> {
    text.split('|').map(|answer| answer.trim().chars().map(u32::from).collect()).collect()
}

fn slices(answers: &[Vec<u32>]) -> Vec<&[u32]> {
    answers.iter().map(Vec::as_slice).collect()
}

#[track_caller]
fn check_rover(text: &str, want: &str) {
    let got = rover(&slices(&answers(text)), &[]).unwrap().words;
    let got: String = got.into_iter().filter_map(char::from_u32).collect();
    assert_eq!(got, want);
}

#[test]
fn a_word_that_most_have_is_kept() {
    check_rover("abc | ac | abc", "abc");
}

#[test]
fn a_word_that_most_lack_is_left_out() {
    check_rover("axc | ac | ac", "ac");
}

#[test]
fn slips_in_different_places_cancel() {
    check_rover("xbcd | axcd | abxd", "abcd");
}

#[test]
fn a_lone_answer_is_the_text() {
    check_rover("abc", "abc");
}

#[test]
fn empty_answers_vote_for_nothing() {
    check_rover("| | a", "");
}

#[test]
fn a_tie_is_shown_and_goes_to_the_word() {
    let voted = rover(&slices(&answers("ab|a")), &[]).unwrap();
    assert_eq!(voted.words.len(), 2);
    assert_eq!(voted.slots[1].best.len(), 2);
}

#[test]
fn weight_decides_against_number() {
    let answers = answers("ab|ac|ac");
    let voted = rover(&slices(&answers), &[5.0, 1.0, 1.0]).unwrap();
    assert_eq!(voted.words, answers[0]);
}

#[test]
fn nothing_to_vote_with_is_an_error() {
    assert_eq!(rover(&[], &[]), Err(TextError::NoAnswers));
    assert!(matches!(rover(&[&[1]], &[0.0]), Err(TextError::BadNumber { .. })));
    assert!(matches!(rover(&[&[1]], &[f64::NAN]), Err(TextError::BadNumber { .. })));
    assert!(matches!(rover(&[&[1]], &[1.0, 1.0]), Err(TextError::WrongLength { .. })));
}

#[test]
fn a_lone_answer_is_its_own_medoid() {
    let found = medoid(&Similarity::by_gleu(&[&[1, 2]]), &[]).unwrap();
    assert_eq!((found.best, found.scores), (vec![0], vec![None]));
    assert_eq!(medoid(&Similarity::by_gleu(&[]), &[]), Err(TextError::NoAnswers));
}

#[test]
fn neighbors_without_weight_do_not_count() {
    let similarity = Similarity::by_gleu(&[&[1, 2], &[1, 2], &[3, 4], &[3, 4], &[3, 4]]);
    assert_eq!(medoid(&similarity, &[]).unwrap().best, [2, 3, 4]);
    assert_eq!(medoid(&similarity, &[1.0, 1.0, 0.0, 0.0, 0.0]).unwrap().best, [0, 1]);
    assert!(medoid(&similarity, &[0.0; 5]).is_err());
}

#[test]
fn a_reliable_annotator_decides_where_two_differ() {
    let item = |annotators: &[u32], text: &str| TextItem {
        annotators: annotators.to_vec(),
        similarity: Similarity::by_gleu(&slices(&answers(text))),
    };
    let mut items = vec![item(&[0, 1, 2], "abcd|abcd|xyzw"); 30];
    items.push(item(&[0, 2], "abcd|abxy"));
    items.push(item(&[], ""));
    items.last_mut().unwrap().similarity = Similarity::by_gleu(&[]);
    let found = weighted_medoids(&items, 4, &MEDOIDS).unwrap();
    assert!(found.converged);
    assert_eq!(found.medoids[30].as_ref().unwrap().best, [0]);
    assert_eq!((&found.medoids[31], &found.annotators[3]), (&None, &None));
}

#[test]
fn an_annotator_out_of_range_is_an_error() {
    let item = TextItem { annotators: vec![3], similarity: Similarity::by_gleu(&[&[1]]) };
    let want = TextError::OutOfRange { what: "annotator", got: 3, end: 3 };
    assert_eq!(weighted_medoids(&[item], 3, &MEDOIDS), Err(want));
    assert_eq!(weighted_medoids(&[], 3, &MEDOIDS), Err(TextError::NoAnswers));
}

#[test]
fn embeddings_of_different_length_are_an_error() {
    let answer = |vector: &[f64]| Embedded { annotator: 0, vector: vector.to_vec() };
    assert!(matches!(
        rasa(&[vec![answer(&[1.0]), answer(&[1.0, 2.0])]], 1, &RASA),
        Err(TextError::WrongLength { .. })
    ));
    assert!(rasa(&[vec![answer(&[f64::NAN])]], 1, &RASA).is_err());
    assert!(rasa(&[vec![]], 1, &RASA).is_err());
}

#[test]
fn shrinkage_keeps_one_lucky_annotator_from_deciding_everything() {
    // Annotator 0 is alone on one item, so at no distance from its center.
    let answer = |annotator, x| Embedded { annotator, vector: vec![x] };
    let items = [vec![answer(0, 5.0)], vec![answer(0, 0.0), answer(1, 1.0), answer(2, 1.1), answer(3, 1.2)]];
    let free = rasa(&items, 4, &RasaOptions { n_prior: 0.0, ..RASA }).unwrap();
    let held = rasa(&items, 4, &RASA).unwrap();
    let lead = |it: &super::Rasa| it.reliability[0].unwrap() / it.reliability[2].unwrap();
    assert!(lead(&held) < 1.5 && lead(&free) != lead(&held));
    assert_eq!(held.best[0], [0]);
}

fn any_answers() -> impl Strategy<Value = Vec<Vec<u32>>> {
    proptest::collection::vec(proptest::collection::vec(0_u32..5, 0..8), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..Default::default() })]

    #[test]
    fn likeness_is_symmetric_and_whole_only_for_the_same_text(all in any_answers()) {
        for a in &all {
            for b in &all {
                prop_assert_eq!(gleu(a, b), gleu(b, a));
                prop_assert_eq!(word_errors(a, b), word_errors(b, a));
                prop_assert_eq!(word_errors(a, b) == 0, a == b);
                if let Some(value) = gleu(a, b) {
                    prop_assert!((0.0..=1.0).contains(&value) && (value < 1.0 || word_errors(a, b) == 0 || a.len() > 4));
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_answers_changes_no_word(all in any_answers(), seed in 0_u64..1_000) {
        let mut shuffled = all.clone();
        SplitMix64::new(seed).shuffle(&mut shuffled);
        let one = rover(&slices(&all), &[]).unwrap();
        prop_assert_eq!(&one, &rover(&slices(&shuffled), &[]).unwrap());
        for slot in &one.slots {
            let sum: f64 = slot.choices.iter().map(|it| it.1).sum();
            prop_assert!((sum - all.len() as f64).abs() < 1e-9);
        }
        let chosen = |all: &[Vec<u32>]| {
            let found = medoid(&Similarity::by_gleu(&slices(all)), &[]).unwrap();
            let mut best: Vec<Vec<u32>> = found.best.into_iter().map(|it| all[it].clone()).collect();
            best.sort();
            best
        };
        prop_assert_eq!(chosen(&all), chosen(&shuffled));
    }
}
