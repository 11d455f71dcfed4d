//! Questions that have no answer: whose fault it is, and what to do about it.

use super::*;
use crate::plan::{
    ClusterPlan, ClusterRow, CohortPlan, Cohorts, DataVersion, PeriodPlan, Periods, QuestionSet,
    RowTime, Sheet, SheetPlan, Stance, StancePlan, Tallies, TallyError,
};

fn check_refusal(text: &str, status: u16, message: &str, hint: Option<&str>) {
    let error = answer(&query(text), &settings(), at(NOW), &RowTable::default()).expect_err(text);
    assert_eq!(
        (error.status(), error.to_string().as_str()),
        (status, message)
    );
    assert_eq!(error.hint().as_deref(), hint);
}

#[test]
fn a_bad_question_is_told_what_is_wrong_and_what_to_do() {
    let names: Vec<&str> = crate::kpi::REGISTRY.iter().map(|kpi| kpi.name).collect();
    check_refusal(
        "npss",
        404,
        "there is no KPI `npss`; did you mean `nps`?",
        Some(&format!("the KPIs are {}", names.join(", "))),
    );
    let known = "the dimensions are source, survey, question, mode, channel, language, agent, \
                 team, tag, priority, segment";
    check_refusal(
        "nps by=segmnt",
        400,
        "there is no dimension `segmnt`; did you mean `segment`?",
        Some(known),
    );
    check_refusal(
        "nps where.zzz=a",
        400,
        "there is no dimension `zzz`",
        Some(known),
    );
    check_refusal(
        "nps by=priority",
        400,
        "`nps` counts response rows, which cannot carry `priority` of ticket rows",
        Some("use a dimension that comes from response, customer or agent rows"),
    );
    check_refusal(
        "responses mode=clustered",
        400,
        "`responses` cannot be computed with mode `clustered`",
        Some("use `transactional` or `relational`"),
    );
    check_refusal(
        "nps as_of=2026-07-01T00:00:00Z",
        400,
        "`as_of` 2026-07-01T00:00:00Z lies in the future",
        Some("leave `as_of` out for the current state"),
    );
}

#[test]
fn a_store_that_does_not_answer_is_not_the_askers_fault() {
    struct Late;
    impl Tally for Late {
        fn tally(&self, _: &TallyPlan) -> Result<Tallies, TallyError> {
            Err(TallyError::Deadline { deadline_s: 10 })
        }
        fn clusters(&self, _: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
            Ok(Vec::new())
        }
        fn cohorts(&self, _: &CohortPlan) -> Result<Cohorts, TallyError> {
            Ok(Cohorts::default())
        }
        fn question_sets(&self, _: &str) -> Result<Vec<QuestionSet>, TallyError> {
            Ok(Vec::new())
        }
        fn extent(
            &self,
            _: RecordKind,
            _: &Filter,
            _: RowTime,
            _: Option<Timestamp>,
        ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
            Ok(None)
        }
        fn periods(&self, _: &PeriodPlan) -> Result<Periods, TallyError> {
            Ok(Periods::default())
        }
        fn stances(&self, _: &StancePlan) -> Result<Vec<Stance>, TallyError> {
            Ok(Vec::new())
        }
        fn sheet(&self, _: &SheetPlan) -> Result<Sheet, TallyError> {
            Ok(Sheet::default())
        }
        fn data_version(&self) -> DataVersion {
            DataVersion::default()
        }
    }
    let error = answer(&query("nps range=7d"), &settings(), at(NOW), &Late).expect_err("late");
    assert_eq!(error.status(), 503);
    assert_eq!(
        error.hint().as_deref(),
        Some("ask for a shorter range, or try again")
    );
}
