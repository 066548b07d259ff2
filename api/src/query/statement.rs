//! A request as SQL. Names come from a checked definition, values are bound.

use std::fmt::Write;

use common::time::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use super::{
    column::{Column, Merge, Number},
    cursor::{Cursor, Place},
    order::{By, Order},
    range::Range,
    request::Request,
    sketched::Asked,
};

/// Not prepared: there are as many statements as there are queries.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    bound: Vec<Bound>,
}

#[derive(Debug, PartialEq)]
enum Bound {
    Time(Timestamp),
    Whole(i64),
    Real(f64),
    Text(String),
    Texts(Vec<String>),
}

impl Bound {
    fn parameter(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Time(time) => (time, Type::TIMESTAMPTZ),
            Self::Whole(number) => (number, Type::INT8),
            Self::Real(number) => (number, Type::FLOAT8),
            Self::Text(text) => (text, Type::TEXT),
            Self::Texts(texts) => (texts, Type::TEXT_ARRAY),
        }
    }
}

/// Columns beside those of the definition, whose names hold no dot.
pub(super) const ROWS: &str = "row.count";
pub(super) const PLACE: &str = "row.place";
pub(super) const STEP: &str = "row.step";

/// One page of groups over the whole range, and one more to know whether there is another page.
pub(super) fn groups(request: &Request) -> Statement {
    let mut statement = Statement::default();
    let place = place(&request.order);
    let keys = keys(request);
    let listed: String =
        request.labels.iter().map(|label| format!(",\n    {}", lookup(request, label, &keys))).collect();
    let _ = write!(
        statement.sql,
        "-- rollup_groups\nSELECT grouped.*, {place} AS {}{listed}\nFROM (\n",
        quoted(PLACE)
    );
    let labels = request.labels.iter().map(|label| {
        format!("max(window_start) FILTER (WHERE {} IS NOT NULL) AS {}", quoted(label), named_in(label))
    });
    let columns: Vec<String> = keys.iter().cloned().chain(labels).chain(merged(request)).collect();
    let _ = write!(statement.sql, "    SELECT {}\n    FROM {}\n", columns.join(", "), table(request));
    statement.filtered(request, request.range);
    if !keys.is_empty() {
        let _ = writeln!(statement.sql, "    GROUP BY {}", keys.join(", "));
    }
    statement.sql.push_str(") grouped\n");
    if let Some(cursor) = &request.after {
        statement.after(cursor, &request.order, &place, &keys);
    }
    let direction = if request.order.descending { "DESC" } else { "ASC" };
    let ties: String = keys.iter().map(|key| format!(", {key} COLLATE \"C\"")).collect();
    let limit = statement.bind(Bound::Whole(request.limit + 1));
    let _ = write!(statement.sql, "ORDER BY {place} {direction} NULLS LAST{ties}\nLIMIT {limit}");
    statement
}

/// A group's label: the highest partition's in the last window that has one. It is an expression of the listed groups
/// alone, after the limit: to find it while merging, all rows would have to be sorted.
fn lookup(request: &Request, label: &str, keys: &[String]) -> String {
    let (table, name) = (table(request), quoted(label));
    let same: String = keys.iter().map(|key| format!(" AND latest.{key} = grouped.{key}")).collect();
    format!(
        "(SELECT latest.{name} FROM {table} latest WHERE latest.window_start = grouped.{}{same} \
         AND latest.{name} IS NOT NULL ORDER BY latest.source_partition DESC LIMIT 1) AS {name}",
        named_in(label)
    )
}

/// The column of the last window that has this label.
fn named_in(label: &str) -> String {
    quoted(&format!("row.named_in.{label}"))
}

/// The steps of these groups that have rows; the groups of the whole range without a step.
pub(super) fn steps(request: &Request, range: Range, groups: &[Vec<String>]) -> Statement {
    let mut statement = stepped("rollup_steps", request, range, groups, merged(request));
    let by: Vec<String> = keys(request).into_iter().chain([quoted(STEP)]).collect();
    let _ = write!(statement.sql, "    GROUP BY {}", by.join(", "));
    statement
}

/// The sketches of these groups in the order of their rows in the answer, so that each is merged at one go.
pub(super) fn sketches(
    request: &Request,
    range: Range,
    groups: &[Vec<String>],
    measures: &[&str],
) -> Statement {
    let measures: Vec<String> = measures.iter().map(|measure| quoted(measure)).collect();
    let mut statement = stepped("rollup_sketches", request, range, groups, measures.clone());
    let _ = write!(statement.sql, "    AND num_nonnulls({}) > 0", measures.join(", "));
    let order = keys(request).into_iter().map(|key| format!("{key} COLLATE \"C\""));
    let order: Vec<String> = order.chain(range.step.map(|_| quoted(STEP))).collect();
    if !order.is_empty() {
        let _ = write!(statement.sql, "\n    ORDER BY {}", order.join(", "));
    }
    statement
}

