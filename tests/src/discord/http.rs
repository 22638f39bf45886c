//! HTTP/1.1 from the server's side, over any stream, with every byte in our hands: a fake that
//! is to cut, drip and fall silent at will cannot leave these moments to a library.

use std::io::{self, BufRead, ErrorKind, Read, Write};

/// More than any body Discord takes; what is longer is not read to its end.
const MOST_BYTES: u64 = 64 << 20;
const MOST_LINE: u64 = 64 << 10;
const MOST_FIELDS: usize = 200;

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn says(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }

    /// Whether the client wants the connection to end with the answer.
    pub(crate) fn closes(&self) -> bool {
        self.says("connection", "close")
    }

    /// Whether the client waits for a word before it sends the body.
    pub(crate) fn expects_word(&self) -> bool {
        self.says("expect", "100-continue")
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A value of the query, as it stands there.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    }
}

/// What is sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let mut reply = Self::empty(status).with("Content-Type", "application/json");
        reply.body = body.to_string().into_bytes();
        reply
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The head, for a body of a given length.
    pub(crate) fn head(&self, length: u64) -> String {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            text.push_str(&format!("Content-Length: {length}\r\n"));
        }
        text + "\r\n"
    }

    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        // In one piece: two small packets would wait for each other's receipt.
        let mut bytes = self.head(self.body.len() as u64).into_bytes();
        bytes.extend_from_slice(&self.body);
        to.write_all(&bytes)?;
        to.flush()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Answer",
    }
}

/// Reads the head of the next request; `None` when the client has ended the connection.
pub(crate) fn read_head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(first) = line(from)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1")) = (words.next(), words.next(), words.next())
    else {
        return Err(invalid("no request line"));
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Vec::new();
    loop {
        let field = line(from)?.ok_or_else(|| invalid("the head ended early"))?;
        if field.is_empty() {
            return Ok(Some(Head { method, target, headers }));
        }
        let (name, value) = field.split_once(':').ok_or_else(|| invalid("no header field"))?;
        if headers.len() == MOST_FIELDS {
            return Err(invalid("too many header fields"));
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Reads the body that belongs to a head.
pub(crate) fn read_body(head: &Head, from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if head.says("transfer-encoding", "chunked") {
        loop {
            let size = line(from)?.ok_or_else(|| invalid("the body ended early"))?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16).map_err(|_| invalid("no chunk size"))?;
            take(from, size, &mut bytes)?;
            line(from)?;
            if size == 0 {
                return Ok(bytes);
            }
        }
    }
    if let Some(length) = head.header("content-length") {
        let length = length.parse().map_err(|_| invalid("no length"))?;
        take(from, length, &mut bytes)?;
    }
    Ok(bytes)
}

fn take(from: &mut impl BufRead, size: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    if size + bytes.len() as u64 > MOST_BYTES {
        return Err(invalid("a body larger than anything Discord takes"));
    }
    if from.by_ref().take(size).read_to_end(bytes)? as u64 != size {
        return Err(invalid("the body ended early"));
    }
    Ok(())
}

fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut text = String::new();
    let read = from.by_ref().take(MOST_LINE).read_line(&mut text)?;
    if read == 0 {
        return Ok(None);
    }
    match text.strip_suffix("\r\n") {
        Some(line) => Ok(Some(line.to_owned())),
        None => Err(invalid("a line without an end")),
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> io::Result<(Head, Vec<u8>)> {
        let mut from = text.as_bytes();
        let head = read_head(&mut from)?.ok_or_else(|| invalid("nothing"))?;
        let body = read_body(&head, &mut from)?;
        Ok((head, body))
    }

    #[test]
    fn bodies_come_with_a_length_or_in_chunks() {
        let text = "POST /a?wait=true&x=1 HTTP/1.1\r\nContent-Length: 3\r\nHOST: h\r\n\r\nabc";
        let (head, body) = whole(text).unwrap();
        assert_eq!((head.path(), head.query("wait"), head.query("y")), ("/a", Some("true"), None));
        assert_eq!((head.header("host"), body.as_slice()), (Some("h"), &b"abc"[..]));
        let chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                      2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(whole(chunks).unwrap().1, b"abc");
    }

    #[test]
    fn what_ends_early_is_an_error_and_nothing_at_all_is_not() {
        assert!(whole("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab").is_err());
        assert!(whole("POST / HTTP/1.1\r\nContent-").is_err());
        assert!(whole("nonsense\r\n\r\n").is_err());
        assert!(whole("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").is_err());
        assert_eq!(read_head(&mut "".as_bytes()).unwrap(), None);
    }
}
