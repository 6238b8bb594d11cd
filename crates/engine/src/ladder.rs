//! Who is asked after whom: tiers from cheap to dear, then the moderator, then the inspector, then people.
//!
//! In: the annotators of a project with their tiers, the rule that settles an item, what was said so far. Out: whether an
//! item is settled, by which tier, and whether labels differ. Not here: the rule itself (`karat_stats::cascade`).

use std::sync::Arc;

use karat_core::{
    Annotation, AnnotationRow, AnnotatorSpec, Error, Hash, Item, Outcome, Result, Role, SettleSpec, Value,
};
use karat_stats::Class;
use karat_stats::cascade::{Agree, SettleRule, Settlement, Sure, TierVote, settle};

use karat_store::Store;

use crate::answer::KeptAnswer;
use crate::asker::{Asker, Position};

/// Who is asked after whom.
pub(crate) struct Ladder {
    /// The numbers of the annotators of each tier, the first tier first.
    tiers: Vec<Vec<usize>>,
    /// The number of the moderator.
    moderator: Option<usize>,
    /// The number of the inspector.
    inspector: Option<usize>,
    /// `None`: all who were asked must have given the same label.
    rule: Option<SettleRule>,
}

/// What an annotator said of an item; `None` where it was not asked.
pub(crate) type Said = Option<Annotation>;

/// Who decided an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A tier, counted from 0.
    Tier(usize),
    /// The moderator.
    Moderator,
    /// It is left to people, for this reason.
    Nobody(&'static str),
}

/// How far an item came on the ladder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Course {
    /// A tier settled it, counted from 1.
    Settled {
        /// The tier.
        tier: u32,
        /// The label.
        value: Value,
    },
    /// No tier settled it, and at least two labels differ.
    Divided,
    /// No tier settled it: too few labels, or too unsure.
    Open,
    /// A tier that must be asked has not been asked.
    Pending,
}

impl Ladder {
    /// The ladder of these annotators. An error where nothing says when a tier settles an item, or two moderate.
    pub(crate) fn new(askers: &[Asker], spec: SettleSpec) -> Result<Self> {
        let specs: Vec<&AnnotatorSpec> = askers.iter().map(|it| &it.spec).collect();
        Self::of(&specs, spec)
    }

    fn of(specs: &[&AnnotatorSpec], spec: SettleSpec) -> Result<Self> {
        let of_role = |role| specs.iter().enumerate().filter(move |(_, it)| it.role == role);
        let only = |role, name: &str| {
            let mut all = of_role(role);
            let first = all.next().map(|(n, _)| n);
            match all.next() {
                None => Ok(first),
                Some((_, second)) => {
                    let message = format!("`{}` is a second {name}", second.display_name());
                    let hint =
                        format!("one annotator has `role = \"{name}\"`; let the other answer by itself");
                    Err(Error::invalid(message).hint(hint))
                }
            }
        };
        let moderator = only(Role::Moderator, "moderator")?;
        let inspector = only(Role::Inspector, "inspector")?;
        let mut numbers: Vec<u32> = of_role(Role::Annotator).map(|(_, it)| it.tier).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let tier = |number: &u32| {
            of_role(Role::Annotator).filter(|(_, it)| it.tier == *number).map(|(n, _)| n).collect()
        };
        let tiers: Vec<Vec<usize>> = numbers.iter().map(tier).collect();
        let rule = rule(spec)?;
        if let ([first, _, ..], None) = (&tiers[..], &rule) {
            let hint =
                |rule: &str| format!("say so in `karat.toml`: `settle = {{ {rule} }}` under `[policy]`");
            if first.len() == 1 {
                let message = "the first tier has one annotator, and nothing says when it settles an item";
                return Err(Error::invalid(message).hint(hint("confidence = 0.9")));
            }
            // What a first tier divides, a later one cannot make unanimous.
            if moderator.is_none() {
                let message = "nothing says when a later tier settles what the first left open";
                return Err(Error::invalid(message).hint(hint("votes = 2")));
            }
        }
        Ok(Self { tiers, moderator, inspector, rule })
    }

    /// The annotators that are asked side by side, stage after stage; the moderator and the inspector last, each alone.
    pub(crate) fn stages(&self) -> Vec<Vec<usize>> {
        let mut stages = self.tiers.clone();
        stages.extend([self.moderator, self.inspector].into_iter().flatten().map(|it| vec![it]));
        stages.retain(|stage| !stage.is_empty());
        stages
    }

