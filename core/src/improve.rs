//! What to improve: which ratings go with a score, what moved it, which themes and reasons weigh.
//!
//! Pure, and of plain numbers: it knows neither KPIs nor the store. Every effect carries an interval
//! of 95 %, and where many are shown at once a find is one that stands out among all of them.

mod choice;
mod contribution;
mod dominance;
mod driver;
mod estimate;
mod find;
mod fit;
mod impact;
mod importance;
mod matrix;
mod moment;
mod order;
mod pareto;
mod rating;
mod refusal;
mod resample;
mod weight;

pub use choice::{CANDIDATES_MAX, Choice};
pub use contribution::{Contribution, Effect, Segment, Side, contribution};
pub use driver::{Driver, Drivers, RESAMPLES, drivers};
pub use estimate::Estimate;
pub use impact::{ANSWERS_MIN, Comment, Impact, Impacts, Theme, impact};
pub use importance::{Importance, Point, Quadrant, Standing, importance};
pub use pareto::{Bar, Items, Pareto, Reason, pareto};
pub use rating::{ATTRIBUTES_MAX, Attribute, ROWS_MAX, Ratings, rows_needed};
pub use refusal::Refusal;
