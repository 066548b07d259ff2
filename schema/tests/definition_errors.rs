//! Wrong definitions, each with the file, the key and what was expected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use schema::StreamDefinition;

mod support;
use support::load;

const SCHEMA: &str = r#"{"type": "record", "name": "E", "fields": [
    {"name": "time", "type": "long"},
    {"name": "text", "type": "string"},
    {"name": "code", "type": ["null", "int"]},
    {"name": "size", "type": "double"},
    {"name": "good", "type": "boolean"},
    {"name": "raw", "type": "bytes"},
    {"name": "list", "type": {"type": "array", "items": "long"}},
    {"name": "part", "type": {"type": "record", "name": "P", "fields": [
        {"name": "inner", "type": "string"}]}},
    {"name": "either", "type": ["string", "long"]}]}"#;

const GOOD: &str = r#"
name = "stream"
topic = "topic"
schema = "event.avsc"
format = "auto"

[event_time]
path = "time"
unit = "ms"

[window]
size = "1m"
grace = "30s"
max_future = "60s"
idle_timeout = "10s"

[[rollup]]
name = "table"
dimensions = [{ name = "dim", path = "text" }]
labels = [{ name = "label", path = "part.inner" }]
measures = [
  { name = "total", count = true },
  { name = "good", count = true, when = { path = "good", equals = true } },
  { name = "size", sum = "size", resolution = 1e-3 },
]
derived = [{ name = "rate", ratio = ["good", "total"] }]

[[alert]]
type = "RULE"
rollup = "table"
good = "good"
total = "total"
warning_below = 0.9
critical_below = 0.8
min_samples = 5
"#;

