//! Mutual TLS with a real server: it hears who calls by the certificate, and does not serve who shows none.
//!
//! The server's own certificate is trusted by `SSL_CERT_FILE`. No test changes its own environment, so this program
//! runs itself again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use client_core::{ClientIdentity, HttpTransport, Transport as _, TransportConfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Where the files are, and that this is the second run.
const FILES: &str = "MUTUAL_TLS_FILES";

#[test]
fn the_other_side_hears_who_calls_by_the_certificate() {
    if let Some(files) = std::env::var_os(FILES) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(shown(Path::new(&files)));
    }
    let files = tempfile::tempdir().unwrap();
    write_certificates(files.path());
    let again = Command::new(std::env::current_exe().unwrap())
        .env(FILES, files.path())
        .env("SSL_CERT_FILE", files.path().join("ca.pem"))
        .env("NO_PROXY", "localhost")
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}

fn write_certificates(files: &Path) {
    let write = |name: &str, text: String| std::fs::write(files.join(name), text).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "a CA");
    write("ca.pem", params.self_signed(&key).unwrap().pem());
    let ca = Issuer::new(params, key);
    for name in ["localhost", "api.user"] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        write(&format!("{name}.pem"), params.signed_by(&key, &ca).unwrap().pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
}

async fn shown(files: &Path) {
    let read = |name: &str| std::fs::read_to_string(files.join(name)).unwrap();
    let url = serve(&read("ca.pem"), &read("localhost.pem"), &read("localhost.key")).await;
    let get = async |identity: Option<ClientIdentity>| {
        let mut config = TransportConfig::default();
        config.identity = identity;
        let request = http::Request::get(&url).body(Bytes::new()).unwrap();
        HttpTransport::new(&config).unwrap().send(request).await
    };
    let identity = ClientIdentity::new(&read("api.user.pem"), &read("api.user.key").into()).unwrap();
    let ours = CertificateDer::from_pem_slice(read("api.user.pem").as_bytes()).unwrap();
    assert_eq!(get(Some(identity)).await.unwrap().body(), &*ours);
    assert!(get(None).await.is_err());
}

/// A server that answers with the certificate that it was shown, and wants one of this CA's.
async fn serve(ca: &str, chain: &str, key: &str) -> String {
    let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(ca)).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(WebPkiClientVerifier::builder(roots.into()).build().unwrap())
        .with_single_cert(vec![certificate(chain)], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Who shows no certificate gets no further than this.
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", shown.len());
            stream.write_all(&[head.as_bytes(), &shown].concat()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    url
}
