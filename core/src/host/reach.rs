//! What a plugin may reach outside its process, from its configuration and its requests.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::RunRequest;
use super::marked::marked;

/// Property whose value is a path or glob, relative to the configuration file.
const PATH_MARK: &str = "x-voc-path";
/// Entries of one folder that are looked at one by one.
const ENTRIES_MAX: usize = 4_096;
/// What makes a path a glob.
const WILD: [char; 3] = ['*', '?', '['];

/// What the child lets its plugin reach.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Reach {
    /// Files, and folders with all that is below them, that it may read.
    read: Vec<PathBuf>,
    /// Folders whose entries it may list without reading them.
    list: Vec<PathBuf>,
    /// TCP ports it may connect to.
    ports: Vec<u16>,
}

impl Reach {
    /// Returns the reach of a source: the paths its configuration names, never anything below
    /// `private`, and the ports of its requests.
    pub(super) fn of(request: &RunRequest<'_>, ports: Vec<u16>) -> Self {
        let mut reach = Self {
            ports,
            ..Self::default()
        };
        let private = fs::canonicalize(request.private_dir).ok();
        let schema = &request.plugin.manifest().config_schema;
        for path in marked(schema, request.config_json, &[PATH_MARK]) {
            let path = request.base_dir.join(fixed_part(path.text));
            // What is not there cannot be granted, and the plugin says best that it is missing.
            if let Ok(path) = fs::canonicalize(path) {
                reach.grant(path, private.as_deref());
            }
        }
        reach
    }

    /// Grants a file or folder without what is private in it.
    fn grant(&mut self, path: PathBuf, private: Option<&Path>) {
        let is_private = |path: &Path| private.is_some_and(|private| path.starts_with(private));
        let holds_private = |path: &Path| private.is_some_and(|private| private.starts_with(path));
        if is_private(&path) {
            return;
        }
        let is_parted = holds_private(&path);
        for entry in entries(&path) {
            let target = fs::canonicalize(&entry).unwrap_or(entry);
            let leads_out = !target.starts_with(&path);
            if is_private(&target) || !(is_parted || leads_out) {
                continue;
            }
            match (holds_private(&target), leads_out) {
                (true, false) => self.grant(target, private),
                (true, true) => {}
                (false, _) => self.read.push(target),
            }
        }
        match is_parted {
            true => self.list.push(path),
            false => self.read.push(path),
        }
    }
}

/// Returns the entries of a folder; none of a file.
fn entries(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .take(ENTRIES_MAX)
        .collect()
}

/// Returns the folder of a glob up to its first wild part, or the path itself.
fn fixed_part(path: &str) -> &str {
    match path.find(WILD) {
        None => path,
        Some(first_wild) => &path[..path[..first_wild].rfind('/').map_or(0, |at| at + 1)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_granted_up_to_its_first_wild_part() {
        for (path, expected) in [
            ("answers.csv", "answers.csv"),
            ("data/2026-*/a.csv", "data/"),
            ("*.csv", ""),
            ("/srv/data/[ab]/x", "/srv/data/"),
        ] {
            assert_eq!(fixed_part(path), expected, "{path}");
        }
    }

    #[test]
    fn the_private_folder_is_left_out_of_what_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in [
            "a.csv",
            "sub/b.csv",
            "state/data/vocd.duckdb",
            "state/c.csv",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let private = root.join("state/data");
        let mut reach = Reach::default();
        reach.grant(root.clone(), Some(&private));
        reach.read.sort();
        reach.list.sort();
        assert_eq!(
            reach.read,
            ["a.csv", "state/c.csv", "sub"].map(|name| root.join(name))
        );
        assert_eq!(reach.list, [root.clone(), root.join("state")]);

        let mut inside = Reach::default();
        inside.grant(private.join("vocd.duckdb"), Some(&private));
        assert_eq!(inside, Reach::default());
    }

    #[test]
    fn a_link_out_of_a_folder_is_granted_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(root.join("data")).unwrap();
        fs::write(root.join("export.csv"), "x").unwrap();
        std::os::unix::fs::symlink(root.join("export.csv"), root.join("data/now.csv")).unwrap();
        let mut reach = Reach::default();
        reach.grant(root.join("data"), Some(&root.join("store")));
        assert_eq!(reach.read, [root.join("export.csv"), root.join("data")]);
    }
}
