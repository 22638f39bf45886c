//! Takes a `multipart/form-data` body (RFC 7578) apart.

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// The boundary named in a `Content-Type`, if it is that of a form.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let mut words = content_type.split(';').map(str::trim);
    if !words.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = words.find_map(|word| {
        let (key, value) = word.split_once('=')?;
        key.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let value = value.trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// The parts of a form; what is wrong with it where it is none.
pub(crate) fn parts(body: &[u8], boundary: &str) -> Result<Vec<Part>, String> {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let start = find(body, &delimiter).ok_or("the boundary does not occur")?;
    let mut rest = &body[start + delimiter.len()..];
    let inner = [b"\r\n".as_slice(), &delimiter].concat();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let content = rest.strip_prefix(b"\r\n").ok_or("no line end after the boundary")?;
        let end = find(content, &inner).ok_or("the last boundary is missing")?;
        parts.push(part(&content[..end])?);
        rest = &content[end + inner.len()..];
    }
}

fn part(content: &[u8]) -> Result<Part, String> {
    let end = find(content, b"\r\n\r\n").ok_or("a part without an empty line")?;
    let head = std::str::from_utf8(&content[..end]).map_err(|_| "a head that is no UTF-8")?;
    let mut part =
        Part { name: String::new(), filename: None, content_type: None, bytes: Vec::new() };
    for field in head.split("\r\n") {
        let (name, value) = field.split_once(':').ok_or("a head without a colon")?;
        match name.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                part.name = parameter(value, "name").ok_or("a part without a name")?;
                part.filename = parameter(value, "filename");
            }
            "content-type" => part.content_type = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    if part.name.is_empty() {
        return Err("a part without a name".to_owned());
    }
    part.bytes = content[end + 4..].to_vec();
    Ok(part)
}

/// A quoted parameter of a header field. Browsers and libraries write a quote in a name as
/// `%22` or `\"`; both end up as they were meant.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut from = 0;
    let sign = format!("{name}=\"");
    let at = loop {
        let at = from + value.get(from..)?.find(&sign)?;
        // `name=` is also the end of `filename=`.
        if value[..at].ends_with([' ', ';', '\t']) {
            break at + sign.len();
        }
        from = at + sign.len();
    };
    let mut text = String::new();
    let mut letters = value[at..].chars();
    loop {
        match letters.next()? {
            '"' => return Some(text.replace("%22", "\"")),
            '\\' => text.push(letters.next()?),
            letter => text.push(letter),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + at;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_apart_with_every_byte() {
        let picture = b"RIFF\r\n--X\r\n\0\xff--XY\r\n";
        let mut body =
            b"--XYZ\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{}".to_vec();
        body.extend_from_slice(
            b"\r\n--XYZ\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.webp\"\r\n\
              Content-Type: image/webp\r\n\r\n",
        );
        body.extend_from_slice(picture);
        body.extend_from_slice(b"\r\n--XYZ--\r\n");
        let found = parts(&body, "XYZ").unwrap();
        assert_eq!(
            (found[0].name.as_str(), found[0].bytes.as_slice()),
            ("payload_json", &b"{}"[..])
        );
        assert_eq!(found[0].filename, None);
        assert_eq!(
            (found[1].name.as_str(), found[1].filename.as_deref()),
            ("files[0]", Some("a.webp"))
        );
        assert_eq!(found[1].content_type.as_deref(), Some("image/webp"));
        assert_eq!(found[1].bytes, picture);
        assert!(parts(&body[..body.len() - 6], "XYZ").is_err());
        assert!(parts(&body, "ABC").is_err());
        assert!(parts(b"--X\r\nContent-Type: a\r\n\r\nb\r\n--X--", "X").is_err());
    }

    #[test]
    fn the_boundary_is_read_from_the_type() {
        assert_eq!(boundary("multipart/form-data; boundary=ab-c").as_deref(), Some("ab-c"));
        assert_eq!(boundary("Multipart/Form-Data; x=y; Boundary=\"ab\"").as_deref(), Some("ab"));
        assert_eq!(boundary("application/json"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }

    #[test]
    fn quotes_in_names_survive() {
        let field = " form-data; filename=\"a\\\"b.png\"; name=\"files[0]\"";
        assert_eq!(parameter(field, "name").as_deref(), Some("files[0]"));
        assert_eq!(parameter(field, "filename").as_deref(), Some("a\"b.png"));
        assert_eq!(parameter(" form-data; name=\"x", "name"), None);
    }
}
