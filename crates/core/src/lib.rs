//! The nouns of karat, their invariants, and the decisions over them.
//!
//! An [`Item`] is labeled by an [`Annotator`], whose [`Outcome`] is kept for ever as an [`Annotation`]. What may be a
//! label is said by a [`LabelSchema`] alone; where words stand in a text is said by a [`Span`] alone.
//!
//! Not here: files, sockets, clocks, randomness, SQL and prompts. Everything in this crate is a pure function of its
//! arguments.

mod annotation;
mod annotator;
mod confidence;
mod error;
mod gold;
mod hash;
mod item;
mod money;
mod note;
mod outcome;
mod project;
mod route;
mod schema;
mod span;
mod task;
mod value;

pub use annotation::{Annotation, AnnotationRow, AttemptRow, RunRow, Tokens, standing};
pub use annotator::{Annotator, AnnotatorKind};
pub use confidence::{Confidence, ConfidenceSource, NoConfidence};
pub use error::{Error, ErrorKind, Result};
pub use gold::{DevGold, TestGold};
pub use hash::{Hash, Hasher};
pub use item::{Fields, Item, ItemId, Problem, cell_text};
pub use money::MicroUsd;
pub use note::{Alignment, Note};
pub use outcome::{Abstention, Failure, Outcome, OutcomeKind, Unusable};
pub use project::{
    AnnotatorSpec, Budget, DataSpec, DialogueSpec, FewShotSpec, FieldSpec, FieldType, LabelSpec, LongSpec,
    PickName, PolicySpec, PrivacySpec, Project, PromptLanguage, QuestionSpec, Role, ScaleSpec, Scoring,
    SettleSpec, ShotSpec, TaskSpec, Turns, project_schema,
};
pub use route::{ReviewPolicy, ReviewReason, Route, route};
pub use schema::{LabelId, LabelMatch, LabelSchema, Part, normalize_label};
pub use span::Span;
pub use task::{Shot, Task, TaskPart};
pub use value::{Filled, Graph, LabeledSpan, Number, Quote, Relation, Shape, Value, Written};
