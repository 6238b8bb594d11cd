//! Tables whose first column names the row, with plots in cells; on a narrow screen each row becomes a block.
//!
//! The roles repeat what the tags say, because a browser forgets it where the style turns rows into blocks.

/// One column.
pub(crate) struct Column {
    label: String,
    head: String,
    class: &'static str,
}

impl Column {
    /// Of names; the first column of a table.
    pub(crate) fn names(label: &str) -> Self {
        Self::of("name", label)
    }

    /// Of numbers with their intervals.
    pub(crate) fn numbers(label: &str) -> Self {
        Self::of("num", label)
    }

    /// Of counts, which need little room.
    pub(crate) fn counts(label: &str) -> Self {
        Self::of("num count", label)
    }

    /// Of numbers with words beside them.
    pub(crate) fn told_numbers(label: &str) -> Self {
        Self::of("num wide", label)
    }

    /// Of words.
    pub(crate) fn words(label: &str) -> Self {
        Self::of("words", label)
    }

    /// Of stacked bars.
    pub(crate) fn bars(label: &str) -> Self {
        Self::of("bars", label)
    }

    /// Of plots, with the axis as its head.
    pub(crate) fn plots(label: &str, axis: &str) -> Self {
        let head = format!("<span class=\"sr\">{label}</span>{axis}");
        Self { head, ..Self::of("plot", label) }
    }

    fn of(class: &'static str, label: &str) -> Self {
        Self { label: label.to_owned(), head: label.to_owned(), class }
    }
}

/// A table: its columns, and for each row as many cells of HTML. Labels and caption are the page's own words.
pub(crate) struct Table {
    /// What the table shows, for those who do not see it.
    pub(crate) caption: String,
    /// The columns, names first.
    pub(crate) columns: Vec<Column>,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// The table as HTML.
    pub(crate) fn draw(&self) -> String {
        let head: String = self
            .columns
            .iter()
            .map(|it| {
                format!("<th scope=\"col\" role=\"columnheader\" class=\"{}\">{}</th>", it.class, it.head)
            })
            .collect();
        let rows: String = self.rows.iter().map(|cells| self.row(cells)).collect();
        format!(
            "<table class=\"t\" role=\"table\"><caption class=\"sr\">{}</caption>\n\
             <thead role=\"rowgroup\"><tr role=\"row\">{head}</tr></thead>\n<tbody role=\"rowgroup\">\n{rows}</tbody></table>\n",
            self.caption
        )
    }

    fn row(&self, cells: &[String]) -> String {
        let cell = |(column, cell): (&Column, &String)| match column.class {
            "name" => format!("<th scope=\"row\" role=\"rowheader\" class=\"name\">{cell}</th>"),
            class => {
                format!("<td role=\"cell\" class=\"{class}\" data-label=\"{}\">{cell}</td>", column.label)
            }
        };
        let cells: String = self.columns.iter().zip(cells).map(cell).collect();
        format!("<tr role=\"row\">{cells}</tr>\n")
    }
}
