//! Wrong definitions of sketches, each with the key and what was expected; and definitions without any.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use schema::StreamDefinition;

mod support;
use support::load;

const SCHEMA: &str = r#"{"type": "record", "name": "E", "fields": [
    {"name": "time", "type": "long"},
    {"name": "text", "type": "string"},
    {"name": "size", "type": ["null", "double"]},
    {"name": "good", "type": "boolean"},
    {"name": "list", "type": {"type": "array", "items": "long"}}]}"#;

/// A stream with one rollup of these measures and what else is given.
fn refused(measures: &str, rest: &str) -> String {
    let toml = format!(
        r#"
name = "stream"
topic = "topic"
schema = "event.avsc"
event_time = {{ path = "time", unit = "ms" }}
window = {{ size = "1m", grace = "30s", max_future = "60s", idle_timeout = "10s" }}
[[rollup]]
name = "table"
dimensions = [{{ name = "dim", path = "text" }}]
measures = [{measures}]
{rest}
"#
    );
    match load(&toml, SCHEMA) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            assert!(error.file.ends_with("/stream.toml"), "{error}");
            format!("{}: {}", error.key, error.problem)
        }
    }
}

const TOTAL: &str = r#"{ name = "total", count = true }"#;

#[test]
fn each_wrong_sketch_says_what_is_wrong() {
    for (measure, expected) in [
        (r#"{ name = "x", distinct = "text" }"#, "accepted"),
        (
            r#"{ name = "x", quantiles = "size", resolution = 1e-3, when = { path = "good", equals = true } }"#,
            "accepted",
        ),
        (
            r#"{ name = "x", distinct = "text", quantiles = "size" }"#,
            "rollup.table.measures.x: expected exactly one of count = true, sum, min, max, quantiles, distinct",
        ),
        (
            r#"{ name = "x", distinct = "text", resolution = 1e-3 }"#,
            "rollup.table.measures.x: resolution: expected beside sum, min, max or quantiles only",
        ),
        (
            r#"{ name = "x", quantiles = "size", resolution = 0.3 }"#,
            "rollup.table.measures.x: resolution: expected 1 divided by a whole number up to 1e12, found 0.3",
        ),
        (
            r#"{ name = "x", quantiles = "text" }"#,
            "rollup.table.measures.x: field 'text' is a string, expected an int, long, float or double",
        ),
        (
            r#"{ name = "x", distinct = "size" }"#,
            "rollup.table.measures.x: field 'size' is a union of null, a double, expected a string, enum, int, long, \
             boolean, bytes or fixed",
        ),
        (
            r#"{ name = "x", distinct = "list" }"#,
            "rollup.table.measures.x: field 'list' is an array, expected a string, enum, int, long, boolean, bytes or fixed",
        ),
        (
            r#"{ name = "x", quantiles = "sise" }"#,
            "rollup.table.measures.x: field path 'sise' is not in the schema; at 'the top' there are: time, text, size, \
             good, list",
        ),
        (
            r#"{ name = "x", distinct = "text", when = { path = "text", gte = 5 } }"#,
            "rollup.table.measures.x.when: field 'text' is a string, expected an int, long, float or double",
        ),
        (
            r#"{ name = "X", distinct = "text" }"#,
            "rollup.table.measures.X: expected a name of small letters, digits and '_', at most 40, found 'X'",
        ),
        (
            r#"{ name = "total", distinct = "text" }"#,
            "rollup.table.measures.total: this column name is reserved or used twice",
        ),
        (
            r#"{ name = "x", quantiles = "size" }, { name = "x_p99", count = true }"#,
            "rollup.table.measures.x: one of its quantiles is asked for as 'x_p99', which another column is named",
        ),
    ] {
        assert_eq!(refused(&format!("{TOTAL}, {measure}"), ""), expected, "{measure}");
    }
}

#[test]
fn quantiles_must_not_be_called_what_another_column_is() {
    for column in [
        "labels = [{ name = \"x_p50\", path = \"text\" }]",
        "derived = [{ name = \"x_p50\", ratio = [\"total\", \"total\"] }]",
    ] {
        let found = refused(&format!("{TOTAL}, {{ name = \"x\", quantiles = \"size\" }}"), column);
        let expected = "rollup.table.measures.x: one of its quantiles is asked for as 'x_p50', which another column is named";
        assert_eq!(found, expected, "{column}");
    }
}

#[test]
fn a_rollup_of_sketches_alone_is_refused() {
    let expected =
        "rollup.table.measures: expected at least one count, sum, min or max beside quantiles and distinct";
    assert_eq!(refused(r#"{ name = "x", distinct = "text" }"#, ""), expected);
}

#[test]
fn ratios_and_alerts_of_sketches_are_refused() {
    let measures =
        format!(r#"{TOTAL}, {{ name = "x", distinct = "text" }}, {{ name = "y", quantiles = "size" }}"#);
    for (name, reason) in [
        ("x", ", which is a sketch and no number"),
        ("y", ", which is a sketch and no number"),
        ("y_p50", ""),
    ] {
        let problem = format!("expected one of total, found '{name}'{reason}");
        let ratio = format!(r#"derived = [{{ name = "rate", ratio = ["total", "{name}"] }}]"#);
        assert_eq!(refused(&measures, &ratio), format!("rollup.table.derived.rate: {problem}"));
        for (good, total, key) in [(name, "total", "good"), ("total", name, "total")] {
            let alert = format!(
                r#"[[alert]]
type = "RULE"
rollup = "table"
good = "{good}"
total = "{total}"
warning_below = 0.9
critical_below = 0.8
min_samples = 5"#
            );
            assert_eq!(refused(&measures, &alert), format!("alert.RULE.{key}: {problem}"));
        }
    }
}

/// Definitions without sketches keep the tables they have.
#[test]
fn fingerprints_without_sketches_are_what_they_were_before_there_were_any() {
    let shipped = StreamDefinition::shipped().unwrap();
    let fingerprints: Vec<_> = shipped[..2].iter().map(|known| (&*known.name, known.fingerprint())).collect();
    assert_eq!(
        fingerprints,
        [
            ("content-downloads", "810b527d212751489ea1ff287ec9eef1".to_owned()),
            ("content-downloads-legacy", "dac350cbe8128a3a27c431143fd76462".to_owned()),
        ]
    );
}
