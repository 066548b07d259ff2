import { expect, test } from "vitest";

import { answer } from "../../testing/answers";
import { covered, finalRange, seriesOver } from "./range";

const STEPS = ["1m", "5m", "10m", "15m", "30m", "1h", "3h", "6h", "12h", "1d"];

test("a window covers whole windows of the stream, as the API rounds it", () => {
  expect(covered({ window_seconds: 60 }, 5)).toBe(5);
  expect(covered({ window_seconds: 10 }, 5)).toBe(5);
  expect(covered({ window_seconds: 240 }, 5)).toBe(8);
  expect(covered({ window_seconds: 3_600 }, 15)).toBe(60);
});

test.each([
  [STEPS, 5, { step: "1m", stepMinutes: 1, minutes: 60 }],
  [STEPS, 60, { step: "1m", stepMinutes: 1, minutes: 60 }],
  [STEPS, 1_440, { step: "15m", stepMinutes: 15, minutes: 1_440 }],
  [STEPS.slice(1), 5, { step: "5m", stepMinutes: 5, minutes: 120 }],
  [["1h", "1d"], 1_440, { step: "1h", stepMinutes: 60, minutes: 1_440 }],
  [["1d"], 5, { step: "1d", stepMinutes: 1_440, minutes: 34_560 }],
  [[], 5, null],
])("steps of %j over %d minutes", (steps, minutes, series) => {
  expect(seriesOver({ steps }, minutes)).toEqual(series);
});

const stream = (complete_through: string | null, window_seconds = 60) => ({
  window_seconds,
  meta: { ...answer(1, "2026-01-01T12:00:10Z").meta, complete_through },
});

test("what is final ends with the last complete window", () => {
  const range = finalRange(stream("2026-01-01T11:59:00Z"), 5, "2026-01-01T11:56:00Z");
  expect(range).toEqual({ from: "2026-01-01T11:54:00.000Z", to: "2026-01-01T11:59:00.000Z" });
  const hours = finalRange(stream("2026-01-01T11:59:00Z", 3_600), 5, "2026-01-01T10:00:00Z");
  expect(hours).toEqual({ from: "2026-01-01T10:00:00.000Z", to: "2026-01-01T11:00:00.000Z" });
});

test("of what is far behind the window that is shown nothing is compared", () => {
  expect(finalRange(stream("2026-01-01T11:56:00Z"), 5, "2026-01-01T11:56:00Z")).toBeNull();
  expect(finalRange(stream(null), 5, "2026-01-01T11:56:00Z")).toBeNull();
});
