//! The root certificates that a function finds, and the simulated AWS behind HTTPS with one of our own among them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Root certificates as Lambda's image (Amazon Linux 2023) has them: one bundle, and a directory with a link to it and with
/// the same once more as OpenSSL's trusted certificates, which nobody else reads. A Debian, say, has them in single files too.
pub(crate) struct Roots {
    directory: PathBuf,
    /// How many there are.
    pub(crate) count: usize,
}

impl Roots {
    /// The machine's own and `more`, in PEM.
    pub(crate) fn with(more: &str) -> std::io::Result<Self> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let machine = BUNDLES.into_iter().find(|path| Path::new(path).exists());
        let machine = machine.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        let bundle = format!("{machine}\n{more}");
        let roots = Self {
            directory: std::env::temp_dir().join(format!("bench-roots-{}-{number}", std::process::id())),
            count: bundle.matches("BEGIN CERTIFICATE").count(),
        };
        std::fs::create_dir_all(roots.certs())?;
        std::fs::write(roots.bundle(), &bundle)?;
        std::os::unix::fs::symlink(roots.bundle(), roots.certs().join("ca-bundle.crt"))?;
        let trusted = bundle.replace(" CERTIFICATE-----", " TRUSTED CERTIFICATE-----");
        std::fs::write(roots.certs().join("ca-bundle.trust.crt"), trusted)?;
        Ok(roots)
    }

    fn bundle(&self) -> PathBuf {
        self.directory.join("tls-ca-bundle.pem")
    }

    fn certs(&self) -> PathBuf {
        self.directory.join("certs")
    }

    /// What tells a function, and the twin, of them.
    pub(crate) fn variables(&self) -> crate::function::Variables {
        let (bundle, certs) = (self.bundle().display().to_string(), self.certs().display().to_string());
        vec![("AWS_CA_BUNDLE", bundle.clone()), ("SSL_CERT_FILE", bundle), ("SSL_CERT_DIR", certs)]
    }
}

impl Drop for Roots {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.directory);
    }
}

/// Where the SDK looks for the address of each service that a steady tick asks.
const SERVICES: [&str; 3] = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL_BEDROCK_AGENT"];

/// Servers that take the TLS off and hand on to the simulator, and a file of roots by which they can be trusted.
pub(crate) struct Https {
    /// One address for each service that a steady tick asks, as in AWS: connections are not shared between them.
    addresses: crate::function::Variables,
    /// The machine's roots and ours.
    pub(crate) roots: Roots,
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

        let roots = Roots::with(&root_certificate.pem()).map_err(|error| said(&error))?;
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
        let (mut addresses, mut servers) = (Vec::new(), Vec::new());
        for variable in SERVICES {
            let (address, server) = serve(acceptor.clone(), behind.clone()).await.map_err(|error| said(&error))?;
            addresses.push((variable, address));
            servers.push(server);
        }
        Ok(Self { addresses, roots, servers })
    }

    /// What tells a function, and the twin, of them.
    pub(crate) fn variables(&self) -> crate::function::Variables {
        [self.roots.variables(), self.addresses.clone()].concat()
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
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
