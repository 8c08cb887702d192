//! `perpetuo stations`: the catalogue as tables.

use anyhow::{Context, bail};
use perpetuo_station::{Catalogue, Curve, ParamSpec, Preset, RANDOM, StationSpec};

use crate::{cli::StationsArgs, output};

/// Prints the stations, or the parameters and presets of one.
pub(crate) fn run(args: &StationsArgs, catalogue: &Catalogue) -> anyhow::Result<()> {
    match &args.name {
        None => {
            let rows = catalogue.iter().map(|spec| [spec.name, spec.about].map(str::to_owned));
            output::print(&table(&["station", "how it sounds"], rows))
        }
        Some(name) => {
            let spec = find(catalogue, name)?;
            let head = format!("{}: {}\n\n", spec.title, spec.about);
            let columns = ["parameter", "range", "default", "taste", "applies", "what it does"];
            let params = table(&columns, spec.params.iter().map(row));
            let random = [RANDOM, "", "each parameter drawn from its taste"].map(str::to_owned);
            let presets = spec.presets.iter().map(|preset| preset_row(spec, preset));
            let presets = table(&["preset", "title", "values"], presets.chain([random]));
            output::print(&(head + &params + "\n" + &presets))
        }
    }
}

/// The station of that name, or an error that lists them all.
pub(crate) fn find<'a>(
    catalogue: &'a Catalogue,
    name: &str,
) -> anyhow::Result<&'a std::sync::Arc<StationSpec>> {
    let all = || catalogue.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
    match catalogue.find(name) {
        Some(spec) => Ok(spec),
        None => bail!("'{name}' is not a station; allowed: {}", all()),
    }
}

fn row(param: &ParamSpec) -> [String; 6] {
    [
        param.id.to_owned(),
        param.allowed(),
        param.show(param.default),
        taste(param),
        param.applies.as_str().to_owned(),
        param.help.to_owned(),
    ]
}

/// What random draws keep to; nothing for what they leave alone.
fn taste(param: &ParamSpec) -> String {
    let Some(taste) = param.drawn_from() else { return String::new() };
    match param.curve {
        _ if taste == param.range => "all".to_owned(),
        Curve::Stepped(labels) => {
            labels[*taste.start() as usize..=*taste.end() as usize].join(", ")
        }
        _ => format!("{} to {}", taste.start(), taste.end()),
    }
}

/// What a preset names; all else it sets to the default.
fn preset_row(spec: &StationSpec, preset: &Preset) -> [String; 3] {
    let named = preset.values.iter().filter_map(|(id, value)| {
        let param = spec.params.iter().find(|param| param.id == *id)?;
        Some(format!("{id} {}", param.show(*value)))
    });
    let values = named.collect::<Vec<_>>().join(", ");
    [preset.name.to_owned(), preset.title.to_owned(), values]
}

/// Columns as wide as their widest cell, the last one as it comes; a cell that is too wide for its
/// column is wrapped at spaces.
fn table<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    const WIDEST: usize = 28;
    let mut cells: Vec<[Vec<String>; N]> = vec![head.map(|cell| vec![cell.to_owned()])];
    cells.extend(rows.map(|row| {
        let mut column = 0;
        row.map(|cell| {
            column += 1;
            wrap(&cell, if column == N { 60 } else { WIDEST })
        })
    }));
    let width = |column: usize| {
        let lines = cells.iter().flat_map(|row| row[column].iter());
        lines.map(|line| line.chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let height = row.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let mut full = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let cell = cell.get(line).map_or("", String::as_str);
                full.push_str(&format!("{cell:width$}  "));
            }
            text.push_str(full.trim_end());
            text.push('\n');
        }
    }
    text
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.len() - 1;
        let used = lines[line].chars().count();
        if used > 0 && used + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if used > 0 {
                lines[line].push(' ');
            }
            lines[line].push_str(word);
        }
    }
    lines
}

/// Reads `NAME=VALUE`.
pub(crate) fn split_setting(text: &str) -> anyhow::Result<(&str, &str)> {
    text.split_once('=').with_context(|| format!("'{text}' is no setting; allowed: NAME=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_line_up_and_long_ones_wrap_in_their_column() {
        let rows = [[
            "a".to_owned(),
            "one, two, three, four, five, six, seven".to_owned(),
            "x".to_owned(),
        ]];
        let text = table(&["name", "labels", "help"], rows.into_iter());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "name  labels                        help");
        assert_eq!(lines[1], "a     one, two, three, four, five,  x");
        assert_eq!(lines[2].trim(), "six, seven");
    }
}
