//! The records as Rust types: one structure a kind, what is required in `new`, the rest optional.
//!
//! ```
//! use vocd_plugin::Time;
//! use vocd_plugin::records::{Metric, Response};
//!
//! # fn main() -> Result<(), vocd_plugin::TimeError> {
//! let answered = Time::parse("2026-01-31T12:00:00Z")?;
//! let answer = Response {
//!     score: Some(9.0),
//!     customer: Some("email:a@example.org"),
//!     ..Response::new("41:q3", "onboarding", "q3", Metric::Nps, answered)
//! };
//! # assert_eq!(answer.score, Some(9.0));
//! # Ok(())
//! # }
//! ```
//!
//! [`crate::Out::row`] takes them. The columns are those of [`crate::record`], where each is
//! declared; a test holds both equal.

mod attributes;
mod cell;
mod price;
mod word;

use crate::{Money, RecordKind, RowsBuilder, Time};

pub use attributes::Attributes;
use cell::Cell;
pub use price::{Period, Price, PriceHistory};
pub use word::{Direction, EventKind, HandledBy, Metric, Mode, ReviewerKind, Status};

/// A record that [`crate::Out::row`] takes.
pub trait Record: sealed::Sealed {
    /// The kind it is of.
    const KIND: RecordKind;
    /// Its columns, in the order [`Record::push`] fills them.
    const COLUMNS: &'static [&'static str];

    /// Puts the record into a builder of [`Record::COLUMNS`] and ends the row.
    fn push(&self, rows: &mut RowsBuilder);
}

mod sealed {
    /// Kept to the kinds of the contract.
    pub trait Sealed {}
}

