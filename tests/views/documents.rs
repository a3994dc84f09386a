//! JSON and AsyncAPI documents.

use std::{fs, path::PathBuf};

use saga_runtime::{
    saga::Saga,
    view::{self, document},
};
use serde_json::Value;

use crate::{
    golden::assert_golden,
    order::{Fulfilment, Shop},
    resort::{Resort, Stay},
};

fn read(path: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Holds a document against a schema; every fault is told with its place.
fn assert_valid(schema: &Value, document: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_saga_as_json_fits_its_schema_and_can_be_read_back() {
    let schema = read("../saga-runtime/schemas/saga.schema.json");
    for (name, definition) in [
        ("fulfilment.json", Fulfilment::DEFINITION),
        ("stay.json", Stay::DEFINITION),
    ] {
        let text = definition.to_json();
        assert_golden(name, &text);
        assert_valid(&schema, &parsed(&text));
        let read_back: document::SagaDocument = serde_json::from_str(&text).unwrap();
        assert_eq!(read_back, document::SagaDocument::of(definition));
    }
}

#[test]
fn a_system_as_json_fits_its_schema_and_can_be_read_back() {
    let schema = read("../saga-runtime/schemas/system.schema.json");
    for (name, text, document) in [
        (
            "shop.json",
            view::to_json::<Shop>(),
            document::SystemDocument::of::<Shop>(),
        ),
        (
            "resort.json",
            view::to_json::<Resort>(),
            document::SystemDocument::of::<Resort>(),
        ),
    ] {
        assert_golden(name, &text);
        assert_valid(&schema, &parsed(&text));
        assert_eq!(
            serde_json::from_str::<document::SystemDocument>(&text).unwrap(),
            document
        );
    }
}

#[test]
fn a_system_as_asyncapi_fits_the_published_schema() {
    let schema = read("views/asyncapi-3.0.0/schema.json");
    for (name, document) in [
        ("shop.asyncapi.json", view::asyncapi::<Shop>()),
        ("resort.asyncapi.json", view::asyncapi::<Resort>()),
    ] {
        assert_golden(name, &format!("{document:#}\n"));
        assert_valid(&schema, &document);
        assert_references_resolve(&document, &document);
    }
}

#[test]
fn the_published_schema_notices_a_mistake() {
    let schema = read("views/asyncapi-3.0.0/schema.json");
    let mut document = view::asyncapi::<Shop>();
    document["operations"]["BillingDesk.receive.BillOrder"]["action"] = "obey".into();
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&document));
}

/// A schema cannot see whether what a reference names is there.
fn assert_references_resolve(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference
                    .strip_prefix('#')
                    .expect("a reference within the document");
                assert!(document.pointer(pointer).is_some(), "{reference} is not there");
            }
            fields
                .values()
                .for_each(|part| assert_references_resolve(document, part));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|part| assert_references_resolve(document, part)),
        _ => {}
    }
}
