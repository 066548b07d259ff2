//! Pages of a cursor, one after another, are the whole.

use serde_json::Value;

use crate::stage::{ORDERS, Stage, at};

/// Every page of `query`, and how many there were.
async fn pages(stage: &Stage, query: &str, size: usize) -> (Vec<Value>, usize) {
    let (mut rows, mut count, mut next) = (Vec::new(), 0, String::new());
    loop {
        let page = stage.json(&format!("{ORDERS}?{query}&limit={size}{next}")).await;
        assert_eq!(page["count"], page["data"].as_array().unwrap().len());
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        count += 1;
        assert!(count <= 100, "the pages do not end: {query} by {size}");
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return (rows, count),
        }
    }
}

fn column<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| row["measures"].get(name).unwrap_or(&row["dimensions"][name])).collect()
}

#[tokio::test]
async fn pages_one_after_another_are_the_whole_in_any_order() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let range = format!("from={}&to={}", at("09:00"), at("12:00"));
    for order in [
        "-orders",
        "orders",
        "-amount",
        "amount",
        "most",
        "-least",
        "-paid_rate",
        "paid_rate",
        "mean_amount",
        "-country",
        "country",
        "-limit",
        "limit",
    ] {
        let query = format!("{range}&order={order}");
        let (whole, one) = pages(&stage, &query, 1_000).await;
        assert_eq!((whole.len(), one), (26, 1), "{order}");
        for size in [1, 3, 13, 25, 26] {
            let (rows, count) = pages(&stage, &query, size).await;
            assert_eq!((rows == whole, count), (true, 26_usize.div_ceil(size)), "{order} by {size}");
        }
        // What is unknown comes last, either way.
        let (name, up) = order.strip_prefix('-').map_or((order, true), |name| (name, false));
        let values = column(&whole, name);
        let known: Vec<_> = values.iter().take_while(|value| !value.is_null()).collect();
        assert!(values[known.len()..].iter().all(|value| value.is_null()), "{order}: {values:?}");
        let sorted = known.is_sorted_by(|before, after| {
            let (before, after) = if up { (before, after) } else { (after, before) };
            match (before.as_f64(), after.as_f64()) {
                (Some(before), Some(after)) => before <= after,
                _ => before.as_str() <= after.as_str(),
            }
        });
        assert!(sorted, "{order}: {known:?}");
    }
}

#[tokio::test]
async fn series_are_paged_group_by_group() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let query = format!("from={}&to={}&step=15m&group_by=country", at("09:00"), at("12:00"));
    let (whole, _) = pages(&stage, &query, 100).await;
    let (rows, count) = pages(&stage, &query, 4).await;
    assert_eq!((whole.len(), count), (13 * 12, 4));
    assert!(rows == whole);
}

#[tokio::test]
async fn all_pages_are_of_the_range_of_the_first_and_a_change_between_them_is_told() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let query = format!("{ORDERS}?last=4h&limit=5");
    let first = stage.json(&query).await;
    assert_eq!((&first["meta"]["from"], &first["meta"]["to"]), (&at("08:06").into(), &at("12:06").into()));
    let version = &first["meta"]["data_version"];
    assert_eq!(&first["meta"]["first_page_data_version"], version);

    let next = format!("{query}&cursor={}", first["next"].as_str().unwrap());
    stage.it_is("12:31:00");
    let second = stage.json(&next).await;
    assert_eq!((&second["meta"]["from"], &second["meta"]["to"]), (&at("08:06").into(), &at("12:06").into()));
    assert_eq!(&second["meta"]["data_version"], version);

    stage.progress("orders", "12:05:00").await;
    let changed = stage.json(&next).await;
    assert_eq!(&changed["meta"]["first_page_data_version"], version);
    assert_eq!(changed["meta"]["data_version"].as_i64(), Some(version.as_i64().unwrap() + 1));
    let third = stage.json(&format!("{query}&cursor={}", changed["next"].as_str().unwrap())).await;
    assert_eq!(&third["meta"]["first_page_data_version"], version);
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let first = stage.json(&format!("{ORDERS}?last=4h&limit=5")).await;
    let cursor = first["next"].as_str().unwrap();
    for query in [
        format!("last=4h&order=orders&cursor={cursor}"),
        format!("last=5h&cursor={cursor}"),
        format!("last=4h&group_by=country&cursor={cursor}"),
        format!("last=4h&filter.country=country-1&cursor={cursor}"),
        format!("last=4h&cursor={}x", &cursor[..cursor.len() - 2]),
        "last=4h&cursor=bm9uc2Vuc2U".to_owned(),
    ] {
        let reply = stage.ask(&format!("{ORDERS}?{query}"), &[]).await;
        assert_eq!((reply.status, &reply.json()["parameter"]), (422, &"cursor".into()), "{query}");
    }
    let link = stage.ask(&format!("{ORDERS}?last=4h&limit=5"), &[]).await;
    let next = link.header("link").strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let second = stage.json(&format!("{ORDERS}{next}")).await;
    assert_eq!(second["count"], 5);
    assert_ne!(second["data"], first["data"]);
    assert_eq!(stage.ask(&format!("{ORDERS}?last=4h&limit=100"), &[]).await.header("link"), "");
}
