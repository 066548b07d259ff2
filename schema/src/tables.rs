//! The tables of a stream's rollups, as SQL.

use std::fmt::Write;

use crate::{Measure, MeasureKind, Rollup, StreamDefinition};

/// `CREATE` statements for all rollups. Names were checked with the definition, and are quoted all the same.
///
/// `<rollup>_partial` holds one row per window, key and source partition, each with one writer; `<rollup>` is the
/// view people read, summed over source partitions, in natural units; `v_latest_<rollup>` is its last five minutes.
/// Sketches are columns of the table only: SQL cannot merge them.
#[must_use]
pub fn create_sql(definition: &StreamDefinition) -> String {
    // A line break would end the comment.
    let mut sql = format!("-- Tables of stream {}\n", definition.name.replace(char::is_control, " "));
    for rollup in &definition.rollups {
        table(&mut sql, rollup);
        view(&mut sql, rollup, definition.window.size.as_millis());
    }
    sql
}

fn table(sql: &mut String, rollup: &Rollup) {
    let mut columns = vec!["    window_start timestamptz NOT NULL".to_owned()];
    let mut key = vec!["window_start".to_owned()];
    for dimension in &rollup.dimensions {
        let name = quoted(&dimension.name);
        columns.push(format!("    {name} text NOT NULL"));
        key.push(name);
    }
    columns.push("    source_partition integer NOT NULL".to_owned());
    key.push("source_partition".to_owned());
    columns.extend(rollup.labels.iter().map(|label| format!("    {} text", quoted(&label.name))));
    for measure in &rollup.measures {
        let column = match (&measure.kind, measure.sketch()) {
            (_, Some(_)) => "bytea",
            (MeasureKind::Count, None) => "bigint NOT NULL",
            (_, None) => "bigint",
        };
        columns.push(format!("    {} {column}", quoted(&measure.name)));
    }
    columns.push(format!("    PRIMARY KEY ({})", key.join(", ")));
    // Writing to a String cannot fail.
    let _ = write!(
        sql,
        "\nCREATE TABLE {} (\n{}\n) PARTITION BY RANGE (window_start);\n",
        quoted(&format!("{}_partial", rollup.name)),
        columns.join(",\n")
    );
}

fn view(sql: &mut String, rollup: &Rollup, size_millis: i64) {
    let mut columns: Vec<String> =
        rollup.dimensions.iter().map(|dimension| format!("    {}", quoted(&dimension.name))).collect();
    let group: Vec<String> = ["window_start".to_owned()]
        .into_iter()
        .chain(rollup.dimensions.iter().map(|dimension| quoted(&dimension.name)))
        .collect();
    for label in &rollup.labels {
        let name = quoted(&label.name);
        columns.push(format!(
            "    (array_agg({name} ORDER BY source_partition DESC) FILTER (WHERE {name} IS NOT NULL))[1] AS {name}"
        ));
    }
    columns.extend(
        rollup.numbers().map(|measure| format!("    {} AS {}", natural(measure), quoted(&measure.name))),
    );
    for derived in &rollup.derived {
        let of = |name: &String| {
            rollup.numbers().find(|measure| measure.name == *name).map_or_else(String::new, natural)
        };
        let [dividend, divisor] = &derived.ratio;
        columns.push(format!(
            "    ({})::float8 / nullif(({})::float8, 0) AS {}",
            of(dividend),
            of(divisor),
            quoted(&derived.name)
        ));
    }
    columns.push("    window_start".to_owned());
    columns.push(format!("    window_start + interval '{size_millis} milliseconds' AS window_end"));
    let _ = write!(
        sql,
        "\nCREATE VIEW {name} AS\nSELECT\n{columns}\nFROM {table}\nGROUP BY {group};\n",
        name = quoted(&rollup.name),
        table = quoted(&format!("{}_partial", rollup.name)),
        columns = columns.join(",\n"),
        group = group.join(", ")
    );
    let _ = write!(
        sql,
        "\nCREATE VIEW {latest} AS\nSELECT * FROM {name} WHERE window_start > now() - interval '5 minutes';\n",
        latest = quoted(&format!("v_latest_{}", rollup.name)),
        name = quoted(&rollup.name),
    );
}

/// A number over all source partitions, in natural units.
fn natural(measure: &Measure) -> String {
    let name = quoted(&measure.name);
    let whole = match measure.kind {
        MeasureKind::Count | MeasureKind::Sum { .. } => format!("sum({name})::bigint"),
        MeasureKind::Min { .. } => format!("min({name})"),
        MeasureKind::Max { .. } => format!("max({name})"),
        // They merge by no function of SQL, and so are not among a rollup's numbers.
        MeasureKind::Quantiles { .. } | MeasureKind::Distinct { .. } => return name,
    };
    if measure.scale() == 1 { whole } else { format!("{whole}::float8 / {}", measure.scale()) }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
