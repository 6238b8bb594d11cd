//! The ways to label that are compared, on one draw of gold.
//!
//! In: a recorded jury, 100 gold items. Out: one [`Worth`] a way, on the other items. Everything that is chosen (the strong
//! model, the jury, the rule of the cascade) is chosen on the gold alone, but for the single model by hindsight.

use anyhow::Result;
use karat_stats::Class;
use karat_stats::aggregate::{Aggregate, FitOptions, Top, Vote, Voter, Votes, anchored};
use karat_stats::cascade::{Agree, SettleRule, Settlement, TierVote, Unsettled, settle};

use super::worth::{Played, Who, Worth};
use crate::data::Crowd;

/// What is compared, in the order of the tables.
pub(crate) const WAYS: [&str; 13] = [
    "best single (hindsight)",
    "**best single by gold**",
    "majority of all",
    "consensus of all",
    "majority of three cheap",
    "consensus of three cheap and strong",
    "moderator",
    "least sure to strong",
    "cascade",
    "best single, some at random to people",
    "cascade with people",
    "least sure to strong, then to people",
    "consensus of all, least sure to people",
];

/// A juror of the cheap tier costs at most this share of the strong model.
const CHEAP: f64 = 1.0 / 3.0;

/// The most models of the jury before the moderator.
const N_JURORS: usize = 3;

/// The most that a cascade may leave to people, as a share of the gold items on which its rule is chosen.
const MOST_PEOPLE: f64 = 0.2;

/// A recorded jury with what a call of each member costs.
pub(crate) struct Jury {
    pub(crate) set: Crowd,
    pub(crate) prices: Vec<f64>,
}

/// One draw: the tiers that gold chose, and the items.
struct Draw<'a> {
    jury: &'a Jury,
    /// `answers[annotator][item]`.
    answers: Vec<Vec<Option<Class>>>,
    /// The gold that may be read; `None` elsewhere.
    known: Vec<Option<Class>>,
    dev: Vec<usize>,
    test: Vec<usize>,
    /// The model that is right most often on the gold.
    strong: usize,
    /// The cheap ones, the best on the gold first.
    cheap: Vec<usize>,
    seed: u64,
}

/// How a cascade goes on.
#[derive(Clone, Copy)]
struct Rule {
    /// So many cheap models are asked.
    n_jurors: usize,
    /// So many of them must agree.
    need: usize,
    /// What is asked of the label after the strong model answered: `None` takes its word, `Some(n)` wants n votes of all.
    after: Option<usize>,
}

/// The worth of each of [`WAYS`] on one draw of `n_gold` gold items.
pub(crate) fn draw(jury: &Jury, n_gold: usize, seed: u64) -> Result<Vec<Worth>> {
    let draw = Draw::new(jury, n_gold, seed)?;
    let n = jury.set.votes.n_items();
    let everybody: Vec<usize> = (0..draw.answers.len()).collect();
    let jurors = draw.jurors();
    let word = |annotator: usize| -> Vec<Played> { (0..n).map(|item| draw.word(annotator, item)).collect() };
    let right_of = |annotator: &usize| draw.n_right(*annotator, &draw.test);
    let best = everybody.iter().copied().max_by_key(|it| (right_of(it), std::cmp::Reverse(*it))).unwrap_or(0);
    let by = |rule: Rule| -> Vec<Played> { (0..n).map(|item| draw.play(&rule, item)).collect() };
    let moderator = match draw.cheap.len() {
        0 => word(draw.strong),
        n => by(Rule { n_jurors: n.min(N_JURORS), need: n.min(N_JURORS), after: None }),
    };
    let of_all = draw.consensus(&everybody, |_, _| true)?;
    let all_cost: f64 = jury.prices.iter().sum();
    let consensus: Vec<Played> = (0..n).map(|item| draw.read(&of_all, item, Who::First, all_cost)).collect();
    let (escalated, sureness) = draw.least_sure_to_strong(&jurors, &moderator)?;
    let (rule, with_people) = draw.choose();
    let (cascade, with_people) = (by(rule), by(with_people));
    let n_people = draw.test.iter().filter(|item| with_people[**item].who == Who::Person).count();
    let sure_of_all: Vec<f64> = (0..n).map(|item| sureness_of(&of_all, item)).collect();
    let together = draw.with_strong(&jurors);
    let of_four = draw.consensus(&together, |_, _| true)?;
    let four_cost: f64 = together.iter().map(|it| jury.prices[*it]).sum();
    let random = random_scores(n, seed)?;
    let ways = [
        word(best),
        word(draw.strong),
        (0..n).map(|item| draw.majority(&everybody, item)).collect(),
        consensus.clone(),
        (0..n).map(|item| draw.majority(&jurors, item)).collect(),
        (0..n).map(|item| draw.read(&of_four, item, Who::First, four_cost)).collect(),
        moderator,
        escalated.clone(),
        cascade,
        draw.least_sure_to_people(word(draw.strong), &random, n_people),
        with_people,
        draw.least_sure_to_people(escalated, &sureness, n_people),
        draw.least_sure_to_people(consensus, &sure_of_all, n_people),
    ];
    Ok(ways.iter().map(|way| draw.worth(way, &draw.test)).collect())
}