/// Keys, step and `columns` of the rows of these groups; what follows the conditions is left to the caller.
fn stepped(
    name: &str,
    request: &Request,
    range: Range,
    groups: &[Vec<String>],
    columns: Vec<String>,
) -> Statement {
    let mut statement = Statement::default();
    let keys = keys(request);
    let step = format!("{} AS {}", statement.begin(range), quoted(STEP));
    let columns: Vec<String> = keys.iter().cloned().chain([step]).chain(columns).collect();
    let table = table(request);
    let _ = write!(statement.sql, "-- {name}\n    SELECT {}\n    FROM {table}\n", columns.join(", "));
    statement.filtered(request, range);
    statement.among(&keys, groups);
    statement
}

impl Statement {
    pub(crate) fn parameters(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.bound.iter().map(Bound::parameter).collect()
    }

    fn bind(&mut self, value: Bound) -> String {
        self.bound.push(value);
        format!("${}", self.bound.len())
    }

    fn filtered(&mut self, request: &Request, range: Range) {
        let from = self.bind(Bound::Time(range.span.start));
        let to = self.bind(Bound::Time(range.span.end));
        let _ = writeln!(self.sql, "    WHERE window_start >= {from} AND window_start < {to}");
        for filter in &request.filters {
            let values = self.bind(Bound::Texts(filter.values.clone()));
            let test = if filter.without { "<> ALL" } else { "= ANY" };
            let _ = writeln!(self.sql, "    AND {} {test} ({values})", quoted(&filter.dimension));
        }
    }

    /// Where the step of a row begins; the whole range is one without a step.
    fn begin(&mut self, range: Range) -> String {
        match range.step {
            Some(step) => {
                let millis = self.bind(Bound::Whole(step.as_millis()));
                format!("date_bin({millis} * interval '1 millisecond', window_start, timestamptz 'epoch')")
            }
            None => self.bind(Bound::Time(range.span.start)),
        }
    }

    /// Only rows of these groups.
    fn among(&mut self, keys: &[String], groups: &[Vec<String>]) {
        if keys.is_empty() {
            return;
        }
        let lists: Vec<String> = (0..keys.len())
            .map(|part| groups.iter().filter_map(|group| group.get(part).cloned()).collect())
            .map(|list| self.bind(Bound::Texts(list)))
            .collect();
        let (keys, lists) = (keys.join(", "), lists.join(", "));
        let _ = writeln!(self.sql, "    AND ({keys}) IN (SELECT * FROM unnest({lists}))");
    }

    /// Only what comes after the cursor, in an order with nulls last and ties broken by the keys.
    fn after(&mut self, cursor: &Cursor, order: &Order, place: &str, keys: &[String]) {
        let bound = match &cursor.place {
            Place::Unknown => None,
            Place::Whole(number) => Some(Bound::Whole(*number)),
            Place::Real(bits) => Some(Bound::Real(f64::from_bits(*bits))),
            Place::Text(text) => Some(Bound::Text(text.clone())),
        };
        let value = bound.map(|bound| self.bind(bound));
        let values: Vec<String> = cursor.keys.iter().map(|key| self.bind(Bound::Text(key.clone()))).collect();
        let collated: Vec<String> = keys.iter().map(|key| format!("{key} COLLATE \"C\"")).collect();
        let ties = format!("({}) > ({})", collated.join(", "), values.join(", "));
        let beyond = if order.descending { "<" } else { ">" };
        let _ = match value {
            Some(value) => writeln!(
                self.sql,
                "WHERE {place} {beyond} {value} OR {place} IS NULL OR ({place} = {value} AND {ties})"
            ),
            None => writeln!(self.sql, "WHERE {place} IS NULL AND {ties}"),
        };
    }
}

/// The measures that the answer's columns and its order are made of, each once, and how many rows there are.
fn merged(request: &Request) -> Vec<String> {
    let ordered = match &request.order.by {
        By::Column(column) => Some(column),
        By::Dimension(_) => None,
    };
    let mut numbers: Vec<&Number> = Vec::new();
    let counted = request.columns.iter().filter_map(Asked::counted);
    for number in counted.chain(ordered).flat_map(Column::numbers) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let merged = numbers.into_iter().map(|number| {
        let name = quoted(&number.name);
        let function = match number.merge {
            Merge::Sum => "sum",
            Merge::Min => "min",
            Merge::Max => "max",
        };
        format!("{function}({name})::bigint AS {name}")
    });
    merged.chain([format!("count(*) AS {}", quoted(ROWS))]).collect()
}

/// What rows are ordered by, of the merged columns. Units of measures do not matter to an order.
fn place(order: &Order) -> String {
    match &order.by {
        By::Column(Column::Number(number)) => quoted(&number.name),
        By::Column(Column::Ratio { dividend, divisor, .. }) => {
            format!("({}::float8 / nullif({}, 0))", quoted(&dividend.name), quoted(&divisor.name))
        }
        By::Dimension(name) => format!("{} COLLATE \"C\"", quoted(name)),
    }
}

