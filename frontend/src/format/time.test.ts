import { expect, test } from "vitest";

import { clockMinute, clockSecond, moment, since, span } from "./time";

const now = Date.parse("2026-01-02T00:05:09Z");

test("midnight is 00, not 24", () => {
  expect(clockMinute(now)).toBe("00:05");
  expect(clockSecond(now)).toBe("00:05:09");
});

test("another day is named", () => {
  expect(moment(Date.parse("2026-01-02T00:01:00Z"), now)).toBe("00:01");
  expect(moment(Date.parse("2026-01-01T23:59:00Z"), now)).toBe("1 Jan, 23:59");
});

test.each([
  [0, "0 sec. ago"],
  [59_999, "59 sec. ago"],
  [60_000, "1 min. ago"],
  [3_599_999, "59 min. ago"],
  [3_600_000, "1 hr. ago"],
  [86_400_000, "1 day ago"],
  [-30_000, "0 sec. ago"],
])("%d ms back is %s", (back, text) => {
  expect(since(now - back, now)).toBe(text);
});

test.each([
  [0.9, "0 s"],
  [59.9, "59 s"],
  [61, "1 min 1 s"],
  [3_660, "1 h 1 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(span(seconds)).toBe(text);
});
