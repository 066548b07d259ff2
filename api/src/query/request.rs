//! A query that was checked against the stream's definition: its names exist, its work is bounded.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use common::{offset::DataVersion, time::Timestamp};
use schema::{Rollup, StreamDefinition};

use super::{
    cursor::{Cursor, Place},
    order::Order,
    parameters::RollupParameters,
    range::Range,
    sketched::Asked,
};
use crate::problem::Problem;

const MOST_GROUPS: i64 = 1_000;
const DEFAULT_GROUPS: i64 = 10;
/// Rows an answer may have, those to compare with included.
const MOST_ROWS: i64 = 50_000;
const MOST_FILTER_VALUES: usize = 100;

/// Equal requests have equal `Debug` forms: that is their key in the cache.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(super) stream: String,
    pub(super) rollup: String,
    /// What a row's key is made of.
    pub(super) dimensions: Vec<Arc<str>>,
    /// Only where a row is one key of the rollup.
    pub(super) labels: Vec<Arc<str>>,
    pub(super) columns: Vec<Asked>,
    pub(super) filters: Vec<Filter>,
    pub(super) range: Range,
    pub(super) order: Order,
    pub(super) limit: i64,
    pub(super) compare: bool,
    pub(super) after: Option<Cursor>,
    /// Of what must be the same on all pages.
    fingerprint: u64,
}

/// Keeps the rows with one of these values, or those with another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    pub(super) dimension: Arc<str>,
    pub(super) values: Vec<String>,
    pub(super) without: bool,
}

impl Request {
    pub(crate) fn check(
        asked: &RollupParameters,
        stream: &StreamDefinition,
        rollup: &Rollup,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let keys: Vec<Arc<str>> = rollup.dimensions.iter().map(|d| d.name.as_str().into()).collect();
        let all = Asked::all(rollup);
        let counted: Vec<_> = all.iter().filter_map(Asked::counted).cloned().collect();
        let columns = columns(asked.measures.as_deref(), &all)?;
        let dimensions = dimensions(asked.group_by.as_deref(), &keys)?;
        let one_key = keys.iter().all(|key| dimensions.contains(key));
        let labels = rollup.labels.iter().filter(|_| one_key).map(|label| label.name.as_str().into());
        let first = columns.iter().find_map(Asked::counted).or(counted.first());
        let order = match (asked.order.as_deref(), first) {
            (Some(text), _) => Order::read(text, &counted, &dimensions)?,
            (None, Some(first)) => Order::highest(first.clone()),
            (None, None) => return Err(Problem::parameter("measures", "at least one name", "none")),
        };
        let mut request = Self {
            stream: stream.name.clone(),
            rollup: rollup.name.clone(),
            labels: labels.collect(),
            columns,
            filters: filters(asked, &keys)?,
            range: Range::of(asked, stream.window.size, now)?,
            order,
            limit: DEFAULT_GROUPS,
            compare: compare(asked.compare.as_deref())?,
            after: None,
            fingerprint: 0,
            dimensions,
        };
        request.fingerprint = request.fingerprint();
        if let Some(text) = &asked.cursor {
            let refused = || Problem::parameter("cursor", "'next' of a page of this same query", text);
            let cursor =
                Cursor::read(text).filter(|cursor| request.goes_on_at(cursor)).ok_or_else(refused)?;
            request.range =
                request.range.pinned(cursor.span, asked, stream.window.size).ok_or_else(refused)?;
            request.after = Some(cursor);
        }
        request.limit = request.groups(asked.limit.as_deref())?;
        Ok(request)
    }

    /// Where the page after a row with this place and these keys begins.
    pub(super) fn cursor(&self, place: Place, keys: Vec<String>, version: DataVersion) -> Cursor {
        let version = self.after.as_ref().map_or(version, |cursor| cursor.version);
        Cursor { query: self.fingerprint, version, span: self.range.span, place, keys }
    }

    fn goes_on_at(&self, cursor: &Cursor) -> bool {
        cursor.query == self.fingerprint
            && !self.dimensions.is_empty()
            && cursor.fits(&self.order, self.dimensions.len())
    }

    /// Not of the range, which [`Range::pinned`] compares: "the last hour" of the next page is that of the first.
    fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        (&self.stream, &self.rollup, &self.dimensions, &self.filters, &self.order, self.range.step)
            .hash(&mut hash);
        hash.finish()
    }

    /// How many groups a page has, which bounds the work.
    fn groups(&self, asked: Option<&str>) -> Result<i64, Problem> {
        let rows = self.range.count().saturating_mul(if self.compare { 2 } else { 1 });
        if rows > MOST_ROWS {
            let expected = format!("so long that there are at most {MOST_ROWS} rows");
            return Err(Problem::parameter("step", &expected, &format!("{rows} for a single group")));
        }
        let most = MOST_GROUPS.min(MOST_ROWS / rows);
        let limit = match asked {
            Some(text) => text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
                let why =
                    if most < MOST_GROUPS { format!(" with {rows} rows a group") } else { String::new() };
                Problem::parameter("limit", &format!("a whole number from 1 to {most}{why}"), text)
            })?,
            None => DEFAULT_GROUPS,
        };
        if self.dimensions.is_empty() {
            return Ok(1);
        }
        if limit > most {
            let expected = format!("given, from 1 to {most}, with {rows} rows a group");
            return Err(Problem::parameter("limit", &expected, "nothing"));
        }
        Ok(limit)
    }
}

