//! What is in the data, before anything is asked: how many items, and which rows are none.
//!
//! In: a [`Setup`]. Out: a [`Survey`]. The whole data is read once, and nothing of it is held but the first problems.

use karat_core::{Error, Item, Problem, Result};
use karat_format::{ItemReader, Row};

use crate::run::first_items;
use crate::setup::Setup;

/// How many problems are kept to be shown.
const N_PROBLEMS: usize = 1000;

/// What is in the data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    /// Rows that are items.
    pub n_items: u64,
    /// Rows that are not.
    pub n_problems: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
}

/// Reads all rows once.
pub fn survey(setup: &Setup, first: Option<u64>) -> Result<Survey> {
    each_item(setup, first, |_| Ok(()))
}

/// Reads all rows once and shows each item.
pub(crate) fn each_item(
    setup: &Setup,
    first: Option<u64>,
    mut see: impl FnMut(Item) -> Result<()>,
) -> Result<Survey> {
    let mut survey = Survey::default();
    for row in first_items(ItemReader::open(&setup.read)?, first) {
        match row {
            Row::Item(item) => {
                survey.n_items += 1;
                see(item)?;
            }
            Row::Problem(problem, _) => {
                survey.n_problems += 1;
                if survey.problems.len() < N_PROBLEMS {
                    survey.problems.push(problem);
                }
            }
        }
    }
    Ok(survey)
}

/// Finds one item by its id, or the first one.
pub fn item_of(setup: &Setup, id: Option<&str>) -> Result<Item> {
    let mut items = ItemReader::open(&setup.read)?.filter_map(|row| match row {
        Row::Item(item) => Some(item),
        Row::Problem(..) => None,
    });
    let found = match id {
        Some(id) => items.find(|item| item.id.as_str() == id),
        None => items.next(),
    };
    found.ok_or_else(|| match id {
        Some(id) => Error::not_found(format!("no item has the id `{id}`")),
        None => Error::not_found("the data has no items"),
    })
}
