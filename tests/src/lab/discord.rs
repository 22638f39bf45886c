//! A Discord where the real one stands: behind the provider, under its own name, by https.
//!
//! Its socket is opened inside the internet host's namespace and served from here, so a test
//! has the whole of [`Discord`] in its hands while the program in the lab sees nothing but an
//! address behind the cable that gets cut.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Lab, state};
use crate::discord::{Authority, Discord, Options};

/// The name it is known by; the hosts file of every host of the lab has it.
const NAME: &str = "discord.com";

/// A fake Discord on the internet host of a lab. It may outlive the lab, but reaches nobody
/// then.
#[derive(Debug)]
pub struct LabDiscord {
    discord: Discord,
    certificate: PathBuf,
}

impl LabDiscord {
    /// The variable that makes a program believe in it: `SSL_CERT_FILE`, and the file with the
    /// certificate of the authority behind it.
    #[must_use]
    pub fn trust(&self) -> (&'static str, PathBuf) {
        ("SSL_CERT_FILE", self.certificate.clone())
    }
}

impl Deref for LabDiscord {
    type Target = Discord;

    fn deref(&self) -> &Discord {
        &self.discord
    }
}

impl DerefMut for LabDiscord {
    fn deref_mut(&mut self) -> &mut Discord {
        &mut self.discord
    }
}

impl Lab {
    /// Starts a fake Discord as `https://discord.com`, with the three webhooks of a café and
    /// Discord's own limits. There is room for one at a time.
    pub fn discord(&self) -> Result<LabDiscord> {
        self.discord_with(Options::default())
    }

    /// The same with options.
    pub fn discord_with(&self, options: Options) -> Result<LabDiscord> {
        let certificate = state::directory(self.id()).join("discord-ca.pem");
        let authority = Authority::new(&certificate)?;
        let tls = authority.server(&[NAME])?;
        let listener = self.inside("internet", || {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, 443)).context("port 443 of the internet host")
        })?;
        let discord = Discord::on(listener, Some(tls), &format!("https://{NAME}"), options)?;
        Ok(LabDiscord { discord, certificate })
    }
}
