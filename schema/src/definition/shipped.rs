use super::{DefinitionError, StreamDefinition, file};

const STREAMS: [(&str, &str, &str); 3] = [
    (
        "content-downloads.toml",
        include_str!("../../streams/content-downloads.toml"),
        include_str!("../../events/content-download.avsc"),
    ),
    (
        "content-downloads-legacy.toml",
        include_str!("../../streams/content-downloads-legacy.toml"),
        include_str!("../../events/content-download-legacy.avsc"),
    ),
    (
        "web-requests.toml",
        include_str!("../../streams/web-requests.toml"),
        include_str!("../../events/web-request.avsc"),
    ),
];

pub(super) fn all() -> Result<Vec<StreamDefinition>, DefinitionError> {
    STREAMS.iter().map(|(file, text, schema)| file::parse(file, text, |_| Ok((*schema).to_owned()))).collect()
}
