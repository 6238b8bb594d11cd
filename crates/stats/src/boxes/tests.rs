//! Boxes that must be found, and boxes that nobody drew.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{
    BoxError, BoxItem, BoxVote, FuseOptions, FusedBoxes, Rect, ScoredBox, fuse_boxes, match_boxes,
    weighted_boxes_fusion,
};
use crate::Class;
use crate::interval::Level;
use crate::random::SplitMix64;

const OPTIONS: FuseOptions = FuseOptions {
    min_iou: 0.5,
    keep_from: 0.5,
    n_prior: 10.0,
    n_rounds: 500,
    tolerance: 1e-10,
    level: Level::P95,
};

/// A square of side 10.
fn draw(annotator: u32, class: u32, left: f64) -> BoxVote {
    BoxVote { annotator, class: Class(class), rect: Rect::new(left, 0.0, left + 10.0, 10.0).unwrap() }
}

fn item(n: u32, boxes: &[BoxVote]) -> BoxItem {
    BoxItem { seen_by: (0..n).collect(), boxes: boxes.to_vec() }
}

/// Fuses one item and compares the left sides and members of the groups.
#[track_caller]
fn check_groups(n: u32, boxes: &[BoxVote], want: &[(f64, &[usize])]) {
    let fused = fuse_boxes(&[item(n, boxes)], n, &OPTIONS).unwrap();
    let got: Vec<(f64, &[usize])> =
        fused.items[0].iter().map(|it| (it.rect.corners()[0], &it.members[..])).collect();
    assert_eq!(got, want);
}

#[test]
fn boxes_that_overlap_enough_are_one_thing() {
    check_groups(3, &[draw(0, 0, 0.0), draw(1, 0, 1.0), draw(2, 0, 2.0)], &[(1.0, &[0, 1, 2])]);
}

#[test]
fn boxes_of_other_classes_are_other_things() {
    check_groups(2, &[draw(0, 0, 0.0), draw(1, 1, 0.0)], &[(0.0, &[0]), (0.0, &[1])]);
}

#[test]
fn two_boxes_of_one_annotator_are_two_things() {
    // Both overlap the other annotator's box enough; the nearer one takes it.
    let boxes = [draw(0, 0, 0.0), draw(0, 0, 3.0), draw(1, 0, 2.0)];
    check_groups(2, &boxes, &[(0.0, &[0]), (2.5, &[1, 2])]);
}

#[test]
fn a_chain_does_not_bring_two_boxes_of_one_annotator_together() {
    let boxes = [draw(0, 0, 0.0), draw(1, 0, 2.0), draw(2, 0, 4.5), draw(0, 0, 6.5)];
    let fused = fuse_boxes(&[item(3, &boxes)], 3, &OPTIONS).unwrap();
    assert_eq!(fused.items[0].len(), 2);
    for one in &fused.items[0] {
        assert_eq!(one.members.len(), 2);
    }
}

#[test]
fn items_without_boxes_are_fused_to_nothing() {
    let fused = fuse_boxes(&[item(2, &[])], 2, &OPTIONS).unwrap();
    assert!(fused.items[0].is_empty());
    let quality = fused.annotators[0].unwrap();
    assert_eq!((quality.mean_iou, quality.recall, quality.spurious), (None, None, None));
}

#[test]
fn an_annotator_that_saw_nothing_has_no_quality() {
    let fused = fuse_boxes(&[item(1, &[draw(0, 0, 0.0)])], 2, &OPTIONS).unwrap();
    assert_eq!(fused.annotators[1], None);
}

#[test]
fn bad_input_is_an_error() {
    assert_eq!(fuse_boxes(&[], 2, &OPTIONS), Err(BoxError::NoItems));
    let unseen = fuse_boxes(&[item(1, &[draw(1, 0, 0.0)])], 2, &OPTIONS);
    assert_eq!(unseen, Err(BoxError::NotSeen { item: 0, annotator: 1 }));
    let far = fuse_boxes(&[item(3, &[])], 2, &OPTIONS);
    assert_eq!(far, Err(BoxError::OutOfRange { annotator: 2, end: 2 }));
    let loose = FuseOptions { min_iou: 0.0, ..OPTIONS };
    assert!(matches!(fuse_boxes(&[item(1, &[])], 1, &loose), Err(BoxError::BadNumber { .. })));
    assert!(match_boxes(&[], &[], f64::NAN).is_err());
    assert_eq!(match_boxes(&[draw(0, 0, 0.0)], &[], 0.5), Ok(vec![]));
}