fn columns(asked: Option<&str>, all: &[Asked]) -> Result<Vec<Asked>, Problem> {
    let Some(asked) = asked else { return Ok(all.to_vec()) };
    let named = |name: &str| {
        let found = all.iter().find(|column| **column.name() == *name).cloned();
        let names = all.iter().map(|column| &**column.name());
        found.ok_or_else(|| Problem::not_among("measures", "names of measures, each once", name, names))
    };
    each_once(asked, named)
}

fn dimensions(asked: Option<&str>, all: &[Arc<str>]) -> Result<Vec<Arc<str>>, Problem> {
    match asked {
        None => Ok(all.to_vec()),
        Some("") => Ok(Vec::new()),
        Some(asked) => each_once(asked, |name| dimension("group_by", name, all)),
    }
}

fn dimension(parameter: &str, name: &str, all: &[Arc<str>]) -> Result<Arc<str>, Problem> {
    let found = all.iter().find(|dimension| ***dimension == *name).cloned();
    let names = all.iter().map(AsRef::as_ref);
    found.ok_or_else(|| Problem::not_among(parameter, "names of dimensions, each once", name, names))
}

/// A name that is there already is not found again.
fn each_once<T: PartialEq>(
    asked: &str,
    named: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let mut found = Vec::new();
    for name in asked.split(',') {
        let item = named(name)?;
        if !found.contains(&item) {
            found.push(item);
        }
    }
    Ok(found)
}

fn filters(asked: &RollupParameters, all: &[Arc<str>]) -> Result<Vec<Filter>, Problem> {
    let filter = |(written, values): (&String, &Vec<String>)| {
        let (name, without) = match written.strip_suffix('!') {
            Some(name) => (name, true),
            None => (written.as_str(), false),
        };
        let parameter = format!("filter.{written}");
        let dimension = dimension(&parameter, name, all)?;
        let mut values = values.clone();
        values.sort_unstable();
        values.dedup();
        if values.len() > MOST_FILTER_VALUES {
            let (expected, found) =
                (format!("given at most {MOST_FILTER_VALUES} times"), values.len().to_string());
            return Err(Problem::parameter(&parameter, &expected, &found));
        }
        match values.iter().find(|value| value.contains('\0')) {
            Some(value) => Err(Problem::parameter(&parameter, "a text without NUL", value)),
            None => Ok(Filter { dimension, values, without }),
        }
    };
    asked.filter.iter().map(filter).collect()
}

