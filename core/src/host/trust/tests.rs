//! Libraries that may run and libraries that may not, by every rule.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::*;

/// The smallest plugin there is: an object with a manifest and nothing else.
pub(in crate::host) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// Returns `None` without a C compiler.
    pub(in crate::host) fn new() -> Option<Self> {
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let manifest = r#"{"voc":1,"abi":[1,0],"id":"org.acme","version":"1.2.0","streams":[{"name":"rows","kinds":["activity"]}],"checkpoint_format":1}"#;
        let source = format!(
            "__attribute__((section(\".voc.manifest\"), used)) static const struct \
             __attribute__((packed)) {{ char magic[6]; unsigned length; char json[{length}]; }} \
             manifest = {{{{'V', 'O', 'C', 'M', '1', '\\n'}}, {length}, {manifest:?}}};\n",
            length = manifest.len()
        );
        fs::write(site.path("a.c"), source).unwrap();
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-w", "-o"])
            .arg(site.library())
            .arg(site.path("a.c"))
            .status()
            .ok()?;
        assert!(status.success());
        Some(site)
    }

    pub(in crate::host) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(in crate::host) fn library(&self) -> PathBuf {
        self.path("libvocd_source_acme.so")
    }

    fn find(&self, level: TrustLevel, signers: &[&str]) -> Result<(), String> {
        let folders = PluginFolders {
            dirs: vec![self.folder.path().to_owned()],
            generations: Generations::new(self.path("kept")),
            trust: Trust {
                level,
                lock_file: self.path("plugins.lock"),
                signers: signers.iter().map(|key| (*key).to_owned()).collect(),
            },
        };
        match folders.find("acme") {
            Ok(_) => Ok(()),
            Err(error) => {
                let cause = std::error::Error::source(&error).unwrap();
                Err(format!("{error}: {cause}; {}", error.hint()))
            }
        }
    }
}

#[test]
fn a_build_runs_from_its_approval_on_and_another_build_does_not() {
    let Some(site) = Site::new() else { return };
    let refused = site.find(TrustLevel::ByPlace, &[]).unwrap_err();
    assert!(refused.contains("nobody approved this build of it (org.acme 1.2.0)"));
    assert!(refused.contains("vocd plugin trust "), "{refused}");

    let plugin = PluginFile::open(&site.library()).unwrap();
    let mut lock = Lock::default();
    let entry = LockEntry {
        id: "org.acme".to_owned(),
        version: "1.2.0".to_owned(),
        sha256: plugin.sha256().to_owned(),
    };
    assert!(lock.approve(entry.clone()).is_empty());
    assert_eq!(lock.approve(entry), ["1.2.0"]);
    lock.write(&site.path("plugins.lock")).unwrap();
    assert_eq!(Lock::read(&site.path("plugins.lock")).unwrap(), lock);
    assert_eq!(site.find(TrustLevel::Pinned, &[]), Ok(()));
    assert_eq!(site.find(TrustLevel::ByPlace, &[]), Ok(()));

    let mut bytes = fs::read(site.library()).unwrap();
    bytes.push(0);
    fs::write(site.library(), bytes).unwrap();
    assert!(site.find(TrustLevel::Pinned, &[]).is_err());
}

#[test]
fn a_damaged_list_of_approvals_approves_nothing() {
    let Some(site) = Site::new() else { return };
    fs::write(site.path("plugins.lock"), "plugin = 5").unwrap();
    let refused = site.find(TrustLevel::Pinned, &[]).unwrap_err();
    assert!(
        refused.contains("plugins.lock` is no list of approved plugins"),
        "{refused}"
    );
}

#[test]
fn what_others_can_write_does_not_run() {
    let Some(site) = Site::new() else { return };
    assert_eq!(site.find(TrustLevel::Any, &[]), Ok(()));
    fs::set_permissions(site.library(), Permissions::from_mode(0o666)).unwrap();
    let refused = site.find(TrustLevel::Any, &[]).unwrap_err();
    assert!(
        refused.contains("libvocd_source_acme.so` is writable by everybody"),
        "{refused}"
    );
    fs::set_permissions(site.library(), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(site.folder.path(), Permissions::from_mode(0o777)).unwrap();
    let refused = site.find(TrustLevel::Any, &[]).unwrap_err();
    assert!(refused.contains("is writable by everybody"), "{refused}");
    fs::set_permissions(site.folder.path(), Permissions::from_mode(0o1777)).unwrap();
    assert_eq!(
        site.find(TrustLevel::Any, &[]),
        Ok(()),
        "nobody can replace it there"
    );
}

#[test]
fn a_signed_build_runs_under_its_own_name_only() {
    let Some(site) = Site::new() else { return };
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let other = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key = pair.pk.to_base64();
    let other_key = other.pk.to_base64();
    let sign = |comment: &str| {
        let library = fs::File::open(site.library()).unwrap();
        let signed = minisign::sign(None, &pair.sk, library, Some(comment), None).unwrap();
        fs::write(
            site.path("libvocd_source_acme.so.minisig"),
            signed.into_string(),
        )
        .unwrap();
    };
    let find = |signers: &[&str]| site.find(TrustLevel::Signed, signers);

    assert!(find(&[]).unwrap_err().contains("no signer is known"));
    assert!(
        find(&["x"])
            .unwrap_err()
            .contains("signer 1 is no public key")
    );
    assert!(
        find(&[&key])
            .unwrap_err()
            .contains("failed to read the signature")
    );
    sign("org.acme 1.2.0");
    assert_eq!(find(&[&other_key, &key]), Ok(()));
    assert!(
        find(&[&other_key])
            .unwrap_err()
            .contains("by none of the signers")
    );
    sign("org.acme 1.1.0");
    let refused = find(&[&key]).unwrap_err();
    assert!(
        refused.contains("is for `org.acme 1.1.0`, the plugin is `org.acme 1.2.0`"),
        "{refused}"
    );
    sign("org.acme 1.2.0");
    let mut bytes = fs::read(site.library()).unwrap();
    bytes.push(0);
    fs::write(site.library(), bytes).unwrap();
    assert!(find(&[&key]).unwrap_err().contains("or of another file"));
}