impl<'a> Draw<'a> {
    fn new(jury: &'a Jury, n_gold: usize, seed: u64) -> Result<Self> {
        let set = &jury.set;
        let n = set.votes.n_items();
        let mut answers = vec![vec![None; n]; set.votes.n_annotators()];
        for (item, votes) in set.votes.by_item().enumerate() {
            votes.iter().for_each(|(who, class)| answers[*who as usize][item] = Some(Class(*class)));
        }
        let with_gold: Vec<usize> = (0..n).filter(|item| set.gold[*item].is_some()).collect();
        let mut known = vec![None; n];
        let mut is_test = vec![true; with_gold.len()];
        for drawn in karat_stats::sample::simple(with_gold.len(), n_gold, seed)? {
            is_test[drawn.item] = false;
            known[with_gold[drawn.item]] = set.gold[with_gold[drawn.item]];
        }
        let part = |test: bool| -> Vec<usize> {
            with_gold.iter().zip(&is_test).filter(|(_, is)| **is == test).map(|(item, _)| *item).collect()
        };
        let mut draw = Self {
            jury,
            answers,
            known,
            dev: part(false),
            test: part(true),
            strong: 0,
            cheap: Vec::new(),
            seed,
        };
        // Equally good ones by price, then by name.
        let mut order: Vec<usize> = (0..draw.answers.len()).collect();
        order.sort_by(|a, b| {
            let right = draw.n_right(*b, &draw.dev).cmp(&draw.n_right(*a, &draw.dev));
            right.then(jury.prices[*a].total_cmp(&jury.prices[*b])).then(a.cmp(b))
        });
        draw.strong = order[0];
        let limit = CHEAP * jury.prices[draw.strong];
        draw.cheap = order.into_iter().filter(|it| jury.prices[*it] <= limit).collect();
        Ok(draw)
    }

    /// The cheap tier; the strong model where nothing is cheap beside it.
    fn jurors(&self) -> Vec<usize> {
        match self.cheap[..] {
            [] => vec![self.strong],
            _ => self.cheap.iter().copied().take(N_JURORS).collect(),
        }
    }

    fn with_strong(&self, jurors: &[usize]) -> Vec<usize> {
        let others = jurors.iter().copied().filter(|it| *it != self.strong);
        others.chain([self.strong]).collect()
    }

    fn n_right(&self, annotator: usize, items: &[usize]) -> usize {
        let gold = &self.jury.set.gold;
        items
            .iter()
            .filter(|item| gold[**item].is_some() && self.answers[annotator][**item] == gold[**item])
            .count()
    }

    fn worth(&self, played: &[Played], items: &[usize]) -> Worth {
        let set = &self.jury.set;
        let (played, gold): (Vec<Played>, Vec<Class>) =
            items.iter().filter_map(|item| Some((played[*item].clone(), set.gold[*item]?))).unzip();
        Worth::of(&played, &gold, set.votes.n_classes(), self.jury.prices[self.strong])
    }

