//! Reads Discord's own description of its bodies and checks values against it.
//!
//! A validator for the part of JSON Schema (draft 2020-12) that the description uses, and no
//! more. A word it does not know is an error when the description is read, so that no limit in
//! it can go unchecked by a newer copy.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// The copy of Discord's description; its `$comment` tells where it is from.
const TEXT: &str = include_str!("../../data/discord-webhook.schema.json");

/// Words that describe and do not demand.
const SILENT: [&str; 5] = ["$schema", "$comment", "$defs", "title", "description"];

/// A body that creates a message.
pub(crate) const CREATE: &str = "IncomingWebhookRequestPartial";
/// A body that edits a message.
pub(crate) const EDIT: &str = "IncomingWebhookUpdateRequestPartial";

/// One thing wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as keys and indices from the top (`embeds`, `0`, `title`).
    pub path: Vec<String>,
    /// Discord's word for it (`BASE_TYPE_MAX_LENGTH`).
    pub code: &'static str,
    /// Discord's sentence for it.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(path: &[String], code: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_vec(), code, message: message.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {} ({})", self.path.join("."), self.message, self.code)
    }
}

/// Discord's description, read.
#[derive(Debug)]
pub(crate) struct Schema {
    definitions: Map<String, Value>,
}

impl Schema {
    /// Reads the copy that lies in `tests/data`.
    pub(crate) fn read() -> Result<Self> {
        Self::parse(TEXT)
    }

    fn parse(text: &str) -> Result<Self> {
        let mut root: Value = serde_json::from_str(text)?;
        let definitions = root.get_mut("$defs").map(Value::take);
        let Some(Value::Object(definitions)) = definitions else { bail!("no $defs") };
        let schema = Self { definitions };
        for (name, definition) in &schema.definitions {
            schema.understand(definition).with_context(|| format!("in {name}"))?;
        }
        Ok(schema)
    }