    /// Whether an annotator is asked about every item, whatever others said.
    pub(crate) fn is_first(&self, asker: usize) -> bool {
        self.tiers.first().is_some_and(|tier| tier.contains(&asker))
    }

    /// The number of tiers.
    pub(crate) fn n_tiers(&self) -> usize {
        self.tiers.len()
    }

    /// The number of the moderator among the annotators.
    pub(crate) fn moderator(&self) -> Option<usize> {
        self.moderator
    }

    /// The number of the inspector among the annotators.
    pub(crate) fn inspector(&self) -> Option<usize> {
        self.inspector
    }

    /// Who decided an item, and its final label; what an inspector says of it is not looked at.
    pub(crate) fn verdict(&self, said: &[Said]) -> (By, Option<Value>) {
        let moderated = self.moderator.and_then(|n| said[n].as_ref());
        match (self.course(said, self.tiers.len()), moderated) {
            (Course::Settled { tier, value }, _) => (By::Tier(tier as usize - 1), Some(value)),
            (Course::Pending, _) => (By::Nobody("not asked yet"), None),
            (Course::Open, _) => (By::Nobody("too few labels, or too unsure"), None),
            (Course::Divided, None) if self.moderator.is_some() => {
                (By::Nobody("the moderator was not asked yet"), None)
            }
            (Course::Divided, None) => (By::Nobody("labels differ"), None),
            (Course::Divided, Some(annotation)) => match &annotation.outcome {
                Outcome::Labeled(value) => (By::Moderator, Some(value.clone())),
                Outcome::Abstained(_) | Outcome::Unusable(_) | Outcome::Failed(_) => {
                    (By::Nobody("the moderator gave no label"), None)
                }
            },
        }
    }

    /// Whether an annotator is to be asked about an item, after what the stages before it said.
    pub(crate) fn wants(&self, asker: usize, said: &[Said]) -> bool {
        if self.inspector == Some(asker) {
            return self.verdict(said).1.is_some();
        }
        if self.moderator == Some(asker) {
            return self.course(said, self.tiers.len()) == Course::Divided;
        }
        let own = self.tiers.iter().position(|tier| tier.contains(&asker)).unwrap_or(0);
        own == 0 || !matches!(self.course(said, own), Course::Settled { .. })
    }

    /// How far an item came after the first so many tiers.
    pub(crate) fn course(&self, said: &[Said], n_tiers: usize) -> Course {
        let mut votes: Vec<(&Value, Option<f64>)> = Vec::new();
        let mut all_labeled = true;
        for (tier, members) in self.tiers.iter().take(n_tiers).enumerate() {
            if members.iter().all(|n| said[*n].is_none()) {
                return Course::Pending;
            }
            for annotation in members.iter().filter_map(|n| said[*n].as_ref()) {
                match &annotation.outcome {
                    Outcome::Labeled(value) => votes.push((value, annotation.confidence.value())),
                    Outcome::Abstained(_) | Outcome::Unusable(_) | Outcome::Failed(_) => all_labeled = false,
                }
            }
            if let Some(value) = self.settled(&votes, all_labeled) {
                return Course::Settled { tier: tier as u32 + 1, value: value.clone() };
            }
        }
        match votes.first() {
            Some((first, _)) if votes.iter().any(|(value, _)| value != first) => Course::Divided,
            _ => Course::Open,
        }
    }

    fn settled<'v>(&self, votes: &[(&'v Value, Option<f64>)], all_labeled: bool) -> Option<&'v Value> {
        let Some(rule) = &self.rule else {
            let (first, _) = votes.first()?;
            return (all_labeled && votes.iter().all(|(value, _)| value == first)).then_some(first);
        };
        let mut distinct: Vec<&Value> = Vec::new();
        let mut votes_of = Vec::new();
        for (value, confidence) in votes {
            let class = distinct.iter().position(|it| it == value).unwrap_or_else(|| {
                distinct.push(value);
                distinct.len() - 1
            });
            votes_of.push(TierVote { class: Class(class as u32), confidence: *confidence, weight: 1.0 });
        }
        match settle(&votes_of, rule) {
            Settlement::Settled(class) => distinct.get(class.0 as usize).copied(),
            Settlement::Unsettled(_) => None,
        }
    }
}

