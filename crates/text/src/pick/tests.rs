//! Which examples are shown, in which order, and that none gives the answer away.
//!
//! In: small pools. Out: the numbers of the examples. Not here: what examples are worth (`bench/proof`).

use proptest::prelude::*;

use super::*;
use crate::near::is_near;
use crate::random::mix;
use crate::search::{Dense, FeatureOptions, Index};

const SEED: u64 = 7;
const TEXTS: [&str; 8] = [
    "Where is my new card?",
    "The card has not arrived",
    "What is the exchange rate?",
    "My card was stolen",
    "My card was stolen yesterday in a shop",
    "Which rate applies to dollars?",
    "I cannot remember my password",
    "Where can I see the rate?",
];
const CLASSES: [Option<u32>; 8] = [Some(0), Some(0), Some(1), Some(2), Some(2), Some(1), None, Some(1)];
const ALL: [Pick; 6] = [
    Pick::Fixed,
    Pick::Random { seed: SEED },
    Pick::PerClass { seed: SEED },
    Pick::Nearest,
    Pick::Mmr { lambda: 0.5 },
    Pick::Diverse,
];

fn pool(texts: &[&str], classes: &[Option<u32>]) -> Pool {
    let index = Index::build(texts, &FeatureOptions::for_search());
    let pool = Pool::new(texts.iter().map(|text| (*text).into()).collect(), classes.to_vec()).unwrap();
    pool.with_likeness(Likeness::Words(index)).unwrap()
}

fn ask(text: &str, own: Option<usize>) -> Question<'_> {
    Question { query: text.into(), own }
}

#[track_caller]
fn check(pick: Pick, text: &str, n: usize, want: &[usize]) {
    let picked = pool(&TEXTS, &CLASSES).pick(pick, &ask(text, None), n).unwrap();
    assert_eq!(picked.shown, want);
}

#[test]
fn fixed_are_the_first() {
    check(Pick::Fixed, "my card", 3, &[0, 1, 2]);
}

#[test]
fn a_fixed_example_that_is_the_question_leaves_its_place_to_the_next() {
    check(Pick::Fixed, "the card has not arrived!", 3, &[0, 2, 3]);
}

#[test]
fn the_most_like_the_question_comes_last() {
    check(Pick::Nearest, "was my card stolen", 2, &[4, 3]);
}

#[test]
fn of_examples_that_say_the_same_marginal_relevance_shows_one() {
    check(Pick::Mmr { lambda: 0.3 }, "was my card stolen", 2, &[2, 3]);
}

#[test]
fn marginal_relevance_with_all_weight_on_the_question_is_nearest() {
    check(Pick::Mmr { lambda: 1.0 }, "was my card stolen", 2, &[4, 3]);
}

#[test]
fn diverse_shows_the_nearest_of_each_class() {
    // By likeness: 3 and 4 (class 2), then 0 (class 0), then of class 1 and of none.
    check(Pick::Diverse, "was my card stolen", 2, &[0, 3]);
    check(Pick::Diverse, "was my card stolen", 5, &[7, 6, 0, 4, 3]);
}

#[test]
fn every_pick_of_an_empty_pool_is_empty() {
    for pick in ALL {
        let picked = pool(&[], &[]).pick(pick, &ask("my card", None), 3).unwrap();
        assert_eq!(picked, Picked { shown: vec![], n_guarded: 0 });
    }
}

#[test]
fn a_pool_without_classes_is_no_special_case() {
    for pick in ALL {
        let picked = pool(&TEXTS, &[None; 8]).pick(pick, &ask("my card", None), 3).unwrap();
        assert_eq!(picked.shown.len(), 3, "{pick:?}");
    }
}

#[test]
fn more_than_the_pool_has_is_the_whole_pool() {
    for pick in ALL {
        let mut shown = pool(&TEXTS, &CLASSES).pick(pick, &ask("my card", None), 99).unwrap().shown;
        shown.sort_unstable();
        assert_eq!(shown, (0..8).collect::<Vec<_>>(), "{pick:?}");
    }
}

#[test]
fn a_question_of_the_pool_is_not_its_own_example() {
    for pick in ALL {
        let picked = pool(&TEXTS, &CLASSES).pick(pick, &ask(TEXTS[3], Some(3)), 99).unwrap();
        assert!(!picked.shown.contains(&3) && picked.n_guarded == 1, "{pick:?} {picked:?}");
    }
}

#[test]
fn a_question_without_letters_is_held_back_by_its_number() {
    let picked = pool(&["!!!", "???"], &[None, None]).pick(Pick::Fixed, &ask("!!!", Some(0)), 2).unwrap();
    assert_eq!(picked, Picked { shown: vec![1], n_guarded: 1 });
}

