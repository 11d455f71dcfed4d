//! From a text to a value of a record column, or a reason why not.

use jiff::tz::TimeZone;
use vocd_plugin::RowsBuilder;
use vocd_plugin::record::{Column, ColumnType, ID_BYTES_MAX};

use crate::instant::InstantReader;
use crate::rule::Rule;
use crate::value;

/// How a text becomes a value of a record column.
#[derive(Debug)]
pub(super) struct Cast {
    column: &'static Column,
    slot: usize,
    instants: Option<InstantReader>,
    part: ScalePart,
}

/// What a column has to do with the check of a score against its scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScalePart {
    None,
    Score,
    Min,
    Max,
}

/// Why a row gives no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The reason that is counted.
    pub(crate) reason: &'static str,
    /// The record column at fault.
    pub(crate) column: &'static str,
    /// What is wrong with it, without the value.
    pub(crate) what: String,
}

impl Cast {
    /// Makes the cast of a column filled by a rule; `slot` is its position in batches.
    pub(super) fn new(column: &'static Column, slot: usize, rule: &Rule) -> Self {
        let instants = match rule {
            Rule::Time { format, zone, .. } => {
                Some(InstantReader::new(format.as_deref(), zone.clone()))
            }
            _ if column.column_type == ColumnType::Time => {
                Some(InstantReader::new(None, TimeZone::UTC))
            }
            _ => None,
        };
        let part = match column.name {
            "score" => ScalePart::Score,
            "scale_min" => ScalePart::Min,
            "scale_max" | "score_max" => ScalePart::Max,
            _ => ScalePart::None,
        };
        Self {
            column,
            slot,
            instants,
            part,
        }
    }

    /// Returns whether a record needs the column.
    pub(super) fn is_required(&self) -> bool {
        self.column.is_required
    }

    /// Returns whether it is the id, which deletions need too.
    pub(super) fn is_id(&self) -> bool {
        self.column.name == "id"
    }

    /// Reads a text and adds the value to the unfinished row.
    #[inline]
    pub(super) fn push(
        &mut self,
        text: &str,
        builder: &mut RowsBuilder,
        verdict: &mut Verdict,
    ) -> Result<(), Refused> {
        let slot = self.slot;
        match self.column.column_type {
            ColumnType::Text => {
                self.check_text(text)?;
                builder.push_str(slot, text);
            }
            ColumnType::Number => {
                let number = value::number(text);
                let number = number.ok_or_else(|| self.refused("bad_number", "is no number"))?;
                verdict.note(self.part, number);
                builder.push_number(slot, number);
            }
            ColumnType::Count => {
                let count = value::count(text);
                let wrong = || self.refused("bad_number", "is no whole, non-negative number");
                builder.push_count(slot, count.ok_or_else(wrong)?);
            }
            ColumnType::Flag => {
                let flag = value::flag(text);
                let wrong = || self.refused("unknown_value", "is neither yes nor no");
                let flag = flag.ok_or_else(wrong)?;
                verdict.is_deletion |= flag && self.column.name == "deleted";
                builder.push_flag(slot, flag);
            }
            ColumnType::Time => {
                let instants = self.instants.as_mut().expect("time columns have a reader");
                match instants.read_us(text) {
                    Some(time_us) => builder.push_time_us(slot, time_us),
                    None => return Err(self.bad_time()),
                }
            }
            ColumnType::Money => {
                let amount = value::money(text);
                let wrong = || self.refused("bad_number", "is no amount with at most 4 decimals");
                builder.push_money(slot, amount.ok_or_else(wrong)?);
            }
            ColumnType::TextList => {
                let wrong = || self.refused("bad_list", "is no JSON array of texts");
                let texts = value::texts(text).ok_or_else(wrong)?;
                builder.push_texts(slot, texts.iter().map(String::as_str));
            }
            ColumnType::Json => {
                if !value::is_scalar_object(text) {
                    return Err(self.refused("bad_json", "is no JSON object of scalars"));
                }
                builder.push_json(slot, text);
            }
        }
        Ok(())
    }

    fn check_text(&self, text: &str) -> Result<(), Refused> {
        let values = self.column.values;
        if !values.is_empty() && !values.contains(&text) {
            let what = format!("is none of {}", values.join(", "));
            return Err(self.refused("unknown_value", what));
        }
        if text.len() > ID_BYTES_MAX && self.column.name == "id" {
            return Err(self.refused("bad_id", format!("is longer than {ID_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    #[cold]
    fn bad_time(&self) -> Refused {
        let format = self.instants.as_ref().and_then(InstantReader::format);
        match format {
            Some(format) => self.refused("bad_time", format!("is no time of the form {format}")),
            None => self.refused("bad_time", "is no RFC 3339 time; give it a `format`"),
        }
    }

    /// Refuses the record because of this column.
    #[cold]
    pub(super) fn refused(&self, reason: &'static str, what: impl Into<String>) -> Refused {
        Refused {
            reason,
            column: self.column.name,
            what: what.into(),
        }
    }
}

/// What decides about a whole row: a score and its scale, and whether it is a deletion.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    is_deletion: bool,
    score: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

impl Verdict {
    #[inline]
    fn note(&mut self, part: ScalePart, number: f64) {
        match part {
            ScalePart::None => {}
            ScalePart::Score => self.score = Some(number),
            ScalePart::Min => self.min = Some(number),
            ScalePart::Max => self.max = Some(number),
        }
    }

    /// Returns whether the record is a deletion.
    pub(super) fn is_deletion(&self) -> bool {
        self.is_deletion
    }

    /// Refuses a score that is not on its scale.
    pub(super) fn check(&self) -> Result<(), Refused> {
        let Some(score) = self.score else {
            return Ok(());
        };
        let is_below = self.min.is_some_and(|min| score < min);
        if is_below || self.max.is_some_and(|max| score > max) {
            return Err(Refused {
                reason: "score_out_of_scale",
                column: "score",
                what: "is not on its scale".to_owned(),
            });
        }
        Ok(())
    }
}
