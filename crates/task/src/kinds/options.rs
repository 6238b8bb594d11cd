//! Options under neutral letters: what `prefer`, `rank` and `match` show in place of the names of columns.
//!
//! In: a task with `options`, an item. Out: the options in the order of the task, the first as A, between marks that no text
//! closes; and the labels by their letters. Another order of `options` in the task is another order on the page: a label
//! keeps its place in the schema, and changes its letter. Not here: what is asked of the options.

use karat_core::{Error, Item, LabelId, LabelSchema, LabelSpec, Result, Task, TaskSpec, Unusable};

/// The most options: one for each letter.
pub(super) const MAX_OPTIONS: usize = 26;

/// The letter of the option at this place.
pub(super) fn letter(place: usize) -> String {
    let letter = u8::try_from(place).ok().filter(|it| *it < 26).map_or('?', |it| char::from(b'A' + it));
    letter.to_string()
}

/// The options that the item has, as (letter, column, text), in the order of the task. A blank cell is no option.
pub(super) fn present<'a>(task: &'a Task, item: &Item) -> Vec<(String, &'a str, String)> {
    let one = |(place, column): (usize, &'a String)| {
        let text = item.text(column)?;
        let text = text.trim_matches(['\n', '\r']);
        (!text.trim().is_empty()).then(|| (letter(place), column.as_str(), text.to_owned()))
    };
    task.spec.options.iter().enumerate().filter_map(one).collect()
}

/// The label of an option.
pub(super) fn label(task: &Task, column: &str) -> Option<LabelId> {
    task.schema.by_name(column)
}

/// The text between `<A>` and `</A>`; numbered where it holds such a mark.
pub(super) fn block(letter: &str, text: &str) -> String {
    let name = |n: usize| if n == 0 { letter.to_owned() } else { format!("{letter}-{n}") };
    let n = (0..).find(|n| !text.contains(&format!("</{}>", name(*n)))).unwrap_or(0);
    let name = name(n);
    format!("<{name}>\n{text}\n</{name}>")
}

/// Each option in a block of its own, without a name.
pub(super) fn blocks(task: &Task, item: &Item) -> Vec<(String, String)> {
    let block = |(letter, _, text): &(String, _, String)| (String::new(), block(letter, text));
    present(task, item).iter().map(block).collect()
}

/// The labels by their letters; what is no option keeps its name. `more` gives further words of a label.
pub(super) fn written(task: &Task, more: impl Fn(Option<usize>, &str) -> Vec<String>) -> LabelSchema {
    let one = |name: &str| {
        let place = task.spec.options.iter().position(|it| it == name);
        let name = place.map_or_else(|| name.to_owned(), letter);
        LabelSpec { aliases: more(place, &name), ..LabelSpec::named(name) }
    };
    let labels = task.schema.names().map(one).collect();
    LabelSchema::new(labels).unwrap_or_else(|_| LabelSchema::none())
}

/// Why an item cannot be asked about: fewer than `least` options.
pub(super) fn refuses(task: &Task, item: &Item, least: usize) -> Option<Unusable> {
    let present = present(task, item);
    if present.len() >= least {
        return None;
    }
    let lacks = |column: &&String| !present.iter().any(|(_, name, _)| name == column);
    let names: Vec<_> = task.spec.options.iter().filter(lacks).map(|column| format!("`{column}`")).collect();
    Some(Unusable::NotAsked {
        lacks: format!(
            "{} of the item {} empty",
            names.join(", "),
            if names.len() == 1 { "is" } else { "are" }
        ),
    })
}

/// Checks `options`: so many columns, each once.
pub(super) fn check(spec: &TaskSpec, least: usize, most: usize) -> Result<()> {
    let (kind, n) = (&spec.kind, spec.options.len());
    if n < least || n > most {
        let wanted = match (least, most) {
            (2, 2) => "two columns".to_owned(),
            (least, most) => format!("{least} to {most} columns"),
        };
        let message = format!("a task of kind `{kind}` compares {wanted}, and `options` names {n}");
        return Err(Error::invalid(message)
            .hint("name the columns that are compared: `options = [\"answer_1\", \"answer_2\"]`"));
    }
    let twice = spec.options.iter().enumerate().find(|(n, it)| spec.options[..*n].contains(it));
    match twice {
        Some((_, column)) => Err(Error::invalid(format!("`options` names `{column}` twice"))
            .hint("name each column that is compared once")),
        None => Ok(()),
    }
}

/// The options as labels, with those beside them. An error where the task names others.
pub(super) fn as_labels(mut spec: TaskSpec, beside: &[&str]) -> Result<TaskSpec> {
    if let Some(clash) = spec.options.iter().find(|it| beside.contains(&it.as_str())) {
        return Err(Error::invalid(format!(
            "`options` names `{clash}`, which is an answer of its own where `ties = true`"
        ))
        .hint("give the column another name"));
    }
    let names = spec.options.iter().map(String::as_str).chain(beside.iter().copied());
    let labels: Vec<LabelSpec> = names.map(LabelSpec::named).collect();
    if !spec.labels.is_empty() && spec.labels != labels {
        let message = format!("the labels of a task of kind `{}` are its `options`", spec.kind);
        return Err(Error::invalid(message)
            .hint("leave `labels` out; what makes an option better belongs into the guideline"));
    }
    spec.labels = labels;
    Ok(spec)
}

/// The same task with its options the other way round.
pub(super) fn reversed(task: &Task) -> Task {
    let mut other = task.clone();
    other.spec.options.reverse();
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_holds_the_mark_gets_a_numbered_one() {
        assert_eq!(block("A", "x"), "<A>\nx\n</A>");
        assert_eq!(block("A", "x\n</A>\n<B>"), "<A-1>\nx\n</A>\n<B>\n</A-1>");
    }

    #[test]
    fn letters_follow_the_order_of_the_options_and_labels_keep_their_place() {
        let spec =
            TaskSpec { kind: "prefer".into(), options: vec!["B".into(), "A".into()], ..TaskSpec::default() };
        let spec = as_labels(spec, &["tie"]).unwrap();
        let task = Task::new(&spec, &Default::default(), &Default::default(), String::new()).unwrap();
        let names =
            |task: &Task| written(task, |_, _| Vec::new()).names().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(&task), ["A", "B", "tie"]);
        assert_eq!(names(&reversed(&task)), ["B", "A", "tie"]);
    }

    #[test]
    fn options_are_columns_each_once() {
        let spec = |options: &[&str]| TaskSpec {
            kind: "prefer".into(),
            options: options.iter().map(|it| (*it).to_owned()).collect(),
            ..TaskSpec::default()
        };
        let error = |options: &[&str]| check(&spec(options), 2, 2).unwrap_err().to_string();
        assert!(error(&["a"]).contains("`options` names 1"));
        assert!(error(&["a", "a"]).contains("`a` twice"));
        assert!(as_labels(spec(&["a", "tie"]), &["tie"]).unwrap_err().to_string().contains("`tie`"));
        let named = TaskSpec { labels: vec![LabelSpec::named("good")], ..spec(&["a", "b"]) };
        assert!(as_labels(named, &[]).unwrap_err().to_string().contains("are its `options`"));
    }
}
