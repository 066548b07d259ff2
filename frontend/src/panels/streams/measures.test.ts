import { expect, test } from "vitest";

import type { RollupColumns } from "../../api/model";
import { countOf, headlineOf, orderOf, ratioOf } from "./measures";

function rollup(name: string, measures: Record<string, string>, derived: string[] = [], dimensions = ["key"]): RollupColumns {
  const columns = Object.entries(measures).map(([measure, kind]) => ({
    name: measure,
    kind,
    asked_as: kind === "quantiles" ? [`${measure}_p50`, `${measure}_p99`] : [measure],
  }));
  return { rollup: name, dimensions, labels: [], measures: columns, derived };
}

test("the first count is what is counted, wherever it is", () => {
  const visits = rollup("v", { visitors: "distinct", seconds: "quantiles", total: "sum", visits: "count", good: "count" });
  expect(countOf(visits)?.name).toBe("visits");
  expect(orderOf(visits)).toBe("-visits");
});

test("without a count rows are ordered by what they can be, or as the API likes", () => {
  expect(orderOf(rollup("v", { visitors: "distinct", most: "max" }))).toBe("-most");
  const sketches = rollup("v", { visitors: "distinct", seconds: "quantiles" });
  expect(countOf(sketches)?.name).toBe("visitors");
  expect(orderOf(sketches)).toBeNull();
  expect(countOf(rollup("v", {}))).toBeNull();
});

test("a share is drawn rather than another ratio", () => {
  expect(ratioOf(rollup("v", {}, ["mean_amount", "paid_rate"]))?.name).toBe("paid_rate");
  expect(ratioOf(rollup("v", {}, ["mean_amount"]))?.name).toBe("mean_amount");
  expect(ratioOf(rollup("v", { rate: "sum" }))).toBeNull();
});

test("totals are of the rollup with a ratio, then of the one with most measures, then fewest dimensions", () => {
  const name = (...rollups: RollupColumns[]) => headlineOf(rollups)?.rollup;
  const many = rollup("many", { a: "count", b: "sum", c: "max", d: "min" });
  const share = rollup("share", { a: "count" }, ["good_rate"]);
  const few = rollup("few", { a: "count" });
  const wide = rollup("wide", { a: "count" }, [], ["one", "two"]);
  expect(name(many, share)).toBe("share");
  expect(name(few, many)).toBe("many");
  expect(name(wide, few)).toBe("few");
  expect(name(few, { ...few, rollup: "later" })).toBe("few");
  expect(name()).toBeUndefined();
});