#[test]
fn a_box_that_one_of_three_careful_annotators_drew_is_doubted() {
    let mut items = vec![item(3, &[draw(0, 0, 0.0), draw(1, 0, 0.5), draw(2, 0, 1.0)]); 20];
    items.push(item(3, &[draw(0, 0, 0.0)]));
    let fused = fuse_boxes(&items, 3, &OPTIONS).unwrap();
    assert!(fused.items[20][0].presence < 0.2 && fused.items[0][0].presence > 0.99);
    assert_eq!(fused.annotators[0].unwrap().spurious.unwrap().value, 1.0 / 21.0);
    assert!(fused.n_missed < 0.1);
}

#[test]
fn an_exact_hand_counts_more_than_a_shaky_one() {
    let mut random = SplitMix64::new(4);
    let items: Vec<BoxItem> = (0..40)
        .map(|_| {
            let at = 100.0 * random.unit();
            let mut slip = |size: f64| at + size * random.normal();
            item(
                4,
                &[draw(0, 0, slip(0.1)), draw(1, 0, slip(0.1)), draw(2, 0, slip(0.1)), draw(3, 0, slip(1.5))],
            )
        })
        .collect();
    let fused = fuse_boxes(&items, 4, &OPTIONS).unwrap();
    let weight = |who: usize| fused.annotators[who].unwrap().weight;
    assert!(weight(0) > 2.0 * weight(3), "{} {}", weight(0), weight(3));
}

#[test]
fn scores_outside_zero_to_one_are_refused() {
    let scored = |score| ScoredBox { class: Class(0), rect: draw(0, 0, 0.0).rect, score };
    for score in [0.0, 1.5, f64::NAN] {
        assert!(weighted_boxes_fusion(&[scored(score)], 1, 0.55).is_err());
    }
    assert!(weighted_boxes_fusion(&[scored(0.5)], 0, 0.55).is_err());
    assert_eq!(weighted_boxes_fusion(&[], 1, 0.55), Ok(vec![]));
}

fn any_boxes() -> impl Strategy<Value = Vec<BoxVote>> {
    let one = (0_u32..3, 0_u32..2, 0.0..40.0, 0.0..10.0, 5.0..15.0).prop_map(
        |(annotator, class, left, top, size)| {
            let rect = Rect::new(left, top, left + size, top + size).unwrap();
            BoxVote { annotator, class: Class(class), rect }
        },
    );
    proptest::collection::vec(one, 0..12)
}

/// What is left of a fusion when places are forgotten, in an order of its own.
fn shapes(fused: &FusedBoxes) -> Vec<(u32, [i64; 4], usize, i64)> {
    let round = |it: f64| (it * 1e6).round() as i64;
    let mut shapes: Vec<_> = fused.items[0]
        .iter()
        .map(|it| (it.class.0, it.rect.corners().map(round), it.members.len(), round(it.presence)))
        .collect();
    shapes.sort_unstable();
    shapes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..Default::default() })]

    #[test]
    fn the_order_of_boxes_and_the_numbers_of_annotators_change_nothing(
        boxes in any_boxes(), seed in 0_u64..1_000,
    ) {
        let one = fuse_boxes(&[item(3, &boxes)], 3, &OPTIONS).unwrap();
        let mut random = SplitMix64::new(seed);
        let mut names = [0, 1, 2];
        random.shuffle(&mut names);
        let mut other: Vec<BoxVote> =
            boxes.iter().map(|it| BoxVote { annotator: names[it.annotator as usize], ..*it }).collect();
        random.shuffle(&mut other);
        let other = fuse_boxes(&[item(3, &other)], 3, &OPTIONS).unwrap();
        prop_assert_eq!(shapes(&one), shapes(&other));
        let n_members: usize = one.items[0].iter().map(|it| it.members.len()).sum();
        prop_assert_eq!(n_members, boxes.len());
        for group in &one.items[0] {
            prop_assert!((0.0..=1.0).contains(&group.presence));
            let mut who: Vec<u32> = group.members.iter().map(|it| boxes[*it].annotator).collect();
            who.sort_unstable();
            prop_assert!(who.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn overlap_is_symmetric_and_whole_only_with_itself(boxes in any_boxes()) {
        for a in &boxes {
            for b in &boxes {
                let iou = a.rect.iou(&b.rect);
                prop_assert!((0.0..=1.0).contains(&iou) && (iou - b.rect.iou(&a.rect)).abs() < 1e-12);
                prop_assert_eq!(iou > 1.0 - 1e-12, a.rect == b.rect);
            }
        }
    }
}
