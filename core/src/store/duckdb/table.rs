//! The tables of the record kinds: their columns, and the dimensions stamped on them.

use vocd_plugin::record::ColumnType;

use crate::record::RecordKind;

/// The built-in dimension that is stamped like a configured one; `[dimensions]` cannot name it.
pub(super) const TEAM: &str = "team";

/// The account of a row's customer, stamped like a dimension; none can be called so.
const ACCOUNT: &str = "$account";

/// Kinds whose rows are counted by account.
const BY_ACCOUNT: [RecordKind; 3] = [
    RecordKind::Subscription,
    RecordKind::Activity,
    RecordKind::Response,
];

/// A configured dimension, as the store stamps it on rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionSpec {
    /// Name in `[dimensions]`: `a-z 0-9 _ -`, a letter first.
    pub name: String,
    /// Kind whose rows say the value.
    pub kind: RecordKind,
    /// Where in such a row it stands.
    pub field: DimensionField,
}

/// A column or an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DimensionField {
    /// A declared column.
    Column(&'static str),
    /// A key of the `attributes` object.
    Attribute(String),
}

/// How a fact meets the row that says a dimension's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The fact says it itself.
    Own,
    /// The fact's `customer`.
    Customer,
    /// The fact's `agent`.
    Agent,
}

impl DimensionSpec {
    /// Returns how rows of `kind` get this dimension, or `None` when they cannot.
    pub(super) fn reach(&self, kind: RecordKind) -> Option<Reach> {
        if self.is_account() {
            return BY_ACCOUNT.contains(&kind).then_some(Reach::Customer);
        }
        match self.kind {
            own if own == kind => Some(Reach::Own),
            RecordKind::Customer if kind.column("customer").is_some() => Some(Reach::Customer),
            RecordKind::Agent if kind.column("agent").is_some() => Some(Reach::Agent),
            _ => None,
        }
    }

    /// Returns the dimension `team` of facts that name an agent: the agent's, when it happened.
    pub(super) fn team_of_agent() -> Self {
        Self {
            name: TEAM.to_owned(),
            kind: RecordKind::Agent,
            field: DimensionField::Column(TEAM),
        }
    }

    /// Returns the account of a customer, as the key it has; missing where there is none.
    pub(super) fn account() -> Self {
        Self {
            name: ACCOUNT.to_owned(),
            kind: RecordKind::Customer,
            field: DimensionField::Column("account"),
        }
    }

    /// Whether this is the account of a customer.
    pub(super) fn is_account(&self) -> bool {
        self.name == ACCOUNT
    }

    /// Returns a text that changes when the values come from elsewhere.
    pub(super) fn origin(&self) -> String {
        match &self.field {
            DimensionField::Column(name) => format!("{}.{name}", self.kind.name()),
            DimensionField::Attribute(name) => format!("{}.attributes.{name}", self.kind.name()),
        }
    }

    /// Returns the column it is stamped in.
    pub(super) fn column(&self) -> String {
        format!("dim_{}", self.name)
    }
}

/// Returns the dimensions that are stamped on rows of `kind`, in their column order.
pub(super) fn stamped(
    dimensions: &[DimensionSpec],
    kind: RecordKind,
) -> impl Iterator<Item = (&DimensionSpec, Reach)> {
    dimensions
        .iter()
        .filter_map(move |spec| Some((spec, spec.reach(kind)?)))
}

/// Returns the table that other versions than the current ones end up in.
pub(super) fn history(kind: RecordKind) -> String {
    format!("{}_history", kind.name())
}

/// Returns the current live rows of a kind, as a table expression.
pub(super) fn current(kind: RecordKind) -> String {
    format!("(FROM {} WHERE NOT superseded)", kind.name())
}

/// Returns all other versions of a kind, as a table expression: those that were moved to the
/// history, and those that still wait for it.
pub(super) fn past(kind: RecordKind) -> String {
    format!(
        "(FROM {} WHERE superseded UNION ALL BY NAME FROM {})",
        kind.name(),
        history(kind)
    )
}

/// Returns a name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns every column of a kind's tables in order, without the stamped dimensions.
pub(super) fn columns(kind: RecordKind) -> Vec<(&'static str, &'static str)> {
    let mut columns = vec![("key", "UBIGINT"), ("source", "VARCHAR")];
    columns.extend(
        kind.columns()
            .map(|column| (column.name, sql_type(column.column_type))),
    );
    columns.extend([
        ("bucket_time", "TIMESTAMP"),
        ("digest", "UBIGINT"),
        ("known_at", "TIMESTAMP"),
        ("person", "UBIGINT"),
        ("served_by", "UBIGINT"),
    ]);
    columns
}

fn sql_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text | ColumnType::Json => "VARCHAR",
        ColumnType::Number => "DOUBLE",
        ColumnType::Count => "UBIGINT",
        ColumnType::Flag => "BOOLEAN",
        ColumnType::Time => "TIMESTAMP",
        ColumnType::Money => "DECIMAL(18,4)",
        ColumnType::TextList => "VARCHAR[]",
    }
}