macro_rules! record {
    (
        $(#[$about:meta])*
        $name:ident {
            required { $( $(#[$required_about:meta])* $required:ident: $required_type:ty, )* }
            optional { $( $(#[$optional_about:meta])* $optional:ident: $optional_type:ty, )* }
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name<'a> {
            /// Unique inside one source and kind; 1 to 200 bytes.
            pub id: &'a str,
            /// When the vendor last changed it; absent: the record's own event time.
            pub updated_at: Option<Time>,
            /// The vendor's counter of versions.
            pub revision: Option<u64>,
            /// Whether the vendor has deleted it.
            pub deleted: bool,
            /// Vendor fields that a site may want as dimensions.
            pub attributes: Attributes,
            $( $(#[$required_about])* pub $required: $required_type, )*
            $( $(#[$optional_about])* pub $optional: Option<$optional_type>, )*
        }

        impl<'a> $name<'a> {
            /// Makes a record of what every one must have; everything else is absent.
            #[must_use]
            #[expect(clippy::allow_attributes, reason = "only some kinds have that many")]
            #[allow(clippy::too_many_arguments, reason = "all of them are required")]
            pub fn new(id: &'a str $(, $required: $required_type)*) -> Self {
                Self {
                    id,
                    updated_at: None,
                    revision: None,
                    deleted: false,
                    attributes: Attributes::new(),
                    $( $required, )*
                    $( $optional: None, )*
                }
            }
        }

        impl sealed::Sealed for $name<'_> {}

        impl Record for $name<'_> {
            const KIND: RecordKind = RecordKind::$name;
            const COLUMNS: &'static [&'static str] = &[
                "id", "updated_at", "revision", "deleted", "attributes",
                $( stringify!($required), )*
                $( stringify!($optional), )*
            ];

            fn push(&self, rows: &mut RowsBuilder) {
                rows.push_str(0, self.id);
                self.updated_at.push(rows, 1);
                self.revision.push(rows, 2);
                // Most rows are not deleted, and null says so too.
                self.deleted.then_some(true).push(rows, 3);
                self.attributes.push(rows, 4);
                let mut column_idx = 5;
                $(
                    self.$required.push(rows, column_idx);
                    column_idx += 1;
                )*
                $(
                    self.$optional.push(rows, column_idx);
                    column_idx += 1;
                )*
                debug_assert_eq!(column_idx, Self::COLUMNS.len());
                rows.end_row();
            }
        }
    };
}

record! {
    /// One answer to one survey question.
    Response {
        required {
            /// The survey's id.
            survey: &'a str,
            /// The question's id.
            question: &'a str,
            /// What the question measures.
            metric: Metric,
            /// When it was answered.
            responded_at: Time,
        }
        optional {
            /// The survey's name.
            survey_name: &'a str,
            /// The question as asked.
            question_text: &'a str,
            /// The number given; absent where the question was not answered.
            score: f64,
            /// Lowest possible score.
            scale_min: f64,
            /// Highest possible score.
            scale_max: f64,
            /// Whether a high score is good.
            direction: Direction,
            /// Shared by the answers of one submission; absent: the record's id.
            response: &'a str,
            /// Whether the whole survey was filled in.
            status: Status,
            /// Asked after an interaction (default) or about the whole relation.
            mode: Mode,
            /// Whether it is a trial.
            is_test: bool,
            /// Whether the person was promised not to be known.
            anonymous: bool,
            /// Reference to the customer.
            customer: &'a str,
            /// Reference to the agent, as of when the survey was sent.
            agent: &'a str,
            /// Reference to the ticket.
            ticket: &'a str,
            /// Where it was asked.
            channel: &'a str,
            /// Language of the comment.
            language: &'a str,
            /// What was written. Personal.
            comment: &'a str,
        }
    }
}

record! {
    /// One survey sent to one person.
    Invitation {
        required {
            /// The survey's id.
            survey: &'a str,
            /// When it was sent.
            sent_at: Time,
        }
        optional {
            /// Whether it arrived.
            delivered: bool,
            /// When it was opened.
            opened_at: Time,
            /// How it was sent.
            channel: &'a str,
            /// Reference to the customer.
            customer: &'a str,
            /// Reference to the agent.
            agent: &'a str,
            /// Reference to the ticket.
            ticket: &'a str,
            /// The submission that answered it.
            response: &'a str,
        }
    }
}

record! {
    /// One helpdesk conversation.
    Ticket {
        required {
            /// When it was opened.
            created_at: Time,
        }
        optional {
            /// When an agent first answered in public.
            first_reply_at: Time,
            /// When it was first solved.
            first_solved_at: Time,
            /// When it was last solved.
            solved_at: Time,
            /// When it was closed for good.
            closed_at: Time,
            /// How often it was opened again.
            reopens: u64,
            /// How often an agent answered in public.
            replies: u64,
            /// The vendor's status.
            status: &'a str,
            /// The vendor's priority.
            priority: &'a str,
            /// Where it came from.
            channel: &'a str,
            /// What it is about.
            category: &'a str,
            /// Its tags.
            tags: Vec<&'a str>,
            /// Reference to the agent.
            agent: &'a str,
            /// Name of the team.
            team: &'a str,
            /// Reference to the customer.
            customer: &'a str,
            /// Who did the work.
            handled_by: HandledBy,
            /// When a bot handed it to a person.
            handed_off_at: Time,
            /// When it is due.
            sla_due_at: Time,
            /// Whether it was in time.
            sla_met: bool,
            /// Business seconds to the first reply.
            business_first_reply_s: f64,
            /// Business seconds to the last solution.
            business_resolution_s: f64,
        }
    }
}

record! {
    /// One person or organisation of the CRM.
    Customer {
        required {}
        optional {
            /// What others call it (`email:a@example.org`, `crm:4711`). Personal.
            aliases: Vec<&'a str>,
            /// Reference to its organisation.
            account: &'a str,
            /// Its name. Personal.
            name: &'a str,
            /// Its segment.
            segment: &'a str,
            /// Its industry.
            industry: &'a str,
            /// Its region.
            region: &'a str,
            /// Its plan.
            plan: &'a str,
            /// Who owns it in the CRM.
            owner: &'a str,
            /// When it was first seen.
            first_seen_at: Time,
        }
    }
}

record! {
    /// One price period of a contract; see [`PriceHistory`].
    Subscription {
        required {
            /// Reference to the customer.
            customer: &'a str,
            /// The contract, shared by its periods.
            subscription: &'a str,
            /// When the period began.
            started_at: Time,
            /// Revenue a month.
            mrr: Money,
            /// ISO 4217 code.
            currency: &'a str,
        }
        optional {
            /// When the period ended.
            ended_at: Time,
            /// Its plan.
            plan: &'a str,
        }
    }
}

record! {
    /// One thing a customer did.
    Activity {
        required {
            /// Reference to the customer.
            customer: &'a str,
            /// When.
            happened_at: Time,
            /// What.
            name: &'a str,
        }
        optional {
            /// How much.
            value: f64,
        }
    }
}

record! {
    /// One person who serves customers.
    Agent {
        required {}
        optional {
            /// What others call them. Personal.
            aliases: Vec<&'a str>,
            /// Their name. Personal.
            name: &'a str,
            /// Name of their team.
            team: &'a str,
            /// Whether they work.
            active: bool,
            /// When they began.
            started_at: Time,
        }
    }
}

record! {
    /// One scored category of a quality review.
    Review {
        required {
            /// Shared by the categories of one review.
            review: &'a str,
            /// Reference to the agent.
            agent: &'a str,
            /// Who reviewed.
            reviewer_kind: ReviewerKind,
            /// What was scored.
            category: &'a str,
            /// The score given.
            score: f64,
            /// The best possible score.
            score_max: f64,
            /// When.
            reviewed_at: Time,
        }
        optional {
            /// How much the category counts.
            weight: f64,
            /// Whether failing it fails the review.
            critical: bool,
            /// Reference to the ticket.
            ticket: &'a str,
            /// The root cause found.
            cause: &'a str,
            /// What was written. Personal.
            comment: &'a str,
        }
    }
}

record! {
    /// One course an agent completed.
    Training {
        required {
            /// Reference to the agent.
            agent: &'a str,
            /// The course.
            course: &'a str,
            /// When.
            completed_at: Time,
        }
        optional {
            /// How it went.
            result: &'a str,
        }
    }
}

record! {
    /// One thing that happened and may explain a move.
    Event {
        required {
            /// When, or from when.
            happened_at: Time,
            /// What to call it on a chart.
            label: &'a str,
        }
        optional {
            /// Until when.
            ended_at: Time,
            /// What it is.
            event_kind: EventKind,
            /// Where to read more.
            url: &'a str,
        }
    }
}

#[cfg(test)]
mod tests;
