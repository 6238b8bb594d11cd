//! Confident learning against cleanlab 2.9.0, in `reference/noise.json`.
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::disallowed_methods, reason = "the sets are too large to keep in the repository")]

use karat_stats::Class;
use karat_stats::noise::{FILTERS, Judged};
use serde_json::Value as Json;

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

#[test]
fn counts_filters_and_scores_are_those_of_cleanlab() {
    let cases: Json = serde_json::from_str(include_str!("reference/noise.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let k = case["n_classes"].as_u64().unwrap() as usize;
        let given: Vec<Class> = numbers(&case["given"]).into_iter().map(|it| Class(it as u32)).collect();
        let p = numbers(&case["p"]);
        let judged = Judged::new(&given, &p, k).unwrap();
        let joint = judged.joint();
        let counts: Vec<f64> = joint.counts.iter().map(|it| *it as f64).collect();
        assert_eq!(counts, numbers(&case["counts"]));
        for (got, want) in joint.thresholds.iter().zip(numbers(&case["thresholds"])) {
            assert!((got.unwrap() - want).abs() < 1e-9);
        }
        for row in FILTERS {
            let suspects = judged.suspects(row.filter);
            let found: Vec<f64> =
                (0..suspects.len()).filter(|it| suspects[*it]).map(|it| it as f64).collect();
            assert_eq!(found, numbers(&case["found"][row.name]), "{} of {k} classes", row.name);
        }
        let scores = [
            ("self_confidence", judged.self_confidence()),
            ("normalized_margin", judged.normalized_margin()),
            ("confidence_weighted_entropy", judged.weighted_entropy()),
        ];
        for (name, got) in scores {
            for (got, want) in got.iter().zip(numbers(&case["scores"][name])) {
                assert!((got - want).abs() < 1e-9, "{name}: {got} against {want}");
            }
        }
    }
}

/// The public test sets whose suspects people have reviewed: found with 15 and 95 as published for these probabilities.
#[test]
fn as_many_are_found_in_real_sets_as_were_published() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/crowd");
    if !std::path::Path::new(folder).exists() {
        println!("skipped: no {folder}");
        return;
    }
    for (name, want) in [("labelerr_20news", 95), ("labelerr_mnist", 15)] {
        let file = std::fs::read_to_string(format!("{folder}/{name}/probs.csv")).unwrap();
        let (mut given, mut p, mut k) = (Vec::new(), Vec::new(), 0);
        for line in file.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            given.push(Class(cells[1].parse().unwrap()));
            let row: Vec<f64> = cells[2..].iter().map(|it| it.parse().unwrap()).collect();
            k = row.len();
            p.extend(row);
        }
        let judged = Judged::new(&given, &p, k).unwrap();
        let n_found = judged.suspects(FILTERS[0].filter).into_iter().filter(|it| *it).count();
        assert_eq!(n_found, want, "{name}");
    }
}
