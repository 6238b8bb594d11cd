//! Items from files: one after the other, with a problem for each row that cannot be one.
//!
//! In: a [`ReadSpec`]. Out: [`Row`]s in the order of the files. All headers are compared before the first row is given, so
//! that a second file with other columns is an error and not a surprise after an hour. A bad row is left out and told; the
//! good rows go on.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use karat_core::{DialogueSpec, Error, Fields, Hash, Item, ItemId, Problem, Result, Turns, cell_text};

use crate::columns::Gathered;
use crate::dialogue::{self, TURN_COLUMNS, further_columns};
use crate::files::{self, InputFile};
use crate::seen::Seen;
use crate::{RawRow, ReadOptions, RowReader};

/// How many rows of a file without a header are looked at to find its columns.
const N_LOOKED_AT: usize = 100;

/// What is to be read, and what must stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSpec {
    /// Files or globs, relative to `base`; `-` is standard input.
    pub files: Vec<String>,
    /// The folder that the files are relative to; empty for the current one.
    pub base: PathBuf,
    /// The column with the text: a row without text there is a problem.
    pub text: Option<String>,
    /// The column with the id; without one, ids are made from the content.
    pub id: Option<String>,
    /// Further columns that must be there; their cells may be empty.
    pub context: Vec<String>,
    /// The column with turns that the text, or a text for each turn, is made from.
    pub dialogue: Option<DialogueSpec>,
    /// What else leaves rows out.
    pub screen: Option<Screen>,
    /// A text with more characters (Unicode code points) than this is a problem.
    pub max_chars: usize,
    /// The format by its id; told from the ending and the first bytes where it is `None`.
    pub format: Option<String>,
    /// The byte between the cells of a CSV file; found out where it is `None`.
    pub delimiter: Option<u8>,
    /// The encoding of text files; see [`ReadOptions::encoding`].
    pub encoding: Option<String>,
    /// The sheet of XLSX files; the first one where it is `None`.
    pub sheet: Option<String>,
}

impl Default for ReadSpec {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            base: PathBuf::new(),
            text: None,
            id: None,
            context: Vec::new(),
            dialogue: None,
            screen: None,
            max_chars: 100_000,
            format: None,
            delimiter: None,
            encoding: None,
            sheet: None,
        }
    }
}

impl ReadSpec {
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions { delimiter: self.delimiter, encoding: self.encoding.clone(), sheet: self.sheet.clone() }
    }
}

/// A judge of rows: the reason why a row is left out, or nothing.
#[derive(Clone)]
pub struct Screen(Arc<Judge>);

type Judge = dyn Fn(&Fields) -> std::result::Result<(), String> + Send + Sync;

impl Screen {
    /// A judge.
    pub fn new(judge: impl Fn(&Fields) -> std::result::Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(judge))
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screen")
    }
}

impl PartialEq for Screen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Screen {}

/// What a row of a file became.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An item.
    Item(Item),
    /// A reason why it is left out, and its cells where they could be read.
    Problem(Problem, Option<Fields>),
}

/// Reads items and problems from files, row by row.
pub struct ItemReader {
    spec: ReadSpec,
    files: Vec<InputFile>,
    /// The number of the file that is being read, and how many rows stand before it.
    at: usize,
    n_rows_before: Vec<u64>,
    n_rows: u64,
    reader: Option<Box<dyn RowReader>>,
    /// Rows that were read ahead, to find the columns.
    ahead: VecDeque<RawRow>,
    /// The turns of a row that are still to be given.
    turns: VecDeque<Item>,
    columns: Vec<String>,
    seen: Seen,
}

impl ItemReader {
    /// Opens all files, compares their columns, and looks for those that `spec` names.
    ///
    /// # Errors
    /// Where a file or a named column is missing, the files differ in their columns, or a file is not of its format.
    pub fn open(spec: &ReadSpec) -> Result<Self> {
        let files = files::expand(&spec.files, &spec.base)?;
        let first = files.first().map(|file| file.open(spec)).transpose()?;
        let mut reader = Self {
            spec: spec.clone(),
            files,
            at: 0,
            n_rows_before: vec![0],
            n_rows: 0,
            reader: first,
            ahead: VecDeque::new(),
            turns: VecDeque::new(),
            columns: Vec::new(),
            seen: Seen::default(),
        };
        reader.find_columns()?;
        reader.check_named_columns()?;
        reader.check_other_files()?;
        reader.add_dialogue_columns();
        Ok(reader)
    }

