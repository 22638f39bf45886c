//! Which URLs are accepted where.
//!
//! Refusals name the rule and never quote the URL: a webhook's address *is* its
//! password, and these texts end up in logs and answers.

use std::net::{IpAddr, Ipv6Addr};

use super::values::{Host, Secret};

/// Where Discord serves its webhooks.
const DISCORD: [&str; 6] = [
    "discord.com",
    "ptb.discord.com",
    "canary.discord.com",
    "discordapp.com",
    "ptb.discordapp.com",
    "canary.discordapp.com",
];

struct Parts<'a> {
    secure: bool,
    host: Host,
    port: Option<u16>,
    /// From the first `/` or `?` on.
    rest: &'a str,
}

impl Parts<'_> {
    fn is_discord(&self) -> bool {
        let usual = self.port.is_none_or(|p| p == 443);
        usual && matches!(&self.host, Host::Name(name) if DISCORD.contains(&name.as_str()))
    }

    fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost",
        }
    }

    fn is_private(&self) -> bool {
        match self.host {
            Host::Address(address) => is_private(address),
            Host::Name(_) => false,
        }
    }
}

/// RFC 1918, RFC 6598 (shared space, where VPN meshes live), RFC 4193, link-local.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn split(url: &str) -> Result<Parts<'_>, String> {
    let (secure, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        Some(_) | None => return Err("is not a URL that begins with https:// or http://".into()),
    };
    if url.len() > 2048 || !url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err("is not a URL: at most 2048 characters, no spaces or accents".into());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.contains('@') {
        return Err("must not hold a user name or password before the host".into());
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (inside, after) = v6.split_once(']').ok_or("has a broken IPv6 address")?;
            let address: Ipv6Addr = inside.parse().map_err(|_| "has a broken IPv6 address")?;
            let port = match after.strip_prefix(':') {
                Some(port) => Some(port),
                None if after.is_empty() => None,
                None => return Err("has a broken port".into()),
            };
            (Some(Host::Address(address.into())), port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (Host::parse(host), Some(port)),
            None => (Host::parse(authority), None),
        },
    };
    let host = host.ok_or("names no host")?;
    let port = match port {
        None => None,
        Some(text) => {
            let port = text.parse::<u16>().ok().filter(|p| *p > 0 && !text.starts_with('+'));
            Some(port.ok_or("has a port outside 1..=65535")?)
        }
    };
    Ok(Parts { secure, host, port, rest })
}

/// An https URL of a Discord webhook, or, for tests, plain http to this machine. Also
/// empty, a placeholder (which counts as empty), or as the vault sealed it.
pub(super) fn webhook(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    let secret = Secret::new(text);
    if secret.is_empty() || secret.is_sealed() {
        return Ok(secret);
    }
    let parts = split(text).map_err(|_| not_a_webhook())?;
    let accepted = match parts.secure {
        true => parts.is_discord() && is_hook(parts.rest),
        false => parts.is_loopback(),
    };
    if accepted { Ok(secret) } else { Err(not_a_webhook()) }
}

fn not_a_webhook() -> String {
    "expected https://discord.com/api/webhooks/… (or empty); copy it from Discord: \
     channel settings, Integrations, Webhooks"
        .to_owned()
}

/// `/api/webhooks/<id>/<token>`, with a version or not, with a query (`thread_id`) or not.
fn is_hook(rest: &str) -> bool {
    let path = rest.split('?').next().unwrap_or_default();
    let mut path = path.split('/').skip(1).peekable();
    let api = path.next() == Some("api");
    let _version = path.next_if(|p| p.strip_prefix('v').is_some_and(is_number));
    let webhooks = path.next() == Some("webhooks");
    let id = path.next().is_some_and(is_number);
    let token = path.next().is_some_and(|t| {
        !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    api && webhooks && id && token && path.next().is_none()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Empty, or https anywhere, or plain http where nobody outside can listen.
pub(super) fn engine(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let parts = split(text)?;
    if parts.secure || parts.is_loopback() || parts.is_private() {
        Ok(text.to_owned())
    } else {
        Err("must be https (plain http only to loopback and private addresses)".into())
    }
}

/// Like [`engine`], for an address that is itself a credential.
pub(super) fn secret(text: &str) -> Result<Secret, String> {
    let secret = Secret::new(text.trim());
    if secret.is_sealed() { Ok(secret) } else { engine(text).map(|url| Secret::new(&url)) }
}

/// Empty, or any http or https URL.
pub(super) fn link(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Ok(String::new()) } else { split(text).map(|_| text.to_owned()) }
}

/// An exact origin (RFC 6454), as a browser sends it: lower case, no default port.
pub(super) fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err("must be an exact origin such as https://manager.example, never *".into());
    }
    let parts = split(text)?;
    if !parts.rest.is_empty() {
        return Err("must be an origin: scheme, host and port, nothing after".into());
    }
    let scheme = if parts.secure { "https" } else { "http" };
    let host = match &parts.host {
        Host::Address(IpAddr::V6(v6)) => format!("[{v6}]"),
        host @ (Host::Address(IpAddr::V4(_)) | Host::Name(_)) => host.to_string(),
    };
    let usual = if parts.secure { 443 } else { 80 };
    Ok(match parts.port.filter(|p| *p != usual) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}
