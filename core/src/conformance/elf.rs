//! The library as a file: what its headers promise the loader. Nothing of it runs.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _, Sym as _};
use object::{Endianness, elf};

use super::{Finding, Log, few};

type Header = elf::FileHeader64<Endianness>;

/// The one symbol a plugin exports.
const ENTRY: &str = "voc_plugin_entry_v1";
/// Libraries every system with the GNU C library has.
const SYSTEM_LIBRARIES: [&str; 7] = [
    "libc.so",
    "libm.so",
    "libgcc_s.so",
    "ld-linux",
    "libpthread.so",
    "libdl.so",
    "librt.so",
];
/// Functions that run another program or wait for connections: the child's confinement refuses
/// what they ask of the kernel.
const REFUSED_CALLS: [&str; 17] = [
    "accept",
    "accept4",
    "bind",
    "execl",
    "execle",
    "execlp",
    "execv",
    "execve",
    "execveat",
    "execvp",
    "execvpe",
    "fexecve",
    "listen",
    "popen",
    "posix_spawn",
    "posix_spawnp",
    "system",
];
/// Names that some linkers export from every library.
const LINKER_SYMBOLS: [&str; 5] = ["_init", "_fini", "_edata", "_end", "__bss_start"];
/// A library above this is mostly debug information, in bytes.
const BYTES_WARNED: usize = 64 * 1024 * 1024;
/// Largest library that is looked at, in bytes: what vocd would open.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Runs the tests of the file; returns its bytes when it is a library at all.
pub(super) fn check(log: &mut Log, library: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(library).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes));
    if let Err(error) = read {
        let what = format!("failed to read `{}`: {error}", library.display());
        log.note("elf", Finding::fail(what, "name the built .so file"));
        return None;
    }
    let facts = match Facts::read(&bytes) {
        Ok(facts) => facts,
        Err(error) => {
            let what = format!("it is no 64-bit ELF library: {error}");
            let remedy = "build it as a shared library: crate-type = [\"cdylib\"], or cc -shared";
            log.note("elf", Finding::fail(what, remedy));
            return None;
        }
    };
    log.note("elf", facts.target());
    log.note("exports", facts.exports());
    log.note("needs", facts.needs());
    log.note("run_paths", facts.run_paths());
    log.note("stack", facts.stack());
    log.note("relocations", facts.relocations());
    log.note("calls", facts.calls());
    log.note("libc", facts.libc());
    log.note("size", size(bytes.len()));
    Some(bytes)
}

/// What the headers say.
#[derive(Debug, Default)]
struct Facts {
    machine: u16,
    is_shared: bool,
    exported: Vec<String>,
    imported: Vec<String>,
    needed: Vec<String>,
    run_paths: Vec<String>,
    has_text_relocations: bool,
    has_executable_stack: bool,
    libc_versions: Vec<String>,
}

impl Facts {
    fn read(bytes: &[u8]) -> object::Result<Self> {
        let header = Header::parse(bytes)?;
        let endian = header.endian()?;
        let mut facts = Self {
            machine: header.e_machine.get(endian),
            is_shared: header.e_type.get(endian) == elf::ET_DYN,
            ..Self::default()
        };
        let segments = header.program_headers(endian, bytes)?;
        let stack = segments
            .iter()
            .find(|segment| segment.p_type(endian) == elf::PT_GNU_STACK);
        // Without the header the kernel gives the whole process an executable stack.
        facts.has_executable_stack =
            stack.is_none_or(|stack| stack.p_flags(endian) & elf::PF_X != 0);
        let sections = header.sections(endian, bytes)?;
        facts.read_dynamic(&sections, endian, bytes)?;
        let symbols = sections.symbols(endian, bytes, elf::SHT_DYNSYM)?;
        for symbol in symbols.iter() {
            if symbol.st_bind() == elf::STB_LOCAL {
                continue;
            }
            let name = text(symbol.name(endian, symbols.strings())?);
            match symbol.st_shndx(endian) == elf::SHN_UNDEF {
                true => facts.imported.push(name),
                false => facts.exported.push(name),
            }
        }
        if let Some((mut files, link)) = sections.gnu_verneed(endian, bytes)? {
            let strings = sections.strings(endian, bytes, link)?;
            while let Some((_, mut versions)) = files.next()? {
                while let Some(version) = versions.next()? {
                    facts
                        .libc_versions
                        .push(text(version.name(endian, strings)?));
                }
            }
        }
        Ok(facts)
    }

