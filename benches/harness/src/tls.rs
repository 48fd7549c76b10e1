//! The simulated AWS behind HTTPS, with a root certificate of our own among those of the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where Linux distributions keep the bundle that TLS clients read, Lambda's own first.
const BUNDLES: [&str; 2] = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"];

/// The machine's own roots, as one file.
pub(crate) fn machines_bundle() -> Option<&'static str> {
    BUNDLES.into_iter().find(|path| Path::new(path).exists())
}

/// Servers that take the TLS off and hand on to the simulator, and a file of roots by which they can be trusted.
pub(crate) struct Https {
    /// One address for each service, as in AWS: connections are not shared between them.
    pub(crate) bedrock: String,
    /// See above.
    pub(crate) agents: String,
    /// The machine's roots and ours.
    pub(crate) roots: PathBuf,
    /// How many roots that are.
    pub(crate) roots_count: usize,
    servers: Vec<JoinHandle<()>>,
}

impl Https {
    /// In front of the simulator at `url`.
    pub(crate) async fn before(url: &str) -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let root_key = KeyPair::generate().map_err(|error| said(&error))?;
        let mut root = CertificateParams::new(Vec::new()).map_err(|error| said(&error))?;
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, "root of the harness");
        let root_certificate = root.self_signed(&root_key).map_err(|error| said(&error))?;
        let issuer = Issuer::new(root, root_key);
        let key = KeyPair::generate().map_err(|error| said(&error))?;
        let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).map_err(|error| said(&error))?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        let leaf = leaf.signed_by(&key, &issuer).map_err(|error| said(&error))?;

        let machine = machines_bundle().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let bundle = format!("{machine}\n{}", root_certificate.pem());
        let roots = std::env::temp_dir().join(format!("bench-roots-{}.pem", std::process::id()));
        std::fs::write(&roots, &bundle).map_err(|error| said(&error))?;

        let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| said(&error))?;
        let configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| said(&error))?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| said(&error))?;
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let behind = url.trim_start_matches("http://").to_owned();
        let (bedrock, first) = serve(acceptor.clone(), behind.clone()).await.map_err(|error| said(&error))?;
        let (agents, second) = serve(acceptor, behind).await.map_err(|error| said(&error))?;
        let roots_count = bundle.matches("BEGIN CERTIFICATE").count();
        Ok(Self { bedrock, agents, roots, roots_count, servers: vec![first, second] })
    }

    /// What tells a function, and the twin, of them.
    pub(crate) fn variables(&self) -> crate::function::Variables {
        let roots = self.roots.display().to_string();
        vec![
            ("AWS_ENDPOINT_URL_BEDROCK", self.bedrock.clone()),
            ("AWS_ENDPOINT_URL_BEDROCK_AGENT", self.agents.clone()),
            ("AWS_CA_BUNDLE", roots.clone()),
            ("SSL_CERT_FILE", roots),
        ]
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
        let _gone = std::fs::remove_file(&self.roots);
    }
}

async fn serve(acceptor: TlsAcceptor, behind: String) -> std::io::Result<(String, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://localhost:{}", listener.local_addr()?.port());
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let _nagle = connection.set_nodelay(true);
                let Ok(mut inside) = acceptor.accept(connection).await else { return };
                let Ok(mut outside) = TcpStream::connect(behind).await else { return };
                let _nagle = outside.set_nodelay(true);
                let _ended = copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    Ok((url, server))
}
