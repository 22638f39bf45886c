//! A small HTTP client that stands inside a host of the lab.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Lab;

const LIMIT: Duration = Duration::from_secs(5);
/// No answer of the program comes near it; a runaway stream must not fill the memory.
const MOST_BYTES: u64 = 64 << 20;

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, put together from its chunks where it came in chunks.
    pub body: String,
}

impl Answer {
    /// The first header field of that name (given in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl Lab {
    /// A connection to a port of 127.0.0.1 inside the monitor's namespace. Reading and writing
    /// give up after 5 s; the caller may set other limits.
    pub fn tcp(&self, port: u16) -> Result<TcpStream> {
        self.tcp_from("monitor", SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// A connection from any host of the lab to any address.
    pub fn tcp_from(&self, host: &str, to: SocketAddr) -> Result<TcpStream> {
        self.inside(host, || {
            let stream = TcpStream::connect_timeout(&to, LIMIT)
                .with_context(|| format!("no connection to {to}"))?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_write_timeout(Some(LIMIT))?;
            Ok(stream)
        })
    }

    /// Fetches a path from 127.0.0.1 inside the monitor's namespace. A status other than 2xx is
    /// an error that shows the body.
    pub fn http_get(&self, port: u16, path: &str) -> Result<String> {
        let answer = self.http(port, "GET", path, &[], "")?;
        if !(200..300).contains(&answer.status) {
            bail!("GET {path}: {} {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    /// Any request to 127.0.0.1 inside the monitor's namespace, whatever the status.
    pub fn http(
        &self,
        port: u16,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let stream = self.tcp(port)?;
        exchange(stream, &format!("127.0.0.1:{port}"), method, path, headers, body.as_bytes())
            .with_context(|| format!("{method} {path} on port {port}"))
    }

    /// Any request from any host of the lab, for the views of a neighbour or of the internet.
    pub fn http_from(
        &self,
        host: &str,
        to: SocketAddr,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let stream = self.tcp_from(host, to)?;
        exchange(stream, &to.to_string(), method, path, headers, body.as_bytes())
            .with_context(|| format!("{method} {path} from {host} at {to}"))
    }
}

/// Sends one request and reads the answer to it, on a connection that ends with it.
pub(crate) fn exchange(
    mut stream: TcpStream,
    authority: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("Host: {authority}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(&[request.as_bytes(), body].concat())?;
    read_answer(BufReader::new(stream.take(MOST_BYTES)))
}

fn read_answer(mut from: impl BufRead) -> Result<Answer> {
    let first = line(&mut from)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("no status line: {first:?}"))?;
    let mut headers = Vec::new();
    loop {
        let field = line(&mut from)?;
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':').with_context(|| format!("{field:?}"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: String::new() };
    let mut bytes = Vec::new();
    if answer.header("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
        loop {
            let size = line(&mut from)?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16).with_context(|| format!("{size:?}"))?;
            if size == 0 {
                break;
            }
            if from.by_ref().take(size).read_to_end(&mut bytes)? as u64 != size {
                bail!("the answer ended inside a chunk");
            }
            line(&mut from)?;
        }
    } else if let Some(length) = answer.header("content-length") {
        let length: u64 = length.parse()?;
        if from.take(length).read_to_end(&mut bytes)? as u64 != length {
            bail!("the answer ended early");
        }
    } else {
        from.read_to_end(&mut bytes)?;
    }
    answer.body = String::from_utf8_lossy(&bytes).into_owned();
    Ok(answer)
}

fn line(from: &mut impl BufRead) -> Result<String> {
    let mut text = String::new();
    if from.read_line(&mut text)? == 0 {
        bail!("the connection ended inside the answer");
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:  b\r\n\r\n\
                    3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let answer = read_answer(text.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "abcde"));
        assert_eq!(answer.header("x-a"), Some("b"));
    }

    #[test]
    fn a_cut_answer_is_an_error_not_a_short_body() {
        assert!(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab".as_bytes()).is_err());
        let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
        assert!(read_answer(chunk.as_bytes()).is_err());
        assert!(read_answer("".as_bytes()).is_err());
    }
}