/// What is replaced in the good definition, by what, and the message after the file's name.
const WRONG: &[(&str, &str, &str)] = &[
    // The file's form.
    (
        "topic = \"topic\"",
        "topics = \"topic\"",
        "line 3: unknown field `topics`, expected one of `name`, `topic`, `group`, `schema`, `schemas`, `format`, `event_time`, \
         `window`, `rollup`, `alert`, `sample`",
    ),
    ("topic = \"topic\"", "", "line 1: missing field `topic`"),
    ("name = \"stream\"", "name = 5", "line 2, name: invalid type: integer `5`, expected a string"),
    ("name = \"stream\"", "name = ", "line 2, name: string values must be quoted, expected literal string"),
    ("topic = \"topic\"", "topic = \"a\"\ntopic = \"b\"", "line 4: duplicate key"),
    (
        "format = \"auto\"",
        "format = \"json\"",
        "line 5, format: unknown variant `json`, expected one of `raw`, `confluent`, `single-object`, `auto`",
    ),
    ("unit = \"ms\"", "unit = \"ns\"", "line 9, unit: unknown variant `ns`, expected one of `s`, `ms`, `us`"),
    (
        "grace = \"30s\"",
        "grace = \"-1s\"",
        "line 13, grace: expected a duration such as 250ms, 30s, 1m, 1h or 1d, found '-1s'",
    ),
    ("grace = \"30s\"", "grace = 30", "line 13, grace: invalid type: integer `30`, expected a string"),
    ("equals = true", "equals = 1.5", "line 23, equals: expected a boolean, a whole number or a text"),
    (
        "equals = true",
        "equal = true",
        "line 23: unknown field `equal`, expected one of `path`, `equals`, `not_equals`, `in`, `not_in`, `lt`, `gte`, `is_null`",
    ),
    (
        "count = true }",
        "average = \"size\" }",
        "line 22: unknown field `average`, expected one of `name`, `count`, `sum`, `min`, `max`, `quantiles`, `distinct`, `resolution`, `when`",
    ),
    ("\"good\", \"total\"]", "\"good\"]", "line 26, ratio: invalid length 1, expected an array of length 2"),
    // The schema.
    (
        "event.avsc",
        "missing.avsc",
        "schema: cannot read {directory}/missing.avsc: No such file or directory (os error 2)",
    ),
    (
        "event.avsc",
        "stream.toml",
        "schema: the Avro schema cannot be read: Failed to parse schema from JSON: expected ident at line 2 column 2",
    ),
    // Names.
    ("name = \"stream\"", "name = \"a b\"", "name: expected letters, digits, '-', '_' and '.', found 'a b'"),
    (
        "name = \"stream\"",
        "name = \"a\\nb\"",
        "name: expected letters, digits, '-', '_' and '.', found 'a\nb'",
    ),
    ("topic = \"topic\"", "topic = \"\"", "topic: expected letters, digits, '-', '_' and '.', found ''"),
    (
        "topic = \"topic\"",
        "topic = \"t/x\"",
        "topic: expected letters, digits, '-', '_' and '.', found 't/x'",
    ),
    (
        "topic = \"topic\"",
        "topic = \"topic\"\ngroup = \"\"",
        "group: expected letters, digits, '-', '_' and '.', found ''",
    ),
    (
        "\"dim\"",
        "\"Dim\"",
        "rollup.table.dimensions.Dim: expected a name of small letters, digits and '_', at most 40, found 'Dim'",
    ),
    (
        "name = \"dim\"",
        "name = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        "rollup.table.dimensions.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: expected a name of \
         small letters, digits and '_', at most 40, found \
         'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    ("\"dim\"", "\"total\"", "rollup.table.measures.total: this column name is reserved or used twice"),
    ("\"label\"", "\"dim\"", "rollup.table.labels.dim: this column name is reserved or used twice"),
    ("\"rate\"", "\"size\"", "rollup.table.derived.size: this column name is reserved or used twice"),
    (
        "\"dim\"",
        "\"window_start\"",
        "rollup.table.dimensions.window_start: this column name is reserved or used twice",
    ),
    (
        "\"rate\"",
        "\"window_end\"",
        "rollup.table.derived.window_end: this column name is reserved or used twice",
    ),
    (
        "\"label\"",
        "\"source_partition\"",
        "rollup.table.labels.source_partition: this column name is reserved or used twice",
    ),
    ("\"dim\"", "\"ctid\"", "rollup.table.dimensions.ctid: this column name is reserved or used twice"),
    ("\"dim\"", "\"xmin\"", "rollup.table.dimensions.xmin: this column name is reserved or used twice"),
    (
        "name = \"table\"",
        "name = \"alerts\"",
        "rollup.alerts: expected a name that no table of the product has, without 'pg_' or 'v_' in front and '_partial' in it",
    ),
    (
        "name = \"table\"",
        "name = \"pg_class\"",
        "rollup.pg_class: expected a name that no table of the product has, without 'pg_' or 'v_' in front and '_partial' in it",
    ),
    (
        "name = \"table\"",
        "name = \"other_partial\"",
        "rollup.other_partial: expected a name that no table of the product has, without 'pg_' or 'v_' in front and '_partial' in it",
    ),
    (
        "[[alert]]",
        "[[rollup]]\nname = \"table\"\ndimensions = [{ name = \"d\", path = \"text\" }]\nmeasures = [{ name = \"n\", count = true }]\n[[alert]]",
        "rollup.table: this name is used twice",
    ),
    // Samples.
    (
        "[[rollup]]",
        "[sample]\nevery = \"99ms\"\nkeep = 1\n[[rollup]]",
        "sample.every: expected 100ms or more, found 99ms",
    ),
    (
        "[[rollup]]",
        "[sample]\nevery = \"1s\"\nkeep = 0\n[[rollup]]",
        "sample.keep: expected 1 to 100000, found 0",
    ),
    // Windows and rollups.
    ("size = \"1m\"", "size = \"7m\"", "window.size: expected a length that divides a day, found 7m"),
    ("size = \"1m\"", "size = \"0s\"", "window.size: expected a length that divides a day, found 0ms"),
    ("size = \"1m\"", "size = \"2d\"", "window.size: expected a length that divides a day, found 2d"),
    ("[{ name = \"dim\", path = \"text\" }]", "[]", "rollup.table.dimensions: expected 1 to 8, found 0"),
    // Paths and types.
    (
        "path = \"time\"",
        "path = \"tiem\"",
        "event_time.path: field path 'tiem' is not in the schema; at 'the top' there are: time, text, code, size, good, raw, list, part, either",
    ),
    (
        "path = \"time\"",
        "path = \"\"",
        "event_time.path: field path '' is not in the schema; at 'the top' there are: time, text, code, size, good, raw, list, part, either",
    ),
    (
        "path = \"time\"",
        "path = \"size\"",
        "event_time.path: field 'size' is a double, expected an int or long",
    ),
    (
        "path = \"time\"",
        "path = \"either\"",
        "event_time.path: field 'either' is a union of a string, a long, expected an int or long",
    ),
    (
        "part.inner",
        "part.outer",
        "rollup.table.labels.label: field path 'part.outer' is not in the schema; at 'part' there are: inner",
    ),
    (
        "part.inner",
        "text.inner",
        "rollup.table.labels.label: field path 'text.inner' is not in the schema; at 'text' there are: no fields, it is not a record",
    ),
    ("part.inner", "part", "rollup.table.labels.label: field 'part' is a record, expected a string or enum"),
    (
        "part.inner",
        "code",
        "rollup.table.labels.label: field 'code' is a union of null, an int, expected a string or enum",
    ),
    (
        "path = \"text\"",
        "path = \"size\"",
        "rollup.table.dimensions.dim: field 'size' is a double, expected a string, enum, int, long or boolean",
    ),
    (
        "path = \"text\"",
        "path = \"list\"",
        "rollup.table.dimensions.dim: field 'list' is an array, expected a string, enum, int, long or boolean",
    ),
    (
        "sum = \"size\"",
        "sum = \"text\"",
        "rollup.table.measures.size: field 'text' is a string, expected an int, long, float or double",
    ),
    (
        "sum = \"size\"",
        "sum = \"raw\"",
        "rollup.table.measures.size: field 'raw' is bytes, expected an int, long, float or double",
    ),
    (
        "path = \"good\", equals = true",
        "path = \"text\", equals = true",
        "rollup.table.measures.good.when: field 'text' is a string, expected a boolean",
    ),
    (
        "path = \"good\", equals = true",
        "path = \"text\", gte = 5",
        "rollup.table.measures.good.when: field 'text' is a string, expected an int, long, float or double",
    ),
    (
        "path = \"good\", equals = true",
        "path = \"part\", is_null = true",
        "rollup.table.measures.good.when: field 'part' is a record, expected a scalar",
    ),
    // Measures, conditions, dimensions.
    (
        "count = true }",
        "count = false }",
        "rollup.table.measures.total: expected exactly one of count = true, sum, min, max, quantiles, distinct",
    ),
    (
        "sum = \"size\"",
        "sum = \"size\", max = \"size\"",
        "rollup.table.measures.size: expected exactly one of count = true, sum, min, max, quantiles, distinct",
    ),
    (
        "count = true }",
        "count = true, resolution = 0.1 }",
        "rollup.table.measures.total: resolution: expected beside sum, min, max or quantiles only",
    ),
    (
        "resolution = 1e-3",
        "resolution = 0.3",
        "rollup.table.measures.size: resolution: expected 1 divided by a whole number up to 1e12, found 0.3",
    ),
    (
        "resolution = 1e-3",
        "resolution = 0.0",
        "rollup.table.measures.size: resolution: expected 1 divided by a whole number up to 1e12, found 0",
    ),
    (
        "resolution = 1e-3",
        "resolution = -1.0",
        "rollup.table.measures.size: resolution: expected 1 divided by a whole number up to 1e12, found -1",
    ),
    (
        "resolution = 1e-3",
        "resolution = nan",
        "rollup.table.measures.size: resolution: expected 1 divided by a whole number up to 1e12, found NaN",
    ),
    (
        "equals = true",
        "equals = true, is_null = false",
        "rollup.table.measures.good: when: expected exactly one of equals, not_equals, in, not_in, lt, gte, is_null",
    ),
    (
        ", equals = true",
        "",
        "rollup.table.measures.good: when: expected exactly one of equals, not_equals, in, not_in, lt, gte, is_null",
    ),
    (
        "path = \"good\", equals = true",
        "path = \"size\", lt = nan",
        "rollup.table.measures.good: when: expected a finite number after lt or gte",
    ),
    (
        "equals = true",
        "in = []",
        "rollup.table.measures.good.when: expected at least one value to compare with",
    ),
    (
        "path = \"good\", equals = true",
        "path = \"text\", in = [\"a\", 5]",
        "rollup.table.measures.good.when: expected values of one type to compare with",
    ),
    (
        "\"good\", \"total\"]",
        "\"good\", \"totals\"]",
        "rollup.table.derived.rate: expected one of total, good, size, found 'totals'",
    ),
    (
        "path = \"text\" }",
        "path = \"text\", other = \"a\\u0000\" }",
        "rollup.table.dimensions.dim.other: expected a text without NUL of at most 1024 bytes",
    ),
    (
        "path = \"text\" }",
        "path = \"text\", buckets = [{ below = 1, name = \"a\" }] }",
        "rollup.table.dimensions.dim: field 'text' is a string, expected an int or long",
    ),
    (
        "path = \"text\" }",
        "path = \"code\", buckets = [{ below = 1, name = \"a\" }, { below = 1, name = \"b\" }] }",
        "rollup.table.dimensions.dim.buckets: expected each below to be greater than the one before",
    ),
    (
        "path = \"text\" }",
        "path = \"code\", allowed = [\"1\"], buckets = [{ below = 1, name = \"a\" }] }",
        "rollup.table.dimensions.dim: expected allowed or buckets, not both",
    ),
    // Alerts.
    ("rollup = \"table\"", "rollup = \"tables\"", "alert.RULE.rollup: expected one of table, found 'tables'"),
    (
        "good = \"good\"",
        "good = \"goods\"",
        "alert.RULE.good: expected one of total, good, size, found 'goods'",
    ),
    (
        "total = \"total\"",
        "total = \"rate\"",
        "alert.RULE.total: expected one of total, good, size, found 'rate'",
    ),
    (
        "warning_below = 0.9",
        "warning_below = 0.7",
        "alert.RULE: expected 0 <= critical_below <= warning_below <= 1",
    ),
    (
        "critical_below = 0.8",
        "critical_below = nan",
        "alert.RULE: expected 0 <= critical_below <= warning_below <= 1",
    ),
    ("min_samples = 5", "min_samples = 0", "alert.RULE.min_samples: expected at least 1, found 0"),
    (
        "\"RULE\"",
        "\"a rule\"",
        "alert.a rule: type: expected letters, digits, '-', '_' and '.', found 'a rule'",
    ),
];

#[test]
fn the_definition_they_are_made_from_is_right() {
    load(GOOD, SCHEMA).unwrap();
}

#[test]
fn each_wrong_definition_says_what_is_wrong() {
    let mut wrong = Vec::new();
    for (from, to, expected) in WRONG {
        assert!(GOOD.contains(from), "{from}");
        let found = match load(&GOOD.replacen(from, to, 1), SCHEMA) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => {
                let directory = Path::new(&error.file).parent().unwrap().display().to_string();
                assert!(error.file.ends_with("/stream.toml"), "{error}");
                assert_eq!(error.to_string(), format!("{}: {}: {}", error.file, error.key, error.problem));
                format!("{}: {}", error.key, error.problem).replace(&directory, "{directory}")
            }
        };
        if found != *expected {
            wrong.push(format!("{from} -> {to}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn two_alerts_of_one_type_are_refused() {
    let alert = &GOOD[GOOD.find("[[alert]]").unwrap()..];
    let error = load(&format!("{GOOD}{alert}"), SCHEMA).unwrap_err();
    assert_eq!(error.key, "alert.RULE");
    assert_eq!(error.problem, "type: expected a name of its own, this one is used twice");
}

#[test]
fn more_than_64_conditions_are_refused() {
    let measure = |number: usize| {
        format!(
            "{{ name = \"c{number}\", count = true, when = {{ path = \"text\", equals = \"{number}\" }} }},\n"
        )
    };
    let with = |count: usize| {
        let measures: String = (0..count).map(measure).collect();
        load(&GOOD.replace("measures = [\n", &format!("measures = [\n{measures}")), SCHEMA)
    };
    with(63).unwrap();
    let error = with(64).unwrap_err();
    assert_eq!(error.key, "rollup.table.measures.good.when");
    assert_eq!(error.problem, "too many different conditions, at most 64");
}

#[test]
fn a_definition_that_is_not_there() {
    let error = StreamDefinition::load(Path::new("/nowhere/stream.toml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/nowhere/stream.toml: file: cannot read /nowhere/stream.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn a_schema_that_is_no_record() {
    for schema in ["\"string\"", r#"["null", "string"]"#, r#"{"type": "array", "items": "long"}"#] {
        let error = load(GOOD, schema).unwrap_err();
        assert_eq!((&*error.key, &*error.problem), ("schema", "expected a record at the top of the schema"));
    }
    for schema in [
        "",
        "{",
        r#"{"type": "record"}"#,
        r#"{"type": "record", "name": "E", "fields": [{"name": "x", "type": "Nope"}]}"#,
    ] {
        assert_eq!(load(GOOD, schema).unwrap_err().key, "schema");
    }
}

#[test]
fn replacing_the_schema_checks_it_and_changes_nothing_if_it_does_not_fit() {
    let mut definition = load(GOOD, SCHEMA).unwrap();
    let before = definition.fingerprint();
    definition.replace_schema("\"string\"".to_owned()).unwrap_err();
    assert_eq!((definition.fingerprint(), &*definition.schema), (before.clone(), SCHEMA));
    definition.replace_schema(SCHEMA.replace("\"int\"", "\"long\"")).unwrap();
    assert_ne!(definition.fingerprint(), before);
}

#[test]
fn the_fingerprint_is_of_what_is_counted() {
    let same =
        |toml: &str| load(toml, SCHEMA).unwrap().fingerprint() == load(GOOD, SCHEMA).unwrap().fingerprint();
    assert!(same(&format!("# a comment\n{GOOD}")));
    assert!(same(&GOOD.replace("min_samples = 5", "min_samples = 6")));
    assert!(same(&GOOD.replace("1e-3", "0.001")));
    for (from, to) in [
        ("size = \"1m\"", "size = \"2m\""),
        ("unit = \"ms\"", "unit = \"s\""),
        ("path = \"text\"", "path = \"part.inner\""),
        ("equals = true", "equals = false"),
        ("1e-3", "1e-4"),
        ("\"rate\"", "\"share\""),
    ] {
        assert!(!same(&GOOD.replace(from, to)), "{from} -> {to}");
    }
}
