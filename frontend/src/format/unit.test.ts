import { expect, test } from "vitest";

import { measured, metric, words } from "./unit";

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

test.each([
  ["response_bytes", 15_005_010, "15", "MB"],
  ["bytes", 999, "999", "bytes"],
  ["bytes", 999_499, "999", "kB"],
  ["bytes", 999_500, "1", "MB"],
  ["total_size_gb", 1.25, "1.25", "GB"],
  ["wait_ms", 40.5, "40.5", "ms"],
  ["wait_seconds", 0, "0", "s"],
  ["paid_rate", 0.5, "50.0%", null],
  ["frame_rate", 29.97, "29.97", null],
  ["response_time", 12, "12", null],
  ["kilobytes", 12, "12", null],
])("the measure %s of %d is %s, unit %s", (name, value, text, unit) => {
  expect(measured(name, value)).toEqual({ text, unit });
});

test("of a measure that is not known no unit tells more", () => {
  expect(measured("bytes", null).text).toBe("no data");
  expect(measured("paid_rate", undefined).text).toBe("no data");
});
