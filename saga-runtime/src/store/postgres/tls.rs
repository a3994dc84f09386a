//! TLS by rustls: whom to trust, as `sslmode` and `sslrootcert` say.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, ErrorKind};

/// What a server has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// No TLS.
    Disable,
    /// TLS where the server has it, whoever it is.
    Prefer,
    /// TLS, whoever the server is; a certificate of its own name by these, where they were named.
    Require,
    /// A certificate of its own name, by an authority in this file or by one the platform trusts.
    Verify(Option<PathBuf>),
}

impl Trust {
    /// What `sslmode` and `sslrootcert` ask for; nothing said is `prefer`, as in PostgreSQL's own clients.
    pub(super) fn of(mode: Option<&str>, root: Option<String>) -> Result<Self, Error> {
        let root = root.map(PathBuf::from);
        match mode {
            Some("disable") => Ok(Self::Disable),
            None | Some("prefer" | "allow") => Ok(Self::Prefer),
            Some("require") if root.is_none() => Ok(Self::Require),
            Some("require" | "verify-full") => Ok(Self::Verify(root)),
            Some(other) => Err(Error::new(
                ErrorKind::Setup,
                format!(
                    "the PostgreSQL URL asks for `sslmode={other}`: use disable, prefer, require or verify-full"
                ),
            )),
        }
    }

    pub(super) fn mode(&self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::Verify(_) => SslMode::Require,
        }
    }

    /// What connects by it.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(ErrorKind::Setup, format!("TLS cannot be set up: {error}")))?;
        let config = match self {
            Self::Verify(root) => builder.with_root_certificates(roots(root.as_ref())?),
            _ => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anyone(provider))),
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }
}

fn roots(file: Option<&PathBuf>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                let file = file.display();
                Error::new(
                    ErrorKind::Setup,
                    format!(
                        "the certificates in {file} cannot be read: {error}. \
                         `sslrootcert` names a PEM file with the authorities to trust"
                    ),
                )
            };
            let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        return Err(Error::new(
            ErrorKind::Setup,
            "no authority is trusted to name the PostgreSQL server: give a PEM file as `sslrootcert`",
        ));
    }
    Ok(roots)
}

/// Encrypts without asking who the server is, as `sslmode=require` does in PostgreSQL's own clients.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

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
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
