//! What the end-to-end tests stand on: the built binaries, a daemon in a scratch folder, a small
//! HTTP client, a way to skip that is counted and told, the rates at which analyses err, and the
//! truths that they have to find.

pub mod binaries;
pub mod browser;
pub mod chance;
pub mod coached;
pub mod daemon;
pub mod dice;
pub mod moves;
pub mod planted;
pub mod plugin;
pub mod prism;
pub mod pushed;
pub mod replay;
pub mod request;
pub mod scratch;
pub mod skip;
pub mod survey;
pub mod themed;
pub mod truth;
pub mod vendor;
