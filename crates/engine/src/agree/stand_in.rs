//! Whether a model may stand in for a person: the alternative annotator test, for every model and all people.

use karat_stats::agreement::{
    AlternativeOptions, AlternativeTest, Rating, Ratings, Undefined, alternative_annotator_test,
};

use super::{AgreeOptions, StandIn, StandInOutcome};
use crate::compare::number;
use crate::panel::{Panel, Plain, Voter};

/// One row for each model; none where there are no people or no models.
pub(super) fn stand_ins(panel: &Panel, options: &AgreeOptions) -> Vec<StandIn> {
    let of = |voter| (0..panel.members.len()).filter(move |n| panel.members[*n].voter == voter);
    let people: Vec<usize> = of(Voter::Person).collect();
    if people.is_empty() {
        return Vec::new();
    }
    of(Voter::Model)
        .map(|model| StandIn {
            model: panel.members[model].name.clone(),
            outcome: match test(panel, &people, model, options) {
                Ok(test) => tested(panel, &people, test),
                Err(why) => StandInOutcome::NotTested(why.to_string()),
            },
        })
        .collect()
}

fn test(
    panel: &Panel,
    people: &[usize],
    model: usize,
    options: &AgreeOptions,
) -> Result<AlternativeTest, Undefined> {
    let mut ratings = Vec::new();
    for (annotator, person) in people.iter().enumerate() {
        for (item, given) in panel.members[*person].given.iter().enumerate() {
            if let Ok(value) = given {
                ratings.push(Rating { item: item as u32, annotator: annotator as u32, value });
            }
        }
    }
    let ratings = Ratings::new(panel.n_items(), people.len(), ratings)?;
    let own: Vec<Option<&Plain>> =
        panel.members[model].given.iter().map(|given| given.as_ref().ok()).collect();
    let by = AlternativeOptions { epsilon: options.epsilon, ..AlternativeOptions::EXPERTS };
    // Of labels that are the same or not: the share of the others who gave the same.
    let alike = |value: &&Plain, others: &[&&Plain]| {
        others.iter().map(|it| panel.likeness(value, it)).sum::<f64>() / others.len() as f64
    };
    alternative_annotator_test(&ratings, &own, alike, &by, &options.intervals())
}

fn tested(panel: &Panel, people: &[usize], test: AlternativeTest) -> StandInOutcome {
    let name = |annotator: u32| panel.members[people[annotator as usize]].name.clone();
    StandInOutcome::Tested {
        passes: test.passes,
        winning_rate: test.winning_rate,
        advantage: number(test.advantage),
        people: test.annotators.iter().map(|it| (name(it.annotator), it.adjusted_p)).collect(),
    }
}
