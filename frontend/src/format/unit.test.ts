import { expect, test } from "vitest";

import { metric, words } from "./unit";

test.each([
  ["success_rate", 0.873, "87.3%"],
  ["avg_speed_mbps", 41.26, "41.3 Mbit/s"],
  ["avg_duration_seconds", 12, "12.0 s"],
  ["total_downloads", 1_200, "1,200"],
  ["score", 26.4567, "26.457"],
])("%s in its unit", (name, value, text) => {
  expect(metric(name, value)).toBe(text);
});

test("an unknown metric value has no unit", () => {
  expect(metric("avg_speed_mbps", null)).toBe("no data");
});

test("names become words", () => {
  expect(words("HIGH_ERROR_RATE")).toBe("High error rate");
});
