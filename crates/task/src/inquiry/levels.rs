//! Labels asked for level by level: `Food > Fruit > Apple` takes three small questions in place of a large one.
//!
//! In: labels whose names are paths, what was heard so far. Out: the question of the next level, or the label. Each question
//! has a small schema of its own; its labels are the choices of one node, in order. A node with one choice is passed without
//! a question. A node that is a label itself and has further levels offers itself too.
//!
//! Pure: what was heard is walked from the top each time.

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::{
    Abstention, Confidence, Error, Item, LabelId, LabelSchema, LabelSpec, NoConfidence, Note, Outcome,
    Result, Shot, Task, Value,
};

use super::{Heard, Step, View, Within};
use crate::kind::{Reading, TaskKind};

/// So many names of the level below say what a name stands for that no label describes.
const N_BELOW: usize = 5;

/// The labels as a tree.
pub(super) struct Levels {
    nodes: Vec<Node>,
    between: String,
    /// The node of each label.
    of_label: Vec<usize>,
}

/// One level of one path.
struct Node {
    /// The last part of its path; empty at the top.
    name: String,
    /// From the top to here.
    path: String,
    above: usize,
    choices: Vec<Choice>,
    /// The question; `None` where there is nothing to ask.
    task: Option<Arc<Task>>,
}

/// What may be chosen at a node.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    /// A node one level further.
    Below(usize),
    /// The label that the node itself is.
    Itself(LabelId),
}

const TOP: usize = 0;

impl Levels {
    /// The tree of a task's labels; an error where a name has an empty part, or nothing is left to ask.
    pub(super) fn new(task: &Task, kind: &dyn TaskKind) -> Result<Self> {
        let between = task.spec.levels.clone().unwrap_or_default();
        let top =
            Node { name: String::new(), path: String::new(), above: TOP, choices: Vec::new(), task: None };
        let mut levels = Self { nodes: vec![top], between, of_label: Vec::new() };
        levels.grow(&task.schema)?;
        if levels.nodes.iter().all(|node| node.choices.len() < 2) {
            return Err(Error::invalid("the labels are one path, on which there is nothing to choose"));
        }
        for n in 0..levels.nodes.len() {
            if levels.nodes[n].choices.len() > 1 {
                levels.nodes[n].task = Some(Arc::new(levels.question(n, task, kind)?));
            }
        }
        Ok(levels)
    }

    fn grow(&mut self, schema: &LabelSchema) -> Result<()> {
        let mut known: HashMap<(usize, String), usize> = HashMap::new();
        for id in schema.ids() {
            let mut at = TOP;
            for part in schema.name(id).split(&self.between).map(str::trim) {
                if part.is_empty() {
                    let message =
                        format!("`{}` has an empty level: `levels` is `{}`", schema.name(id), self.between);
                    return Err(Error::invalid(message).hint("name each level between two of these marks"));
                }
                let next = *known.entry((at, part.to_owned())).or_insert(self.nodes.len());
                if next == self.nodes.len() {
                    let above = self.nodes[at].path.as_str();
                    let path =
                        if at == TOP { part.to_owned() } else { format!("{above}{}{part}", self.between) };
                    let node =
                        Node { name: part.to_owned(), path, above: at, choices: Vec::new(), task: None };
                    self.nodes[at].choices.push(Choice::Below(next));
                    self.nodes.push(node);
                }
                at = next;
            }
            if self.nodes[at].choices.iter().any(|it| matches!(it, Choice::Itself(_))) {
                return Err(Error::invalid(format!("two labels are the path `{}`", self.nodes[at].path)));
            }
            self.nodes[at].choices.push(Choice::Itself(id));
            self.of_label.push(at);
        }
        for node in &mut self.nodes {
            // What lies below goes first, the node itself last.
            node.choices.sort_by_key(|it| matches!(it, Choice::Itself(_)));
        }
        Ok(())
    }

