//! Where sentences end, and that chunks cover a text, keep the limit and overlap.
//!
//! In: texts, counters of characters, words and bytes. Out: sentences and chunks. Not here: real tokenizers (`karat-llm`).

use std::cell::Cell;

use proptest::prelude::*;

use super::*;

fn slice(text: &str, range: Range<usize>) -> String {
    text.chars().skip(range.start).take(range.len()).collect()
}

#[track_caller]
fn check_sentences(want: &[&str]) {
    let text = want.concat();
    let got: Vec<String> = sentences(&text).into_iter().map(|range| slice(&text, range)).collect();
    assert_eq!(got, want);
}

#[test]
fn english_abbreviations_and_initials_do_not_end_a_sentence() {
    check_sentences(&["Dr. J. R. Smith met Mr. Brown, e.g. Charlie Brown of Acme Inc. London. ", "He left."]);
    check_sentences(&["See Fig. 3 and Prof. Xu et al. 2019. ", "Then stop."]);
}

#[test]
fn russian_abbreviations_do_not_end_a_sentence() {
    check_sentences(&["Он родился в г. Москве, т.е. Там, на ул. Ленина, д. 5, кв. 7. ", "Потом уехал."]);
    check_sentences(&["В 1999 г. Иванов И. И. получил 5 тыс. Рублей. ", "Всё."]);
}

#[test]
fn chinese_and_japanese_sentences_end_without_a_space() {
    check_sentences(&["你好。", "你是谁？", "再见！"]);
    check_sentences(&["「今日は。」", "と言った。"]);
}

#[test]
fn a_question_or_an_exclamation_ends_a_sentence() {
    check_sentences(&["What?! ", "Yes! ", "Да?"]);
    check_sentences(&["Well… ", "No… not yet… ", "Yes."]);
}

#[test]
fn numbers_keep_their_points() {
    check_sentences(&["It costs 3.14 dollars. ", "Version 1.2.3 is out."]);
    check_sentences(&["1. First point.\n", "2. Second point."]);
}

#[test]
fn the_afternoon_may_end_a_sentence() {
    check_sentences(&["We met at 5 p.m. ", "He left."]);
    check_sentences(&["We met at 5 p.m. in town."]);
}

#[test]
fn a_broken_line_goes_on_in_a_small_letter() {
    check_sentences(&["This sentence was broken\nfor width. ", "The next one."]);
    check_sentences(&["Headline\n", "Text under it."]);
}

#[test]
fn an_empty_line_ends_a_sentence() {
    check_sentences(&["no full stop\n\n", "here either"]);
    check_sentences(&["no full stop\r\n\r\n", "here either"]);
    check_sentences(&["\n\nleading lines stay with what follows"]);
}

