//! What `vocd plugin new` writes: a crate that builds and passes the conformance kit as it is.
//!
//! Pure: a name and a kind give files; nothing is written here. The SDK's sources are inside this
//! binary and go along, so that the crate builds wherever its two small dependencies can be had.

mod name;
mod standalone;

use std::path::Path;

pub use name::{NameError, PluginName};

/// The SDK as it was built into this binary: path inside its folder, and text.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));
/// Where the SDK goes in the new crate.
const SDK_FOLDER: &str = "vendor/vocd-plugin";

/// What stands in a folder of dashboards that has none yet.
const DASHBOARDS: &str =
    "# Dashboards\n\nEach TOML file here is a page; a saved one shows at once.\n";

/// What the new plugin reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers of a survey tool.
    Survey,
    /// Tickets of a helpdesk.
    Helpdesk,
    /// Customers of a CRM.
    Crm,
}

/// One file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Path inside the crate's folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The parts in which the kinds differ.
struct Parts {
    library: &'static str,
    vendor: &'static str,
    /// The one key of the sample's configuration, and its value.
    setting: (&'static str, &'static str),
    /// The README's line on how to see a result.
    number: &'static str,
}

impl Kind {
    const fn parts(self) -> Parts {
        match self {
            Self::Survey => Parts {
                library: include_str!("template/survey/lib.rs"),
                vendor: include_str!("template/survey/vendor.rs"),
                setting: ("survey", "service"),
                number: "`vocd kpi nps --grain month` prints the number; `vocd serve` draws it at\n   \
                         <http://127.0.0.1:7878/dashboards/acme>.",
            },
            Self::Helpdesk => Parts {
                library: include_str!("template/helpdesk/lib.rs"),
                vendor: include_str!("template/helpdesk/vendor.rs"),
                setting: ("team", "service"),
                number: "`vocd sources` counts its tickets.",
            },
            Self::Crm => Parts {
                library: include_str!("template/crm/lib.rs"),
                vendor: include_str!("template/crm/vendor.rs"),
                setting: ("region", "north"),
                number: "`vocd sources` counts its customers.",
            },
        }
    }
}

/// Returns the files of a new crate, the SDK included.
#[must_use]
pub fn files(name: &PluginName, kind: Kind) -> Vec<TemplateFile> {
    let parts = kind.parts();
    let source = include_str!("template/source.toml");
    let installation = format!(
        "# A small installation to try the plugin with.\nplugin_dirs = [\"target/debug\"]\n\n\
         # Every build of yours may run; elsewhere each is approved: vocd plugin trust LIB\n\
         [plugins]\ntrust = \"any\"\n\n{source}"
    );
    let sample = format!("# One source of this plugin. Copy it into a vocd.toml.\n\n{source}");
    let mut files = vec![
        (
            "Cargo.toml",
            include_str!("template/manifest.toml").to_owned(),
        ),
        ("README.md", include_str!("template/README.md").to_owned()),
        ("sample.toml", sample),
        ("vocd.toml", installation),
        (".gitignore", "/target\n/vocd-data\n".to_owned()),
        ("src/lib.rs", parts.library.to_owned()),
        ("src/vendor.rs", parts.vendor.to_owned()),
    ];
    files.push(match kind {
        Kind::Survey => (
            "dashboards/acme.toml",
            include_str!("template/dashboard.toml").to_owned(),
        ),
        // The folder has to be there for `vocd check`.
        Kind::Helpdesk | Kind::Crm => ("dashboards/README.md", DASHBOARDS.to_owned()),
    });
    let (key, value) = parts.setting;
    let own = files.into_iter().map(|(path, text)| {
        let text = text
            .replace("NUMBER", parts.number)
            .replace("SETTING", key)
            .replace("VALUE", value);
        TemplateFile {
            path: name.put_into(path),
            text: name.put_into(&text),
        }
    });
    own.chain(sdk()).collect()
}

fn sdk() -> impl Iterator<Item = TemplateFile> {
    SDK.iter().map(|(path, text)| TemplateFile {
        path: format!("{SDK_FOLDER}/{path}"),
        text: match Path::new(path).file_name() == Some("Cargo.toml".as_ref()) {
            true => standalone::manifest(text, include_str!("../../Cargo.toml")),
            false => (*text).to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: Kind, path: &str) -> String {
        let name = PluginName::new("my-desk").expect("a good name");
        let found = files(&name, kind)
            .into_iter()
            .find(|file| file.path == path);
        found.unwrap_or_else(|| panic!("there is no {path}")).text
    }

    #[test]
    fn every_place_of_the_name_is_filled_in() {
        let name = PluginName::new("my-desk").expect("a good name");
        for kind in [Kind::Survey, Kind::Helpdesk, Kind::Crm] {
            for file in files(&name, kind) {
                if file.path.starts_with(SDK_FOLDER) {
                    continue;
                }
                for word in ["acme", "Acme", "SETTING", "VALUE", "NUMBER"] {
                    assert!(!file.text.contains(word), "{}: {word}", file.path);
                }
            }
        }
        assert!(file(Kind::Crm, "src/lib.rs").contains("export!(MyDesk)"));
        assert!(file(Kind::Crm, "Cargo.toml").contains("name = \"vocd_source_my_desk\""));
        assert!(file(Kind::Survey, "dashboards/my-desk.toml").contains("title = \"MyDesk\""));
    }

    #[test]
    fn the_library_of_each_kind_is_short() {
        for kind in [Kind::Survey, Kind::Helpdesk, Kind::Crm] {
            let text = file(kind, "src/lib.rs");
            let n_lines = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .lines()
                .count();
            assert!((30..=75).contains(&n_lines), "{kind:?}: {n_lines} lines");
        }
    }

    #[test]
    fn the_sdk_goes_along_without_the_workspace() {
        let manifest = file(Kind::Survey, "vendor/vocd-plugin/Cargo.toml");
        assert!(!manifest.contains("workspace"), "{manifest}");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        assert_eq!(manifest["package"]["name"].as_str(), Some("vocd-plugin"));
        assert_eq!(
            manifest["dependencies"]["serde"]["optional"].as_bool(),
            Some(true)
        );
        let derive = file(Kind::Survey, "vendor/vocd-plugin/derive/Cargo.toml");
        assert!(!derive.contains("workspace"), "{derive}");
        assert!(file(Kind::Survey, "vendor/vocd-plugin/include/voc_plugin.h").contains("voc_out"));
        assert!(file(Kind::Survey, "vendor/vocd-plugin/src/lib.rs").starts_with("//!"));
    }
}
