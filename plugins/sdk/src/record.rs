//! The record kinds a plugin may emit: names, columns, types and rules, as data.
//!
//! This table is the one place where a column is declared. The typed builders, the child's schema
//! check, the daemon's door and the store's tables are all derived from it. Kinds only ever gain
//! optional columns; a column is never renamed, retyped or made required.

/// Greatest length of a record id.
pub const ID_BYTES_MAX: usize = 200;

/// What one row says: an answer to a question, a ticket, a customer, ….
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// One answer to one survey question.
    Response,
    /// One survey sent to one person.
    Invitation,
    /// One helpdesk conversation.
    Ticket,
    /// One person or organisation of the CRM.
    Customer,
    /// One price period of a contract.
    Subscription,
    /// One thing a customer did.
    Activity,
    /// One person who serves customers.
    Agent,
    /// One scored category of a quality review.
    Review,
    /// One course an agent completed.
    Training,
    /// One thing that happened and may explain a move.
    Event,
}

/// How a column's values are typed; the Arrow type is in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text (Utf8).
    Text,
    /// Number (Float64).
    Number,
    /// Whole, non-negative number (UInt64).
    Count,
    /// Yes or no (Boolean).
    Flag,
    /// Instant (Timestamp in microseconds, UTC).
    Time,
    /// Amount of money (Decimal128(18, 4)).
    Money,
    /// Several texts (List of Utf8).
    TextList,
    /// A JSON object of scalars (Utf8 with the `arrow.json` extension name).
    Json,
}

/// One column of a record kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in records, tables and configuration.
    pub name: &'static str,
    /// Type of the values.
    pub column_type: ColumnType,
    /// Whether a row without a value is rejected.
    pub is_required: bool,
    /// Whether the value identifies a person (`[privacy] personal` may hash or drop it).
    pub is_personal: bool,
    /// The allowed values of an enumeration; empty for free values.
    pub values: &'static [&'static str],
}

use ColumnType::{Count, Flag, Json, Money, Number, Text, TextList, Time};

const fn required(name: &'static str, column_type: ColumnType) -> Column {
    Column {
        name,
        column_type,
        is_required: true,
        is_personal: false,
        values: &[],
    }
}

const fn optional(name: &'static str, column_type: ColumnType) -> Column {
    Column {
        name,
        column_type,
        is_required: false,
        is_personal: false,
        values: &[],
    }
}

const fn personal(name: &'static str, column_type: ColumnType) -> Column {
    Column {
        name,
        column_type,
        is_required: false,
        is_personal: true,
        values: &[],
    }
}

