//! A task from the words of `karat.toml`: the kind fills in what it may, then the core checks the labels.

use karat_core::{
    DataSpec, Error, LabelSchema, LabelSpec, Part, PolicySpec, Result, Task, TaskPart, TaskSpec,
};

use crate::kind::{TaskKind, kind};

/// The task and its kind.
///
/// ```
/// use karat_core::{DataSpec, LabelSpec, PolicySpec, TaskSpec};
/// let spec = TaskSpec { kind: "classify".into(), labels: vec![LabelSpec::named("good"), LabelSpec::named("bad")], ..TaskSpec::default() };
/// let (task, kind) = karat_task::task(spec, &DataSpec::default(), &PolicySpec::default(), String::new()).unwrap();
/// assert_eq!((task.schema.len(), kind.id()), (2, "classify"));
/// ```
pub fn task(
    spec: TaskSpec,
    data: &DataSpec,
    policy: &PolicySpec,
    guideline: String,
) -> Result<(Task, &'static dyn TaskKind)> {
    let kind = kind(&spec.kind)?;
    let spec = kind.prepare(spec)?;
    check_offers(kind, &spec)?;
    if spec.options.contains(&data.text) {
        let message = format!("`data.text` names `{}`, which is one of `task.options`", data.text);
        return Err(Error::invalid(message)
            .hint("`data.text` is what the options answer; leave it out where they answer nothing"));
    }
    let mut task = match kind.shares_aliases() {
        false => Task::new(&spec, data, policy, guideline)?,
        true => {
            let bare = spec.labels.iter().map(|it| LabelSpec { aliases: Vec::new(), ..it.clone() }).collect();
            let task = Task::new(&TaskSpec { labels: bare, ..spec.clone() }, data, policy, guideline)?;
            Task { schema: LabelSchema::sharing_aliases(spec.labels.clone())?, ..task }
        }
    };
    let mut parts = Vec::new();
    for question in &spec.questions {
        let name = question.name.clone();
        let in_question = |error: Error| error.while_doing(format!("question `{name}`"));
        if question.questions_of_its_own() {
            return Err(in_question(Error::invalid("a form cannot hold a form")));
        }
        let of_part = self::task(question.clone().into(), data, &PolicySpec::default(), String::new());
        let (own, own_kind) = of_part.map_err(in_question)?;
        parts.push(Part { name: name.clone(), shape: own_kind.shape(), schema: own.schema.clone() });
        task.parts.push(TaskPart { name, ask: question.ask.clone(), task: own });
    }
    if !parts.is_empty() {
        task.schema = LabelSchema::none().with_parts(parts);
    }
    Ok((task, kind))
}

/// Refuses `levels` and `shortlist` where they say nothing.
fn check_offers(kind: &dyn TaskKind, spec: &TaskSpec) -> Result<()> {
    let id = kind.id();
    if spec.shortlist.is_some_and(|_| !kind.takes_shortlist()) {
        return Err(Error::invalid(format!("`shortlist` is not for a task of kind `{id}`"))
            .hint("it is for `classify`, `multi_label` and `link`"));
    }
    if spec.shortlist.is_some_and(|n| n < 2) {
        return Err(Error::invalid("`shortlist` must offer two labels at least").hint("`shortlist = 50`"));
    }
    if spec.levels.is_some() && id != "classify" {
        return Err(Error::invalid(format!("`levels` is not for a task of kind `{id}`"))
            .hint("it is for `classify`; of many labels `shortlist` offers the nearest"));
    }
    if spec.levels.as_ref().is_some_and(|it| it.trim().is_empty()) {
        return Err(Error::invalid("`levels` is empty")
            .hint("say what stands between two levels: `levels = \" > \"`"));
    }
    Ok(())
}
