//! What stands before the datum on the wire.

use std::collections::HashMap;

use apache_avro::{Schema, rabin::Rabin};
use serde::{Deserialize, Serialize};

use crate::{Reject, RejectCode};

/// How records of a topic are framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireFormat {
    /// The bare Avro datum.
    Raw,
    /// 0x00, the schema's id in a registry as 4 bytes big-endian, the datum.
    Confluent,
    /// 0xC3 0x01, the schema's Rabin fingerprint as 8 bytes little-endian, the datum.
    SingleObject,
    /// A frame where its schema is known, else the bare datum.
    #[default]
    Auto,
}

/// Which schema a record was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaKey {
    /// The definition's own.
    Default,
    Id(u32),
    Fingerprint([u8; 8]),
}

/// The source of schemas cannot be reached. Says nothing of the record: it must be read again, not buried.
#[derive(Debug, thiserror::Error)]
#[error("schema source: {0}")]
pub struct SourceError(pub String);

/// Where writer schemas come from: files today, a registry behind the same two questions.
pub trait SchemaSource: std::fmt::Debug + Send {
    /// The schema as JSON; `Ok(None)` when there is none with this id.
    ///
    /// # Errors
    /// When it cannot be told now.
    fn by_id(&self, id: u32) -> Result<Option<String>, SourceError>;

    /// The same by Rabin fingerprint, bytes as on the wire.
    ///
    /// # Errors
    /// When it cannot be told now.
    fn by_fingerprint(&self, fingerprint: [u8; 8]) -> Result<Option<String>, SourceError>;
}

/// Schemas given beforehand.
#[derive(Debug, Default)]
pub struct FileSchemas {
    ids: HashMap<u32, String>,
    fingerprints: HashMap<[u8; 8], String>,
}

impl FileSchemas {
    /// Knows `schema` by its fingerprint. Text that is no schema is left out.
    #[must_use]
    pub fn with(mut self, schema: &str) -> Self {
        if let Ok(parsed) = Schema::parse_str(schema)
            && let Ok(fingerprint) = <[u8; 8]>::try_from(parsed.fingerprint::<Rabin>().bytes)
        {
            self.fingerprints.insert(fingerprint, schema.to_owned());
        }
        self
    }

    /// Knows `schema` by `id` as well.
    #[must_use]
    pub fn with_id(mut self, id: u32, schema: &str) -> Self {
        self.ids.insert(id, schema.to_owned());
        self.with(schema)
    }
}

impl SchemaSource for FileSchemas {
    fn by_id(&self, id: u32) -> Result<Option<String>, SourceError> {
        Ok(self.ids.get(&id).cloned())
    }

    fn by_fingerprint(&self, fingerprint: [u8; 8]) -> Result<Option<String>, SourceError> {
        Ok(self.fingerprints.get(&fingerprint).cloned())
    }
}

/// The frame's schema and the datum behind it, by the look of the bytes alone.
pub(crate) fn split(format: WireFormat, payload: &[u8]) -> Result<(SchemaKey, &[u8]), Reject> {
    let confluent = || match payload {
        [0, a, b, c, d, datum @ ..] => Some((SchemaKey::Id(u32::from_be_bytes([*a, *b, *c, *d])), datum)),
        _ => None,
    };
    let single_object = || match payload {
        [0xc3, 0x01, rest @ ..] => {
            let (fingerprint, datum) = rest.split_first_chunk::<8>()?;
            Some((SchemaKey::Fingerprint(*fingerprint), datum))
        }
        _ => None,
    };
    let bad = |expected: &str| {
        Reject::new(
            RejectCode::BadFraming,
            format!("expected {expected} before the datum, found other bytes"),
        )
    };
    match format {
        WireFormat::Raw => Ok((SchemaKey::Default, payload)),
        WireFormat::Confluent => confluent().ok_or_else(|| bad("0x00 and a schema id")),
        WireFormat::SingleObject => single_object().ok_or_else(|| bad("0xC3 0x01 and a schema fingerprint")),
        WireFormat::Auto => Ok(single_object().or_else(confluent).unwrap_or((SchemaKey::Default, payload))),
    }
}
