//! Which schema a record is read with, by what stands before the datum.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use apache_avro::{GenericSingleObjectWriter, Schema, rabin::Rabin};
use schema::{
    DecodeError, Decoder, Event, FileSchemas, RejectCode, SchemaSource, SourceError, StreamDefinition,
};

mod support;
use support::{decode, decoder, download, shipped, taken, write};

const SCHEMA: &str = include_str!("../events/content-download.avsc");

/// The same event with a field more, and the fields in another order.
fn newer() -> String {
    let mut json: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let fields = json["fields"].as_array_mut().unwrap();
    fields.reverse();
    fields.insert(0, serde_json::json!({"name": "trace", "type": ["null", "bytes"], "default": null}));
    json.to_string()
}

fn with_format(format: &str) -> Arc<StreamDefinition> {
    let toml = include_str!("../streams/content-downloads.toml")
        .replace("../events/content-download.avsc", "event.avsc")
        .replace("format = \"auto\"", &format!("format = \"{format}\""));
    Arc::new(support::load(&toml, SCHEMA).unwrap())
}

fn datum() -> Vec<u8> {
    write(&Schema::parse_str(SCHEMA).unwrap(), download(1))
}

fn newer_datum() -> Vec<u8> {
    let apache_avro::types::Value::Record(mut fields) = download(1) else { panic!() };
    let none = apache_avro::types::Value::Union(0, Box::new(apache_avro::types::Value::Null));
    fields.push(("trace".to_owned(), none));
    fields.reverse();
    write(&Schema::parse_str(&newer()).unwrap(), apache_avro::types::Value::Record(fields))
}

fn confluent(id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], datum].concat()
}

fn single_object(schema: &str, datum: &[u8]) -> Vec<u8> {
    let fingerprint = Schema::parse_str(schema).unwrap().fingerprint::<Rabin>();
    [&[0xc3, 0x01], &fingerprint.bytes[..], datum].concat()
}

/// What was read is the event that was written.
fn reads(decoder: &mut Decoder, payload: &[u8]) {
    let raw = datum();
    let mut plain = support::decoder(&with_format("raw"));
    let expected = decode(&mut plain, &raw).unwrap();
    let expected = plain.view(&expected, &raw);
    let event = decode(decoder, payload).unwrap();
    assert_eq!(taken(&decoder.view(&event, payload)), taken(&expected));
}

fn refused(decoder: &mut Decoder, payload: &[u8]) -> RejectCode {
    decode(decoder, payload).unwrap_err().code
}

#[test]
fn raw_is_the_datum_alone() {
    let mut decoder = decoder(&with_format("raw"));
    reads(&mut decoder, &datum());
    assert!(decode(&mut decoder, &confluent(7, &datum())).is_err());
    assert_eq!(refused(&mut decoder, &[]), RejectCode::Truncated);
}

#[test]
fn confluent_names_its_schema_by_id() {
    let source = FileSchemas::default().with_id(7, SCHEMA).with_id(u32::MAX, &newer());
    let mut decoder = Decoder::new(with_format("confluent"), Box::new(source)).unwrap();
    reads(&mut decoder, &confluent(7, &datum()));
    reads(&mut decoder, &confluent(u32::MAX, &newer_datum()));
    reads(&mut decoder, &confluent(7, &datum()));
    assert_eq!(refused(&mut decoder, &confluent(8, &datum())), RejectCode::UnknownSchema);
    assert_eq!(refused(&mut decoder, &confluent(7, &[])), RejectCode::Truncated);
    for payload in [&[][..], &[0], &[0, 0, 0, 7], &[1, 0, 0, 0, 7, 0], &datum()] {
        assert_eq!(refused(&mut decoder, payload), RejectCode::BadFraming, "{payload:?}");
    }
}

