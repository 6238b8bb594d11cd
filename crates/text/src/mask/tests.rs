//! What masks and restores, over examples and over made-up texts.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Patterns compile slowly without optimization: once for all tests.
static MASKER: LazyLock<Masker> = LazyLock::new(|| Masker::new(&MaskSpec::default()).unwrap());

static WITH_NAMES: LazyLock<Masker> = LazyLock::new(|| {
    let names = ["Anna", "Мария Крылова", "Мария", "王小明", "anna b"].map(str::to_owned).to_vec();
    Masker::new(&MaskSpec { names, ..MaskSpec::default() }).unwrap()
});

fn masker() -> &'static Masker {
    &MASKER
}

#[track_caller]
fn check(text: &str, want: &str) {
    let masked = masker().mask(text);
    assert_eq!(masked.text, want);
    assert_eq!(masked.restore(&masked.text), text);
}

#[test]
fn every_detector_finds_its_example() {
    let mut names = std::collections::BTreeSet::new();
    for detector in DETECTORS {
        let masker = Masker::new(&MaskSpec { kinds: vec![detector.kind], ..MaskSpec::default() }).unwrap();
        let found = masker.find(detector.example);
        assert_eq!(found.len(), 1, "{} in `{}`: {found:?}", detector.name, detector.example);
        let mut hits = Vec::new();
        let ready = detect::Ready::new(detector).unwrap();
        ready.run(detector.example, &detect::Traits::of(detector.example), &mut hits);
        assert!(!hits.is_empty(), "{} does not find `{}` itself", detector.name, detector.example);
        assert!(names.insert(detector.name), "two detectors are called {}", detector.name);
        assert!(!detector.doc.is_empty());
    }
}

#[test]
fn every_kind_has_a_detector_and_a_name_that_reads_back() {
    for kind in Kind::ALL {
        assert!(DETECTORS.iter().any(|row| row.kind == kind), "{kind:?}");
        assert_eq!(Kind::read(kind.name()), Ok(kind));
    }
    let error = Kind::read("mail").unwrap_err().to_string();
    assert!(error.starts_with("`mail` is no kind of personal data; there are secret, card"), "{error}");
}

#[test]
fn the_same_original_has_one_placeholder_in_all_fields() {
    let masked = masker().mask_all(&["a@b.org and c@d.org", "again c@d.org, then A@b.org"]);
    assert_eq!(masked[0].text, "[EMAIL_1] and [EMAIL_2]");
    assert_eq!(masked[1].text, "again [EMAIL_2], then [EMAIL_3]");
    assert_eq!(masked[0].restore("email_3 or [EMAIL_2]"), "A@b.org or c@d.org");
    let counts = count_by_kind(masked.iter().flat_map(|it| &it.found));
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(Kind::Email, 4)]);
}

#[test]
fn later_texts_change_no_placeholder_that_was_given_out() {
    let first = masker().mask("K1234567, then passport L7654321");
    assert_eq!(first.text, "K1234567, then passport [PASSPORT_1]");
    let then =
        masker().mask_more(first.key(), &["passport K1234567, L7654321, PASSPORT_1 and [PASSPORT_12]"]);
    assert_eq!(then[0].text, "passport [PASSPORT_2], [PASSPORT_1], [PASSPORT_3] and [[PASSPORT_4]]");
    assert_eq!(then[0].restore(&first.text), "K1234567, then passport L7654321");
    assert_eq!(then[0].restore(&then[0].text), "passport K1234567, L7654321, PASSPORT_1 and [PASSPORT_12]");
}

#[test]
fn no_texts_give_no_masks() {
    assert!(masker().mask_all(&[]).is_empty());
    check("", "");
}

#[test]
fn a_placeholder_that_the_text_holds_is_not_used_again() {
    check("[EMAIL_1] is not a@b.org", "[EMAIL_1] is not [EMAIL_2]");
    check("Email 1, email-2: a@b.org", "Email 1, email-2: [EMAIL_3]");
}

#[test]
fn a_placeholder_resembles_no_word_of_the_prompt() {
    let spec = MaskSpec { avoid: vec!["fields: email_1, email_2".to_owned()], ..MaskSpec::default() };
    assert_eq!(Masker::new(&spec).unwrap().mask("a@b.org").text, "[EMAIL_3]");
}

#[test]
fn originals_come_back_from_what_models_make_of_placeholders() {
    let many: Vec<String> = (1..=12).map(|n| format!("u{n}@example.org")).collect();
    let masked = masker().mask(&many.join(" "));
    for written in [
        "[EMAIL_1]",
        "[email_1]",
        "[Email 1]",
        "[ EMAIL_1 ]",
        "[EMAIL\\_1]",
        "[EMAIL-1]",
        "EMAIL_1",
        "email_1",
        "EMAIL\\_1",
        "【EMAIL_1】",
        "［EMAIL＿1］",
    ] {
        assert_eq!(masked.restore(&format!("x {written}, y")), "x u1@example.org, y", "{written}");
    }
    assert_eq!(masked.restore("[EMAIL_12] EMAIL_12"), "u12@example.org u12@example.org");
}

