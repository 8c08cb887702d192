//! Figures in columns, each held to the bar of its column.

use std::fmt;

/// The measurements of one subject.
pub(crate) struct Table {
    title: String,
    labels: Vec<&'static str>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// What is measured, how it is written and where it must lie.
pub(crate) struct Column {
    name: &'static str,
    decimals: usize,
    least: Option<f64>,
    most: Option<f64>,
}

struct Row {
    labels: Vec<String>,
    values: Vec<f64>,
}

impl Column {
    /// A figure without a bar, with so many decimals.
    pub(crate) const fn new(name: &'static str, decimals: usize) -> Self {
        Self { name, decimals, least: None, most: None }
    }

    /// The same with a bar: this much or more.
    pub(crate) const fn at_least(mut self, least: f64) -> Self {
        self.least = Some(least);
        self
    }

    /// The same with a bar: this much or less.
    pub(crate) const fn at_most(mut self, most: f64) -> Self {
        self.most = Some(most);
        self
    }

    /// Whether a figure misses the bar; what is no number misses any.
    fn is_missed_by(&self, value: f64) -> bool {
        let is_bound = self.least.is_some() || self.most.is_some();
        is_bound
            && (value.is_nan()
                || self.least.is_some_and(|least| value < least)
                || self.most.is_some_and(|most| value > most))
    }

    fn bar(&self) -> String {
        match (self.least, self.most) {
            (None, None) => String::new(),
            (Some(least), None) => format!(">= {least}"),
            (None, Some(most)) => format!("<= {most}"),
            (Some(least), Some(most)) => format!("{least}..{most}"),
        }
    }

    fn show(&self, value: f64) -> String {
        let mark = if self.is_missed_by(value) { "!" } else { "" };
        format!("{mark}{value:.*}", self.decimals)
    }
}

impl Table {
    /// An empty table; `labels` are the columns of words that say what a row is about.
    pub(crate) fn new<const L: usize>(
        title: impl Into<String>,
        labels: [&'static str; L],
        columns: impl Into<Vec<Column>>,
    ) -> Self {
        let (title, columns) = (title.into(), columns.into());
        Self { title, labels: labels.into(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row, as many labels and values as the table has columns for.
    pub(crate) fn push<const L: usize>(
        &mut self,
        labels: [String; L],
        values: impl Into<Vec<f64>>,
    ) {
        let (labels, values) = (Vec::from(labels), values.into());
        debug_assert_eq!((labels.len(), values.len()), (self.labels.len(), self.columns.len()));
        self.rows.push(Row { labels, values });
    }

    /// Adds a line below the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// How many rows miss a bar.
    pub(crate) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| self.is_missed(row)).count()
    }

    fn is_missed(&self, row: &Row) -> bool {
        self.columns.iter().zip(&row.values).any(|(column, value)| column.is_missed_by(*value))
    }

    /// Every line as cells: names, bars, rows.
    fn lines(&self) -> Vec<Vec<String>> {
        let labels = self.labels.iter().map(|label| (*label).to_owned());
        let names = self.columns.iter().map(|column| column.name.to_owned());
        let bars = self.columns.iter().map(Column::bar);
        let mut lines = vec![
            labels.chain(names).collect(),
            self.labels.iter().map(|_| String::new()).chain(bars).collect::<Vec<String>>(),
        ];
        lines.retain(|line| line.iter().any(|cell| !cell.is_empty()));
        for row in &self.rows {
            let values = self.columns.iter().zip(&row.values);
            let shown = values.map(|(column, value)| column.show(*value));
            lines.push(row.labels.iter().cloned().chain(shown).collect());
        }
        lines
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let lines = self.lines();
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.labels.len() + self.columns.len()).map(width).collect();
        let heads = lines.len() - self.rows.len();
        for (index, line) in lines.iter().enumerate() {
            let row = index.checked_sub(heads).map(|index| &self.rows[index]);
            let is_missed = row.is_some_and(|row| self.is_missed(row));
            write!(f, "{}", if is_missed { "!" } else { " " })?;
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                if column < self.labels.len() {
                    write!(f, " {cell:width$} ")?;
                } else {
                    write!(f, "  {cell:>width$}")?;
                }
            }
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }
}
