//! From the bytes of a body to its JSON and its files.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::multipart::{Part, boundary, parts};
use super::record::File;
use super::rules::list;
use super::schema::Fault;

/// A body, read. Faults of its form stand beside what could be read all the same.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    pub(crate) body: Value,
    pub(crate) files: Vec<File>,
    pub(crate) faults: Vec<Fault>,
    /// Why there is nothing to judge at all: Discord's code and sentence.
    pub(crate) unreadable: Option<(u32, String)>,
}

/// Reads a body by the type it was sent as.
pub(crate) fn read(content_type: Option<&str>, bytes: &[u8]) -> Payload {
    let kind = content_type.unwrap_or_default();
    if let Some(boundary) = boundary(kind) {
        return match parts(bytes, &boundary) {
            Ok(parts) => form(parts),
            Err(why) => unreadable(50035, format!("Invalid multipart body: {why}")),
        };
    }
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return unreadable(
            50035,
            "Expected \"Content-Type\" header to be one of \
             {'application/json', 'multipart/form-data'}."
                .to_owned(),
        );
    }
    match serde_json::from_slice(bytes) {
        Ok(body) => Payload { body, ..Payload::default() },
        Err(_) => invalid_json(),
    }
}

fn unreadable(code: u32, why: String) -> Payload {
    Payload { unreadable: Some((code, why)), ..Payload::default() }
}

fn invalid_json() -> Payload {
    unreadable(50109, "The request body contains invalid JSON.".to_owned())
}

fn form(parts: Vec<Part>) -> Payload {
    let mut payload = Payload { body: json!({}), ..Payload::default() };
    let mut seen = BTreeSet::new();
    for part in parts {
        let path = [part.name.clone()];
        if !seen.insert(part.name.clone()) {
            payload.faults.push(Fault::new(&path, "FORM_REPEATED", "This part is there twice."));
        } else if part.name == "payload_json" {
            match serde_json::from_slice(&part.bytes) {
                Ok(body) => payload.body = body,
                Err(_) => return invalid_json(),
            }
        } else if index(&part.name).is_some() {
            match part.filename {
                Some(name) if !name.is_empty() => payload.files.push(File {
                    id: String::new(),
                    part: part.name,
                    name,
                    content_type: part.content_type,
                    size: part.bytes.len(),
                    bytes: part.bytes,
                }),
                _ => payload.faults.push(Fault::new(
                    &path,
                    "BASE_TYPE_REQUIRED",
                    "A file needs a filename.",
                )),
            }
        } else {
            let text = "Neither payload_json nor files[n].";
            payload.faults.push(Fault::new(&path, "FORM_UNKNOWN", text));
        }
    }
    attach(&mut payload);
    payload
}

/// The `n` of `files[n]`.
fn index(part: &str) -> Option<u32> {
    let digits = part.strip_prefix("files[")?.strip_suffix(']')?;
    let plain = digits == "0" || !digits.starts_with(['0', '+']);
    digits.parse().ok().filter(|_| plain)
}

/// Gives the files the names that `attachments` has for them.
fn attach(payload: &mut Payload) {
    for entry in list(&payload.body, "attachments") {
        let part = entry["id"].as_str().map(|id| format!("files[{id}]"));
        let file = payload.files.iter_mut().find(|file| Some(&file.part) == part.as_ref());
        if let (Some(file), Some(name)) = (file, entry["filename"].as_str()) {
            name.clone_into(&mut file.name);
        }
    }
}

/// Entries of `attachments` that mean neither a file of this request nor one of `kept`.
pub(crate) fn dangling(payload: &Payload, kept: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, entry) in list(&payload.body, "attachments").iter().enumerate() {
        let Some(id) = entry["id"].as_str() else { continue };
        let path = ["attachments".to_owned(), at.to_string(), "id".to_owned()];
        let new = payload
            .files
            .iter()
            .any(|file| index(&file.part).map(|n| n.to_string()).as_deref() == Some(id));
        if !new && !kept.iter().any(|file| file.id == id) {
            let text = format!("files[{id}] is not in this request.");
            faults.push(Fault::new(&path, "ATTACHMENT_NOT_FOUND", text));
        } else if !seen.insert(id) {
            faults.push(Fault::new(&path, "ATTACHMENT_REPEATED", "Named twice."));
        }
    }
    faults
}