#[test]
fn what_is_no_placeholder_of_ours_stays() {
    let masked = masker().mask("a@b.org");
    for written in [
        "[EMAIL_2]",
        "[EMAIL_12]",
        "EMAIL_12",
        "my_email_1",
        "email 1",
        "email_1x",
        "[EMAIL_01]",
        "EMAIL_1_2",
    ] {
        assert_eq!(masked.restore(written), written);
    }
}

#[test]
fn an_original_is_masked_again_where_nothing_says_what_it_is() {
    check("паспорт 45 12 345678. Номер 45 12 345678", "паспорт [PASSPORT_1]. Номер [PASSPORT_1]");
    let masked = masker().mask_all(&["passport K1234567", "K1234567"]);
    assert_eq!(masked[1].text, "[PASSPORT_1]");
}

#[test]
fn the_longest_of_overlapping_finds_stands() {
    let spec = MaskSpec { names: vec!["Anna".into(), "Anna Lind".into()], ..MaskSpec::default() };
    let masked = Masker::new(&spec).unwrap().mask("Anna Lind, Anna, anna@lind.org, Anna@lind.org");
    assert_eq!(masked.text, "[NAME_1], [NAME_2], [EMAIL_1], [EMAIL_2]");
}

#[test]
fn positions_are_code_points_of_the_original() {
    let masked = masker().mask("👍👍 ａｎｎａ＠example.org, 电话：13812345678。");
    assert_eq!(masked.text, "👍👍 [EMAIL_1], 电话：[PHONE_1]。");
    let found: Vec<_> = masked.found.iter().map(|it| (it.start, it.end)).collect();
    assert_eq!(found, [(3, 19), (24, 35)]);
    assert_eq!(masked.restore("EMAIL_1"), "ａｎｎａ＠example.org");
}

#[test]
fn a_place_in_the_masked_text_is_found_in_the_original() {
    let text = "to a@b.org or c@dd.org!";
    let masked = masker().mask(text);
    assert_eq!(masked.text, "to [EMAIL_1] or [EMAIL_2]!");
    assert_eq!(masked.to_original(0..2), Some(0..2));
    assert_eq!(masked.to_original(3..12), Some(3..10));
    assert_eq!(masked.to_original(5..14), Some(3..12));
    assert_eq!(masked.to_original(13..18), Some(11..22));
    assert_eq!(masked.to_original(0..26), Some(0..23));
    assert_eq!(masked.to_original(0..27), None);
    assert_eq!(masked.to_original(4..4), None);
}

#[test]
fn a_key_tells_no_original_when_it_is_printed() {
    let masked = masker().mask("a@b.org");
    assert!(!format!("{:?}", masked.key()).contains("a@b"));
    assert_eq!(masked.key().originals(), [("[EMAIL_1]".to_owned(), "a@b.org")]);
    assert_eq!(masked.key().n_originals(), 1);
}

#[test]
fn lines_of_a_private_key_are_masked_each() {
    let pem = concat!(
        "-----BEGIN RSA PRI",
        "VATE KEY-----\nMIIEabcd0123\nAbCdEfGh/+==\n-----END RSA PRI",
        "VATE KEY-----"
    );
    let masked = masker().mask(pem);
    assert_eq!(masked.found.len(), 2);
    assert_eq!(masked.restore(&masked.text), pem);
}

#[test]
fn a_number_with_another_check_digit_is_not_found() {
    let checked = [
        (Kind::Card, "4242 4242 4242 4242"),
        (Kind::Iban, "DE89 3704 0044 0532 0130 00"),
        (Kind::NationalId, "СНИЛС 112-233-445 95"),
        (Kind::NationalId, "ИНН 500100732259"),
        (Kind::NationalId, "ИНН 7707083893"),
        (Kind::NationalId, "11010519491231002X"),
        (Kind::NationalId, "Steuer-ID 86095742719"),
        (Kind::NationalId, "2 69 05 49 588 157 80"),
        (Kind::NationalId, "12345678Z"),
        (Kind::NationalId, "X1234567L"),
        (Kind::NationalId, "RSSMRA85T10A562S"),
        (Kind::NationalId, "PESEL 44051401359"),
        (Kind::NationalId, "BSN 111222333"),
        (Kind::NationalId, "85.07.30-033.28"),
    ];
    for (kind, text) in checked {
        let masker = Masker::new(&MaskSpec { kinds: vec![kind], ..MaskSpec::default() }).unwrap();
        let (head, last) = text.split_at(text.len() - 1);
        let digits = if last.starts_with(|c: char| c.is_ascii_digit()) { "0123456789" } else { "ABCLSXZ" };
        for other in digits.chars() {
            let is_found = !masker.find(&format!("{head}{other}")).is_empty();
            assert_eq!(is_found, last.starts_with(other), "{head}{other}");
        }
    }
}

