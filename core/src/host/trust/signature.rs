//! Signatures by minisign: `LIBRARY.minisig` beside the library.

use std::fs;
use std::io;
use std::path::PathBuf;

use minisign_verify::{PublicKey, Signature};

use crate::host::plugin_file::PluginFile;

/// Longest signature file, in bytes.
const SIGNATURE_BYTES_MAX: u64 = 16 * 1024;

/// Why no signer vouches for a library.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// No signer is configured.
    #[error("plugins must be signed, and no signer is known")]
    NoSigners,
    /// A signer's key is none.
    #[error("signer {number} is no public key of minisign")]
    Key {
        /// Position in the configuration, from 1.
        number: usize,
    },
    /// There is no signature.
    #[error("failed to read the signature `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is no signature.
    #[error("`{}` is no signature of minisign", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// It is by somebody else, or of another file.
    #[error("`{}` is by none of the signers, or of another file", path.display())]
    Forged {
        /// The file.
        path: PathBuf,
    },
    /// It was given for another plugin or version.
    #[error("the signature is for `{found}`, the plugin is `{expected}`")]
    Comment {
        /// What the signed comment says.
        found: String,
        /// Id and version of the manifest.
        expected: String,
    },
}

impl SignatureError {
    pub(super) const fn hint(&self) -> &'static str {
        match self {
            Self::NoSigners | Self::Key { .. } => {
                "put the second line of the signer's .pub file into signers = [\"RW…\"] under \
                 [plugins]"
            }
            Self::Read { .. } | Self::Format { .. } | Self::Forged { .. } => {
                "get library and signature anew from where the plugin is published"
            }
            Self::Comment { .. } => {
                "sign it with the trusted comment `ID VERSION`: minisign -S -t 'ID VERSION' -m LIB"
            }
        }
    }
}

/// Checks that one of the signers signed this library under its id and version.
pub(super) fn check(plugin: &PluginFile, signers: &[String]) -> Result<(), SignatureError> {
    if signers.is_empty() {
        return Err(SignatureError::NoSigners);
    }
    let keys = signers
        .iter()
        .enumerate()
        .map(|(idx, key)| {
            PublicKey::from_base64(key).map_err(|_| SignatureError::Key { number: idx + 1 })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let path = PathBuf::from(format!("{}.minisig", plugin.path().display()));
    let signature = read(&path)?;
    let library = plugin.bytes().map_err(|source| SignatureError::Read {
        path: plugin.path().to_owned(),
        source,
    })?;
    let is_signed = keys
        .iter()
        .any(|key| key.verify(&library, &signature, false).is_ok());
    if !is_signed {
        return Err(SignatureError::Forged { path });
    }
    let manifest = plugin.manifest();
    let expected = format!("{} {}", manifest.id, manifest.version);
    match signature.trusted_comment() {
        comment if comment == expected => Ok(()),
        comment => Err(SignatureError::Comment {
            found: comment.chars().take(200).collect(),
            expected,
        }),
    }
}

fn read(path: &PathBuf) -> Result<Signature, SignatureError> {
    let failed = |source| SignatureError::Read {
        path: path.clone(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > SIGNATURE_BYTES_MAX {
        return Err(SignatureError::Format { path: path.clone() });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    Signature::decode(&text).map_err(|_| SignatureError::Format { path: path.clone() })
}
