import { expect, test } from "vitest";

import { rows, series } from "../../testing/streams";
import { shortestWith } from "./useFallback";

/** An hour of which only the minute that began so long ago has counts. */
function hour(ago: number | null) {
  const counted = Array.from({ length: 60 }, (_, index) => (60 - index === ago ? 7 : 0));
  const data = series(...counted.map((orders): [Record<string, number>, "counted"] => [{ orders }, "counted"]));
  return rows(data, 1);
}

test.each([
  [1, 5],
  [5, 5],
  [6, 15],
  [30, 30],
  [31, 60],
  [60, 60],
  [null, 1_440],
])("of data that came %j minutes ago the shortest window is %d", (ago, minutes) => {
  expect(shortestWith(hour(ago), "orders")).toBe(minutes);
});

test("what is not known is nothing that came", () => {
  expect(shortestWith(rows(series([{ orders: null }, "missing"]), 1), "orders")).toBe(1_440);
});
