//! What is found, and in which order.
//!
//! In: small sets of texts and vectors. Out: the numbers of the documents found. Not here: how good search is on real
//! data (`bench/proof`).

use proptest::prelude::*;

use super::*;

fn index(texts: &[&str]) -> Index {
    Index::build(texts, &FeatureOptions::for_search())
}

#[track_caller]
fn check(texts: &[&str], query: &str, want: &[usize]) {
    let hits = index(texts).nearest(query, texts.len());
    assert_eq!(hits.iter().map(|hit| hit.doc).collect::<Vec<_>>(), want, "{hits:?}");
}

#[test]
fn names_of_labels_are_words() {
    check(&["card_arrival", "exchange_rate"], "When does my CARD come?", &[0]);
}

#[test]
fn another_case_of_a_russian_noun_is_found_by_its_letters() {
    check(&["доставка карты", "курс валюты"], "не доставили карту", &[0]);
}

#[test]
fn yo_and_ye_are_one_letter() {
    check(&["счет", "карта"], "счёт", &[0]);
}

#[test]
fn chinese_is_found_without_spaces() {
    check(&["信用卡丢失", "汇率"], "我的信用卡不见了", &[0]);
}

#[test]
fn one_chinese_character_is_found_in_a_longer_text() {
    check(&["汇率", "卡"], "我的信用卡不见了", &[1]);
}

#[test]
fn thai_is_found_without_spaces() {
    check(&["อัตราแลกเปลี่ยน", "บัตรหาย"], "ฉันทำบัตรหายเมื่อวาน", &[1, 0]);
}

#[test]
fn wide_and_composed_letters_are_the_same_letters() {
    check(&["ＣＡＲＤ", "re\u{301}sume\u{301}"], "card", &[0]);
    check(&["ＣＡＲＤ", "re\u{301}sume\u{301}"], "r\u{e9}sum\u{e9}", &[1]);
}

#[test]
fn an_emoji_is_a_word() {
    check(&["great 🎉", "bad 😡"], "😡", &[1]);
}

#[test]
fn equal_texts_come_in_their_order() {
    check(&["b", "a card", "a card", "a card"], "card", &[1, 2, 3]);
}