/// What stands of every annotator for these items: for each annotator, item by item.
pub(crate) async fn said(
    store: &Store,
    askers: &[Asker],
    keys: &[(Arc<str>, Hash)],
) -> Result<Vec<Vec<Said>>> {
    let mut all = Vec::with_capacity(askers.len());
    for asker in askers {
        let rows = store.standing(asker.id, keys).await?;
        let read = |row: AnnotationRow| Annotation::from_row(&row, asker.shape(), &asker.task().schema).ok();
        all.push(rows.into_iter().map(|row| row.and_then(read)).collect());
    }
    Ok(all)
}

/// What annotators said of one item, with their reasons, for a moderator. Who gave no usable answer is left out.
pub(crate) async fn positions(store: &Store, item: &Item, said: &[Said]) -> Result<Vec<Position>> {
    let attempts = store.attempts_of(item.id.as_str()).await?;
    let mut heard = Vec::new();
    for annotation in said.iter().flatten() {
        let value = match &annotation.outcome {
            Outcome::Labeled(value) => Some(value.clone()),
            Outcome::Abstained(_) => None,
            Outcome::Unusable(_) | Outcome::Failed(_) => continue,
        };
        let own = attempts.iter().rev().filter(|it| it.annotator == annotation.annotator);
        let last = own.filter_map(|it| it.answer).next();
        let bytes = match last {
            Some(hash) => store.blob(hash).await?,
            None => None,
        };
        let text = bytes.and_then(|bytes| KeptAnswer::read(&bytes).ok()).map(|it| it.text);
        heard.push(Position { value, reason: text.as_deref().and_then(karat_task::reason_of) });
    }
    Ok(heard)
}

/// The final label as an inspector sees it: with the reason of the first who gave it, where one did.
pub(crate) async fn given(store: &Store, item: &Item, said: &[Said], label: Value) -> Result<Position> {
    let heard = positions(store, item, said).await?;
    let reason = heard.into_iter().find(|it| it.value.as_ref() == Some(&label) && it.reason.is_some());
    Ok(Position { value: Some(label), reason: reason.and_then(|it| it.reason) })
}

/// The share of the labels of an item that are its most frequent one; `None` without labels.
pub(crate) fn agreement(said: &[Said]) -> Option<f64> {
    let values: Vec<&Value> = said.iter().flatten().filter_map(|it| it.outcome.value()).collect();
    let count = |value: &&Value| values.iter().filter(|it| *it == value).count();
    let most = values.iter().map(count).max()?;
    Some(most as f64 / values.len() as f64)
}

fn rule(spec: SettleSpec) -> Result<Option<SettleRule>> {
    if let Some(bad) = spec.confidence.filter(|it| !(0.0..=1.0).contains(it)) {
        return Err(Error::invalid(format!(
            "`policy.settle.confidence` is {bad}, and must lie between 0 and 1"
        )));
    }
    if spec == SettleSpec::default() {
        return Ok(None);
    }
    Ok(Some(SettleRule {
        min_agree: spec.votes.map(|votes| Agree::Votes(f64::from(votes))),
        min_confidence: spec.confidence.map(Sure::Each),
    }))
}

#[cfg(test)]
mod tests {
    use karat_core::{
        Abstention, Confidence, ConfidenceSource, Hash, ItemId, LabelSchema, NoConfidence, Unusable,
    };

    use super::*;

    const NONE: SettleSpec = SettleSpec { votes: None, confidence: None };

    /// `a` and `b` are labels, `B9` is `b` said with confidence 0.9, `?` could not tell, `!` was unusable, `.` was not asked.
    fn said(words: &str) -> Vec<Said> {
        let schema = LabelSchema::of(&["a", "b"]).unwrap();
        let one = |word: &str| {
            let label = |name: &str| Outcome::Labeled(Value::Choice(schema.by_name(name).unwrap()));
            let sure = word.strip_prefix('B').map(|n| n.parse::<f64>().unwrap() / 10.0);
            let outcome = match word {
                "." => return None,
                "?" => Outcome::Abstained(Abstention::Unknown { words: String::new() }),
                "!" => Outcome::Unusable(Unusable::Empty),
                _ if sure.is_some() => label("b"),
                name => label(name),
            };
            let unknown = Confidence::Unknown(NoConfidence::NoLogprobs);
            let confidence = sure.map_or(unknown, |p| Confidence::Raw(p, ConfidenceSource::Stated));
            let (input, annotator) = (Hash::of(b""), Hash::of(b""));
            let item = ItemId::new("1");
            Some(Annotation { item, input, annotator, run: 1, outcome, confidence, notes: vec![], at_ms: 0 })
        };
        words.split(' ').map(one).collect()
    }

