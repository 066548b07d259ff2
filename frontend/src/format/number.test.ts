import { expect, test } from "vitest";

import { change, compact, count, decimal, percent, points, precise } from "./number";

test("nothing known is said in words and is not zero", () => {
  for (const format of [count, decimal, precise, compact, percent]) {
    expect(format(null)).toBe("no data");
    expect(format(undefined)).toBe("no data");
    expect(format(Number.NaN)).toBe("no data");
    expect(format(0)).toMatch(/^0/);
  }
});

test("counts are grouped and exact", () => {
  expect(count(1_234_567)).toBe("1,234,567");
  expect(count(9_007_199_254_740_991)).toBe("9,007,199,254,740,991");
});

test("decimals have the digits the API gives", () => {
  expect(decimal(92)).toBe("92.0");
  expect(precise(12.345)).toBe("12.345");
  expect(compact(12_345)).toBe("12.3K");
});

test.each([
  [1, "100.0%"],
  [0.973, "97.3%"],
  [0.95, "95.0%"],
  [0.9996, ">99.9%"],
  [0.999, "99.9%"],
  [0.0001, "<0.1%"],
  [0.001, "0.1%"],
])("%d is %s", (rate, text) => {
  expect(percent(rate)).toBe(text);
});

test("a change is told with its sign, and only where both are known", () => {
  expect(change(110, 100)).toBe("+10%");
  expect(change(99.9, 100)).toBe("-0.1%");
  expect(change(100, 100)).toBe("0%");
  expect(change(0, 100)).toBe("-100%");
  expect(change(-50, -100)).toBe("+50%");
  expect(change(5, 0)).toBeNull();
  expect(change(null, 5)).toBeNull();
  expect(change(5, undefined)).toBeNull();
  expect(points(0.5, 0.46)).toBe("+4 points");
  expect(points(0.9, 0)).toBe("+90 points");
  expect(points(null, 0.5)).toBeNull();
});
