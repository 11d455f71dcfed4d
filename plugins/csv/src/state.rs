//! The checkpoint: what was read of each file, so that the next run reads only what is new.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vocd_plugin::RecordKind;

use crate::config::Encoding;
use crate::fault::Fault;

/// Greatest length of a checkpoint, by contract.
const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

/// What was read of all files, by name.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Files by their path relative to the configuration file.
    pub(crate) files: BTreeMap<String, FileState>,
}

/// What was read of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileState {
    /// The rules it was read with.
    pub(crate) mapping: Arc<MappingState>,
    /// Bytes covered: up to the end of the last record that cannot grow any more.
    pub(crate) size: u64,
    /// Hash of those bytes.
    pub(crate) hash: u64,
    /// Rows in those bytes.
    pub(crate) rows: u64,
    /// Line that follows those bytes, from 1.
    pub(crate) line: u64,
    /// Rows that may have records in the store; above `rows` while a file is read again.
    pub(crate) emitted: u64,
    /// What was read behind `size`: the file ended inside a record.
    pub(crate) open: Option<OpenEnd>,
    /// When the file was last read again; 0 if never.
    pub(crate) stamp_s: u64,
    /// `None` as long as the file was all ASCII.
    pub(crate) encoding: Option<Encoding>,
    /// Whether the end of the file was not reached yet.
    pub(crate) is_in_progress: bool,
    /// Fingerprint of size, time and inode that allows to skip the file; 0 when too fresh to trust.
    pub(crate) stat: u64,
}

/// A file's end without a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenEnd {
    /// Size of the file.
    pub(crate) size: u64,
    /// Hash of all of it.
    pub(crate) hash: u64,
    /// Whether it is one whole record that only lacks its line end.
    pub(crate) is_whole_row: bool,
}

/// The rules some files were read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MappingState {
    /// Changes with the rules.
    pub(crate) fingerprint: u64,
    /// The row ids that are deleted when their row is gone.
    pub(crate) row_ids: Vec<RowIds>,
}

/// Row ids of one record of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowIds {
    /// The record kind.
    pub(crate) kind: RecordKind,
    /// Behind the row's number.
    pub(crate) suffix: String,
}

/// The checkpoint as JSON: short names and arrays, because 500 files have to fit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawState {
    mappings: Vec<(Hex, Vec<String>)>,
    /// By folder, so that long paths are written once.
    folders: BTreeMap<String, Vec<RawFile>>,
}

/// Name, mapping, size, hash, rows, line, emitted above rows, stamp, encoding, progress, stat, open.
#[derive(Debug, Serialize, Deserialize)]
struct RawFile(
    String,
    usize,
    u64,
    Hex,
    u64,
    u64,
    u64,
    u64,
    RawEncoding,
    u8,
    Hex,
    Option<(u64, Hex, u8)>,
);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum RawEncoding {
    #[serde(rename = "")]
    Ascii,
    #[serde(rename = "u")]
    Utf8,
    #[serde(rename = "w")]
    Windows1252,
}

/// A hash in hexadecimal digits: JSON numbers lose the low bits in many tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hex(u64);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl State {
    /// Reads a checkpoint; `None` when it is not one of this plugin's.
    pub(crate) fn parse(checkpoint_json: &str) -> Option<Self> {
        let raw: RawState = serde_json::from_str(checkpoint_json).ok()?;
        let mappings = raw.mappings.into_iter().map(|(fingerprint, row_ids)| {
            Some(Arc::new(MappingState {
                fingerprint: fingerprint.0,
                row_ids: row_ids
                    .iter()
                    .map(|text| RowIds::parse(text))
                    .collect::<Option<_>>()?,
            }))
        });
        let mappings: Vec<_> = mappings.collect::<Option<_>>()?;
        let mut files = BTreeMap::new();
        for (folder, raw_files) in raw.folders {
            for raw_file in raw_files {
                let name = format!("{folder}{}", raw_file.0);
                files.insert(name, FileState::from_raw(raw_file, &mappings)?);
            }
        }
        Some(Self { files })
    }

    /// Writes the checkpoint. Files that are gone, kept only to know their last version, are
    /// forgotten when there is no room.
    pub(crate) fn to_json(&self) -> Result<String, Fault> {
        let json = self.write(|_| true);
        if json.len() <= CHECKPOINT_BYTES_MAX {
            return Ok(json);
        }
        let json = self.write(|file| file.emitted > 0 || file.size > 0);
        if json.len() <= CHECKPOINT_BYTES_MAX {
            return Ok(json);
        }
        Err(Fault::StateTooLong {
            n_files: self.files.len(),
            n_bytes: json.len(),
            max: CHECKPOINT_BYTES_MAX,
        })
    }

    fn write(&self, keeps: impl Fn(&FileState) -> bool) -> String {
        let mut mappings: Vec<&MappingState> = Vec::new();
        let mut folders: BTreeMap<String, Vec<RawFile>> = BTreeMap::new();
        for (name, file) in self.files.iter().filter(|(_, file)| keeps(file)) {
            let mapping = file.mapping.as_ref();
            let known = mappings.iter().position(|known| *known == mapping);
            let mapping_idx = known.unwrap_or_else(|| {
                mappings.push(mapping);
                mappings.len() - 1
            });
            let (folder, base_name) = name.split_at(name.rfind('/').map_or(0, |at| at + 1));
            let raw = file.to_raw(base_name, mapping_idx);
            folders.entry(folder.to_owned()).or_default().push(raw);
        }
        let mappings = mappings.iter().map(|mapping| {
            let row_ids = mapping.row_ids.iter().map(RowIds::to_text).collect();
            (Hex(mapping.fingerprint), row_ids)
        });
        let raw = RawState {
            mappings: mappings.collect(),
            folders,
        };
        serde_json::to_string(&raw).expect("texts and numbers have a JSON form")
    }
}