#[test]
fn of_many_equal_texts_the_first_are_found() {
    let hits = index(&["a card"; 500]).nearest("card", 30);
    assert_eq!(hits.iter().map(|hit| hit.doc).collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
}

#[test]
fn nothing_in_common_finds_nothing() {
    check(&["card", ""], "xyz", &[]);
    check(&["card", ""], "", &[]);
    check(&[], "card", &[]);
}

#[test]
fn a_text_is_most_like_itself() {
    let hits = index(&["my card", "my card is lost"]).nearest("my card is lost", 1);
    assert!(hits[0].doc == 1 && (hits[0].score - 1.0).abs() < 1e-6, "{hits:?}");
}

#[test]
fn a_rare_word_weighs_more_than_a_frequent_one() {
    check(&["card pin", "card fee", "card tax", "my card"], "card fee", &[1, 3, 0, 2]);
}

#[test]
fn rare_features_are_left_out_and_numbers_stay_dense() {
    let texts = ["a cat", "a dog", "a cow"];
    let features = Features::fit(texts, &FeatureOptions { words: Some(1..=1), letters: None, min_texts: 2 });
    assert_eq!((features.len(), features.vector("a cat").entries()), (1, &[(0, 1.0)][..]));
    let index = Index::build(texts, &FeatureOptions { words: Some(1..=1), letters: None, min_texts: 2 });
    assert_eq!(index.nearest("a cat", 5).len(), 3);
    assert!(index.nearest("cat", 5).is_empty());
}

#[test]
fn weights_are_those_of_the_formula() {
    // Two texts; `a` is in both, `b` in one and twice: rarity 1 and 1 + ln(3/2), count 1 + ln 2.
    let options = FeatureOptions { words: Some(1..=1), letters: None, min_texts: 1 };
    let vector = Features::fit(["a b b", "a"], &options).vector("b a b");
    let (a, b) = (1.0, (1.0 + 2.0_f64.ln()) * (1.0 + 1.5_f64.ln()));
    let length = (a * a + b * b).sqrt();
    let mut weights: Vec<f64> = vector.entries().iter().map(|entry| f64::from(entry.1)).collect();
    weights.sort_by(f64::total_cmp);
    assert!((weights[0] - a / length).abs() < 1e-6 && (weights[1] - b / length).abs() < 1e-6, "{weights:?}");
}

#[test]
fn pairs_of_words_tell_orders_apart() {
    let options = FeatureOptions { words: Some(1..=2), letters: None, min_texts: 1 };
    let hits = Index::build(["man bites dog", "dog bites man"], &options).nearest("dog bites", 2);
    assert!(hits[0].doc == 1 && hits[0].score > hits[1].score, "{hits:?}");
}

#[track_caller]
fn check_dense(vectors: &[&[f32]], query: &[f32], want: Result<&[usize], DenseError>) {
    let docs = |hits: Vec<Hit>| hits.iter().map(|hit| hit.doc).collect::<Vec<_>>();
    let got = Dense::build(vectors).and_then(|dense| dense.nearest(query, 3)).map(docs);
    assert_eq!(got, want.map(<[usize]>::to_vec));
}

#[test]
fn embeddings_are_compared_by_direction() {
    check_dense(&[&[9.0, 9.0], &[0.1, 0.0], &[-1.0, 0.0]], &[1.0, 0.0], Ok(&[1, 0, 2]));
}

#[test]
fn embeddings_that_point_nowhere_are_refused() {
    check_dense(&[&[1.0], &[0.0]], &[1.0], Err(DenseError::NoDirection { doc: Some(1) }));
    check_dense(&[&[1.0], &[f32::NAN]], &[1.0], Err(DenseError::NoDirection { doc: Some(1) }));
    check_dense(&[&[1.0]], &[f32::INFINITY], Err(DenseError::NoDirection { doc: None }));
}

#[test]
fn embeddings_of_another_model_are_refused() {
    check_dense(&[&[1.0], &[1.0, 2.0]], &[1.0], Err(DenseError::Width { doc: Some(1), got: 2, want: 1 }));
    check_dense(&[&[1.0]], &[1.0, 2.0], Err(DenseError::Width { doc: None, got: 2, want: 1 }));
    check_dense(&[], &[1.0, 2.0], Ok(&[]));
}

#[test]
fn a_ranking_counts_a_document_once() {
    let fused = fuse(&[vec![4, 4, 4], vec![5, 4]]);
    assert_eq!(fused.iter().map(|hit| hit.doc).collect::<Vec<_>>(), [4, 5]);
    assert!((fused[0].score - (1.0 / 61.0 + 1.0 / 62.0)).abs() < 1e-15);
    assert!(fuse(&[]).is_empty());
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[abк卡ё_ 😡]{0,12}", 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The lists find what comparing with every document finds.
    #[test]
    fn lists_and_vectors_agree(texts in texts(), query in "[abк卡ё_ 😡]{0,12}") {
        let index = Index::build(&texts, &FeatureOptions::for_search());
        let vector = index.features().vector(&query);
        let scores = index.scores(&query);
        for (text, score) in texts.iter().zip(&scores) {
            prop_assert!((0.0..=1.0).contains(score));
            prop_assert!((index.features().vector(text).dot(&vector) - score).abs() < 1e-6);
        }
        let hits = index.nearest(&query, 4);
        let mut best: Vec<usize> = (0..texts.len()).filter(|doc| scores[*doc] > 0.0).collect();
        best.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        best.truncate(4);
        prop_assert_eq!(hits.iter().map(|hit| hit.doc).collect::<Vec<_>>(), best);
    }

    /// Any text can be read, and its vector is of length 1 or empty.
    #[test]
    fn every_text_has_a_vector(text in "\\PC{0,40}") {
        let vector = Features::fit([&text], &FeatureOptions::for_search()).vector(&text);
        prop_assert!(vector.is_empty() || (vector.dot(&vector) - 1.0).abs() < 1e-5);
        prop_assert!(vector.entries().windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
