//! The plugin `zendesk` against a vendor that remembers: what the vendor lets one see is stored,
//! each version once, whatever goes wrong on the way.

#[path = "source_zendesk/daemon.rs"]
mod daemon;
#[path = "source_zendesk/faults.rs"]
mod faults;
#[path = "source_zendesk/month.rs"]
mod month;
#[path = "source_zendesk/reads.rs"]
mod reads;
#[path = "source_zendesk/specification.rs"]
mod specification;
#[path = "source_zendesk/stage.rs"]
mod stage;