    /// Annotators by tier; `m` moderates, `i` inspects.
    fn ladder(tiers: &str, spec: SettleSpec) -> Result<Ladder> {
        let one = |word: &str| match word {
            "m" => AnnotatorSpec { role: Role::Moderator, ..AnnotatorSpec::of("m") },
            "i" => AnnotatorSpec { role: Role::Inspector, ..AnnotatorSpec::of("i") },
            tier => AnnotatorSpec { tier: tier.parse().unwrap(), ..AnnotatorSpec::of("x") },
        };
        let specs: Vec<AnnotatorSpec> = tiers.split(' ').map(one).collect();
        Ladder::of(&specs.iter().collect::<Vec<_>>(), spec)
    }

    #[track_caller]
    fn check(tiers: &str, spec: SettleSpec, words: &str, want: &str) {
        let ladder = ladder(tiers, spec).unwrap();
        let schema = LabelSchema::of(&["a", "b"]).unwrap();
        let got = match ladder.course(&said(words), ladder.n_tiers()) {
            Course::Settled { tier, value } => {
                format!("{} by tier {tier}", value.to_json(&schema).as_str().unwrap())
            }
            Course::Divided => "divided".to_owned(),
            Course::Open => "open".to_owned(),
            Course::Pending => "pending".to_owned(),
        };
        assert_eq!(got, want, "{tiers} | {words}");
    }

    #[test]
    fn without_a_rule_all_must_say_the_same() {
        check("1 1", NONE, "a a", "a by tier 1");
        check("1 1", NONE, "a b", "divided");
        check("1 1", NONE, "a ?", "open");
        check("1 1", NONE, "a !", "open");
        check("1 1", NONE, ". .", "pending");
    }

    #[test]
    fn a_rule_of_votes_asks_the_next_tier_until_they_are_there() {
        let two = SettleSpec { votes: Some(2), confidence: None };
        check("1 1 2", two, "a a .", "a by tier 1");
        check("1 1 2", two, "a b .", "pending");
        check("1 1 2", two, "a b b", "b by tier 2");
        check("1 1 2", two, "a b ?", "divided");
        check("1 1 2", two, "? ? a", "open");
    }

    #[test]
    fn a_rule_of_confidence_lets_one_annotator_settle() {
        let sure = SettleSpec { votes: None, confidence: Some(0.9) };
        check("1 2", sure, "B9 .", "b by tier 1");
        check("1 2", sure, "B8 a", "divided");
        check("1 2", sure, "a B9", "b by tier 2");
    }

    #[test]
    fn a_later_tier_is_asked_about_what_is_open_and_a_moderator_about_what_differs() {
        let ladder = ladder("1 1 2 m", SettleSpec { votes: Some(2), confidence: None }).unwrap();
        assert_eq!(ladder.stages(), [vec![0, 1], vec![2], vec![3]]);
        for (words, tier_two, moderator) in [
            ("a a . .", false, false),
            ("a b . .", true, false),
            ("a b ? .", true, true),
            ("a ? ? .", true, false),
        ] {
            assert_eq!(ladder.wants(2, &said(words)), tier_two, "{words}");
            assert_eq!(ladder.wants(3, &said(words)), moderator, "{words}");
        }
    }

    #[test]
    fn an_inspector_is_asked_last_about_what_has_a_final_label() {
        let ladder = ladder("1 1 m i", NONE).unwrap();
        assert_eq!(ladder.stages(), [vec![0, 1], vec![2], vec![3]]);
        for (words, wanted) in
            [("a a . .", true), ("a b . .", false), ("a b a .", true), ("a b ! .", false), ("a ? . .", false)]
        {
            assert_eq!(ladder.wants(3, &said(words)), wanted, "{words}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let told = |tiers, spec| ladder(tiers, spec).err().unwrap().to_string();
        assert!(told("1 2", NONE).contains("nothing says when it settles"));
        assert!(told("1 1 2", NONE).contains("nothing says when a later tier settles"));
        assert!(ladder("1 1 2 m", NONE).is_ok(), "the moderator has more to read");
        assert!(told("1 m m", NONE).contains("second moderator"));
        assert!(told("1 i i", NONE).contains("second inspector"));
        let too_sure = SettleSpec { votes: None, confidence: Some(1.5) };
        assert!(told("1 1", too_sure).contains("between 0 and 1"));
    }

    #[test]
    fn agreement_is_the_share_of_the_most_frequent_label() {
        assert_eq!(agreement(&said("a a b ?")), Some(2.0 / 3.0));
        assert_eq!(agreement(&said("? .")), None);
    }
}
