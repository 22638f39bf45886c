//! Reading one object of the document: every key is asked for by name with its bound, and
//! what nobody asked for is unknown.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::fault::{Fault, FaultCode, suggestion};

/// One object of the document and the faults found so far.
pub(super) struct Section<'a> {
    path: String,
    map: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    pub(super) faults: Vec<Fault>,
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'a> Section<'a> {
    pub(super) fn new(path: impl Into<String>, value: Option<&'a Value>) -> Self {
        let path = path.into();
        let mut section = Section { path, map: None, known: Vec::new(), faults: Vec::new() };
        match value {
            Some(Value::Object(map)) => section.map = Some(map),
            Some(other) => {
                let at = if section.path.is_empty() { "the file" } else { section.path.as_str() };
                let message = format!("{at}: expected an object, found {}", type_name(other));
                let path = section.path.clone();
                section.faults.push(Fault { path, code: FaultCode::WrongType, message });
            }
            None => {}
        }
        section
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn fault(&mut self, key: &str, code: FaultCode, what: impl Display) {
        let path = self.at(key);
        let message = format!("{path}: {what}");
        self.faults.push(Fault { path, code, message });
    }

    pub(super) fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.map.and_then(|m| m.get(key))
    }

    pub(super) fn section(&mut self, key: &'static str) -> Section<'a> {
        let path = self.at(key);
        Section::new(path, self.raw(key))
    }

    fn expected(&mut self, key: &str, wanted: &str, found: &Value) {
        self.fault(
            key,
            FaultCode::WrongType,
            format_args!("expected {wanted}, found {}", type_name(found)),
        );
    }

    pub(super) fn bool(&mut self, key: &'static str, default: bool) -> bool {
        match self.raw(key) {
            None => default,
            Some(Value::Bool(b)) => *b,
            Some(other) => {
                self.expected(key, "true or false", other);
                default
            }
        }
    }

    pub(super) fn integer(
        &mut self,
        key: &'static str,
        default: u32,
        bound: RangeInclusive<u32>,
    ) -> u32 {
        let Some(value) = self.raw(key) else {
            return default;
        };
        let Value::Number(number) = value else {
            self.expected(key, "a number", value);
            return default;
        };
        // The ancestor's editor wrote 2.0 for 2.
        let whole = number.as_f64().filter(|f| f.fract() == 0.0);
        let inside = whole.and_then(|f| {
            let n = f as i64;
            u32::try_from(n).ok().filter(|n| bound.contains(n) && f64::from(*n) == f)
        });
        inside.unwrap_or_else(|| {
            let (code, what) = if whole.is_none() {
                (FaultCode::WrongType, format!("{number} is not a whole number in {bound:?}"))
            } else {
                (FaultCode::OutOfRange, format!("{number} is outside {bound:?}"))
            };
            self.fault(key, code, what);
            default
        })
    }

    pub(super) fn decimal(
        &mut self,
        key: &'static str,
        default: f64,
        bound: RangeInclusive<f64>,
    ) -> f64 {
        let Some(value) = self.raw(key) else {
            return default;
        };
        let Value::Number(number) = value else {
            self.expected(key, "a number", value);
            return default;
        };
        match number.as_f64().filter(|f| bound.contains(f)) {
            Some(f) => f,
            None => {
                self.fault(
                    key,
                    FaultCode::OutOfRange,
                    format_args!("{number} is outside {}..={}", bound.start(), bound.end()),
                );
                default
            }
        }
    }

    /// A text of at most `max` characters.
    pub(super) fn text(&mut self, key: &'static str, default: &str, max: usize) -> String {
        match self.raw(key) {
            None => default.into(),
            Some(Value::String(s)) => {
                let length = s.chars().count();
                if length > max {
                    self.fault(
                        key,
                        FaultCode::OutOfRange,
                        format_args!("{length} characters is outside 0..={max}"),
                    );
                    default.into()
                } else {
                    s.clone()
                }
            }
            Some(other) => {
                self.expected(key, "text", other);
                default.into()
            }
        }
    }

    /// A trimmed text of at most `max` characters on one line.
    pub(super) fn label(&mut self, key: &'static str, max: usize) -> String {
        let text = self.text(key, "", max);
        if text.contains(char::is_control) {
            let what = "must not contain line breaks or control characters";
            self.fault(key, FaultCode::BadValue, what);
        }
        text.trim().to_owned()
    }

    /// A text that `parse` understands; its error says what is wrong.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let had = self.faults.len();
        let given = self.raw(key).is_some();
        self.known.pop();
        let text = self.text(key, "", 4096);
        if !given || self.faults.len() > had {
            return default;
        }
        match parse(&text) {
            Ok(value) => value,
            Err(what) => {
                self.fault(key, FaultCode::BadValue, what);
                default
            }
        }
    }

    /// The entries of a list; none where it is missing, no list, or too long.
    fn items(&mut self, key: &'static str, max: usize) -> &'a [Value] {
        match self.raw(key) {
            None => &[],
            Some(Value::Array(items)) if items.len() <= max => items,
            Some(Value::Array(items)) => {
                let what = format!("{} entries is outside 0..={max}", items.len());
                self.fault(key, FaultCode::OutOfRange, what);
                &[]
            }
            Some(other) => {
                self.expected(key, "a list", other);
                &[]
            }
        }
    }

    /// A list of texts, each understood by `parse`.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        max: usize,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let items = self.items(key, max);
        let mut out = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let key = format!("{key}[{i}]");
            match item.as_str().map(&parse) {
                Some(Ok(v)) => out.push(v),
                Some(Err(what)) => self.fault(&key, FaultCode::BadValue, what),
                None => self.expected(&key, "text", item),
            }
        }
        out
    }

    pub(super) fn objects(&mut self, key: &'static str, max: usize) -> Vec<(String, &'a Value)> {
        let items = self.items(key, max);
        let at = self.at(key);
        items.iter().enumerate().map(|(i, v)| (format!("{at}[{i}]"), v)).collect()
    }

    /// Everything that was not asked for is unknown. Gives up the faults.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        let unknown: Vec<&String> = self
            .map
            .into_iter()
            .flat_map(Map::keys)
            .filter(|k| !self.known.contains(&k.as_str()))
            .collect();
        for key in unknown {
            let hint = suggestion(key, &self.known)
                .map_or_else(String::new, |s| format!("; did you mean `{s}`?"));
            let shown: String = key.chars().take(80).collect();
            self.fault(&shown, FaultCode::UnknownKey, format_args!("unknown key{hint}"));
        }
        self.faults
    }
}