    /// The question at a node: a small task with the names of its choices.
    fn question(&self, n: usize, task: &Task, kind: &dyn TaskKind) -> Result<Task> {
        let specs = task.schema.specs();
        let spec = |choice: &Choice| match choice {
            Choice::Itself(id) => {
                let name = self.itself(n);
                LabelSpec { name, ..specs.get(id.index()).cloned().unwrap_or_default() }
            }
            Choice::Below(below) => {
                let node = &self.nodes[*below];
                let own = node.choices.iter().find_map(|it| match it {
                    Choice::Itself(id) => specs.get(id.index()).cloned(),
                    Choice::Below(_) => None,
                });
                let own =
                    own.unwrap_or_else(|| LabelSpec { examples: self.below(*below), ..LabelSpec::default() });
                LabelSpec { name: node.name.clone(), ..own }
            }
        };
        let specs: Vec<LabelSpec> = self.nodes[n].choices.iter().map(spec).collect();
        let bare = |specs: &[LabelSpec]| {
            specs.iter().map(|it| LabelSpec { aliases: Vec::new(), ..it.clone() }).collect()
        };
        // Words that are aliases in one place of the tree may be names in another.
        let schema =
            LabelSchema::sharing_aliases(specs.clone()).or_else(|_| LabelSchema::new(bare(&specs)))?;
        let mut small = Task { schema, guideline: String::new(), shots: Vec::new(), ..task.clone() };
        small.shots = task.shots.iter().filter_map(|shot| self.shot(n, shot, task, kind)).collect();
        Ok(small)
    }

    /// A worked example as an example of the choice at a node; `None` where its label lies elsewhere.
    fn shot(&self, n: usize, shot: &Shot, task: &Task, kind: &dyn TaskKind) -> Option<Shot> {
        let value = kind.read_shot(task, shot).ok()?;
        let choice = self.choice(n, *value.labels().first()?)?;
        Some(Shot { answer: self.name_of(n, choice)?.into(), ..shot.clone() })
    }

    /// How a node calls itself among its choices: by its name, or, where something below has that name, by its path.
    fn itself(&self, n: usize) -> String {
        let node = &self.nodes[n];
        let is_taken = node.choices.iter().any(|it| match it {
            Choice::Below(below) => self.nodes[*below].name == node.name,
            Choice::Itself(_) => false,
        });
        if is_taken { node.path.clone() } else { node.name.clone() }
    }

    fn name_of(&self, n: usize, choice: usize) -> Option<String> {
        Some(match self.nodes[n].choices.get(choice)? {
            Choice::Below(below) => self.nodes[*below].name.clone(),
            Choice::Itself(_) => self.itself(n),
        })
    }

    /// The first names below a node.
    fn below(&self, n: usize) -> Vec<String> {
        let names = self.nodes[n].choices.iter().filter_map(|it| match it {
            Choice::Below(below) => Some(self.nodes[*below].name.clone()),
            Choice::Itself(_) => None,
        });
        names.take(N_BELOW).collect()
    }

    /// The number of the choice at node `n` that leads to a label; `None` where the node is not on its path.
    fn choice(&self, n: usize, label: LabelId) -> Option<usize> {
        let mut at = *self.of_label.get(label.index())?;
        let mut wanted = Choice::Itself(label);
        while at != n {
            wanted = Choice::Below(at);
            at = self.nodes[at].above;
            if at == TOP && n != TOP {
                return None;
            }
        }
        self.nodes[n].choices.iter().position(|it| *it == wanted)
    }

    /// What is right to answer to a view where this is the item's value; `None` where the view is not on its path.
    pub(super) fn truth(&self, view: &View, value: &Value) -> Option<Value> {
        let is_asked = |node: &Node| node.task.as_ref().is_some_and(|task| Arc::ptr_eq(task, &view.task));
        let n = self.nodes.iter().position(is_asked)?;
        let choice = self.choice(n, *value.labels().first()?)?;
        view.task.schema.ids().nth(choice).map(Value::Choice)
    }

    /// The most questions that one item can take.
    pub(super) fn depth(&self) -> u64 {
        let questions = |n: usize| -> u64 {
            let mut at = n;
            let mut count = u64::from(self.nodes[n].choices.len() > 1);
            while at != TOP {
                at = self.nodes[at].above;
                count += u64::from(self.nodes[at].choices.len() > 1);
            }
            count
        };
        (0..self.nodes.len()).map(questions).max().unwrap_or(1)
    }

