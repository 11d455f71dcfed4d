//! Proxy and TLS.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

#[test]
fn a_proxy_is_asked_to_connect() {
    let proxy = Vendor::saying(vec![Reply::new(403, &[], "no")]);
    let plan = HttpPlan {
        proxy: Some(format!("http://{}", proxy.place())),
        ..HttpPlan::default()
    };
    let service = service(&["api.example.org".to_owned()], plan);
    let outgoing = get("https://api.example.org/x".to_owned());
    let error = service.send(&outgoing, &FakeDaemon::default(), &mut Received::default());
    let error = error.expect_err("refused by the proxy");
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(error.user().contains("`network.proxy`"), "{error}");
    assert_eq!(proxy.seen()[0].target(), "CONNECT api.example.org:443");
}

#[test]
fn a_proxy_of_another_kind_is_refused() {
    for text in ["socks5://127.0.0.1:1080", "nonsense"] {
        let plan = HttpPlan {
            proxy: Some(text.to_owned()),
            ..HttpPlan::default()
        };
        let error = HttpService::new(&plan).err().expect("refused");
        assert!(error.user().contains("`network.proxy`"), "{error}");
    }
}

/// A server for `localhost` whose certificate an authority of its own signed, and that authority.
fn tls_vendor() -> (Vendor, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("signed");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let server = server.signed_by(&key, &authority).expect("signed");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .expect("a certificate");
    let config = Arc::new(config);
    let vendor = Vendor::wrapped(
        |_, _| Reply::new(200, &[], "safe"),
        move |stream, talk| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
            let mut stream = StreamOwned::new(connection, stream);
            talk(&mut stream);
            stream.conn.send_close_notify();
            let _ = std::io::Write::flush(&mut stream);
        },
    );
    (vendor, authority.pem())
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_configured() {
    let (vendor, ca_pem) = tls_vendor();
    let place = format!("localhost:{}", vendor.port());
    let outgoing = get(format!("https://{place}/x"));
    let plan = HttpPlan {
        ca_pem: Some(ca_pem),
        ..HttpPlan::default()
    };
    let mut received = Received::default();
    let trusting = service(std::slice::from_ref(&place), plan);
    trusting
        .send(&outgoing, &FakeDaemon::default(), &mut received)
        .expect("trusted");
    assert_eq!(received.body, b"safe");

    let wary = service(&[place], HttpPlan::default());
    let error = wary.send(&outgoing, &FakeDaemon::default(), &mut Received::default());
    let error = error.expect_err("not trusted");
    assert!(error.user().contains("`network.ca_bundle`"), "{error:?}");
}

#[test]
fn a_bundle_without_certificates_is_refused() {
    let plan = HttpPlan {
        ca_pem: Some("not a certificate".to_owned()),
        ..HttpPlan::default()
    };
    let error = HttpService::new(&plan).err().expect("refused");
    assert!(error.user().contains("`network.ca_bundle`"), "{error}");
}