    /// The names of the properties of a definition.
    pub(crate) fn properties(&self, name: &str) -> Vec<&str> {
        let properties = self.definitions.get(name).and_then(|d| d["properties"].as_object());
        properties.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// Everything in which a value breaks a definition.
    pub(crate) fn check(&self, name: &str, value: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        match self.definitions.get(name) {
            Some(definition) => self.visit(definition, value, &mut Vec::new(), &mut faults),
            None => faults.push(Fault::new(&[], "NO_DEFINITION", name)),
        }
        faults
    }

    /// Refuses a description that demands something this validator would not check.
    fn understand(&self, schema: &Value) -> Result<()> {
        let Some(words) = schema.as_object() else { bail!("no object: {schema}") };
        for (word, demand) in words {
            match word.as_str() {
                silent if SILENT.contains(&silent) => {}
                "$ref" => {
                    self.target(demand).with_context(|| format!("nothing at {demand}"))?;
                }
                "type" => kinds(demand)?,
                "properties" => {
                    for inner in demand.as_object().context("properties")?.values() {
                        self.understand(inner)?;
                    }
                }
                "items" => self.understand(demand)?,
                "oneOf" | "allOf" => {
                    for inner in demand.as_array().context("alternatives")? {
                        self.understand(inner)?;
                    }
                }
                "additionalProperties" if demand == &Value::Bool(false) => {}
                "additionalProperties" => self.understand(demand)?,
                "minLength" | "maxLength" | "maxItems" => {
                    demand.as_u64().context("a length")?;
                }
                "minimum" | "maximum" => {
                    demand.as_f64().context("a bound")?;
                }
                "required" | "uniqueItems" | "const" => {}
                "pattern" if demand == SNOWFLAKE => {}
                "format" if FORMATS.iter().any(|known| demand == known) => {}
                _ => bail!("{word}: {demand} is not understood"),
            }
        }
        Ok(())
    }

    fn target(&self, reference: &Value) -> Option<&Value> {
        self.definitions.get(reference.as_str()?.strip_prefix("#/$defs/")?)
    }

    fn visit(
        &self,
        schema: &Value,
        value: &Value,
        path: &mut Vec<String>,
        faults: &mut Vec<Fault>,
    ) {
        if let Some(target) = schema.get("$ref").and_then(|reference| self.target(reference)) {
            self.visit(target, value, path, faults);
        }
        if let Some(kind) = schema.get("type")
            && !is_of(kind, value)
        {
            faults.push(Fault::new(path, "BASE_TYPE_BAD_TYPE", format!("Must be {kind}.")));
            return;
        }
        match value {
            Value::String(text) => string(schema, text, path, faults),
            Value::Number(number) => bounds(schema, number.as_f64(), path, faults),
            Value::Array(items) => self.array(schema, items, path, faults),
            Value::Object(members) => self.object(schema, members, path, faults),
            Value::Null | Value::Bool(_) => {}
        }
        if let Some(only) = schema.get("const")
            && only != value
        {
            faults.push(Fault::new(path, "BASE_TYPE_CHOICES", format!("Must be {only}.")));
        }
        for all in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.visit(all, value, path, faults);
        }
        if let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) {
            self.one_of(alternatives, value, path, faults);
        }
    }

    fn array(
        &self,
        schema: &Value,
        items: &[Value],
        path: &mut Vec<String>,
        faults: &mut Vec<Fault>,
    ) {
        if let Some(most) = number(schema, "maxItems")
            && items.len() as u64 > most
        {
            let text = format!("Must be {most} or fewer in length.");
            faults.push(Fault::new(path, "BASE_TYPE_MAX_LENGTH", text));
        }
        let repeats = |(at, item): (usize, &Value)| items[..at].contains(item);
        if schema.get("uniqueItems") == Some(&Value::Bool(true))
            && items.iter().enumerate().any(repeats)
        {
            faults.push(Fault::new(path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "Already there."));
        }
        if let Some(each) = schema.get("items") {
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                self.visit(each, item, path, faults);
                path.pop();
            }
        }
    }

    fn object(
        &self,
        schema: &Value,
        members: &Map<String, Value>,
        path: &mut Vec<String>,
        faults: &mut Vec<Fault>,
    ) {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if let Some(name) = name.as_str().filter(|name| !members.contains_key(*name)) {
                path.push(name.to_owned());
                faults.push(Fault::new(path, "BASE_TYPE_REQUIRED", "This field is required"));
                path.pop();
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        for (name, member) in members {
            path.push(name.clone());
            let described = known.and_then(|known| known.get(name));
            match (described, schema.get("additionalProperties")) {
                (Some(inner), _) => self.visit(inner, member, path, faults),
                (None, Some(Value::Bool(false))) => {
                    faults.push(Fault::new(path, "UNKNOWN_FIELD", "Not allowed here."));
                }
                (None, Some(inner)) => self.visit(inner, member, path, faults),
                (None, None) => {}
            }
            path.pop();
        }
    }

    fn one_of(
        &self,
        alternatives: &[Value],
        value: &Value,
        path: &mut Vec<String>,
        faults: &mut Vec<Fault>,
    ) {
        let mut tried: Vec<Vec<Fault>> = Vec::new();
        for alternative in alternatives {
            let mut found = Vec::new();
            self.visit(alternative, value, path, &mut found);
            tried.push(found);
        }
        match tried.iter().filter(|found| found.is_empty()).count() {
            1 => {}
            0 => {
                // The alternative that got furthest says best what is wrong.
                let depth = |found: &Vec<Fault>| found.iter().map(|f| f.path.len()).max();
                faults.extend(tried.into_iter().max_by_key(depth).unwrap_or_default());
            }
            _ => faults.push(Fault::new(path, "UNION_TYPE_CHOICES", "More than one fits.")),
        }
    }
}

const SNOWFLAKE: &str = "^(0|[1-9][0-9]*)$";
const FORMATS: [&str; 4] = ["uri", "date-time", "snowflake", "double"];
const KINDS: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

