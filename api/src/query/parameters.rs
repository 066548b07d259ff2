//! The parameters of a query, as texts. What they may be depends on the stream and is checked in `request`.

use std::collections::BTreeMap;

use crate::{
    parameters::{Given, Parameters},
    problem::Problem,
};

/// Before the name of a dimension whose values are given.
const FILTER: &str = "filter.";

/// What can be asked of a rollup. Values stand in parameters of their own, as no character is free to part them.
#[derive(Clone, Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RollupParameters {
    /// Names of measures and derived columns, with commas between. All of them if left out. Of a measure of quantiles
    /// `<name>_p50`, `_p90`, `_p95` and `_p99`.
    #[param(example = "total_downloads,success_rate")]
    pub(super) measures: Option<String>,
    /// Names of dimensions, with commas between: one row for each combination of their values. All of them if left
    /// out; one row in all if empty.
    #[param(example = "region")]
    pub(super) group_by: Option<String>,
    /// Begin of the range, RFC 3339; rounded down to a whole step or window.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<String>,
    /// End of the range, not part of it; rounded up. Now if left out.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) to: Option<String>,
    /// Instead of from and to: so long, ending with the open step or window. Default 5m.
    #[param(example = "1h")]
    pub(super) last: Option<String>,
    /// One row for each step of each group: 1m, 5m, 10m, 15m, 30m, 1h, 3h, 6h, 12h or 1d, whole numbers of the
    /// stream's windows. `none`, the default: one row for each group.
    pub(super) step: Option<String>,
    /// A measure, a derived column or a dimension of the groups; with '-' in front from the highest. Not quantiles or
    /// distinct counts, which are merged for the groups of a page. Default: the first measure that it can be, from the
    /// highest.
    #[param(example = "-total_downloads")]
    pub(super) order: Option<String>,
    /// Groups at most, 1 to 1,000, default 10; times the number of steps (twice that with `compare`) at most 50,000.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 10)]
    pub(super) limit: Option<String>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
    /// `previous`: the same measures of the equally long range just before, beside each row.
    pub(super) compare: Option<String>,
    /// Rows with one of these values of the dimension, as in `filter.region=eu-west`; `filter.region!=eu-west` leaves
    /// them out. Each dimension may be given, each up to 100 times.
    #[param(rename = "filter.{dimension}", value_type = Option<Vec<String>>, style = Form, explode)]
    pub(super) filter: BTreeMap<String, Vec<String>>,
}

impl Parameters for RollupParameters {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self {
            measures: given.text("measures")?,
            group_by: given.text("group_by")?,
            from: given.text("from")?,
            to: given.text("to")?,
            last: given.text("last")?,
            step: given.text("step")?,
            order: given.text("order")?,
            limit: given.text("limit")?,
            cursor: given.text("cursor")?,
            compare: given.text("compare")?,
            filter: given.prefixed(FILTER, "filter.<dimension>"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_gathered_and_the_rest_is_known_by_name() {
        let query = "filter.region=eu&filter.region=us%2Cx&filter.device!=&measures=a,b&group_by=";
        let asked: RollupParameters = Given::check(query).unwrap();
        assert_eq!(asked.measures.as_deref(), Some("a,b"));
        assert_eq!((asked.group_by.as_deref(), asked.step), (Some(""), None));
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let filter = [("device!", texts(&[""])), ("region", texts(&["eu", "us,x"]))];
        assert_eq!(asked.filter, filter.map(|(name, values)| (name.to_owned(), values)).into());

        for query in ["region=eu", "minutes=5", "measure=a", "Filter.region=eu"] {
            let problem = Given::check::<RollupParameters>(query).unwrap_err();
            assert_eq!(problem.status.as_u16(), 422, "{query}");
            assert!(problem.allowed.iter().any(|name| name == "filter.<dimension>"), "{query}");
        }
        assert_eq!(
            Given::check::<RollupParameters>("step=1m&step=1h").unwrap_err().parameter.as_deref(),
            Some("step")
        );
    }
}
