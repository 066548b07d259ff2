import { expect, test } from "vitest";

import type { Point } from "../../api/model";
import { shareFloor, toGaps } from "../chart/steps";
import { toMinutes } from "./minutes";

const at = (minute: string) => `2026-01-01T12:${minute}:00Z`;

function point(minute: string, total: number | null, rate: number | null, state: Point["state"]): Point {
  return { window_start: at(minute), total_downloads: total, success_rate: rate, state };
}

function minutes(data: Point[], from: string, to: string) {
  return toMinutes({ data, start_time: at(from), end_time: at(to) });
}

const shown = (list: ReturnType<typeof minutes>) =>
  list.map(({ count, finalCount, openCount, state }) => [count, finalCount, openCount, state]);

test("zero, missing and open are kept apart", () => {
  const data = [
    point("00", 4, 0.75, "final"),
    point("01", 0, null, "final"),
    point("02", null, null, "missing"),
    point("03", 2, 1, "open"),
    point("04", null, null, "open"),
  ];
  expect(shown(minutes(data, "00", "05"))).toEqual([
    [4, 4, null, "final"],
    [0, 0, null, "final"],
    [null, null, null, "missing"],
    [2, null, 2, "open"],
    [null, null, null, "open"],
  ]);
});

test("windows that are not in the answer are missing, at both ends and between", () => {
  const data = [point("01", 1, 1, "final"), point("02", 1, 1, "final"), point("05", 1, 1, "final")];
  const list = minutes(data, "00", "07");
  expect(list.map(({ count }) => count)).toEqual([null, 1, 1, null, null, 1, null]);
  expect(toGaps(list)).toEqual([
    { from: Date.parse(at("00")), to: Date.parse(at("00")) },
    { from: Date.parse(at("03")), to: Date.parse(at("04")) },
    { from: Date.parse(at("06")), to: Date.parse(at("06")) },
  ]);
});

test("a known zero and the minute that has just begun are no gaps", () => {
  const data = [point("00", 0, null, "final"), point("01", null, null, "open")];
  expect(toGaps(minutes(data, "00", "02"))).toEqual([]);
});

test("a rate of a window nothing is known of is not drawn", () => {
  const list = minutes([point("00", null, 0.5, "missing")], "00", "01");
  expect(list[0]?.rate).toBeNull();
});

test("windows of another size are kept", () => {
  const data = [point("00", 1, 1, "final"), point("05", 2, 1, "final"), point("15", 3, 1, "final")];
  expect(minutes(data, "00", "20").map(({ count }) => count)).toEqual([1, 2, null, 3]);
});

test("no answer at all is an hour of nothing known", () => {
  const nothing = minutes([], "00", "03");
  expect(nothing.map(({ state }) => state)).toEqual(["missing", "missing", "missing"]);
  expect(shareFloor(nothing)).toBe(0.9);
});
