//! An answer as CSV (RFC 4180): a head, then a record for each row.

use super::{
    answer::{RollupAnswer, RollupRow, RowWindow, Values},
    column::Value,
};

/// Dimensions and labels by their names, then the window, the measures, and `previous.` with the same. No name of a
/// definition holds a dot.
pub(super) fn write(answer: &RollupAnswer) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head(answer))?;
    for row in &answer.data {
        writer.write_record(record(answer, row))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn head(answer: &RollupAnswer) -> Vec<String> {
    let columns = &answer.columns;
    let names = columns.dimensions.iter().chain(&columns.labels).map(|name| name.to_string());
    let numbers = |prefix: &'static str| {
        let window = ["window.start", "window.end", "window.state"].into_iter().map(str::to_owned);
        let measures = columns.measures.iter().map(|name| name.to_string());
        window.chain(measures).map(move |name| format!("{prefix}{name}"))
    };
    let previous = numbers("previous.").filter(|_| answer.compared);
    names.chain(numbers("")).chain(previous).collect()
}

fn record(answer: &RollupAnswer, row: &RollupRow) -> Vec<String> {
    let columns = &answer.columns;
    let mut fields = Vec::new();
    for name in &columns.dimensions {
        fields.push(row.dimensions.get(name).map_or_else(String::new, |text| harmless(text)));
    }
    for name in &columns.labels {
        fields.push(row.labels.get(name).and_then(Option::as_deref).map_or_else(String::new, harmless));
    }
    let mut numbers = |window: &RowWindow, measures: &Values| {
        let state = serde_json::to_value(window.state).unwrap_or_default();
        fields.extend([window.start.to_string(), window.end.to_string()]);
        fields.push(state.as_str().unwrap_or_default().to_owned());
        for name in &columns.measures {
            fields.push(measures.get(name).map_or_else(String::new, |value| number(*value)));
        }
    };
    numbers(&row.window, &row.measures);
    if let Some(previous) = &row.previous {
        numbers(&previous.window, &previous.measures);
    }
    fields
}

/// As in the JSON; nothing for null.
fn number(value: Value) -> String {
    serde_json::to_string(&value).ok().filter(|text| text != "null").unwrap_or_default()
}

/// Spreadsheets take a text that begins so for a formula, and run it; an apostrophe in front keeps it a text.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_spreadsheet_would_run_is_kept_a_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["", "a=1", "1-1", " =1", "'=1", "ü"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn numbers_are_those_of_the_json_and_null_is_nothing() {
        for (value, text) in [
            (Value::Whole(-5), "-5"),
            (Value::Whole(i64::MAX), "9223372036854775807"),
            (Value::Real(0.1 + 0.2), "0.30000000000000004"),
            (Value::Real(3.0), "3.0"),
            (Value::Unknown, ""),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