#[test]
fn kinds_that_were_not_asked_for_stay() {
    let masker = Masker::new(&MaskSpec { kinds: vec![Kind::Email], ..MaskSpec::default() }).unwrap();
    assert_eq!(masker.mask("a@b.org, 4111 1111 1111 1111").text, "[EMAIL_1], 4111 1111 1111 1111");
    let nothing = Masker::new(&MaskSpec { kinds: Vec::new(), ..MaskSpec::default() }).unwrap();
    assert_eq!(nothing.mask("a@b.org").text, "a@b.org");
}

/// Pieces of which texts are made: data, borders, placeholders, other scripts.
fn piece() -> impl Strategy<Value = String> {
    let known = DETECTORS.iter().map(|row| row.example.to_owned());
    let others = [
        "[EMAIL_1]",
        "EMAIL_1",
        "email ",
        "[PHONE_",
        "ID",
        "_1",
        "1",
        "2]",
        "[",
        "]",
        " ",
        ". ",
        ", ",
        "\n",
        ":",
        "@",
        "a@b.org",
        "c@d.org",
        "13812345678",
        "+7 912 345-67-89",
        "8",
        "паспорт ",
        "45 12 345678",
        "4111111111111111",
        "Мария",
        "Марии",
        "王小明",
        "先生",
        "İ",
        "ß",
        "👍",
        "e\u{301}",
        "Anna",
        "anna",
        "＠",
        "１",
        "тел. ",
    ];
    let known: Vec<String> = known.chain(others.into_iter().map(str::to_owned)).collect();
    prop_oneof![4 => prop::sample::select(known), 1 => any::<char>().prop_map(String::from), 1 => "[ -~]{0,6}"]
}

fn made_up_text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn masked_texts_come_back_as_they_were(texts in prop::collection::vec(made_up_text(), 1..4)) {
        let fields: Vec<&str> = texts.iter().map(String::as_str).collect();
        let masked = WITH_NAMES.mask_all(&fields);
        prop_assert_eq!(masked.len(), texts.len());
        for (masked_text, text) in masked.iter().zip(&texts) {
            prop_assert_eq!(&masked_text.restore(&masked_text.text), text);
        }
    }

    #[test]
    fn later_texts_come_back_and_so_do_the_earlier_ones(texts in prop::collection::vec(made_up_text(), 2..5)) {
        let first = WITH_NAMES.mask(&texts[0]);
        let mut key = std::sync::Arc::clone(first.key());
        let mut sent = vec![first.text];
        for text in &texts[1..] {
            let then = WITH_NAMES.mask_more(&key, &[text]).remove(0);
            key = std::sync::Arc::clone(then.key());
            sent.push(then.text);
        }
        for (sent, text) in sent.iter().zip(&texts) {
            prop_assert_eq!(&key.restore(sent), text);
        }
    }

    #[test]
    fn nothing_masked_of_six_characters_is_left_in_any_field(texts in prop::collection::vec(made_up_text(), 1..4)) {
        let fields: Vec<&str> = texts.iter().map(String::as_str).collect();
        let masked = WITH_NAMES.mask_all(&fields);
        for (_, original) in masked[0].key().originals().iter().filter(|it| it.1.chars().count() >= 6) {
            for field in &masked {
                prop_assert!(!field.text.contains(original), "{} is left in {}", original, field.text);
            }
        }
    }

    #[test]
    fn finds_are_in_order_apart_and_printable(text in made_up_text()) {
        let masked = WITH_NAMES.mask(&text);
        let chars: Vec<char> = text.chars().collect();
        let mut end = 0;
        for found in &masked.found {
            prop_assert!(end <= found.start && found.start < found.end && found.end as usize <= chars.len());
            let quote = &chars[found.start as usize..found.end as usize];
            prop_assert!(!quote.iter().any(|c| *c == '"' || *c == '\\' || c.is_control()));
            end = found.end;
        }
    }

    #[test]
    fn any_answer_can_be_restored(text in made_up_text(), answer in ".{0,80}") {
        masker().mask(&text).restore(&answer);
        masker().mask(&answer);
    }

    #[test]
    fn the_original_range_of_a_find_is_where_it_was(text in made_up_text()) {
        let masked = WITH_NAMES.mask(&text);
        let mut shift = 0i64;
        for found in &masked.found {
            let start = i64::from(found.start) + shift;
            let length = found.placeholder.chars().count() as i64;
            let span = start as u32..(start + length) as u32;
            prop_assert_eq!(masked.to_original(span), Some(found.start..found.end));
            shift += length - i64::from(found.end - found.start);
        }
    }
}
