//! From text to JSON, without letting anything slip.
//!
//! `serde_json` keeps the last of two equal keys in silence; a hand-edited file with
//! `"router"` twice deserves to be told, so the tree is built here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::fault::{Fault, FaultCode};

/// Reads a text; what is not JSON at all is the only fault of its kind.
pub(super) fn json(text: &str, faults: &mut Vec<Fault>) -> Option<Value> {
    // Windows Notepad begins a UTF-8 file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut source = serde_json::Deserializer::from_str(text);
    let tree = Tree { path: String::new(), faults };
    match tree.deserialize(&mut source).and_then(|value| source.end().map(|()| value)) {
        Ok(value) => Some(value),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            let early = if error.is_eof() { "the document ends too early: " } else { "" };
            let what = format!("not valid JSON at line {line}, column {column}: {early}{what}");
            faults.push(Fault { path: String::new(), code: FaultCode::Syntax, message: what });
            None
        }
    }
}

struct Tree<'f> {
    path: String,
    faults: &'f mut Vec<Fault>,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, list.len());
            match seq.next_element_seed(Tree { path, faults: &mut *self.faults })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = join(&self.path, &key);
            let twice = object.contains_key(&key);
            if twice {
                let message = format!("{path}: is given twice");
                let path = path.clone();
                self.faults.push(Fault { path, code: FaultCode::BadValue, message });
            }
            let value = map.next_value_seed(Tree { path, faults: &mut *self.faults })?;
            if !twice {
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}

fn join(path: &str, key: &str) -> String {
    let key: String = key.chars().take(80).collect();
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
