//! What Discord demands of a body, and what we demand of it besides.
//!
//! [`validate`] is pure, so that a test of any kind can ask it whether a body would pass. It
//! knows Discord's published description, the rules that stand only in its prose (the sum of
//! 6000, the forbidden names, what an empty message is, what a picture may refer to), and our
//! own contract ([`breaches`]). Lengths are counted in Unicode code points, which is how
//! Discord counts them; blanks at the ends, which Discord trims before it counts, are counted
//! here, because a body should not live by that.

use std::sync::LazyLock;

use serde_json::Value;

pub use super::schema::Fault;
use super::schema::{CREATE, EDIT, Schema};

/// The most characters over all embeds of a message (Discord: embed limits).
pub const MOST_IN_EMBEDS: usize = 6000;
/// The largest file, in bytes, without a boosted server (Discord: 10 MiB).
pub const MOST_IN_FILE: usize = 10 << 20;
/// The endings of pictures that an embed may show.
pub const PICTURES: [&str; 5] = ["jpg", "jpeg", "png", "webp", "gif"];

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| match Schema::read() {
    Ok(schema) => schema,
    Err(error) => panic!("the copy of Discord's description: {error:#}"),
});

/// Whether a body creates a message or edits one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `POST /webhooks/{id}/{token}`
    Create,
    /// `PATCH /webhooks/{id}/{token}/messages/{id}`
    Edit,
}

/// Everything Discord or our contract has against the body of a new message (the JSON, or the
/// `payload_json` of a multipart body whose files are those its `attachments` name). A body
/// that passes gives an empty list. A message without text, embeds and attachments counts too.
#[must_use]
pub fn validate(body: &Value) -> Vec<String> {
    all(Kind::Create, body)
}

/// The same for the body that edits a message which has no attachments of its own.
#[must_use]
pub fn validate_edit(body: &Value) -> Vec<String> {
    all(Kind::Edit, body)
}

fn all(kind: Kind, body: &Value) -> Vec<String> {
    let names = attachment_names(body);
    let mut found: Vec<String> = faults(kind, body, &names).iter().map(Fault::to_string).collect();
    if kind == Kind::Create && is_empty(body, names.len()) {
        found.push("Cannot send an empty message (50006)".to_owned());
    }
    found.extend(breaches(kind, body, names.len()));
    found
}

fn attachment_names(body: &Value) -> Vec<String> {
    let name = |entry: &Value| entry["filename"].as_str().map(str::to_owned);
    list(body, "attachments").iter().filter_map(name).collect()
}

/// What Discord answers a body with code 50035 for. `files` are the names of the files that
/// `attachment://` may refer to.
#[must_use]
pub fn faults(kind: Kind, body: &Value, files: &[String]) -> Vec<Fault> {
    let definition = match kind {
        Kind::Create => CREATE,
        Kind::Edit => EDIT,
    };
    let mut faults = SCHEMA.check(definition, body);
    if kind == Kind::Create {
        username(body, &mut faults);
        let avatar = body["avatar_url"].as_str();
        faults.extend(avatar.and_then(|url| link(url, false, &["avatar_url".to_owned()], &[])));
    }
    for (at, embed) in list(body, "embeds").iter().enumerate() {
        let path = ["embeds".to_owned(), at.to_string()];
        one_embed(embed, &path, files, &mut faults);
    }
    if embed_characters(body) > MOST_IN_EMBEDS {
        let text = format!("Embed size exceeds maximum size of {MOST_IN_EMBEDS}");
        faults.push(Fault::new(&["embeds".to_owned()], "MAX_EMBED_SIZE_EXCEEDED", text));
    }
    faults
}

/// The characters that count against [`MOST_IN_EMBEDS`]: title, description, names and values
/// of the fields, footer text and author name of every embed, in code points.
#[must_use]
pub fn embed_characters(body: &Value) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let of = |embed: &Value| {
        let fields: usize = list(embed, "fields")
            .iter()
            .map(|field| length(&field["name"]) + length(&field["value"]))
            .sum();
        length(&embed["title"])
            + length(&embed["description"])
            + length(&embed["footer"]["text"])
            + length(&embed["author"]["name"])
            + fields
    };
    list(body, "embeds").iter().map(of).sum()
}

/// Whether a message of this body and this many files would show nothing at all.
#[must_use]
pub fn is_empty(body: &Value, files: usize) -> bool {
    let content = body["content"].as_str().is_some_and(|text| !text.trim().is_empty());
    !content && list(body, "embeds").is_empty() && files == 0
}

