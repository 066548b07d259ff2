use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// Tells a leaked token from other text.
const PREFIX: &str = "streampulse_";

/// The secret part of a token: 256 random bits. Never printed but by [`Secret::token`].
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// What is kept of a secret.
///
/// One round of SHA-256, without salt: slow, salted hashes protect passwords, which can be guessed. 256 random bits
/// cannot, so nothing is gained by making each request pay for them.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// A token as a client sent it: which one it says it is, and what its secret comes to.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) id: i64,
    pub(super) digest: Digest,
}

impl Secret {
    /// `bytes` must come from the system's random source.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.0).into())
    }

    /// The token with this number, as its holder keeps it.
    #[must_use]
    pub fn token(&self, id: i64) -> String {
        let secret: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}{id}_{secret}")
    }
}

impl Digest {
    /// `None` when this is no digest.
    pub(super) fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes the same time wherever they differ.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Presented {
    /// `None` when the text has not the form of a token.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = secret.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(secret.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self { id: id.parse().ok()?, digest: Secret(bytes).digest() })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_digest_and_no_other_is() {
        let secret = Secret::new([0xa7; 32]);
        let presented = Presented::parse(&secret.token(12)).unwrap();
        assert_eq!(presented.id, 12);
        assert!(presented.digest.matches(&secret.digest()));
        let mut other = [0xa7; 32];
        other[31] = 0xa6;
        assert!(!presented.digest.matches(&Secret::new(other).digest()));
        assert_ne!(secret.digest().as_bytes(), &[0xa7; 32], "the secret itself is not kept");
    }

    #[test]
    fn whatever_has_not_the_form_of_a_token_is_none() {
        let good = Secret::new([1; 32]).token(1);
        for text in [
            "",
            "streampulse_",
            &good[1..],
            &good[..good.len() - 1],
            &format!("{good}0"),
            &good.replace("_1_", "_+1_"),
            &good.replace("_1_", "__"),
            &good.replace("_1_", "_99999999999999999999_"),
            &good.replace("01010101", "+1010101"),
            &good.replace("01010101", "é010101"),
        ] {
            assert!(Presented::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(
            format!("{:?} {:?}", Secret::new([1; 32]), Secret::new([1; 32]).digest()),
            "Secret Digest"
        );
    }
}
