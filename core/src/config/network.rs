//! `[network]`: how the requests that sources make leave this machine.

use std::path::{Path, PathBuf};

use super::fault::Complaint;
use super::folder_of;
use super::reader::{Sheet, TableReader};
use super::secret::SecretString;

/// How requests to vendors go out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// `http://host:port` of a proxy, which may hold a password; `None` connects directly.
    pub proxy: Option<SecretString>,
    /// PEM file of the authorities to trust; `None` trusts the system's.
    pub ca_bundle: Option<PathBuf>,
}

/// Reads the table.
pub(super) fn read(sheet: &mut Sheet<'_>, file: &Path, top: &mut TableReader<'_, '_>) -> Network {
    let mut table = top.table(sheet, "network");
    let proxy = table.parsed(sheet, "proxy", proxy);
    let ca_bundle = table.text(sheet, "ca_bundle");
    table.finish(sheet);
    Network {
        proxy: proxy.map(|proxy| proxy.value),
        ca_bundle: ca_bundle.map(|path| folder_of(file).join(path.value)),
    }
}

fn proxy(text: &str) -> Result<SecretString, Complaint> {
    let is_proxy = url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/"
    });
    match is_proxy {
        true => Ok(SecretString::new(text.to_owned())),
        // It may hold a password, so it is not repeated.
        false => Err(Complaint::new(
            "this is no proxy",
            "write it as \"http://host:port\"",
        )),
    }
}