fn compare(asked: Option<&str>) -> Result<bool, Problem> {
    match asked {
        None => Ok(false),
        Some("previous") => Ok(true),
        Some(text) => {
            Err(Problem::not_among("compare", "a period to compare with", text, ["previous"].into_iter()))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::parameters::Given;

    /// Of the shipped downloads, at a fixed time.
    pub(in crate::query) fn request(rollup: &str, query: &str) -> Request {
        checked(rollup, query).unwrap()
    }

    fn checked(rollup: &str, query: &str) -> Result<Request, Problem> {
        let streams = StreamDefinition::shipped().unwrap();
        let stream = streams.iter().find(|stream| stream.name == "content-downloads").unwrap();
        let rollup = stream.rollups.iter().find(|known| known.name == rollup).unwrap();
        let asked = Given::check(query)?;
        Request::check(&asked, stream, rollup, "2026-01-02T12:05:30Z".parse().unwrap())
    }

    fn names(names: &[Arc<str>]) -> Vec<&str> {
        names.iter().map(AsRef::as_ref).collect()
    }

    #[test]
    fn what_is_left_out_is_all_there_is() {
        let request = request("content_stats", "");
        assert_eq!((names(&request.dimensions), names(&request.labels)), (vec!["content_id"], vec!["title"]));
        assert_eq!((request.columns.len(), request.limit), (4, 10));
        assert_eq!(request.order, Order::highest(request.columns[0].counted().unwrap().clone()));
        assert_eq!(request.range.span.end.since(request.range.span.start), 300_000);
    }

    #[test]
    fn a_label_is_told_only_of_single_keys() {
        assert!(request("content_stats", "group_by=").labels.is_empty());
        assert_eq!(names(&request("device_stats", "group_by=os_version").dimensions), ["os_version"]);
        assert_eq!(
            names(&request("device_stats", "group_by=os_version,device").dimensions),
            ["os_version", "device"]
        );
    }

    #[test]
    fn equal_questions_have_one_key() {
        let key = |query: &str| format!("{:?}", request("region_health", query));
        let same = [
            "last=5m",
            "",
            "from=2026-01-02T12:01:20Z",
            "step=none",
            "from=2026-01-02T12:01:00Z&to=2026-01-02T12:05:31Z",
        ];
        for query in same {
            assert_eq!(key(query), key("last=300s"), "{query}");
        }
        assert_eq!(
            key("filter.region=b&filter.region=a&filter.region=b"),
            key("filter.region=a&filter.region=b")
        );
        assert_ne!(key("filter.region=a"), key("filter.region!=a"));
    }

    #[test]
    fn unknown_names_are_refused_with_those_there_are() {
        for (query, parameter, allowed) in [
            ("measures=total_downloads,rate", "measures", "avg_speed_mbps"),
            ("measures=", "measures", "total_downloads"),
            ("measures=region", "measures", "total_downloads"),
            ("group_by=device", "group_by", "region"),
            ("group_by=region,", "group_by", "region"),
            ("filter.device=tv", "filter.device", "region"),
            ("filter.=tv", "filter.", "region"),
            ("order=device", "order", "region"),
            ("order=", "order", "total_downloads"),
            ("group_by=&order=region", "order", "total_downloads"),
            ("compare=yesterday", "compare", "previous"),
            ("step=2m", "step", "1h"),
        ] {
            let problem = checked("region_health", query).unwrap_err();
            assert_eq!(problem.status.as_u16(), 422, "{query}");
            assert_eq!(problem.parameter.as_deref(), Some(parameter), "{query}");
            assert!(problem.allowed.iter().any(|name| name == allowed), "{query}: {:?}", problem.allowed);
        }
    }

    #[test]
    fn the_work_is_bounded_and_the_bound_is_told() {
        for (query, groups) in [
            ("limit=1000", 1_000),
            ("limit=1000&compare=previous", 1_000),
            ("limit=34&last=1d&step=1m", 34),
            ("limit=17&last=1d&step=1m&compare=previous", 17),
            ("limit=1000&last=7d&step=1d", 1_000),
            ("group_by=&limit=1&last=30d&step=1m", 1),
            ("group_by=&limit=1&last=34d&step=1m", 1),
        ] {
            assert_eq!(request("region_health", query).limit, groups, "{query}");
        }
        for (query, parameter) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=ten", "limit"),
            ("limit=35&last=1d&step=1m", "limit"),
            ("limit=18&last=1d&step=1m&compare=previous", "limit"),
            ("last=30d&step=1m", "limit"),
            ("limit=1&last=35d&step=1m", "step"),
            ("group_by=&last=35d&step=1m", "step"),
            ("from=0001-01-01T00:00:00Z&to=9999-12-30T00:00:00Z&step=1m", "step"),
        ] {
            let problem = checked("region_health", query).unwrap_err();
            assert_eq!(
                (problem.status.as_u16(), problem.parameter.as_deref()),
                (422, Some(parameter)),
                "{query}"
            );
        }
        let values: Vec<_> = (0..101).map(|value| format!("filter.region={value}")).collect();
        assert!(checked("region_health", &values[1..].join("&")).is_ok());
        for query in [values.join("&"), "filter.region=a%00".to_owned()] {
            assert_eq!(
                checked("region_health", &query).unwrap_err().parameter.as_deref(),
                Some("filter.region")
            );
        }
    }

    #[test]
    fn a_cursor_goes_on_with_its_own_query_only_and_keeps_its_range() {
        let first = request("region_health", "last=1h&filter.region!=x");
        let cursor =
            |request: &Request| request.cursor(Place::Whole(5), vec!["eu".to_owned()], DataVersion(3)).text();
        let earlier = Request { range: first.range.before(), ..first.clone() };
        let text = cursor(&earlier);
        let next = request(
            "region_health",
            &format!("last=1h&filter.region!=x&limit=3&measures=total_downloads&cursor={text}"),
        );
        assert_eq!(next.range, first.range.before());
        assert_eq!(next.cursor(Place::Whole(4), vec![], DataVersion(9)).version, DataVersion(3));
        for query in [
            format!("last=2h&filter.region!=x&cursor={text}"),
            format!("last=1h&filter.region=x&cursor={text}"),
            format!("last=1h&filter.region!=x&order=total_downloads&cursor={text}"),
            format!("last=1h&filter.region!=x&group_by=&cursor={text}"),
            format!("last=1h&filter.region!=x&step=1h&cursor={text}"),
            "cursor=".to_owned(),
            "cursor=AAAA".to_owned(),
        ] {
            let problem = checked("region_health", &query).unwrap_err();
            assert_eq!(
                (problem.status.as_u16(), problem.parameter.as_deref()),
                (422, Some("cursor")),
                "{query}"
            );
        }
        let mut forged = first.cursor(Place::Whole(5), vec!["eu".to_owned()], DataVersion(3));
        forged.span.end = forged.span.end.plus_millis(1);
        let query = format!("last=1h&filter.region!=x&cursor={}", forged.text());
        assert_eq!(checked("region_health", &query).unwrap_err().parameter.as_deref(), Some("cursor"));
    }
}