fn kinds(demand: &Value) -> Result<()> {
    let one = std::slice::from_ref(demand);
    let all = demand.as_array().map_or(one, Vec::as_slice);
    let known = |kind: &Value| KINDS.iter().any(|known| kind == known);
    if all.is_empty() || !all.iter().all(known) {
        bail!("type: {demand} is not understood");
    }
    Ok(())
}

fn is_of(demand: &Value, value: &Value) -> bool {
    let fits = |kind: &str| match value {
        Value::Null => kind == "null",
        Value::Bool(_) => kind == "boolean",
        Value::Number(number) => {
            let whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            kind == "number" || (kind == "integer" && whole)
        }
        Value::String(_) => kind == "string",
        Value::Array(_) => kind == "array",
        Value::Object(_) => kind == "object",
    };
    let one = std::slice::from_ref(demand);
    let all = demand.as_array().map_or(one, Vec::as_slice);
    all.iter().filter_map(Value::as_str).any(fits)
}

fn number(schema: &Value, word: &str) -> Option<u64> {
    schema.get(word).and_then(Value::as_u64)
}

fn string(schema: &Value, text: &str, path: &[String], faults: &mut Vec<Fault>) {
    // JSON Schema counts code points, and so does Discord.
    let length = text.chars().count() as u64;
    if let Some(most) = number(schema, "maxLength").filter(|most| length > *most) {
        let text = format!("Must be {most} or fewer in length.");
        faults.push(Fault::new(path, "BASE_TYPE_MAX_LENGTH", text));
    }
    if let Some(least) = number(schema, "minLength").filter(|least| length < *least) {
        let text = format!("Must be at least {least} in length.");
        faults.push(Fault::new(path, "BASE_TYPE_MIN_LENGTH", text));
    }
    if schema.get("pattern").is_some() && !is_snowflake(text) {
        let message = format!("Value \"{text}\" is not snowflake.");
        faults.push(Fault::new(path, "NUMBER_TYPE_COERCE", message));
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("uri") if !is_uri(text) => {
            faults.push(Fault::new(path, "URL_TYPE_INVALID_URL", "Not a well formed URL."));
        }
        Some("date-time") if !is_date_time(text) => {
            let message = format!("Could not parse {text}. Should be ISO8601.");
            faults.push(Fault::new(path, "DATE_TIME_TYPE_PARSE", message));
        }
        _ => {}
    }
}

fn bounds(schema: &Value, value: Option<f64>, path: &[String], faults: &mut Vec<Fault>) {
    let Some(value) = value else { return };
    let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
    if let Some(least) = bound("minimum").filter(|least| value < *least) {
        let text = format!("int value should be greater than or equal to {least}.");
        faults.push(Fault::new(path, "NUMBER_TYPE_MIN", text));
    }
    if let Some(most) = bound("maximum").filter(|most| value > *most) {
        let text = format!("int value should be less than or equal to {most}.");
        faults.push(Fault::new(path, "NUMBER_TYPE_MAX", text));
    }
}

fn is_snowflake(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

/// A scheme and something after it, without blanks.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(letters)
        && !rest.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// RFC 3339: a date, `T`, a time to the second or finer, and `Z` or an offset.
fn is_date_time(text: &str) -> bool {
    let shape = |template: &str, text: &[u8]| {
        template.len() == text.len()
            && template.bytes().zip(text).all(|(t, b)| match t {
                b'0' => b.is_ascii_digit(),
                exact => *b == exact,
            })
    };
    let Some((day, time)) = text.split_once(['T', 't']) else { return false };
    let (clock, offset) = time.split_at(time.find(['Z', 'z', '+', '-']).unwrap_or(time.len()));
    let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    shape("0000-00-00", day.as_bytes())
        && shape("00:00:00", seconds.as_bytes())
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit())
        && (offset.eq_ignore_ascii_case("z")
            || shape("+00:00", offset.as_bytes())
            || shape("-00:00", offset.as_bytes()))
        && text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests;