    /// What one model says.
    fn word(&self, annotator: usize, item: usize) -> Played {
        let shares = self.answers[annotator][item].map(|class| (class, 1.0)).into_iter().collect();
        Played { shares, who: Who::First, cost: self.jury.prices[annotator] }
    }

    fn votes(&self, annotators: &[usize], item: usize) -> Vec<TierVote> {
        let given = annotators.iter().filter_map(|it| self.answers[*it][item]);
        given.map(|class| TierVote { class, confidence: None, weight: 1.0 }).collect()
    }

    /// What most say, ties shared.
    fn majority(&self, annotators: &[usize], item: usize) -> Played {
        let votes = self.votes(annotators, item);
        let shares = match settle(&votes, &SettleRule { min_agree: None, min_confidence: None }) {
            Settlement::Settled(class) => vec![(class, 1.0)],
            Settlement::Unsettled(Unsettled::Tie(classes)) => {
                classes.iter().map(|class| (*class, 1.0 / classes.len() as f64)).collect()
            }
            Settlement::Unsettled(_) => Vec::new(),
        };
        let cost = annotators.iter().map(|it| self.jury.prices[*it]).sum();
        Played { shares, who: Who::First, cost }
    }

    /// One item through a cascade.
    fn play(&self, rule: &Rule, item: usize) -> Played {
        let jurors = &self.cheap[..rule.n_jurors.min(self.cheap.len())];
        let agree = |n: usize| SettleRule { min_agree: Some(Agree::Votes(n as f64)), min_confidence: None };
        let mut votes = self.votes(jurors, item);
        let cost: f64 = jurors.iter().map(|it| self.jury.prices[*it]).sum();
        if let Settlement::Settled(class) = settle(&votes, &agree(rule.need.max(1))) {
            return Played { shares: vec![(class, 1.0)], who: Who::First, cost };
        }
        let cost = cost + self.jury.prices[self.strong];
        let word = self.votes(&[self.strong], item);
        let Some(n) = rule.after else {
            // The strong model may have given no label: then the jury's stands, ties shared.
            let asked: &[usize] = if word.is_empty() { jurors } else { &[self.strong] };
            return Played { who: Who::Strong, cost, ..self.majority(asked, item) };
        };
        votes.extend(word);
        match settle(&votes, &agree(n)) {
            Settlement::Settled(class) => Played { shares: vec![(class, 1.0)], who: Who::Strong, cost },
            Settlement::Unsettled(_) => Played { shares: Vec::new(), who: Who::Person, cost },
        }
    }

    /// The rule that costs least among those that are as often right on the gold as the strong model, without people; and
    /// the one that is right most often with people on at most a fifth.
    fn choose(&self) -> (Rule, Rule) {
        let always = Rule { n_jurors: 0, need: 1, after: None };
        let on_gold = |rule: &Rule| -> Worth {
            let n = self.known.len();
            let mut played: Vec<Played> = vec![Played { shares: Vec::new(), who: Who::First, cost: 0.0 }; n];
            self.dev.iter().for_each(|item| played[*item] = self.play(rule, *item));
            self.worth(&played, &self.dev)
        };
        let aim = on_gold(&always);
        let (mut alone, mut people) = ((always, aim), (always, aim));
        for n_jurors in [1, 2, 3, 5].into_iter().filter(|n| *n <= self.cheap.len()) {
            for need in n_jurors / 2 + 1..=n_jurors {
                for after in std::iter::once(None).chain((2..=n_jurors / 2 + 2).map(Some)) {
                    let rule = Rule { n_jurors, need, after };
                    let worth = on_gold(&rule);
                    if after.is_none() && worth.accuracy >= aim.accuracy && worth.cost < alone.1.cost {
                        alone = (rule, worth);
                    }
                    let better = (worth.accuracy, -worth.cost) > (people.1.accuracy, -people.1.cost);
                    if worth.decided[2] <= MOST_PEOPLE && better {
                        people = (rule, worth);
                    }
                }
            }
        }
        (alone.0, people.0)
    }