/// Signatures miss a few texts at the threshold; what is shown is compared once more.
#[test]
fn a_near_text_that_signatures_miss_is_not_shown_either() {
    let mut n_missed = 0;
    for number in 0..2_000_u64 {
        let code = format!("{:x}", mix(number));
        let (text, example) = (format!("the order {code} is lost"), format!("the order {code} a lost"));
        let missed =
            is_near(&text, &example) && Near::build(vec![example.as_str().into()]).of(&text).is_empty();
        n_missed += usize::from(missed);
        if missed {
            let pool = pool(&[&example, "another"], &[None, None]);
            let picked = pool.pick(Pick::Fixed, &ask(&text, None), 1).unwrap();
            assert_eq!(picked, Picked { shown: vec![1], n_guarded: 1 });
        }
    }
    assert!(n_missed > 0, "no text was missed: this test tests nothing");
}

#[test]
fn a_draw_is_the_same_for_every_question() {
    for pick in [Pick::Random { seed: SEED }, Pick::PerClass { seed: SEED }] {
        let pool = pool(&TEXTS, &CLASSES);
        let shown = |text| pool.pick(pick, &ask(text, None), 4).unwrap().shown;
        assert_eq!(shown("one question"), shown("another"));
    }
}

#[test]
fn every_example_is_drawn_equally_often() {
    let pool = pool(&TEXTS, &CLASSES);
    let mut counts = [0_u32; 8];
    for seed in 0..4_000 {
        for doc in pool.pick(Pick::Random { seed: mix(seed) }, &ask("x", None), 2).unwrap().shown {
            counts[doc] += 1;
        }
    }
    // Six standard deviations of a binomial(4000, 1/4) are 164.
    assert!(counts.iter().all(|n| n.abs_diff(1_000) < 164), "{counts:?}");
}

#[test]
fn each_class_has_its_share_and_classes_take_turns() {
    for seed in 0..20 {
        let shown = pool(&TEXTS, &CLASSES).pick(Pick::PerClass { seed }, &ask("x", None), 8).unwrap().shown;
        let classes: Vec<Option<u32>> = shown.iter().map(|doc| CLASSES[*doc]).collect();
        for turn in classes[..6].chunks(3) {
            let mut turn = turn.to_vec();
            turn.sort_unstable();
            assert_eq!(turn, [Some(0), Some(1), Some(2)]);
        }
        assert_eq!(classes[6..], [Some(1), None]);
    }
}

#[test]
fn embeddings_choose_as_words_do() {
    let vectors = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.95, 0.05]];
    let dense = Dense::build(&vectors).unwrap();
    let pool = Pool::new(["a", "b", "c", "d"].map(Into::into).to_vec(), vec![None; 4]).unwrap();
    let pool = pool.with_likeness(Likeness::Dense(dense)).unwrap();
    let question = Question { query: Query { text: "q", embedding: Some(&[2.0, 0.0]) }, own: None };
    assert_eq!(pool.pick(Pick::Nearest, &question, 2).unwrap().shown, [3, 0]);
    assert_eq!(pool.pick(Pick::Mmr { lambda: 0.4 }, &question, 2).unwrap().shown, [2, 0]);
    let without = pool.pick(Pick::Nearest, &ask("q", None), 2);
    assert_eq!(without, Err(PickError::Embedding(DenseError::NoEmbedding)));
}

#[test]
fn what_cannot_be_chosen_says_why() {
    let pool = || Pool::new(vec!["a".into()], vec![None]).unwrap();
    let question = ask("q", None);
    assert_eq!(pool().pick(Pick::Nearest, &question, 1), Err(PickError::NoLikeness));
    let indexed = pool().with_likeness(Likeness::Words(Index::build(["a"], &FeatureOptions::for_search())));
    let got = indexed.unwrap().pick(Pick::Mmr { lambda: 1.5 }, &question, 1);
    assert_eq!(got, Err(PickError::Lambda(1.5)));
    let empty = Likeness::Words(Index::build([""; 0], &FeatureOptions::for_search()));
    let want = PickError::Lengths { what: "documents in the index", got: 0, want: 1 };
    assert_eq!(pool().with_likeness(empty).unwrap_err(), want);
    assert!(Pool::new(vec!["a".into()], vec![]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the pool: as many as wanted where there are so many, each once, none nearly the same as the question.
    #[test]
    fn no_pick_shows_the_question(
        texts in prop::collection::vec("(card|rate|lost){1,3} ?[ab]{0,3}", 0..12),
        classes in prop::collection::vec(prop::option::of(0_u32..3), 12),
        own in 0_usize..14,
        n in 0_usize..6,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let pool = pool(&texts, &classes[..texts.len()]);
        let text = texts.get(own).copied().unwrap_or("card rate");
        let free = |doc: usize| doc != own && !is_near(text, texts[doc]);
        let n_free = (0..texts.len()).filter(|doc| free(*doc)).count();
        for pick in ALL {
            let picked = pool.pick(pick, &ask(text, Some(own)), n).unwrap();
            prop_assert!(picked.shown.iter().all(|doc| free(*doc)));
            let mut once = picked.shown.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), n.min(n_free));
        }
    }
}
