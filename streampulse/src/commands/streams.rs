use std::path::PathBuf;

use schema::StreamDefinition;

pub(super) fn check(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        let definition = StreamDefinition::load(file)?;
        println!("{}", schema::tables::create_sql(&definition));
    }
    Ok(())
}

pub(super) fn list() -> anyhow::Result<()> {
    for definition in StreamDefinition::shipped()? {
        let rollups: Vec<&str> = definition.rollups.iter().map(|rollup| rollup.name.as_str()).collect();
        println!("{}\ttopic {}\ttables {}", definition.name, definition.topic, rollups.join(", "));
    }
    Ok(())
}
