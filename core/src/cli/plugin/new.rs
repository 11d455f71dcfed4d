//! `vocd plugin new`: writes a crate that builds, passes the conformance kit and shows something.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::template::{self, Kind, PluginName, TemplateFile};

use super::super::failure::Failure;
use super::super::output;

/// What is written.
#[derive(Debug, Args)]
pub(super) struct NewFlags {
    /// Name of the plugin and of its new folder, such as my-desk
    name: String,
    /// What it reads
    #[arg(long, value_enum, default_value = "survey")]
    kind: KindFlag,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindFlag {
    Survey,
    Helpdesk,
    Crm,
}

impl From<KindFlag> for Kind {
    fn from(flag: KindFlag) -> Self {
        match flag {
            KindFlag::Survey => Self::Survey,
            KindFlag::Helpdesk => Self::Helpdesk,
            KindFlag::Crm => Self::Crm,
        }
    }
}

/// Writes the crate into a new folder.
pub(super) fn run(flags: &NewFlags) -> Result<(), Failure> {
    let name =
        PluginName::new(&flags.name).map_err(|error| Failure::of(&error).hint(error.hint()))?;
    let folder = PathBuf::from(name.as_str());
    let files = template::files(&name, flags.kind.into());
    // Making the folder is the test whether it is there: nothing of anybody's is overwritten.
    fs::create_dir(&folder).map_err(|error| {
        let what = format!("failed to make the folder `{}`: {error}", folder.display());
        Failure::new(what).hint("choose another name, or another folder to run this in")
    })?;
    for file in &files {
        write(&folder, file).map_err(|error| {
            Failure::new(format!(
                "failed to write `{}`: {error}",
                folder.join(&file.path).display()
            ))
        })?;
    }
    output::line(&format!(
        "{}: {} files; next: cd {} && vocd plugin dev . --once",
        folder.display(),
        files.len(),
        folder.display()
    ))
}

fn write(folder: &Path, file: &TemplateFile) -> std::io::Result<()> {
    let path = folder.join(&file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create_new(path)?.write_all(file.text.as_bytes())
}
