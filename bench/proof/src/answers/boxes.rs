//! Boxes of several hands: real boxes of blood cells, drawn again with planted slips, gaps and inventions.

use anyhow::{Context, Result};
use karat_stats::boxes::{BoxItem, BoxVote, FuseOptions, Rect, fuse_boxes, match_boxes};
use karat_stats::{Class, Estimate, Level};

use super::{Random, show};
use crate::Given;

/// Recall, invented boxes for each real one, and the slip of a hand in parts of a box's side.
const HANDS: [(f64, f64, f64); 5] =
    [(0.95, 0.05, 0.04), (0.90, 0.10, 0.06), (0.80, 0.05, 0.10), (0.70, 0.30, 0.06), (0.90, 0.50, 0.12)];

/// The items as the hands draw them, and their gold boxes.
fn read(given: &Given) -> Result<(Vec<BoxItem>, Vec<Vec<BoxVote>>)> {
    let path = given.data.join("images_bccd_boxes/boxes.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let (mut items, mut golds) = (Vec::new(), Vec::new());
    let mut random = Random(11);
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let mut gold = Vec::new();
        for one in row["gold"].as_array().into_iter().flatten() {
            let side = |name: &str| one[name].as_f64().unwrap_or(f64::NAN);
            let class = Class(one["label"].as_str().map_or(0, |label| label.len() as u32));
            let rect = Rect::new(side("xmin"), side("ymin"), side("xmax"), side("ymax"));
            gold.extend(rect.map(|rect| BoxVote { annotator: 5, class, rect }));
        }
        let boxes = (0..5).flat_map(|who| drawn(&gold, who, &mut random)).collect();
        items.push(BoxItem { seen_by: (0..5).collect(), boxes });
        golds.push(gold);
    }
    Ok((items, golds))
}

/// Real boxes of blood cells, drawn again by five planted hands.
pub(super) fn boxes(given: &Given) -> Result<()> {
    let (items, golds) = read(given)?;
    let options = FuseOptions {
        min_iou: 0.5,
        keep_from: 0.5,
        n_prior: 10.0,
        n_rounds: 2_000,
        tolerance: 1e-9,
        level: Level::P95,
    };
    let fused = fuse_boxes(&items, 5, &options)?;
    println!(
        "Boxes ({} images of blood cells, the gold boxes drawn again by five planted hands): found at an IoU of 0.5 or \
         more with the gold box.\n",
        items.len()
    );
    println!("| | precision | recall | mean IoU |\n|---|---|---|---|");
    for who in 0..5 {
        let of = |item: &BoxItem| item.boxes.iter().copied().filter(|it| it.annotator == who).collect();
        let boxes: Vec<Vec<BoxVote>> = items.iter().map(of).collect();
        print_boxes(&format!("hand {who}"), &boxes, &golds)?;
    }
    let chosen = |keep: &dyn Fn(&karat_stats::boxes::FusedBox) -> bool| -> Vec<Vec<BoxVote>> {
        let vote =
            |it: &karat_stats::boxes::FusedBox| BoxVote { annotator: 6, class: it.class, rect: it.rect };
        fused.items.iter().map(|item| item.iter().filter(|it| keep(it)).map(vote).collect()).collect()
    };
    print_boxes("drawn by three or more", &chosen(&|it| it.members.len() >= 3), &golds)?;
    print_boxes("kept by presence", &chosen(&|it| it.kept), &golds)?;
    println!("\n| hand | recall planted | found | modeled | spurious planted | found | mean IoU |");
    println!("|---|---|---|---|---|---|---|");
    for (who, (found, (recall, invented, _))) in fused.annotators.iter().zip(HANDS).enumerate() {
        let found = found.context("a hand without boxes")?;
        let share = |it: &Option<Estimate>| it.as_ref().map(show).unwrap_or_default();
        println!(
            "| {who} | {recall:.2} | {} | {:.2} | {:.2} | {} | {} |",
            share(&found.recall),
            found.modeled_recall,
            invented / (invented + recall),
            share(&found.spurious),
            share(&found.mean_iou)
        );
    }
    let n_missed = n_unseen(&items, &golds)?;
    println!("\nThings that nobody drew: {n_missed}; as the model expects: {:.1}.\n", fused.n_missed);
    Ok(())
}

/// The gold boxes that no hand has drawn at an IoU of 0.5 or more.
fn n_unseen(items: &[BoxItem], golds: &[Vec<BoxVote>]) -> Result<usize> {
    let mut n_unseen = 0;
    for (item, gold) in items.iter().zip(golds) {
        let mut is_seen = vec![false; gold.len()];
        for who in 0..5 {
            let own: Vec<BoxVote> = item.boxes.iter().copied().filter(|it| it.annotator == who).collect();
            for (_, gold, _) in match_boxes(&own, gold, 0.5)? {
                is_seen[gold] = true;
            }
        }
        n_unseen += is_seen.iter().filter(|it| !**it).count();
    }
    Ok(n_unseen)
}

/// The gold boxes as a planted hand draws them.
fn drawn(gold: &[BoxVote], who: u32, random: &mut Random) -> Vec<BoxVote> {
    let (recall, invented, slip) = HANDS[who as usize];
    let mut boxes = Vec::new();
    for one in gold {
        let [left, top, right, bottom] = one.rect.corners();
        let (width, height) = (right - left, bottom - top);
        if random.unit() < recall {
            let [a, b, c, d] = [width, height, width, height].map(|side| slip * side * random.normal());
            let rect = Rect::new(left + a, top + b, right + c, bottom + d);
            boxes.extend(rect.map(|rect| BoxVote { annotator: who, class: one.class, rect }));
        }
        if random.unit() < invented {
            let (x, y) = (540.0 * random.unit(), 380.0 * random.unit());
            let rect = Rect::new(x, y, x + width, y + height);
            boxes.extend(rect.map(|rect| BoxVote { annotator: who, class: one.class, rect }));
        }
    }
    boxes
}

fn print_boxes(name: &str, found: &[Vec<BoxVote>], golds: &[Vec<BoxVote>]) -> Result<()> {
    let (mut n_found, mut n_gold, mut n_both, mut iou) = (0, 0, 0, 0.0);
    for (found, gold) in found.iter().zip(golds) {
        let pairs = match_boxes(found, gold, 0.5)?;
        (n_found, n_gold, n_both) = (n_found + found.len(), n_gold + gold.len(), n_both + pairs.len());
        iou += pairs.iter().map(|it| it.2).sum::<f64>();
    }
    let both = n_both as f64;
    println!("| {name} | {:.3} | {:.3} | {:.3} |", both / n_found as f64, both / n_gold as f64, iou / both);
    Ok(())
}
