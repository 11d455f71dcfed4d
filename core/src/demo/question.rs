//! What the surveys ask.

use crate::demo::mood::Driver;

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The recommendation in the relationship survey.
    Recommend,
    /// The recommendation in the support survey.
    RecommendAfterSupport,
    /// The satisfaction with the help.
    Satisfaction,
    /// The ease of getting it.
    Effort,
    /// The rating of a driver.
    Rating(Driver),
}

impl Question {
    /// Question id in records.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Recommend => "recommend",
            Self::RecommendAfterSupport => "recommend-after-support",
            Self::Satisfaction => "satisfaction",
            Self::Effort => "effort",
            Self::Rating(driver) => driver.name(),
        }
    }

    /// What customers read.
    pub(super) fn text(self) -> String {
        match self {
            Self::Recommend | Self::RecommendAfterSupport => {
                "How likely are you to recommend us to a friend or colleague?".to_owned()
            }
            Self::Satisfaction => "How satisfied are you with our help?".to_owned(),
            Self::Effort => "It was easy to get the help I needed.".to_owned(),
            Self::Rating(driver) => format!("How do you rate our {}?", driver.name()),
        }
    }

    /// Record metric.
    pub(super) const fn metric(self) -> &'static str {
        match self {
            Self::Recommend | Self::RecommendAfterSupport => "nps",
            Self::Satisfaction => "csat",
            Self::Effort => "ces",
            Self::Rating(_) => "driver",
        }
    }

    /// Lowest and greatest answer.
    pub(super) const fn scale(self) -> (u8, u8) {
        match self {
            Self::Recommend | Self::RecommendAfterSupport => (0, 10),
            Self::Satisfaction | Self::Rating(_) => (1, 5),
            Self::Effort => (1, 7),
        }
    }
}