fn keys(request: &Request) -> Vec<String> {
    request.dimensions.iter().map(|dimension| quoted(dimension)).collect()
}

fn table(request: &Request) -> String {
    quoted(&format!("{}_partial", request.rollup))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use common::offset::DataVersion;

    use super::*;
    use crate::query::request::tests::request;

    #[test]
    fn groups_are_made_of_the_definition_and_all_else_is_bound() {
        let statement =
            groups(&request("content_stats", "measures=total_size_gb&order=-download_count&limit=7"));
        assert_eq!(
            statement.sql,
            "-- rollup_groups\n\
             SELECT grouped.*, \"download_count\" AS \"row.place\",\n    \
             (SELECT latest.\"title\" FROM \"content_stats_partial\" latest \
             WHERE latest.window_start = grouped.\"row.named_in.title\" \
             AND latest.\"content_id\" = grouped.\"content_id\" AND latest.\"title\" IS NOT NULL \
             ORDER BY latest.source_partition DESC LIMIT 1) AS \"title\"\n\
             FROM (\n    SELECT \"content_id\", \
             max(window_start) FILTER (WHERE \"title\" IS NOT NULL) AS \"row.named_in.title\", \
             sum(\"total_size_gb\")::bigint AS \"total_size_gb\", \
             sum(\"download_count\")::bigint AS \"download_count\", count(*) AS \"row.count\"\n    \
             FROM \"content_stats_partial\"\n    \
             WHERE window_start >= $1 AND window_start < $2\n    \
             GROUP BY \"content_id\"\n) grouped\n\
             ORDER BY \"download_count\" DESC NULLS LAST, \"content_id\" COLLATE \"C\"\nLIMIT $3"
        );
        assert_eq!(statement.bound[2], Bound::Whole(8));
    }

    #[test]
    fn sketches_come_in_the_order_of_the_rows_they_are_merged_to() {
        let asked = request("device_stats", "group_by=device&step=1h&last=1d&limit=5");
        let statement = sketches(&asked, asked.range, &[vec!["tv".to_owned()]], &["users", "sizes"]);
        assert_eq!(
            statement.sql,
            "-- rollup_sketches\n    \
             SELECT \"device\", date_bin($1 * interval '1 millisecond', window_start, timestamptz 'epoch') \
             AS \"row.step\", \"users\", \"sizes\"\n    FROM \"device_stats_partial\"\n    \
             WHERE window_start >= $2 AND window_start < $3\n    AND (\"device\") IN (SELECT * FROM unnest($4))\n    \
             AND num_nonnulls(\"users\", \"sizes\") > 0\n    ORDER BY \"device\" COLLATE \"C\", \"row.step\""
        );
        let total = request("device_stats", "group_by=");
        let statement = sketches(&total, total.range, &[Vec::new()], &["users"]);
        assert!(statement.sql.ends_with("AND num_nonnulls(\"users\") > 0"), "{}", statement.sql);
    }

    #[test]
    fn what_a_request_says_is_never_in_the_statement() {
        let wicked = "x'; DROP TABLE alerts; --";
        let query = format!("filter.region={wicked}&filter.region=%22&filter.region!=b&step=1h&last=1d");
        let asked = request("region_health", &query);
        let among = [vec![wicked.to_owned()]];
        let of_sketches = sketches(&asked, asked.range, &among, &["users"]);
        for statement in [groups(&asked), steps(&asked, asked.range, &among), of_sketches] {
            assert!(!statement.sql.contains("DROP") && !statement.sql.contains("x'"), "{}", statement.sql);
            assert!(statement.sql.contains("\"region\" = ANY ("), "{}", statement.sql);
            assert!(statement.sql.contains("\"region\" <> ALL ("), "{}", statement.sql);
            let values = Bound::Texts(vec!["\"".to_owned(), wicked.to_owned()]);
            assert!(statement.bound.contains(&values), "{:?}", statement.bound);
            for index in 1..=statement.bound.len() {
                assert!(statement.sql.contains(&format!("${index}")), "${index} is bound and not used");
            }
        }
    }

    #[test]
    fn a_page_begins_after_its_cursor_also_among_equals_and_unknowns() {
        let mut asked = request("region_health", "order=-success_rate");
        let place = "(\"successful_downloads\"::float8 / nullif(\"total_downloads\", 0))";
        let ties = "(\"region\" COLLATE \"C\") >";
        let keys = vec!["eu".to_owned()];
        asked.after = Some(asked.cursor(Place::Real(0.5_f64.to_bits()), keys.clone(), DataVersion(1)));
        let statement = groups(&asked);
        let after = format!("WHERE {place} < $3 OR {place} IS NULL OR ({place} = $3 AND {ties} ($4))\n");
        assert!(statement.sql.contains(&after), "{}", statement.sql);
        asked.after = Some(asked.cursor(Place::Unknown, keys, DataVersion(1)));
        let after = format!("WHERE {place} IS NULL AND {ties} ($3)\n");
        assert!(groups(&asked).sql.contains(&after));
    }
}