    /// The columns of the first file: of its header or schema; of JSONL and JSON those of the first 100 rows.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The names of the files, in the order in which they are read.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    fn find_columns(&mut self) -> Result<()> {
        let Some(reader) = &mut self.reader else {
            return Ok(());
        };
        self.columns = reader.columns().to_vec();
        if !self.columns.is_empty() {
            return Ok(());
        }
        let mut gathered = Gathered::default();
        while self.ahead.len() < N_LOOKED_AT {
            let Some(raw) = reader.next_row()? else { break };
            if let Ok(cells) = &raw.cells {
                gathered.add_row(cells);
            }
            self.ahead.push_back(raw);
        }
        self.columns = gathered.names().to_vec();
        Ok(())
    }

    fn check_named_columns(&self) -> Result<()> {
        // Nothing readable among the first rows: each row will say so itself.
        if self.columns.is_empty() {
            return Ok(());
        }
        let text = match &self.spec.dialogue {
            Some(dialogue) => Some(&dialogue.column),
            None => self.spec.text.as_ref(),
        };
        let named = text.into_iter().chain(&self.spec.id).chain(&self.spec.context);
        for name in named {
            if !self.columns.contains(name) {
                return Err(self.no_column(name));
            }
        }
        Ok(())
    }

    /// The columns that items have once turns are unfolded.
    fn add_dialogue_columns(&mut self) {
        let Some(spec) = &self.spec.dialogue else { return };
        let mut made: Vec<String> = Vec::new();
        if spec.label == Turns::Each {
            self.columns.retain(|name| *name != spec.column);
            let rows = self.ahead.iter().filter_map(|raw| raw.cells.as_ref().ok());
            made.extend(rows.flat_map(|cells| further_columns(cells.get(&spec.column), &spec.column)));
            made.extend(TURN_COLUMNS.map(str::to_owned));
        }
        made.extend(self.spec.text.clone());
        for name in made {
            if !self.columns.contains(&name) {
                self.columns.push(name);
            }
        }
    }

    fn no_column(&self, name: &str) -> Error {
        let file = &self.files[0].name;
        let columns = quoted(&self.columns);
        let error = Error::invalid(format!("`{file}` has no column `{name}`; it has {columns}"));
        let likeness = |other: &str| strsim::jaro_winkler(&other.to_lowercase(), &name.to_lowercase());
        match self.columns.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
            Some(nearest) if likeness(nearest) > 0.75 => error.hint(format!("did you mean `{nearest}`?")),
            _ => error.hint("name one of them"),
        }
    }

    fn check_other_files(&self) -> Result<()> {
        for file in self.files.iter().skip(1) {
            let reader = file.open(&self.spec)?;
            let others = reader.columns();
            if others.is_empty() {
                continue;
            }
            let missing = difference(&self.columns, others);
            let added = difference(others, &self.columns);
            let mut said = Vec::new();
            if !missing.is_empty() {
                said.push(format!("it has no {}", quoted(&missing)));
            }
            if !added.is_empty() {
                said.push(format!("only it has {}", quoted(&added)));
            }
            if !said.is_empty() {
                let (file, first) = (&file.name, &self.files[0].name);
                return Err(Error::invalid(format!(
                    "`{file}` has other columns than `{first}`: {}",
                    said.join(", ")
                ))
                .hint("give the files the same columns, or read them apart"));
            }
        }
        Ok(())
    }

    /// The next row of any file; an error of a file ends that file alone.
    fn next_raw(&mut self) -> Option<std::result::Result<RawRow, Problem>> {
        loop {
            if let Some(raw) = self.ahead.pop_front() {
                return Some(Ok(raw));
            }
            let failed = match self.reader.as_mut().map(|reader| reader.next_row()) {
                Some(Ok(Some(raw))) => return Some(Ok(raw)),
                Some(Ok(None)) | None => None,
                Some(Err(error)) => Some(self.file_problem(&error, "the rest of it is left out")),
            };
            self.reader = None;
            if let Some(problem) = failed {
                return Some(Err(problem));
            }
            if self.at + 1 >= self.files.len() {
                return None;
            }
            self.at += 1;
            self.n_rows_before.push(self.n_rows);
            match self.files[self.at].open(&self.spec) {
                Ok(reader) => self.reader = Some(reader),
                Err(error) => return Some(Err(self.file_problem(&error, "the file is left out"))),
            }
        }
    }

    fn file_problem(&self, error: &Error, done: &str) -> Problem {
        let after = self.n_rows - self.n_rows_before[self.at];
        let place = if after == 0 { String::new() } else { format!("; it was read up to row {after}") };
        Problem {
            file: self.files[self.at].name.clone(),
            row: 0,
            line: None,
            reason: format!("{error}{place}, {done}"),
        }
    }

    fn take(&mut self, raw: RawRow) -> Row {
        let row = self.n_rows_before[self.at] + raw.row;
        self.n_rows = row;
        let (reason, fields) = match raw.cells {
            Ok(fields) => {
                let mut item = Item { id: ItemId::new(""), row, fields };
                let made = match &self.spec.dialogue {
                    None => self.check_text(&item.fields).and_then(|()| self.id_of(&item)),
                    Some(_) => self.id_of(&item).and_then(|id| self.unfold(&item, id)),
                };
                match made {
                    Ok(id) if self.spec.dialogue.is_none() => {
                        item.id = id;
                        return Row::Item(item);
                    }
                    // Unfolded: the first of its turns.
                    Ok(_) => match self.turns.pop_front() {
                        Some(turn) => return Row::Item(turn),
                        None => ("no turn of it is to be labeled".to_owned(), Some(item.fields)),
                    },
                    Err(reason) => (reason, Some(item.fields)),
                }
            }
            Err(reason) => (reason, None),
        };
        let problem = Problem {
            file: self.files[self.at].name.clone(),
            row: raw.row,
            line: raw.line,
            reason: format!("{reason}; the row is left out"),
        };
        Row::Problem(problem, fields)
    }

    /// Makes the turns of a dialogue wait to be given.
    fn unfold(&mut self, item: &Item, id: ItemId) -> std::result::Result<ItemId, String> {
        let Some(spec) = &self.spec.dialogue else { return Ok(id) };
        let text = self.spec.text.as_deref().unwrap_or("text");
        let items = dialogue::unfold(Item { id: id.clone(), ..item.clone() }, spec, text)?;
        items.iter().try_for_each(|item| self.check_text(&item.fields))?;
        self.turns.extend(items);
        Ok(id)
    }

    fn check_text(&self, cells: &Fields) -> std::result::Result<(), String> {
        if let Some(Screen(judge)) = &self.spec.screen {
            judge(cells)?;
        }
        let Some(column) = &self.spec.text else {
            return Ok(());
        };
        let text = match cells.get(column) {
            None => return Err(format!("it has no `{column}`")),
            Some(cell) => cell_text(cell).unwrap_or(Cow::Borrowed("")),
        };
        if text.trim().is_empty() {
            return Err(format!("the text in `{column}` is empty"));
        }
        let max = self.spec.max_chars;
        if text.len() > max {
            let n_chars = text.chars().count();
            if n_chars > max {
                return Err(format!("the text in `{column}` has {n_chars} characters, more than {max}"));
            }
        }
        Ok(())
    }

    fn id_of(&mut self, item: &Item) -> std::result::Result<ItemId, String> {
        let Some(column) = &self.spec.id else {
            let content = item.content();
            return Ok(ItemId::from_content(content, self.seen.count(content)));
        };
        let id = item.text(column).unwrap_or(Cow::Borrowed(""));
        if id.trim().is_empty() {
            return Err(format!("the id in `{column}` is empty"));
        }
        if let Some(first) = self.seen.first_row(Hash::of(id.as_bytes()), item.row) {
            let place = self.place_of(first);
            return Err(format!("the id `{}` is already that of {place}", shortened(&id)));
        }
        Ok(ItemId::new(id.as_ref()))
    }

    /// Names a row that was counted over all files.
    fn place_of(&self, row: u64) -> String {
        let file = self.n_rows_before.partition_point(|before| *before < row) - 1;
        let in_file = row - self.n_rows_before[file];
        if self.files.len() == 1 {
            return format!("row {in_file}");
        }
        format!("row {in_file} of {}", self.files[file].name)
    }
}

impl Iterator for ItemReader {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if let Some(turn) = self.turns.pop_front() {
            return Some(Row::Item(turn));
        }
        Some(match self.next_raw()? {
            Ok(raw) => self.take(raw),
            Err(problem) => Row::Problem(problem, None),
        })
    }
}

fn difference(columns: &[String], others: &[String]) -> Vec<String> {
    columns.iter().filter(|column| !others.contains(column)).cloned().collect()
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// An id for a message: not longer than a line.
fn shortened(id: &str) -> Cow<'_, str> {
    match id.char_indices().nth(60) {
        Some((end, _)) => Cow::Owned(format!("{}…", &id[..end])),
        None => Cow::Borrowed(id),
    }
}

#[cfg(test)]
mod tests;
