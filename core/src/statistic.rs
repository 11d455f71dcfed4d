//! Arithmetic of samples that every analysis shares; knows nothing of customers.

mod difference;
mod draws;
mod findings;
mod proportion;
mod sample;

pub use difference::{Difference, Z_95};
pub use draws::Draws;
pub use findings::finds_bound;
pub use proportion::Proportion;
pub use sample::{mean, median, quantile, real};
