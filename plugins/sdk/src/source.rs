//! The trait a plugin implements, and what it is asked to read.

use crate::json;
use crate::manifest::Meta;
use crate::{Error, Host, Out, RecordKind, Result, Webhook};

/// A data source: what `export!` turns into a plugin library.
pub trait Source: Sized + Send + 'static {
    /// Who the plugin is and what it offers; becomes the manifest.
    const META: Meta;

    /// Parses and checks the configuration. Does no I/O: it also runs when nothing is to be read.
    ///
    /// # Errors
    /// Class `config` for a wrong configuration.
    fn open(config_json: &str, host: &Host) -> Result<Self>;

    /// Tries whether the source can be reached, cheaply. Does nothing unless implemented.
    ///
    /// # Errors
    /// What a user has to mend.
    fn check(&mut self) -> Result<()> {
        Ok(())
    }

    /// Lists the streams to read: those of [`Source::META`] unless implemented.
    ///
    /// # Errors
    /// When the vendor has to be asked and does not answer.
    fn discover(&mut self) -> Result<Vec<Stream>> {
        Ok(Self::META.streams.iter().map(Stream::from).collect())
    }

    /// Reads one stream from the request's checkpoint on and emits batches and checkpoints.
    ///
    /// # Errors
    /// Any; pass the errors of `out` on with `?`, they carry the daemon's wish to stop.
    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()>;

    /// Parses one webhook and emits its rows; no checkpoint, the daemon keeps the position. Asked
    /// only when [`Meta::webhook`] declares what the vendor sends.
    ///
    /// # Errors
    /// `transient` and `rate_limited` are tried again; any other refuses this webhook, which is
    /// then kept aside for the operator. Pass the errors of `out` on with `?`.
    fn webhook(&mut self, _webhook: &Webhook<'_>, _out: &mut Out) -> Result<()> {
        Err(Error::unsupported("this plugin takes no webhooks"))
    }
}

/// One vendor object read with one cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Name, the key of the stream's checkpoints.
    pub name: String,
    /// Record kinds it may emit.
    pub kinds: Vec<RecordKind>,
}

impl From<&crate::StreamMeta> for Stream {
    fn from(meta: &crate::StreamMeta) -> Self {
        Self {
            name: meta.name.to_owned(),
            kinds: meta.kinds.to_vec(),
        }
    }
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Name of the stream.
    pub stream: String,
    /// The last committed checkpoint as JSON, or `None` to read everything.
    pub checkpoint_json: Option<String>,
    /// Format of that checkpoint: [`Meta::checkpoint_format`] of the version that wrote it.
    pub checkpoint_format: u32,
    /// Number of the run.
    pub run_id: u64,
}

impl Read {
    /// Reads the host's request.
    pub(crate) fn parse(request_json: &str) -> Result<Self> {
        let stream = json::member(request_json, "stream")
            .and_then(json::string)
            .ok_or_else(|| Error::internal("the read request names no stream"))?;
        let number =
            |name| json::member(request_json, name).and_then(|raw| raw.parse::<u64>().ok());
        Ok(Self {
            stream,
            checkpoint_json: json::member(request_json, "checkpoint")
                .filter(|raw| *raw != "null")
                .map(str::to_owned),
            checkpoint_format: number("checkpoint_format")
                .and_then(|format| u32::try_from(format).ok())
                .unwrap_or(0),
            run_id: number("run_id").unwrap_or(0),
        })
    }

    /// Refuses a checkpoint of a format that only a newer version of the plugin writes.
    pub(crate) fn check_format(&self, own_format: u32) -> Result<()> {
        if self.checkpoint_json.is_none() || self.checkpoint_format <= own_format {
            return Ok(());
        }
        let format = self.checkpoint_format;
        Err(Error::checkpoint_unreadable(format!(
            "the checkpoint is of format {format}, this version reads up to {own_format}"
        )))
    }

    /// Returns the checkpoint as a type of the plugin, or `None` to read everything.
    ///
    /// # Errors
    /// Class `checkpoint_unreadable` when it does not parse.
    #[cfg(feature = "serde")]
    pub fn checkpoint<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>> {
        let parse = |json: &String| serde_json::from_str(json);
        self.checkpoint_json
            .as_ref()
            .map(parse)
            .transpose()
            .map_err(|error| {
                Error::checkpoint_unreadable("the checkpoint is not one of this plugin's")
                    .with_internal(error)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back() {
        let request = Read::parse(
            r#"{"run_id":7,"stream":"files","checkpoint":{"n":1},"checkpoint_format":2}"#,
        )
        .expect("valid");
        let expected = Read {
            stream: "files".to_owned(),
            checkpoint_json: Some(r#"{"n":1}"#.to_owned()),
            checkpoint_format: 2,
            run_id: 7,
        };
        assert_eq!(request, expected);
    }

    #[test]
    fn a_checkpoint_of_a_newer_version_is_unreadable() {
        let request = |checkpoint_json: Option<&str>, checkpoint_format| Read {
            stream: "a".to_owned(),
            checkpoint_json: checkpoint_json.map(str::to_owned),
            checkpoint_format,
            run_id: 1,
        };
        assert!(request(Some("{}"), 2).check_format(2).is_ok());
        assert!(request(None, 3).check_format(2).is_ok());
        let error = request(Some("{}"), 3).check_format(2).expect_err("newer");
        assert_eq!(error.class(), crate::ErrorClass::CheckpointUnreadable);
    }

    #[test]
    fn a_null_checkpoint_means_everything() {
        let request = Read::parse(r#"{"stream":"a","checkpoint":null}"#).expect("valid");
        assert_eq!(request.checkpoint_json, None);
    }
}