    /// The next level, or the end.
    pub(super) fn next(&self, item: &Arc<Item>, heard: &[Heard]) -> Step {
        let mut heard = heard.iter();
        let mut so_far = SoFar::default();
        let mut at = TOP;
        loop {
            let node = &self.nodes[at];
            let choice = match &node.task {
                None => node.choices.first().copied(),
                Some(task) => match heard.next() {
                    None => return Step::Ask(vec![self.view(at, task, item)]),
                    Some(one) => match so_far.hear(one) {
                        Some(chosen) => node.choices.get(chosen.index()).copied(),
                        None => return Step::Done(Box::new(self.end(at, one, so_far))),
                    },
                },
            };
            match choice {
                Some(Choice::Below(below)) => at = below,
                Some(Choice::Itself(label)) => return Step::Done(Box::new(so_far.labeled(label))),
                None => return Step::Done(Box::new(Heard::nothing())),
            }
        }
    }

    fn view(&self, n: usize, task: &Arc<Task>, item: &Arc<Item>) -> View {
        let node = &self.nodes[n];
        let itself = node.choices.iter().position(|it| matches!(it, Choice::Itself(_)));
        let itself = itself.and_then(|choice| task.schema.ids().nth(choice));
        let within = (n != TOP).then(|| Within { path: node.path.clone(), itself });
        View { offered: Some(task.schema.ids().collect()), within, ..View::of(task, item) }
    }

    /// What is said where a level has no label: that reading, with the path so far.
    fn end(&self, n: usize, last: &Heard, so_far: SoFar) -> Heard {
        let path = &self.nodes[n].path;
        let outcome = match &last.reading.outcome {
            Outcome::Abstained(Abstention::Unknown { .. }) if n != TOP => {
                let words = format!("{path}{}?", self.between);
                Outcome::Abstained(Abstention::Unknown { words })
            }
            outcome => outcome.clone(),
        };
        let reading =
            Reading { outcome, notes: so_far.notes, problem: last.reading.problem.clone(), stated: None };
        Heard { reading, confidence: last.confidence }
    }
}

/// What the levels so far said together.
#[derive(Default)]
struct SoFar {
    notes: Vec<Note>,
    confidence: Option<Confidence>,
    stated: Option<f64>,
}

impl SoFar {
    /// Adds one answer; the choice that it makes, where it makes one.
    fn hear(&mut self, one: &Heard) -> Option<LabelId> {
        self.notes.extend(
            one.reading.notes.iter().filter(|note| !self.notes.contains(note)).cloned().collect::<Vec<_>>(),
        );
        let Outcome::Labeled(Value::Choice(label)) = &one.reading.outcome else {
            return None;
        };
        let is_first = self.confidence.is_none();
        self.confidence = Some(match self.confidence {
            None => one.confidence,
            Some(before) => product(before, one.confidence),
        });
        self.stated = match (self.stated, one.reading.stated) {
            (None, stated) if is_first => stated,
            (Some(a), Some(b)) => Some(a * b),
            _ => None,
        };
        Some(*label)
    }

    fn labeled(self, label: LabelId) -> Heard {
        let reading = Reading { stated: self.stated, ..Reading::labeled(Value::Choice(label), self.notes) };
        let confidence = self.confidence.unwrap_or(Confidence::Unknown(NoConfidence::NoLabel));
        Heard { reading, confidence }
    }
}

/// How sure of two choices, one after the other: the product, where both are known and of one source.
fn product(a: Confidence, b: Confidence) -> Confidence {
    match (a, b) {
        (Confidence::Raw(p, of), Confidence::Raw(q, other)) if of == other => Confidence::Raw(p * q, of),
        (unknown @ Confidence::Unknown(_), _) | (_, unknown @ Confidence::Unknown(_)) => unknown,
        _ => Confidence::Unknown(NoConfidence::NotStated),
    }
}

/// How far apart two paths are: 1 - 2 · (levels in common) / (levels of both). 0 is the same label, 1 has not even the first
/// level in common; `Food > Fruit` and `Food > Bread` are 0.5 apart.
///
/// Z. Wu and M. Palmer, "Verb Semantics and Lexical Selection", 1994, as a distance.
pub(crate) fn path_distance(a: &str, b: &str, between: &str) -> f64 {
    let [a, b] = [a, b].map(|name| name.split(between).map(str::trim).collect::<Vec<_>>());
    let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    1.0 - 2.0 * common as f64 / (a.len() + b.len()) as f64
}

#[cfg(test)]
mod tests;
