//! Tables of implementations: each row has an example, a place in the docs, and a test that walks the table.
//!
//! In: the source of the table's crate and its page. The name of a row is what users type: a `name: "…"` or `id: "…"` in
//! the row, or the string that the row's type returns from `fn id` or `fn name`.

use super::Finding;
use crate::repo::{File, Repo};
use crate::rust::{Kind, Source, Token};

/// One table.
struct Table {
    name: &'static str,
    folder: &'static str,
    /// The page where each row is explained.
    page: &'static str,
    example: Example,
}

/// What counts as a row's example.
enum Example {
    /// The row's type has a function of this name.
    Function(&'static str),
    /// The row has a field of this name.
    Field(&'static str),
}

const TABLES: &[Table] = &[
    Table {
        name: "KINDS",
        folder: "crates/task",
        page: "docs/reference/kinds.md",
        example: Example::Function("examples"),
    },
    Table {
        name: "FORMATS",
        folder: "crates/format",
        page: "docs/reference/formats.md",
        example: Example::Function("example"),
    },
    Table {
        name: "ENDPOINTS",
        folder: "crates/llm",
        page: "docs/reference/endpoints.md",
        example: Example::Field("example_model"),
    },
];

/// One row: the name users type, if it was found, and what the row is made of.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// The type or constant that the row is, where it is one.
    made_by: Option<String>,
    name: Option<String>,
    fields: Vec<String>,
    line: usize,
}

/// Finds tables that are gone, rows without name, example or docs, and tables that no test walks.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    TABLES.iter().flat_map(|table| check_table(repo, table)).collect()
}

fn check_table(repo: &Repo, table: &Table) -> Vec<Finding> {
    let of_crate = || repo.rust().filter(|(file, _)| file.crate_folder() == Some(table.folder));
    let Some((file, rows)) = of_crate().find_map(|(file, source)| Some((file, rows(source, table.name)?)))
    else {
        let what = format!("the table `{}` is gone", table.name);
        return vec![Finding::new(
            table.folder,
            0,
            what,
            "correct its row of `TABLES` in xtask/src/tidy/tables.rs",
        )];
    };
    let mut found = Vec::new();
    let walks =
        |source: &Source| source.idents().any(|mention| mention.in_test && mention.text == table.name);
    if !of_crate().any(|(_, source)| walks(source)) {
        let what = format!("no test of `{}` walks `{}`", table.folder, table.name);
        found.push(Finding::new(&file.path, 0, what, "write one test that holds for every row"));
    }
    if rows.is_empty() {
        found.push(Finding::new(
            &file.path,
            0,
            format!("`{}` has no row that tidy can read", table.name),
            "one row, one value",
        ));
    }
    let page = repo.file(table.page);
    if page.is_none() {
        found.push(Finding::new(
            table.page,
            0,
            format!("the page of `{}` is missing", table.name),
            "write it",
        ));
    }
    for row in rows {
        let sources: Vec<&Source> = of_crate().map(|(_, source)| source).collect();
        found.extend(check_row(table, &row, &sources, file, page));
    }
    found
}

fn check_row(
    table: &Table,
    row: &Row,
    sources: &[&Source],
    file: &File,
    page: Option<&File>,
) -> Vec<Finding> {
    let own = row.made_by.as_deref();
    let from_code = || sources.iter().find_map(|source| name_from_impl(source, own?));
    let Some(name) = row.name.clone().or_else(from_code) else {
        let what = format!("a row of `{}` has no name that tidy can read", table.name);
        return vec![Finding::new(
            &file.path,
            row.line,
            what,
            "give it a `name: \"…\"`, or its type an `fn id` or `fn name`",
        )];
    };
    let mut found = Vec::new();
    let mut finding = |what: &str, next: &str| {
        let what = format!("`{name}` of `{}` {what}", table.name);
        found.push(Finding::new(&file.path, row.line, what, next).about(&name));
    };
    let has_example = match table.example {
        Example::Field(field) => row.fields.iter().any(|other| other == field),
        Example::Function(function) => {
            own.is_some_and(|own| sources.iter().any(|source| has_function(source, own, function)))
        }
    };
    if !has_example {
        finding("has no example", "show one real use of it");
    }
    if page.is_some_and(|page| !page.text.contains(&format!("`{name}`"))) {
        finding("is not in the docs", &format!("explain it in {}", table.page));
    }
    found
}

/// The rows of the constant `name`, if `source` defines it.
fn rows(source: &Source, name: &str) -> Option<Vec<Row>> {
    let at = (0..source.tokens.len()).find(|&at| {
        (source.is(at, "const") || source.is(at, "static"))
            && source.is(at + 1, name)
            && source.is(at + 2, ":")
    })?;
    let equals = (at..source.tokens.len()).find(|&at| source.is(at, "="))?;
    let open = (equals..source.tokens.len()).find(|&at| source.is(at, "["))?;
    let end = source.after_group(open) - 1;
    let mut rows = Vec::new();
    let mut start = open + 1;
    let mut at = start;
    while at <= end {
        if at == end || source.is(at, ",") {
            if start < at {
                rows.push(row(source, start, at));
            }
            start = at + 1;
        }
        let opens = source.is(at, "(") || source.is(at, "[") || source.is(at, "{");
        at = if opens { source.after_group(at).min(end) } else { at + 1 };
    }
    Some(rows)
}

