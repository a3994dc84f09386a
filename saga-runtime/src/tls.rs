//! TLS of connections to servers: rustls with ring, whatever else the program has chosen for itself.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    crypto::{CryptoProvider, ring},
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
        let builder = builder(ring::default_provider())?.with_root_certificates(self.roots()?);
        let Some((certificate, key)) = &self.client else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
        builder
            .with_client_auth_cert(chain, secret)
            .map_err(|error| unusable(certificate, error))
    }

    /// Encrypts, whoever the server is.
    #[cfg(feature = "postgres")]
    pub(crate) fn without_asking_who_it_is() -> Result<ClientConfig, Error> {
        let provider = ring::default_provider();
        let anyone = Arc::new(anyone::Anyone(provider.signature_verification_algorithms));
        let builder = builder(provider)?
            .dangerous()
            .with_custom_certificate_verifier(anyone);
        Ok(builder.with_no_client_auth())
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
            let text = "the system trusts no certificate authority; name a CA file (`ca_file`; in a PostgreSQL URL, `sslrootcert`)";
            return Err(Error::new(ErrorKind::Setup, text));
        }
        Ok(roots)
    }
}

fn builder(provider: CryptoProvider) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Setup, format!("TLS cannot be set up: {error}")))
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

#[cfg(feature = "postgres")]
mod anyone {
    use rustls::{
        DigitallySignedStruct, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    };

    /// Encrypts without asking who the server is, as `sslmode=require` does in PostgreSQL's own clients.
    #[derive(Debug)]
    pub(super) struct Anyone(pub(super) WebPkiSupportedAlgorithms);

    impl ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _certificate: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _name: &ServerName<'_>,
            _ocsp: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls12_signature(message, certificate, signature, &self.0)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls13_signature(message, certificate, signature, &self.0)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.supported_schemes()
        }
    }
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
