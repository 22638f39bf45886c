//! A certificate authority that lives as long as a test, for a Discord that is reached by
//! https under its real name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority, with its certificate in a file that programs can be told to trust.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    /// Makes a new one and writes its certificate to a file (PEM).
    pub fn new(file: &Path) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "CafeSentinel test authority");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        fs::write(file, certificate.pem())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(Self { issuer: Issuer::new(params, key), file: file.to_owned() })
    }

    /// The file with its certificate, for `SSL_CERT_FILE` or `curl --cacert`.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.file
    }

    /// What a server needs to be known under these names (or addresses).
    pub fn server(&self, names: &[&str]) -> Result<Arc<ServerConfig>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let common = names.first().context("a server without a name")?.clone();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, common);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        Ok(Arc::new(config))
    }
}