    fn read_dynamic(
        &mut self,
        sections: &object::read::elf::SectionTable<'_, Header>,
        endian: Endianness,
        bytes: &[u8],
    ) -> object::Result<()> {
        let Some((entries, link)) = sections.dynamic(endian, bytes)? else {
            return Ok(());
        };
        let strings = sections.strings(endian, bytes, link)?;
        for entry in entries {
            match entry.tag32(endian) {
                Some(elf::DT_NEEDED) => self.needed.push(text(entry.string(endian, strings)?)),
                Some(elf::DT_RPATH | elf::DT_RUNPATH) => {
                    self.run_paths.push(text(entry.string(endian, strings)?));
                }
                Some(elf::DT_TEXTREL) => self.has_text_relocations = true,
                Some(elf::DT_FLAGS) => {
                    let flags = entry.val32(endian).unwrap_or_default();
                    self.has_text_relocations |= flags & elf::DF_TEXTREL != 0;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn target(&self) -> Finding {
        let name = match self.machine {
            elf::EM_X86_64 => "x86_64",
            elf::EM_AARCH64 => "aarch64",
            _ => "another processor",
        };
        let own = std::env::consts::ARCH;
        if !self.is_shared {
            return Finding::fail(
                "it is an object file or a program",
                "link it as a shared library: crate-type = [\"cdylib\"], or cc -shared",
            );
        }
        match name == own {
            true => Finding::pass(format!("64-bit ELF library for {name}")),
            false => Finding::fail(
                format!("it is built for {name}, this vocd is {own}"),
                "build it for this machine, or check it with the vocd of its own",
            ),
        }
    }

    fn exports(&self) -> Finding {
        let is_there = self.exported.iter().any(|name| name == ENTRY);
        let others: Vec<&String> = self
            .exported
            .iter()
            .filter(|name| *name != ENTRY && !LINKER_SYMBOLS.contains(&name.as_str()))
            .collect();
        if !is_there {
            return Finding::fail(
                format!("it does not export `{ENTRY}`"),
                "write vocd_plugin::export!(YourSource), or VOC_EXPORT in C",
            );
        }
        match others.is_empty() {
            true => Finding::pass(format!("exports `{ENTRY}` and nothing else")),
            false => Finding::fail(
                format!("exports more than its entry: {}", few(&others)),
                "make the others static, or compile with -fvisibility=hidden",
            ),
        }
    }

    fn needs(&self) -> Finding {
        let is_system = |name: &str| SYSTEM_LIBRARIES.iter().any(|known| name.starts_with(known));
        let others: Vec<&String> = self.needed.iter().filter(|name| !is_system(name)).collect();
        match others.is_empty() {
            true => Finding::pass(match self.needed.is_empty() {
                true => "needs no library".to_owned(),
                false => format!("needs {}", self.needed.join(", ")),
            }),
            false => Finding::fail(
                format!("needs libraries that a machine may lack: {}", few(&others)),
                "link them statically",
            ),
        }
    }

    fn run_paths(&self) -> Finding {
        match self.run_paths.is_empty() {
            true => Finding::pass("no RPATH or RUNPATH"),
            false => Finding::fail(
                format!("looks for libraries in {}", few(&self.run_paths)),
                "link without -rpath: it points into the machine that built it",
            ),
        }
    }

    fn stack(&self) -> Finding {
        match self.has_executable_stack {
            false => Finding::pass("no executable stack"),
            true => Finding::fail(
                "demands an executable stack",
                "add .note.GNU-stack to assembly files, avoid nested C functions",
            ),
        }
    }

    fn relocations(&self) -> Finding {
        match self.has_text_relocations {
            false => Finding::pass("no text relocations"),
            true => Finding::fail("its code is patched while loading", "compile with -fPIC"),
        }
    }

    /// A call that is imported may be one that is never made, so this is no failure.
    fn calls(&self) -> Finding {
        let is_refused = |name: &&String| REFUSED_CALLS.contains(&name.as_str());
        let refused: Vec<&String> = self.imported.iter().filter(is_refused).collect();
        match refused.is_empty() {
            true => Finding::pass("calls for no other program and no port of its own"),
            false => Finding::warn(
                format!("calls {}, which a confined plugin may not", few(&refused)),
                "start no program and listen to nothing; vendors push to vocd's own address",
            ),
        }
    }

    fn libc(&self) -> Finding {
        let versions = self.libc_versions.iter().filter_map(|name| {
            let version = name.strip_prefix("GLIBC_")?;
            let parts: Option<Vec<u32>> =
                version.split('.').map(|part| part.parse().ok()).collect();
            parts.map(|parts| (parts, version))
        });
        match versions.max() {
            Some((_, greatest)) => Finding::pass(format!("runs with glibc {greatest} and newer")),
            None => Finding::pass("asks for no version of the C library"),
        }
    }
}

fn size(n_bytes: usize) -> Finding {
    let n_mib = n_bytes.div_ceil(1024 * 1024);
    match n_bytes <= BYTES_WARNED {
        true => Finding::pass(format!("{n_mib} MiB")),
        false => Finding::warn(
            format!("{n_mib} MiB, read and hashed at every pull"),
            "strip the library's debug information",
        ),
    }
}

fn text(bytes: &[u8]) -> String {
    /// Longest name told.
    const CHARS_MAX: usize = 120;
    String::from_utf8_lossy(bytes)
        .chars()
        .take(CHARS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Status;

    #[test]
    fn a_greatest_version_is_told_by_number_not_by_letter() {
        let facts = Facts {
            libc_versions: ["GLIBC_2.4", "GLIBC_2.34", "GLIBC_PRIVATE", "GCC_3.0"]
                .map(str::to_owned)
                .to_vec(),
            ..Facts::default()
        };
        assert_eq!(facts.libc().what, "runs with glibc 2.34 and newer");
    }

    #[test]
    fn a_program_is_no_plugin() {
        let own = std::fs::read(std::env::current_exe().expect("path")).expect("readable");
        let facts = Facts::read(&own).expect("an ELF file");
        assert_eq!(facts.exports().status, Status::Fail);
        assert_eq!(facts.stack().status, Status::Pass);
        assert!(facts.libc().what.contains("glibc 2."), "{facts:?}");
    }

    #[test]
    fn a_cut_library_is_an_error() {
        let own = std::fs::read(std::env::current_exe().expect("path")).expect("readable");
        assert!(Facts::read(&own[..own.len() / 2]).is_err());
        assert!(Facts::read(b"").is_err());
    }
}
