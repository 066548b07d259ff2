use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use schema::StreamDefinition;

/// Which streams.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Streams")]
pub struct StreamArgs {
    /// A stream: the name of one that comes with the program, or a definition file; may be given more than once.
    #[arg(
        long = "stream",
        env = "STREAMS",
        value_delimiter = ',',
        default_value = "content-downloads",
        value_name = "NAME|FILE"
    )]
    pub streams: Vec<String>,
    /// Read this topic instead of the one in the definition (one stream only).
    #[arg(long, env = "KAFKA_TOPIC", value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Use this Avro schema instead of the one in the definition (one stream only).
    #[arg(long, env = "SCHEMA_PATH", value_name = "FILE")]
    pub schema_path: Option<std::path::PathBuf>,
}

impl StreamArgs {
    /// # Errors
    /// When a definition is refused, or an override does not say which stream it is for.
    pub fn definitions(&self) -> anyhow::Result<Vec<Arc<StreamDefinition>>> {
        let mut definitions =
            self.streams.iter().map(|name| load(name)).collect::<anyhow::Result<Vec<_>>>()?;
        if (self.topic.is_some() || self.schema_path.is_some()) && definitions.len() != 1 {
            bail!("KAFKA_TOPIC and SCHEMA_PATH are for one stream; {} were given", definitions.len());
        }
        if let Some(topic) = &self.topic {
            definitions[0].topic.clone_from(topic);
        }
        if let Some(path) = &self.schema_path {
            let schema = std::fs::read_to_string(path)
                .with_context(|| format!("SCHEMA_PATH: cannot read {}", path.display()))?;
            definitions[0].replace_schema(schema)?;
        }
        Ok(definitions.into_iter().map(Arc::new).collect())
    }
}

fn load(name: &str) -> anyhow::Result<StreamDefinition> {
    if Path::new(name).extension().is_some() || name.contains('/') {
        return Ok(StreamDefinition::load(Path::new(name))?);
    }
    let shipped = StreamDefinition::shipped()?;
    let names: Vec<String> = shipped.iter().map(|stream| stream.name.clone()).collect();
    shipped.into_iter().find(|stream| stream.name == name).with_context(|| {
        format!(
            "STREAMS: no stream '{name}' comes with the program; there are {}; or give a definition file",
            names.join(", ")
        )
    })
}
