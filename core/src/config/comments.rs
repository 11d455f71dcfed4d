//! `[themes]`: a folder of files with a site's own themes, laid over those of the program.

use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::read;
use super::reader::{Sheet, TableReader};
use crate::theme::{Taxonomy, ThemeFile};

/// Files of the folder that are read.
const FILES_MAX: usize = 50;

/// Where a site's themes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ThemeFolder {
    /// The folder.
    pub(super) dir: PathBuf,
    /// Whether the configuration names it: then it has to be there.
    is_named: bool,
}

/// Reads the table; paths count from `folder`.
pub(super) fn read(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    folder: &Path,
) -> Option<ThemeFolder> {
    let mut table = top.table(sheet, "themes");
    let is_named = table.has("dir");
    let dir = table.text(sheet, "dir");
    table.finish(sheet);
    Some(ThemeFolder {
        dir: folder.join(dir?.value),
        is_named,
    })
}

impl ThemeFolder {
    /// Returns the themes of the program with those of the folder's files laid over them, in the
    /// order of their names.
    ///
    /// # Errors
    /// Everything that is wrong in the files.
    pub(super) fn taxonomy(&self) -> Result<Taxonomy, Vec<Fault>> {
        let mut taxonomy = Taxonomy::built_in();
        let mut faults = Vec::new();
        for path in self.files().map_err(|fault| vec![fault])? {
            let text = match read::file(&path) {
                Ok(text) => text,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            let added = ThemeFile::parse(&text).and_then(|file| taxonomy.add(file));
            let placed = |fault: crate::theme::Fault| Fault {
                file: path.clone(),
                line: fault.line,
                column: fault.column,
                what: fault.what,
                hint: fault.hint,
            };
            faults.extend(added.err().into_iter().flatten().map(placed));
        }
        match faults.is_empty() {
            true => Ok(taxonomy),
            false => Err(faults),
        }
    }

    fn files(&self) -> Result<Vec<PathBuf>, Fault> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.is_named => {
                return Ok(Vec::new());
            }
            Err(error) => {
                let what = format!("failed to read the folder of themes: {error}");
                let hint = "create it, or set `dir` of [themes]";
                return Err(Fault::of_file(&self.dir, what, hint));
            }
        };
        let is_file = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(is_file)
            .collect();
        files.sort();
        match files.get(FILES_MAX) {
            None => Ok(files),
            Some(beyond) => {
                let what = format!("more than {FILES_MAX} files of themes");
                Err(Fault::of_file(beyond, what, "put files together"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::config::Config;
    use crate::theme::{Comment, Language};

    fn load(config: &str, files: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vocd.toml");
        fs::write(&path, config).expect("written");
        if !files.is_empty() {
            fs::create_dir(folder.path().join("themes")).expect("a folder");
        }
        for (name, text) in files {
            fs::write(folder.path().join("themes").join(name), text).expect("written");
        }
        let root = format!("{}/", folder.path().display());
        Config::load(&path).map_err(|faults| {
            let lines = faults.iter().map(ToString::to_string);
            lines.map(|line| line.replace(&root, "")).collect()
        })
    }

    const OWN: &str = "language = \"en\"\nversion = 1\n[[theme]]\nid = \"router\"\n\
                       title = \"Router\"\nterms = [\"router\"]\n";

    #[test]
    fn a_site_adds_its_own_themes() {
        let config = load("", &[("en.toml", OWN), ("notes.txt", "?")]).expect("valid");
        let library = &config.kpi_settings().library;
        let comment = Comment {
            text: "the router is broken",
            locale: Some("en"),
            survey_language: None,
        };
        let terms = library.read(&[comment]);
        let titles: Vec<&str> = (terms[0].mentions().iter())
            .map(|mention| {
                library
                    .taxonomy()
                    .theme_of(mention)
                    .title(Language::English)
            })
            .collect();
        assert!(titles.contains(&"Router"), "{titles:?}");
    }

    #[test]
    fn no_folder_is_needed_unless_it_is_named() {
        assert!(load("", &[]).is_ok());
        let faults = load("[themes]\ndir = \"topics\"", &[]).expect_err("no folder");
        assert_eq!(faults.len(), 1);
        let is_told = faults[0].starts_with("topics:1:1: failed to read the folder of themes")
            && faults[0].ends_with("; create it, or set `dir` of [themes]");
        assert!(is_told, "{faults:?}");
    }

    #[test]
    fn every_fault_of_every_file_is_told_with_its_place() {
        let files = [
            ("de.toml", "language = \"de\"\nversion = 1\ntiltes = 3"),
            (
                "en.toml",
                "language = \"en\"\nversion = 1\nleave_out = [\"billling\"]",
            ),
        ];
        let faults = load("", &files).expect_err("faults");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(
            faults[0].starts_with("themes/de.toml:3:1: unknown field `tiltes`"),
            "{faults:?}"
        );
        assert_eq!(
            faults[1],
            "themes/en.toml:3:14: there is no theme `billling`; did you mean `billing`?"
        );
    }
}
