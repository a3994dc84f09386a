//! TLS of connections to servers: rustls with ring, whatever else the program has chosen for itself.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{Error, ErrorKind};

/// Whom to trust, and who we are.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    /// The authorities that may vouch for the server; the system's own if there is no file.
    pub(crate) ca_file: Option<PathBuf>,
    /// Our certificate and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

/// Paths only; what is in the files is never shown.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca_file", &self.ca_file)
            .field("client", &self.client)
            .finish()
    }
}

impl Tls {
    /// What rustls needs to know; `Err` names the file that cannot be used.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(ErrorKind::Setup, format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(self.roots()?);
        let Some((certificate, key)) = &self.client else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
        builder
            .with_client_auth_cert(chain, secret)
            .map_err(|error| unusable(certificate, error))
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if let Some(file) = &self.ca_file {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| unusable(file, error))?;
            }
        } else {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
        if roots.is_empty() {
            let text = "the system trusts no certificate authority; name a CA file";
            return Err(Error::new(ErrorKind::Setup, text));
        }
        Ok(roots)
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(file).map_err(|error| unusable(file, error))?;
    let found: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(file, error))?;
    if found.is_empty() {
        return Err(unusable(file, "there is no certificate in it"));
    }
    Ok(found)
}

fn unusable(file: &Path, why: impl fmt::Display) -> Error {
    let text = format!("the TLS file `{}` cannot be used: {why}", file.display());
    Error::new(ErrorKind::Setup, text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        for (file, why) in [
            (empty, "no certificate"),
            (folder.path().join("none.pem"), "cannot be used"),
        ] {
            let tls = Tls {
                ca_file: Some(file.clone()),
                client: None,
            };
            let error = tls.client_config().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Setup);
            let text = error.to_string();
            assert!(
                text.contains(file.to_str().unwrap()) && text.contains(why),
                "{text}"
            );
        }
    }
}
