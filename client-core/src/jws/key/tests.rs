//! Keys in every form, and whether the public half believes their signatures.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use proptest::prelude::*;

use super::*;

macro_rules! paste {
    ($name:literal) => {
        include_str!(concat!("../../../tests/keys/", $name))
    };
}

/// Checks a signature with the public JWK, by other code than the one that made it.
fn verify(algorithm: Algorithm, public: &str, message: &[u8], signature: &[u8]) {
    let jwk: Value = serde_json::from_str(public).unwrap();
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let ec = |kind| UnparsedPublicKey::new(kind, [vec![4], number("x"), number("y")].concat());
    let rsa =
        |kind| RsaPublicKeyComponents { n: number("n"), e: number("e") }.verify(kind, message, signature);
    match algorithm {
        Algorithm::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Es256 => ec(&ECDSA_P256_SHA256_FIXED).verify(message, signature),
        Algorithm::Es384 => ec(&ECDSA_P384_SHA384_FIXED).verify(message, signature),
        Algorithm::Es512 => ec(&ECDSA_P521_SHA512_FIXED).verify(message, signature),
    }
    .unwrap();
}

const RSA: &str = paste!("rsa.public.json");

#[test]
fn every_form_that_people_paste_signs_what_the_public_key_believes() {
    use Algorithm::{Es256, Es384, Es512, Rs256};
    for (name, text, algorithm, id, public) in [
        ("RSA PKCS#1", paste!("rsa.pkcs1.pem"), Rs256, None, RSA),
        ("RSA PKCS#8", paste!("rsa.pkcs8.pem"), Rs256, None, RSA),
        ("RSA JWK", paste!("rsa.jwk.json"), Rs256, Some("rsa-key"), RSA),
        ("P-256 SEC1", paste!("p256.sec1.pem"), Es256, None, paste!("p256.public.json")),
        ("P-256 PKCS#8", paste!("p256.pkcs8.pem"), Es256, None, paste!("p256.public.json")),
        ("P-256 JWK", paste!("p256.jwk.json"), Es256, Some("p256-key"), paste!("p256.public.json")),
        ("P-384 SEC1", paste!("p384.sec1.pem"), Es384, None, paste!("p384.public.json")),
        ("P-384 PKCS#8", paste!("p384.pkcs8.pem"), Es384, None, paste!("p384.public.json")),
        ("P-384 JWK", paste!("p384.jwk.json"), Es384, Some("p384-key"), paste!("p384.public.json")),
        ("P-521 SEC1", paste!("p521.sec1.pem"), Es512, None, paste!("p521.public.json")),
        ("P-521 PKCS#8", paste!("p521.pkcs8.pem"), Es512, None, paste!("p521.public.json")),
        ("P-521 JWK", paste!("p521.jwk.json"), Es512, Some("p521-key"), paste!("p521.public.json")),
    ] {
        let forms = [
            text.to_owned(),
            text.replace('\n', "\r\n"),
            format!("\n  {text}\n"),
            format!("\"{}\"", text.trim()),
        ];
        let one_line = text.replace('\n', "\\n");
        let escaped = [one_line.clone(), text.replace('\n', "\\r\\n"), format!("'{one_line}'")];
        let escaped = escaped.into_iter().filter(|_| !text.starts_with('{'));
        for form in forms.into_iter().chain(escaped) {
            let key = SigningKey::read(&form, None).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((key.algorithm, key.id.as_deref()), (algorithm, id), "{name}");
            verify(algorithm, public, b"a message", &key.sign(b"a message").unwrap());
        }
    }
}

#[test]
fn an_rsa_key_signs_with_what_it_is_told_to() {
    for algorithm in [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
        let key = SigningKey::read(paste!("rsa.pkcs8.pem"), Some(algorithm)).unwrap();
        verify(algorithm, RSA, b"m", &key.sign(b"m").unwrap());
        let named = paste!("rsa.jwk.json").replacen('{', &format!("{{\"alg\": \"{}\",", algorithm.name()), 1);
        assert_eq!(SigningKey::read(&named, None).unwrap().algorithm, algorithm);
    }
}

#[test]
fn what_is_no_usable_key_is_refused_in_words_that_do_not_show_it() {
    let jwk = paste!("p256.jwk.json");
    let cut = &paste!("rsa.pkcs1.pem")[..800];
    let other_point = paste!("p256.public.json").replacen('{', "{\"d\": \"AAAA\",", 1);
    for (text, wanted, says) in [
        ("", None, "it is empty"),
        ("hunter2", None, "neither PEM"),
        (paste!("public.pem"), None, "no private key"),
        (paste!("p256.public.json"), None, "is it the public half?"),
        (paste!("encrypted.pem"), None, "encrypted: decrypt it first"),
        (paste!("rsa-1024.pem"), None, "use RSA of 2048"),
        (paste!("ed25519.pem"), None, "use RSA of 2048"),
        (cut, None, "damaged"),
        ("{\"kty\": \"hunter2", None, "no JSON"),
        ("{\"keys\": []}", None, "a set of keys"),
        ("{\"kty\": \"oct\", \"k\": \"hunter2\"}", None, "neither RSA nor EC"),
        (&jwk.replace("P-256", "secp256k1"), None, "`crv` is none"),
        (&jwk.replacen('{', "{\"alg\": \"PS256\",", 1), None, "`alg` is none"),
        (&other_point, None, "do not belong together"),
        (jwk, Some(Algorithm::Es384), "signs with ES256, not with ES384"),
        (paste!("rsa.jwk.json"), Some(Algorithm::Es256), "RSA key cannot sign with ES256"),
    ] {
        let error = SigningKey::read(text, wanted).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains(says), "{said}");
        assert!(!said.contains("hunter2") && said.len() < 300, "{said}");
    }
}

#[test]
fn a_key_does_not_show_itself() {
    let key = SigningKey::read(paste!("rsa.pkcs8.pem"), None).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey(RS256, hidden)");
}

proptest! {
    #[test]
    fn nothing_that_is_pasted_panics(text in ".{0,200}", from in 0_usize..1700, change in any::<u8>()) {
        let _ = SigningKey::read(&text, None);
        for whole in [paste!("rsa.pkcs1.pem"), paste!("p256.jwk.json")] {
            let mut bytes = whole.as_bytes().to_vec();
            let at = from % bytes.len();
            bytes[at] = change & 0x7f;
            let _ = SigningKey::read(std::str::from_utf8(&bytes).unwrap(), None);
        }
    }
}
