import { expect, test } from "vitest";

import type { Point } from "../../api/model";
import { rateFloor, toGaps, toMinutes } from "./series";

const at = (minute: string) => `2026-01-01T12:${minute}:00Z`;

function point(minute: string, total: number | null, rate: number | null, state: Point["state"]): Point {
  return { window_start: at(minute), total_downloads: total, success_rate: rate, state };
}

function minutes(data: Point[], from: string, to: string) {
  return toMinutes({ data, start_time: at(from), end_time: at(to) });
}

const shown = (list: ReturnType<typeof minutes>) =>
  list.map(({ downloads, finalDownloads, openDownloads, state }) => [downloads, finalDownloads, openDownloads, state]);

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
  expect(list.map(({ downloads }) => downloads)).toEqual([null, 1, 1, null, null, 1, null]);
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

test("the rate's line is broken where nothing is known or nothing was downloaded", () => {
  const data = [
    point("00", 4, 0.75, "final"),
    point("01", 0, null, "final"),
    point("02", null, null, "missing"),
    point("03", 5, 0.8, "final"),
  ];
  const list = minutes(data, "00", "04");
  expect(list.map(({ finalRate }) => finalRate)).toEqual([0.75, null, null, 0.8]);
  expect(list.map(({ openRate }) => openRate)).toEqual([null, null, null, null]);
});

test("the dashed line begins at the last final minute", () => {
  const data = [point("00", 4, 0.7, "final"), point("01", 4, 0.75, "final"), point("02", 2, 1, "open"), point("03", 1, 0.5, "open")];
  const list = minutes(data, "00", "04");
  expect(list.map(({ finalRate }) => finalRate)).toEqual([0.7, 0.75, null, null]);
  expect(list.map(({ openRate }) => openRate)).toEqual([null, 0.75, 1, 0.5]);
});

test("a rate of a window nothing is known of is not drawn", () => {
  const list = minutes([point("00", null, 0.5, "missing")], "00", "01");
  expect(list[0]?.rate).toBeNull();
});

test("windows of another size are kept", () => {
  const data = [point("00", 1, 1, "final"), point("05", 2, 1, "final"), point("15", 3, 1, "final")];
  expect(minutes(data, "00", "20").map(({ downloads }) => downloads)).toEqual([1, 2, null, 3]);
});

test("no answer at all is an hour of nothing known", () => {
  expect(minutes([], "00", "03").map(({ state }) => state)).toEqual(["missing", "missing", "missing"]);
});

test("the axis of rates begins at 90 % or below the lowest rate", () => {
  expect(rateFloor(minutes([point("00", 1, 0.97, "final")], "00", "01"))).toBe(0.9);
  expect(rateFloor(minutes([point("00", 1, 0.62, "final")], "00", "01"))).toBe(0.6);
  expect(rateFloor(minutes([], "00", "01"))).toBe(0.9);
});
