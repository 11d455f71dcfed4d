//! Arithmetic of samples that every analysis shares; knows nothing of customers.

mod draws;
mod findings;
mod sample;

pub use draws::Draws;
pub use findings::finds_bound;
pub use sample::{mean, median, quantile, real};
