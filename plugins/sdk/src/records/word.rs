//! The closed lists of words that some columns hold.

macro_rules! word {
    ($(#[$about:meta])* $name:ident { $( $(#[$value_about:meta])* $value:ident = $text:literal, )* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$value_about])* $value, )*
        }

        impl $name {
            /// Every value, in the order of the record's table.
            pub const ALL: &'static [Self] = &[$( Self::$value, )*];

            /// Returns the word in the record.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$value => $text, )*
                }
            }
        }
    };
}

word! {
    /// What a question measures.
    Metric {
        /// Net promoter score, 0 to 10.
        Nps = "nps",
        /// Satisfaction.
        Csat = "csat",
        /// Effort.
        Ces = "ces",
        /// Any other scale.
        Rating = "rating",
        /// A question asked to explain another.
        Driver = "driver",
        /// Words only.
        Text = "text",
    }
}

word! {
    /// Whether a high score is good.
    Direction {
        /// More is better.
        HigherIsBetter = "higher_is_better",
        /// Less is better.
        LowerIsBetter = "lower_is_better",
    }
}

word! {
    /// Whether a survey was filled in to its end.
    Status {
        /// To its end.
        Complete = "complete",
        /// Not, or not yet.
        Partial = "partial",
    }
}

word! {
    /// On what occasion a survey asks.
    Mode {
        /// After an interaction.
        Transactional = "transactional",
        /// About the whole relation.
        Relational = "relational",
    }
}

word! {
    /// Who worked on a ticket.
    HandledBy {
        /// People alone.
        Human = "human",
        /// A bot alone.
        Bot = "bot",
        /// A bot, then people.
        Both = "both",
    }
}

word! {
    /// Who reviewed an agent's work.
    ReviewerKind {
        /// Another agent.
        Peer = "peer",
        /// The agent.
        SelfReview = "self",
        /// Their lead.
        Manager = "manager",
        /// A program.
        Auto = "auto",
    }
}

word! {
    /// What an event is.
    EventKind {
        /// A new version.
        Release = "release",
        /// A fault that customers felt.
        Incident = "incident",
        /// Marketing.
        Campaign = "campaign",
        /// Agents learned something.
        Training = "training",
        /// Prices changed.
        Price = "price",
        /// What or whom surveys ask changed.
        SurveyChange = "survey_change",
        /// Anything else.
        Other = "other",
    }
}