/// What Discord would let pass and we do not: mentions must be switched off in so many words,
/// every key must be one that Discord knows (it drops the others without a word), and every
/// file must be listed in `attachments`.
#[must_use]
pub fn breaches(kind: Kind, body: &Value, files: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mentions = &body["allowed_mentions"];
    if mentions["parse"].as_array().is_none_or(|parse| !parse.is_empty()) {
        found.push(format!("allowed_mentions: {mentions} instead of {{\"parse\":[]}}"));
    }
    for word in ["users", "roles"] {
        if !list(mentions, word).is_empty() {
            found.push(format!("allowed_mentions.{word} is not empty"));
        }
    }
    let definition = match kind {
        Kind::Create => CREATE,
        Kind::Edit => EDIT,
    };
    unknown_keys(definition, body, "", &mut found);
    for (at, embed) in list(body, "embeds").iter().enumerate() {
        unknown_keys("RichEmbed", embed, &format!("embeds.{at}."), &mut found);
        for (part, definition) in [
            ("footer", "RichEmbedFooter"),
            ("image", "RichEmbedImage"),
            ("author", "RichEmbedAuthor"),
        ] {
            unknown_keys(definition, &embed[part], &format!("embeds.{at}.{part}."), &mut found);
        }
        for (n, field) in list(embed, "fields").iter().enumerate() {
            unknown_keys("RichEmbedField", field, &format!("embeds.{at}.fields.{n}."), &mut found);
        }
    }
    let listed = list(body, "attachments").len();
    if listed < files {
        found.push(format!("attachments: {listed} of {files} files are listed"));
    }
    found
}

fn unknown_keys(definition: &str, value: &Value, path: &str, found: &mut Vec<String>) {
    let known = SCHEMA.properties(definition);
    for key in value.as_object().into_iter().flat_map(|members| members.keys()) {
        if !known.contains(&key.as_str()) {
            found.push(format!("{path}{key}: Discord does not know this key"));
        }
    }
}

/// A list of a body; absent and `null` are an empty one.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Discord: "names cannot contain the substrings clyde or discord", in any case of letters.
fn username(body: &Value, faults: &mut Vec<Fault>) {
    let Some(name) = body["username"].as_str() else { return };
    let path = ["username".to_owned()];
    for word in ["discord", "clyde"] {
        if name.to_lowercase().contains(word) {
            let text = format!("Username cannot contain \"{word}\"");
            faults.push(Fault::new(&path, "USERNAME_INVALID_CONTAINS", text));
        }
    }
    if !name.is_empty() && name.trim().is_empty() {
        faults.push(Fault::new(&path, "BASE_TYPE_REQUIRED", "This field is required"));
    }
}

fn one_embed(embed: &Value, path: &[String], files: &[String], faults: &mut Vec<Fault>) {
    let at = |more: &[&str]| {
        let mut path = path.to_vec();
        path.extend(more.iter().map(|part| (*part).to_owned()));
        path
    };
    let shown = |key: &str| embed[key].as_str().is_some_and(|text| !text.trim().is_empty());
    let holds = |key: &str| embed[key].as_object().is_some_and(|members| !members.is_empty());
    let visible = shown("title")
        || shown("description")
        || ["image", "thumbnail", "footer", "author"].into_iter().any(holds)
        || !list(embed, "fields").is_empty();
    if embed.is_object() && !visible {
        let path = at(&["description"]);
        faults.push(Fault::new(&path, "BASE_TYPE_REQUIRED", "This field is required"));
    }
    for (n, field) in list(embed, "fields").iter().enumerate() {
        for key in ["name", "value"] {
            if field[key].as_str().is_some_and(|text| text.trim().is_empty()) {
                let path = at(&["fields", &n.to_string(), key]);
                faults.push(Fault::new(&path, "BASE_TYPE_REQUIRED", "This field is required"));
            }
        }
    }
    let places = [
        ("image", "url", true),
        ("thumbnail", "url", true),
        ("footer", "icon_url", true),
        ("author", "icon_url", true),
        ("author", "url", false),
    ];
    for (part, key, picture) in places {
        if let Some(url) = embed[part][key].as_str() {
            faults.extend(link(url, picture, &at(&[part, key]), files));
        }
    }
    if let Some(url) = embed["url"].as_str() {
        faults.extend(link(url, false, &at(&["url"]), files));
    }
}

/// A link in an embed: http, https, or where a picture is meant, a file of the same message.
fn link(url: &str, picture: bool, path: &[String], files: &[String]) -> Option<Fault> {
    match url.split_once("://") {
        Some(("http" | "https", _)) => None,
        Some(("attachment", name)) if picture => {
            let ending = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
            let shown = ending.is_some_and(|ending| PICTURES.contains(&ending.as_str()));
            if !shown {
                let text = format!("\"{name}\" is none of {PICTURES:?}.");
                Some(Fault::new(path, "ATTACHMENT_BAD_TYPE", text))
            } else if !files.iter().any(|file| file == name) {
                let text = format!("\"{name}\" is no file of this message.");
                Some(Fault::new(path, "ATTACHMENT_NOT_FOUND", text))
            } else {
                None
            }
        }
        Some((scheme, _)) => {
            let text = format!("Scheme \"{scheme}\" is not supported here.");
            Some(Fault::new(path, "URL_TYPE_INVALID_SCHEME", text))
        }
        // The description has found this already.
        None => None,
    }
}

#[cfg(test)]
mod tests;