#[test]
fn single_object_names_its_schema_by_fingerprint() {
    let source = FileSchemas::default().with(SCHEMA).with(&newer());
    let mut decoder = Decoder::new(with_format("single-object"), Box::new(source)).unwrap();
    reads(&mut decoder, &single_object(SCHEMA, &datum()));
    reads(&mut decoder, &single_object(&newer(), &newer_datum()));
    let strange = single_object(r#"{"type": "record", "name": "X", "fields": []}"#, &datum());
    assert_eq!(refused(&mut decoder, &strange), RejectCode::UnknownSchema);
    for payload in [&[][..], &[0xc3], &[0xc3, 1, 0, 0, 0], &[0xc3, 2, 0, 0, 0, 0, 0, 0, 0, 0], &datum()] {
        assert_eq!(refused(&mut decoder, payload), RejectCode::BadFraming, "{payload:?}");
    }
}

#[test]
fn the_frame_is_the_one_other_writers_put() {
    let mut written = Vec::new();
    let schema = Schema::parse_str(SCHEMA).unwrap();
    GenericSingleObjectWriter::new_with_capacity(&schema, 256)
        .unwrap()
        .write_value(download(1), &mut written)
        .unwrap();
    reads(&mut decoder(&with_format("single-object")), &written);
    reads(&mut decoder(&with_format("auto")), &written);
}

#[test]
fn auto_takes_a_frame_only_if_its_schema_is_known() {
    let source = FileSchemas::default().with_id(7, SCHEMA).with(&newer());
    let mut decoder = Decoder::new(with_format("auto"), Box::new(source)).unwrap();
    for payload in [
        datum(),
        confluent(7, &datum()),
        single_object(SCHEMA, &datum()),
        single_object(&newer(), &newer_datum()),
        datum(),
    ] {
        reads(&mut decoder, &payload);
    }
    // An unknown frame is read as a bare datum, which it is not.
    assert!(decode(&mut decoder, &confluent(8, &datum())).is_err());
    assert_eq!(refused(&mut decoder, &[]), RejectCode::Truncated);
    // A bare datum may begin like a frame: here with an empty event id.
    let apache_avro::types::Value::Record(mut fields) = download(1) else { panic!() };
    fields[0].1 = support::text("");
    let bare = write(&Schema::parse_str(SCHEMA).unwrap(), apache_avro::types::Value::Record(fields));
    assert_eq!(bare[0], 0);
    reads(&mut decoder, &bare);
}

#[test]
fn a_schema_that_does_not_fit_is_a_reject_not_a_stop() {
    let misfit =
        r#"{"type": "record", "name": "Other", "fields": [{"name": "timestamp", "type": "string"}]}"#;
    for unusable in [misfit, "{", "\"string\""] {
        let source = FileSchemas::default().with_id(9, unusable).with_id(7, SCHEMA);
        let mut decoder = Decoder::new(with_format("confluent"), Box::new(source)).unwrap();
        for _ in 0..2 {
            assert_eq!(refused(&mut decoder, &confluent(9, &datum())), RejectCode::UnknownSchema);
            reads(&mut decoder, &confluent(7, &datum()));
        }
    }
}

/// A registry that cannot be reached, counting how often it is asked.
#[derive(Debug, Default)]
struct Registry {
    asked: Arc<AtomicUsize>,
    answer: Option<String>,
}

impl SchemaSource for Registry {
    fn by_id(&self, _: u32) -> Result<Option<String>, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.answer.clone().map(Some).ok_or_else(|| SourceError("connection refused".to_owned()))
    }

    fn by_fingerprint(&self, _: [u8; 8]) -> Result<Option<String>, SourceError> {
        self.by_id(0)
    }
}

#[test]
fn an_unreachable_source_says_nothing_of_the_record() {
    for format in ["confluent", "single-object", "auto"] {
        let mut decoder = Decoder::new(with_format(format), Box::new(Registry::default())).unwrap();
        let payload = match format {
            "single-object" => single_object(&newer(), &newer_datum()),
            _ => confluent(7, &datum()),
        };
        let outcome = decoder.decode(&payload, &mut Event::default());
        assert!(matches!(outcome, Err(DecodeError::Source(_))), "{format}: {outcome:?}");
    }
    // What needs no schema from outside goes on.
    let mut decoder = Decoder::new(with_format("auto"), Box::new(Registry::default())).unwrap();
    reads(&mut decoder, &datum());
}

#[test]
fn a_source_is_asked_once_for_each_schema() {
    for (schema, fits) in [(SCHEMA, true), ("\"string\"", false)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let registry = Registry { asked: Arc::clone(&asked), answer: Some(schema.to_owned()) };
        let mut decoder = Decoder::new(with_format("confluent"), Box::new(registry)).unwrap();
        for _ in 0..100 {
            for id in [3, 4] {
                assert_eq!(decode(&mut decoder, &confluent(id, &datum())).is_ok(), fits);
            }
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}

#[test]
fn a_definition_knows_its_own_schema_by_fingerprint() {
    let mut decoder = decoder(&shipped("content-downloads"));
    reads(&mut decoder, &single_object(SCHEMA, &datum()));
}

#[test]
fn ids_of_a_registry_are_named_in_the_definition() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("event.avsc"), SCHEMA).unwrap();
    std::fs::write(folder.path().join("newer.avsc"), newer()).unwrap();
    let toml = include_str!("../streams/content-downloads.toml")
        .replace("../events/content-download.avsc", "event.avsc")
        .replace(
            "format = \"auto\"",
            "format = \"confluent\"\nschemas = { 7 = \"event.avsc\", 9 = \"newer.avsc\" }",
        );
    let file = folder.path().join("stream.toml");
    std::fs::write(&file, &toml).unwrap();
    let definition = Arc::new(StreamDefinition::load(&file).unwrap());
    let mut decoder = Decoder::for_definition(Arc::clone(&definition)).unwrap();
    let mut event = Event::default();
    let framed = |id: u32, datum: &[u8]| [&[0][..], &id.to_be_bytes(), datum].concat();
    let mut content_id = |payload: &[u8]| {
        decoder.decode(payload, &mut event).unwrap();
        taken(&decoder.view(&event, payload)).rollups[0].dimensions[0].clone()
    };
    let (old, new) = (content_id(&framed(7, &datum())), content_id(&framed(9, &newer_datum())));
    assert!(!old.is_empty());
    assert_eq!(old, new);
    let unknown = decoder.decode(&framed(8, &datum()), &mut event).unwrap_err();
    assert!(matches!(unknown, DecodeError::Reject(reject) if reject.code == RejectCode::UnknownSchema));

    std::fs::write(folder.path().join("newer.avsc"), "\"string\"").unwrap();
    let refused = StreamDefinition::load(&file).unwrap_err().to_string();
    assert!(refused.contains("schemas.9"), "{refused}");
}