const fn required_enum(name: &'static str, values: &'static [&'static str]) -> Column {
    Column {
        name,
        column_type: Text,
        is_required: true,
        is_personal: false,
        values,
    }
}

const fn optional_enum(name: &'static str, values: &'static [&'static str]) -> Column {
    Column {
        name,
        column_type: Text,
        is_required: false,
        is_personal: false,
        values,
    }
}

/// The columns every kind has, before its own.
pub const COMMON_COLUMNS: &[Column] = &[
    required("id", Text),
    optional("updated_at", Time),
    optional("revision", Count),
    optional("deleted", Flag),
    optional("attributes", Json),
];

const RESPONSE: &[Column] = &[
    required("survey", Text),
    optional("survey_name", Text),
    required("question", Text),
    optional("question_text", Text),
    required_enum(
        "metric",
        &["nps", "csat", "ces", "rating", "driver", "text"],
    ),
    optional("score", Number),
    optional("scale_min", Number),
    optional("scale_max", Number),
    optional_enum("direction", &["higher_is_better", "lower_is_better"]),
    optional("response", Text),
    required("responded_at", Time),
    optional_enum("status", &["complete", "partial"]),
    optional_enum("mode", &["transactional", "relational"]),
    optional("is_test", Flag),
    optional("anonymous", Flag),
    optional("customer", Text),
    optional("agent", Text),
    optional("ticket", Text),
    optional("channel", Text),
    optional("language", Text),
    personal("comment", Text),
];

const INVITATION: &[Column] = &[
    required("survey", Text),
    required("sent_at", Time),
    optional("delivered", Flag),
    optional("opened_at", Time),
    optional("channel", Text),
    optional("customer", Text),
    optional("agent", Text),
    optional("ticket", Text),
    optional("response", Text),
];

const TICKET: &[Column] = &[
    required("created_at", Time),
    optional("first_reply_at", Time),
    optional("first_solved_at", Time),
    optional("solved_at", Time),
    optional("closed_at", Time),
    optional("reopens", Count),
    optional("replies", Count),
    optional("status", Text),
    optional("priority", Text),
    optional("channel", Text),
    optional("category", Text),
    optional("tags", TextList),
    optional("agent", Text),
    optional("team", Text),
    optional("customer", Text),
    optional_enum("handled_by", &["human", "bot", "both"]),
    optional("handed_off_at", Time),
    optional("sla_due_at", Time),
    optional("sla_met", Flag),
    optional("business_first_reply_s", Number),
    optional("business_resolution_s", Number),
];

const CUSTOMER: &[Column] = &[
    personal("aliases", TextList),
    optional("account", Text),
    personal("name", Text),
    optional("segment", Text),
    optional("industry", Text),
    optional("region", Text),
    optional("plan", Text),
    optional("owner", Text),
    optional("first_seen_at", Time),
];

const SUBSCRIPTION: &[Column] = &[
    required("customer", Text),
    required("subscription", Text),
    required("started_at", Time),
    optional("ended_at", Time),
    required("mrr", Money),
    required("currency", Text),
    optional("plan", Text),
];

const ACTIVITY: &[Column] = &[
    required("customer", Text),
    required("happened_at", Time),
    required("name", Text),
    optional("value", Number),
];

const AGENT: &[Column] = &[
    personal("aliases", TextList),
    personal("name", Text),
    optional("team", Text),
    optional("active", Flag),
    optional("started_at", Time),
];

const REVIEW: &[Column] = &[
    required("review", Text),
    required("agent", Text),
    required_enum("reviewer_kind", &["peer", "self", "manager", "auto"]),
    required("category", Text),
    required("score", Number),
    required("score_max", Number),
    optional("weight", Number),
    optional("critical", Flag),
    required("reviewed_at", Time),
    optional("ticket", Text),
    optional("cause", Text),
    personal("comment", Text),
];

const TRAINING: &[Column] = &[
    required("agent", Text),
    required("course", Text),
    required("completed_at", Time),
    optional("result", Text),
];

const EVENT: &[Column] = &[
    required("happened_at", Time),
    optional("ended_at", Time),
    required("label", Text),
    optional_enum(
        "event_kind",
        &[
            "release",
            "incident",
            "campaign",
            "training",
            "price",
            "survey_change",
            "other",
        ],
    ),
    optional("url", Text),
];

impl RecordKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Response,
        Self::Invitation,
        Self::Ticket,
        Self::Customer,
        Self::Subscription,
        Self::Activity,
        Self::Agent,
        Self::Review,
        Self::Training,
        Self::Event,
    ];

    /// Returns the name used in records, tables, configuration and addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Invitation => "invitation",
            Self::Ticket => "ticket",
            Self::Customer => "customer",
            Self::Subscription => "subscription",
            Self::Activity => "activity",
            Self::Agent => "agent",
            Self::Review => "review",
            Self::Training => "training",
            Self::Event => "event",
        }
    }

    /// Returns the kind of that name, or `None` for an unknown one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the columns of this kind besides the common ones, in schema order.
    #[must_use]
    pub const fn own_columns(self) -> &'static [Column] {
        match self {
            Self::Response => RESPONSE,
            Self::Invitation => INVITATION,
            Self::Ticket => TICKET,
            Self::Customer => CUSTOMER,
            Self::Subscription => SUBSCRIPTION,
            Self::Activity => ACTIVITY,
            Self::Agent => AGENT,
            Self::Review => REVIEW,
            Self::Training => TRAINING,
            Self::Event => EVENT,
        }
    }

    /// Returns every column of this kind: the common ones, then its own.
    pub fn columns(self) -> impl Iterator<Item = &'static Column> {
        COMMON_COLUMNS.iter().chain(self.own_columns())
    }

    /// Returns the column of that name, or `None` when the kind has none.
    #[must_use]
    pub fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().find(|column| column.name == name)
    }

    /// Returns the column that holds the row's own event time; `None` for dimension kinds, whose
    /// versions are ordered by `updated_at` alone.
    #[must_use]
    pub const fn event_time(self) -> Option<&'static str> {
        match self {
            Self::Response => Some("responded_at"),
            Self::Invitation => Some("sent_at"),
            Self::Ticket => Some("created_at"),
            Self::Customer | Self::Agent => None,
            Self::Subscription => Some("started_at"),
            Self::Activity | Self::Event => Some("happened_at"),
            Self::Review => Some("reviewed_at"),
            Self::Training => Some("completed_at"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in RecordKind::ALL {
            assert_eq!(RecordKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn column_names_are_unique_in_each_kind() {
        for kind in RecordKind::ALL {
            let mut names: Vec<_> = kind.columns().map(|column| column.name).collect();
            names.sort_unstable();
            let n_columns = names.len();
            names.dedup();
            assert_eq!(names.len(), n_columns, "{}", kind.name());
        }
    }

    #[test]
    fn event_time_names_a_required_time_column() {
        for kind in RecordKind::ALL {
            let Some(name) = kind.event_time() else {
                continue;
            };
            let column = kind.column(name).expect("declared column");
            assert!(
                column.is_required && column.column_type == ColumnType::Time,
                "{name}"
            );
        }
    }
}