#[test]
fn nothing_has_no_sentences() {
    assert!(sentences("").is_empty());
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[track_caller]
fn check_chunks(max_tokens: usize, overlap_tokens: usize, text: &str, want: &[&str]) {
    let chunks = chunks(text, &ChunkOptions { max_tokens, overlap_tokens }, &chars).unwrap();
    let got: Vec<String> = chunks.iter().map(|chunk| slice(text, chunk.start..chunk.end)).collect();
    assert_eq!(got, want);
}

#[test]
fn chunks_end_where_sentences_end() {
    check_chunks(20, 0, "One two three. Four five. Six.", &["One two three. ", "Four five. Six."]);
}

#[test]
fn a_text_that_fits_is_one_chunk() {
    check_chunks(20, 5, "One. Two. Three.", &["One. Two. Three."]);
    check_chunks(20, 5, "", &[]);
}

#[test]
fn a_long_sentence_is_cut_between_words() {
    check_chunks(10, 0, "alpha beta gamma delta", &["alpha ", "beta ", "gamma ", "delta"]);
}

#[test]
fn a_long_word_is_cut_between_what_a_reader_sees_as_characters() {
    check_chunks(4, 0, "ae\u{301}ae\u{301}ae\u{301}", &["ae\u{301}a", "e\u{301}a", "e\u{301}"]);
}

#[test]
fn an_emoji_of_many_parts_is_cut_only_where_it_does_not_fit() {
    check_chunks(3, 0, "👩\u{200d}👩👩", &["👩\u{200d}👩", "👩"]);
    check_chunks(2, 0, "👩\u{200d}👩👩", &["👩\u{200d}", "👩👩"]);
}

#[test]
fn the_next_chunk_starts_with_the_last_sentence_where_it_is_long_enough() {
    check_chunks(16, 4, "One two. Three. Four. Five.", &["One two. Three. ", "Three. Four. ", "Four. Five."]);
}

#[test]
fn a_sentence_that_fits_alone_is_whole_in_a_chunk() {
    let text = "Short one here. This one fills a whole chunk. End.";
    check_chunks(
        30,
        6,
        text,
        &[
            "Short one here. ",
            "here. This one fills a whole ",
            "This one fills a whole chunk. ",
            "chunk. End.",
        ],
    );
}

#[test]
fn a_limit_below_one_character_says_so() {
    let bytes = |text: &str| text.len();
    let got = chunks("ab家", &ChunkOptions { max_tokens: 2, overlap_tokens: 0 }, &bytes);
    let error = ChunkError::TooSmall { max_tokens: 2, character: '家', n_tokens: 3 };
    assert_eq!(error.to_string(), "`家` alone has 3 tokens, and a chunk may have 2; raise the limit");
    assert_eq!(got, Err(error));
}

#[test]
fn an_overlap_of_more_than_half_is_refused() {
    let options = ChunkOptions { max_tokens: 9, overlap_tokens: 5 };
    assert_eq!(chunks("text", &options, &chars), Err(ChunkError::Overlap(options)));
}

/// Counts the calls for 200 sentences in chunks of about ten.
#[track_caller]
fn check_calls(overlap_tokens: usize, text: &str, most_per_chunk: usize) {
    let n_calls = Cell::new(0);
    let count = |text: &str| {
        n_calls.set(n_calls.get() + 1);
        words(text)
    };
    let n = chunks(text, &ChunkOptions { max_tokens: 80, overlap_tokens }, &count).unwrap().len();
    assert!(n > 10 && n_calls.get() <= 1 + most_per_chunk * n, "{} calls for {n} chunks", n_calls.get());
}

#[test]
fn tokens_are_counted_seldom() {
    let sentence = "The quick brown fox jumps over it. ";
    check_calls(0, &sentence.repeat(200), 2);
    check_calls(10, &sentence.repeat(200), 4);
    check_calls(0, &"word ".repeat(1_400), 4);
    check_calls(10, &"word ".repeat(1_400), 8);
}

/// Texts of words, sentences, lines, and letters of several bytes.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-cж]{1,6} ",
        2 => "[A-CЖ][a-cж]{1,9}[.!?] ",
        1 => "[家人]{1,8}。",
        1 => Just("e\u{301}👩\u{200d}👩 ".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => "[a-c]{10,30}",
    ];
    prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

#[track_caller]
fn check_cover(text: &str, chunks: &[Chunk], n: usize) {
    assert_eq!(chunks.first().map_or(0, |chunk| chunk.start), 0, "{text:?}");
    assert_eq!(chunks.last().map_or(0, |chunk| chunk.end), n, "{text:?}");
    for pair in chunks.windows(2) {
        assert!(pair[0].start < pair[1].start && pair[0].end < pair[1].end, "{pair:?}");
        assert!(pair[1].start <= pair[0].end, "{pair:?}");
    }
    assert!(chunks.iter().all(|chunk| chunk.start < chunk.end));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the counter, also one for which parts together have fewer tokens than apart.
    #[test]
    fn chunks_cover_the_text_and_keep_the_limit(text in texts(), max_tokens in 2_usize..30, overlap in 0_usize..15) {
        let n = chars(&text);
        let overlap_tokens = overlap.min(max_tokens / 2);
        for count in [chars, words, |text: &str| text.len().div_ceil(4)] {
            let chunks = chunks(&text, &ChunkOptions { max_tokens, overlap_tokens }, &count).unwrap();
            check_cover(&text, &chunks, n);
            for chunk in &chunks {
                prop_assert!(count(&slice(&text, chunk.start..chunk.end)) <= max_tokens);
            }
        }
    }

    /// What is shorter than the overlap lies whole in a chunk.
    #[test]
    fn nothing_shorter_than_the_overlap_is_cut(text in texts(), max_tokens in 2_usize..30, overlap in 0_usize..15) {
        let n = chars(&text);
        let overlap_tokens = overlap.min(max_tokens / 2);
        for count in [chars, words] {
            let chunks = chunks(&text, &ChunkOptions { max_tokens, overlap_tokens }, &count).unwrap();
            for start in 0..n {
                let fits = |end: &usize| count(&slice(&text, start..*end)) < overlap_tokens;
                let Some(end) = (start + 1..=n).take_while(fits).last() else { continue };
                let whole = chunks.iter().any(|chunk| chunk.start <= start && end <= chunk.end);
                prop_assert!(whole, "{start}..{end} of {text:?} in {chunks:?}");
            }
        }
    }

    /// A sentence that fits alone lies whole in a chunk.
    #[test]
    fn no_sentence_that_fits_is_cut(text in texts(), max_tokens in 2_usize..30) {
        let chunks = chunks(&text, &ChunkOptions { max_tokens, overlap_tokens: 0 }, &chars).unwrap();
        for sentence in sentences(&text).into_iter().filter(|sentence| sentence.len() <= max_tokens) {
            let whole = chunks.iter().any(|chunk| chunk.start <= sentence.start && sentence.end <= chunk.end);
            prop_assert!(whole, "{sentence:?} of {text:?} in {chunks:?}");
        }
    }

    #[test]
    fn sentences_cover_any_text(text in "[\\PC\n.]{0,60}") {
        let sentences = sentences(&text);
        prop_assert!(sentences.windows(2).all(|pair| pair[0].end == pair[1].start));
        prop_assert_eq!(sentences.first().map_or(0, |first| first.start), 0);
        prop_assert_eq!(sentences.last().map_or(0, |last| last.end), chars(&text));
        prop_assert!(sentences.iter().all(|sentence| sentence.start < sentence.end));
    }
}
