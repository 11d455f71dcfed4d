//! Where records collect until a batch is full.

use vocd_plugin::{Out, Result, RowsBuilder};

use crate::mapping::bind::{BatchShape, OWN_COLUMNS};
use crate::mapping::{FileVersion, Mapping, push_row_id};
use crate::state::RowIds;

/// Builders of all kinds, in the order of the shapes.
#[derive(Debug)]
pub(crate) struct Sinks {
    builders: Vec<RowsBuilder>,
    scratch: String,
}

impl Sinks {
    /// Makes a builder for each shape.
    pub(crate) fn new(shapes: &[BatchShape]) -> Result<Self> {
        let build = |shape: &BatchShape| RowsBuilder::new(shape.kind, &shape.columns);
        Ok(Self {
            builders: shapes.iter().map(build).collect::<Result<_>>()?,
            scratch: String::new(),
        })
    }

    /// Returns the builder a mapping writes to.
    pub(crate) fn builder(&mut self, mapping: &Mapping) -> &mut RowsBuilder {
        &mut self.builders[mapping.shape_idx]
    }

    /// Adds the deletion of the record a row once gave; the kind may have left the configuration.
    pub(crate) fn delete(&mut self, ids: &RowIds, row: u64, version: &FileVersion) -> Result<()> {
        let known = self
            .builders
            .iter()
            .position(|builder| builder.kind() == ids.kind);
        let builder_idx = match known {
            Some(builder_idx) => builder_idx,
            None => {
                self.builders
                    .push(RowsBuilder::new(ids.kind, &OWN_COLUMNS)?);
                self.builders.len() - 1
            }
        };
        let builder = &mut self.builders[builder_idx];
        let slot = |name: &str| {
            let found = builder
                .columns()
                .iter()
                .position(|column| column.name == name);
            found.expect("every shape has the own columns")
        };
        let [id, updated_at, revision, deleted] = OWN_COLUMNS.map(slot);
        push_row_id(&mut self.scratch, version.name, row, &ids.suffix);
        builder.push_str(id, &self.scratch);
        builder.push_flag(deleted, true);
        builder.push_count(revision, version.revision(row));
        if let Some(updated_at_us) = version.updated_at_us() {
            builder.push_time_us(updated_at, updated_at_us);
        }
        builder.end_row();
        Ok(())
    }

    /// Hands out the batches that are full; returns whether there was one.
    pub(crate) fn emit_full(&mut self, out: &mut Out) -> Result<bool> {
        let mut is_any = false;
        for builder in &mut self.builders {
            if builder.is_full() {
                out.batch(builder.kind(), builder.finish()?)?;
                is_any = true;
            }
        }
        Ok(is_any)
    }

    /// Hands out everything.
    pub(crate) fn emit_all(&mut self, out: &mut Out) -> Result<()> {
        for builder in &mut self.builders {
            if builder.n_rows() > 0 {
                out.batch(builder.kind(), builder.finish()?)?;
            }
        }
        Ok(())
    }
}