    /// The consensus anchored in the known gold, of the votes that are kept.
    fn consensus(&self, annotators: &[usize], keep: impl Fn(usize, usize) -> bool) -> Result<Aggregate> {
        let votes: Vec<Vote> = annotators
            .iter()
            .enumerate()
            .flat_map(|(place, who)| self.answers[*who].iter().enumerate().map(move |it| (place, *who, it)))
            .filter(|(_, who, (item, _))| keep(*who, *item))
            .filter_map(|(place, _, (item, class))| {
                Some(Vote { item: item as u32, annotator: place as u32, class: (*class)? })
            })
            .collect();
        let (n_items, n_classes) = (self.known.len(), self.jury.set.votes.n_classes());
        let votes = Votes::new(n_items, annotators.len(), n_classes, &votes)?;
        let voters = vec![Voter::Model; annotators.len()];
        let options = FitOptions {
            voters: &voters,
            gold: &self.known,
            n_rounds: 200,
            tolerance: 1e-6,
            n_restarts: 1,
            seed: self.seed,
        };
        Ok(anchored(&votes, &options)?.aggregate)
    }

    fn read(&self, fit: &Aggregate, item: usize, who: Who, cost: f64) -> Played {
        let shares = match fit.top(item) {
            Top::Winner(class, _) => vec![(class, 1.0)],
            Top::Tie(classes, _) => classes.iter().map(|it| (*it, 1.0 / classes.len() as f64)).collect(),
            Top::NoVotes => Vec::new(),
        };
        Played { shares, who, cost }
    }

    /// The consensus of the jurors; as many items as the moderator decides, those whose posterior is lowest, also get the
    /// vote of the strong model. With how sure the result is.
    fn least_sure_to_strong(
        &self,
        jurors: &[usize],
        moderator: &[Played],
    ) -> Result<(Vec<Played>, Vec<f64>)> {
        let n_strong = self.test.iter().filter(|item| moderator[**item].who == Who::Strong).count();
        let first = self.consensus(jurors, |_, _| true)?;
        let sureness: Vec<f64> = (0..self.known.len()).map(|item| sureness_of(&first, item)).collect();
        let mut asks = vec![false; self.known.len()];
        least(&self.test, &sureness, n_strong).for_each(|item| asks[item] = true);
        let mut both = jurors.to_vec();
        if !both.contains(&self.strong) {
            both.push(self.strong);
        }
        let second = self
            .consensus(&both, |who, item| who != self.strong || asks[item] || self.known[item].is_some())?;
        let cheap: f64 = jurors.iter().map(|it| self.jury.prices[*it]).sum();
        let played = |item: usize| {
            let (who, more) =
                if asks[item] { (Who::Strong, self.jury.prices[self.strong]) } else { (Who::First, 0.0) };
            self.read(&second, item, who, cheap + more)
        };
        let n = self.known.len();
        Ok(((0..n).map(played).collect(), (0..n).map(|item| sureness_of(&second, item)).collect()))
    }

    fn least_sure_to_people(&self, mut played: Vec<Played>, sureness: &[f64], n: usize) -> Vec<Played> {
        least(&self.test, sureness, n).for_each(|item| played[item].who = Who::Person);
        played
    }
}

/// The rank of each item in a random order.
fn random_scores(n: usize, seed: u64) -> Result<Vec<f64>> {
    let mut scores = vec![0.0; n];
    let order = karat_stats::sample::simple_in_order(n, n, seed ^ 0x9E0)?;
    order.iter().enumerate().for_each(|(rank, item)| scores[*item] = rank as f64);
    Ok(scores)
}

/// The highest posterior of an item; below all others where there is none.
fn sureness_of(fit: &Aggregate, item: usize) -> f64 {
    fit.posterior(item).map_or(-1.0, |row| row.iter().copied().fold(0.0, f64::max))
}

/// The `n` items with the lowest score; equal ones in their order.
fn least(items: &[usize], score: &[f64], n: usize) -> impl Iterator<Item = usize> {
    let mut items = items.to_vec();
    items.sort_by(|a, b| score[*a].total_cmp(&score[*b]).then(a.cmp(b)));
    items.into_iter().take(n)
}