impl FileState {
    /// The state of a file of which nothing is read yet.
    pub(crate) fn unread(mapping: Arc<MappingState>, emitted: u64, stamp_s: u64) -> Self {
        Self {
            mapping,
            size: 0,
            hash: 0,
            rows: 0,
            line: 1,
            emitted,
            open: None,
            stamp_s,
            encoding: None,
            is_in_progress: false,
            stat: 0,
        }
    }

    fn to_raw(&self, base_name: &str, mapping_idx: usize) -> RawFile {
        let encoding = match self.encoding {
            None => RawEncoding::Ascii,
            Some(Encoding::Utf8) => RawEncoding::Utf8,
            Some(Encoding::Windows1252) => RawEncoding::Windows1252,
        };
        RawFile(
            base_name.to_owned(),
            mapping_idx,
            self.size,
            Hex(self.hash),
            self.rows,
            self.line,
            self.emitted.saturating_sub(self.rows),
            self.stamp_s,
            encoding,
            u8::from(self.is_in_progress),
            Hex(self.stat),
            self.open
                .map(|open| (open.size, Hex(open.hash), u8::from(open.is_whole_row))),
        )
    }

    fn from_raw(raw: RawFile, mappings: &[Arc<MappingState>]) -> Option<Self> {
        let RawFile(
            _,
            mapping_idx,
            size,
            hash,
            rows,
            line,
            above,
            stamp_s,
            encoding,
            progress,
            stat,
            open,
        ) = raw;
        Some(Self {
            mapping: mappings.get(mapping_idx)?.clone(),
            size,
            hash: hash.0,
            rows,
            line,
            emitted: rows.checked_add(above)?,
            open: open.map(|(size, hash, is_whole_row)| OpenEnd {
                size,
                hash: hash.0,
                is_whole_row: is_whole_row == 1,
            }),
            stamp_s,
            encoding: match encoding {
                RawEncoding::Ascii => None,
                RawEncoding::Utf8 => Some(Encoding::Utf8),
                RawEncoding::Windows1252 => Some(Encoding::Windows1252),
            },
            is_in_progress: progress == 1,
            stat: stat.0,
        })
    }
}

impl RowIds {
    fn to_text(&self) -> String {
        format!("{}{}", self.kind.name(), self.suffix)
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, suffix) = text.split_at(text.find(':').unwrap_or(text.len()));
        Some(Self {
            kind: RecordKind::from_name(name)?,
            suffix: suffix.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: u64) -> FileState {
        FileState {
            mapping: Arc::new(MappingState {
                fingerprint: u64::MAX,
                row_ids: vec![RowIds {
                    kind: RecordKind::Response,
                    suffix: ":2".to_owned(),
                }],
            }),
            size: 123_456_789,
            hash: u64::MAX - rows,
            rows,
            line: rows + 1,
            emitted: rows + 3,
            open: None,
            stamp_s: 1_700_000_000,
            encoding: Some(Encoding::Windows1252),
            is_in_progress: false,
            stat: u64::MAX,
        }
    }

    #[test]
    fn a_state_reads_back() {
        let open = FileState {
            open: Some(OpenEnd {
                size: 1,
                hash: 2,
                is_whole_row: true,
            }),
            ..file(7)
        };
        let files = [
            ("a/b/c.csv".to_owned(), file(5)),
            ("d.csv".to_owned(), open),
        ];
        let state = State {
            files: files.into(),
        };
        let read = State::parse(&state.to_json().expect("short")).expect("valid");
        assert_eq!(read.files, state.files);
    }

    #[test]
    fn five_hundred_files_fit() {
        let name = |idx| format!("exports/2026/answers-of-the-region-{idx:03}.csv");
        let state = State {
            files: (0..500)
                .map(|idx| (name(idx), file(1_000_000 + idx)))
                .collect(),
        };
        assert!(state.to_json().is_ok());
    }

    #[test]
    fn a_state_without_room_is_a_fault_that_counts_the_files() {
        let name = |idx: u64| format!("{}{idx}.csv", "x".repeat(150));
        let state = State {
            files: (0..500).map(|idx| (name(idx), file(idx))).collect(),
        };
        let fault = state.to_json().expect_err("too long").to_string();
        assert!(fault.contains("500 files"), "{fault}");
    }

    #[test]
    fn another_checkpoint_is_none() {
        for other in ["{}", "[]", r#"{"mappings":[],"folders":{},"more":1}"#, "{"] {
            assert!(State::parse(other).is_none(), "{other}");
        }
    }
}
