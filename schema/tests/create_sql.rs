//! The SQL of the shipped definitions as committed, and names that try to be more than names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use schema::{StreamDefinition, tables::create_sql};

mod support;

#[test]
fn sql_of_shipped_definitions_is_as_committed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for definition in StreamDefinition::shipped().unwrap() {
        let path = directory.join(format!("{}.sql", definition.name));
        let sql = create_sql(&definition);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &sql).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == sql,
            "the SQL of {} is not {}.\nIf the change is meant: UPDATE_SNAPSHOTS=1 cargo test -p schema --test \
             create_sql, and a migration for tables that exist.\nNow it is:\n{sql}",
            definition.name,
            path.display()
        );
    }
}

/// Every piece of SQL outside quotes and comments, to see that nothing of a name is among it.
fn outside_quotes(sql: &str) -> String {
    let mut outside = String::new();
    let mut quoted = false;
    for line in sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code)) {
        for c in line.chars() {
            if c == '"' {
                quoted = !quoted;
            } else if !quoted {
                outside.push(c);
            }
        }
        outside.push('\n');
    }
    assert!(!quoted, "an open quote in:\n{sql}");
    outside
}

/// Checked definitions hold no such names; a definition changed afterwards still cannot write SQL.
#[test]
fn names_cannot_leave_their_quotes() {
    const HOSTILE: &str = "x\"; DROP TABLE alerts; -- ";
    let mut definition = StreamDefinition::shipped().unwrap().remove(0);
    let safe = outside_quotes(&create_sql(&definition));
    definition.name = format!("x\n; {HOSTILE}");
    for rollup in &mut definition.rollups {
        rollup.name.push_str("\"; DROP TABLE alerts; ");
        let measures = rollup.measures.iter_mut().map(|measure| &mut measure.name);
        let ratios = rollup.derived.iter_mut().flat_map(|derived| &mut derived.ratio);
        let names = rollup
            .dimensions
            .iter_mut()
            .map(|dimension| &mut dimension.name)
            .chain(rollup.labels.iter_mut().map(|label| &mut label.name))
            .chain(measures.chain(ratios));
        for name in names {
            name.push_str("\"; DROP TABLE alerts; ");
        }
        for derived in &mut rollup.derived {
            derived.name.push_str("\"; DROP TABLE alerts; ");
        }
    }
    let sql = create_sql(&definition);
    assert!(sql.contains("DROP TABLE"), "the names are in it");
    assert_eq!(outside_quotes(&sql), safe, "{sql}");
}

#[test]
fn hostile_names_are_refused_before_any_sql() {
    for name in
        ["x\\\"; DROP TABLE alerts; --", "a b", "A", "ü", "1a", "a-b", "", "a;b", "a'b", "a.b", "a\\n"]
    {
        for place in ["rollup", "dimension", "label", "measure", "derived"] {
            let at = |wanted: &'static str| if place == wanted { name } else { wanted };
            let toml = format!(
                r#"
name = "s"
topic = "t"
schema = "event.avsc"
event_time = {{ path = "time", unit = "ms" }}
window = {{ size = "1m", grace = "30s", max_future = "60s", idle_timeout = "10s" }}
[[rollup]]
name = "{}"
dimensions = [{{ name = "{}", path = "text" }}]
labels = [{{ name = "{}", path = "text" }}]
measures = [{{ name = "{}", count = true }}]
derived = [{{ name = "{}", ratio = ["{}", "{}"] }}]
"#,
                at("rollup"),
                at("dimension"),
                at("label"),
                at("measure"),
                at("derived"),
                at("measure"),
                at("measure"),
            );
            let schema = r#"{"type": "record", "name": "E", "fields": [
                {"name": "time", "type": "long"}, {"name": "text", "type": "string"}]}"#;
            let error = support::load(&toml, schema).expect_err(name);
            assert!(error.problem.contains("expected a name of small letters"), "{name}: {error}");
        }
    }
}

/// What stands in the migrations cannot be the name of a rollup.
#[test]
fn every_table_of_the_product_is_taken() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql/migrations");
    let shipped = include_str!("../streams/web-requests.toml");
    let schema = include_str!("../events/web-request.avsc");
    let mut seen = 0;
    for file in std::fs::read_dir(migrations).unwrap() {
        let sql = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in sql.lines() {
            let Some(rest) = line.strip_prefix("CREATE TABLE ").or(line.strip_prefix("CREATE VIEW ")) else {
                continue;
            };
            let name = rest.split([' ', '(']).next().unwrap();
            let toml = shipped
                .replace("../events/web-request.avsc", "event.avsc")
                .replace("\"web_path_stats\"", &format!("\"{name}\""));
            let error = support::load(&toml, schema).expect_err(name);
            assert!(error.to_string().contains("no table of the product has"), "{name}: {error}");
            seen += 1;
        }
    }
    assert!(seen > 5, "found {seen} tables in the migrations");
}