/// Reads the row between two positions: `&Classify`, `Endpoint { name: "ollama", … }`, `local("ollama", …)`.
fn row(source: &Source, start: usize, end: usize) -> Row {
    let tokens = &source.tokens[start..end];
    let opens = tokens.iter().position(|token| token.is("{") || token.is("("));
    let head = &tokens[..opens.unwrap_or(tokens.len())];
    let made_by = head.iter().rev().find(|token| token.kind == Kind::Ident).map(|token| token.text.clone());
    let is_text = |token: &&Token| token.kind == Kind::Text;
    let field =
        |at: usize| tokens[at].kind == Kind::Ident && tokens.get(at + 1).is_some_and(|token| token.is(":"));
    let fields: Vec<usize> = (0..tokens.len()).filter(|&at| field(at)).collect();
    let is_call = opens.is_some_and(|open| tokens[open].is("("));
    let name = if is_call {
        tokens.iter().find(is_text)
    } else {
        let named = fields.iter().filter(|&&at| tokens[at].is("name") || tokens[at].is("id"));
        named.filter_map(|at| tokens.get(at + 2)).find(is_text)
    };
    Row {
        made_by,
        name: name.map(|token| token.inner().to_owned()),
        fields: fields.into_iter().map(|at| tokens[at].text.clone()).collect(),
        line: source.tokens[start].line,
    }
}

/// The bodies of `impl … for own` and `impl own`, as positions.
fn impls(source: &Source, own: &str) -> Vec<std::ops::Range<usize>> {
    let starts = (0..source.tokens.len()).filter(|&at| source.is(at, "impl") && !source.in_test[at]);
    starts
        .filter_map(|at| {
            let open = (at..source.tokens.len()).find(|&at| source.is(at, "{"))?;
            let is_own = (at..open).any(|at| source.is(at, own));
            is_own.then(|| open..source.after_group(open))
        })
        .collect()
}

fn has_function(source: &Source, own: &str, function: &str) -> bool {
    impls(source, own).into_iter().flatten().any(|at| source.are(at, &["fn", function]))
}

/// The first string in `fn id` or `fn name` of the type.
fn name_from_impl(source: &Source, own: &str) -> Option<String> {
    impls(source, own).into_iter().find_map(|body| {
        let at = body.clone().find(|&at| source.are(at, &["fn", "id"]) || source.are(at, &["fn", "name"]))?;
        let mut rest = source.tokens[at..body.end].iter();
        rest.find(|token| token.kind == Kind::Text).map(|token| token.inner().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: &str =
        "impl TaskKind for Classify { fn id(&self) -> &'static str { \"classify\" } fn examples(&self) {} }
        pub const KINDS: &[&dyn TaskKind] = &[&Classify];
        #[cfg(test)] mod tests { fn every_kind() { for kind in KINDS {} } }";
    const DATA: &str = "pub const ENDPOINTS: &[Endpoint] = &[
        Endpoint { name: \"ollama\", example_model: \"qwen3:8b\", can: Can { json: true } },
    ];
        #[cfg(test)] mod tests { fn every_endpoint() { for endpoint in ENDPOINTS {} } }";

    #[track_caller]
    fn check_code(table: usize, code: &str, page: &str, want: &[&str]) {
        let table = &TABLES[table];
        let path = format!("{}/src/lib.rs", table.folder);
        let found = check_table(&Repo::sample(&[(&path, code), (table.page, page)]), table);
        let got: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_full_row_passes() {
        check_code(0, TYPES, "`classify`: one label", &[]);
        check_code(2, DATA, "`ollama`: on this machine", &[]);
    }

    #[test]
    fn a_row_without_docs_is_found() {
        check_code(0, TYPES, "", &["`classify` of `KINDS` is not in the docs"]);
        check_code(2, DATA, "`ollama/qwen3:8b`", &["`ollama` of `ENDPOINTS` is not in the docs"]);
    }

    #[test]
    fn a_row_without_an_example_is_found() {
        let code = TYPES.replace("fn examples", "fn samples");
        check_code(0, &code, "`classify`", &["`classify` of `KINDS` has no example"]);
        check_code(
            2,
            &DATA.replace("example_model:", "sample:"),
            "`ollama`",
            &["`ollama` of `ENDPOINTS` has no example"],
        );
    }

    #[test]
    fn a_table_without_a_test_is_found() {
        let code = TYPES.replace("in KINDS", "in []");
        check_code(0, &code, "`classify`", &["no test of `crates/task` walks `KINDS`"]);
    }

    #[test]
    fn a_table_or_a_page_that_is_gone_is_found() {
        check_code(0, "", "`classify`", &["the table `KINDS` is gone"]);
        let repo = Repo::sample(&[("crates/task/src/lib.rs", TYPES)]);
        assert_eq!(check_table(&repo, &TABLES[0])[0].what, "the page of `KINDS` is missing");
    }

    #[test]
    fn a_row_without_a_name_is_found() {
        let code = TYPES.replace("fn id", "fn label");
        check_code(0, &code, "`classify`", &["a row of `KINDS` has no name that tidy can read"]);
    }

    #[test]
    fn rows_are_split_at_the_commas_between_them() {
        let code = "const T: &[E] = &[E { name: \"a\", x: (1, 2) }, local(\"b\", 1), C, &D {}, ];";
        let rows = rows(&Source::read("crates/llm/src/a.rs", code), "T").unwrap();
        let got: Vec<_> =
            rows.iter().map(|row| (row.made_by.as_deref().unwrap(), row.name.as_deref())).collect();
        assert_eq!(got, [("E", Some("a")), ("local", Some("b")), ("C", None), ("D", None)]);
    }
}
