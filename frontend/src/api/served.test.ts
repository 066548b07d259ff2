import { expect, test } from "vitest";

import { downloads, orders } from "../testing/streams";
import type { Stream } from "./model";
import { DOWNLOADS, served } from "./served";

const of = (...data: Stream[]) => {
  const { others, ...rest } = served({ data, count: data.length });
  return { ...rest, others: others.map(({ stream }) => stream) };
};

test("downloads lead as soon as they were read, wherever they are in the list", () => {
  expect(of(orders(3), downloads(1))).toEqual({ downloads: true, others: ["orders"], lead: DOWNLOADS, waiting: [] });
});

test("downloads that were never read lead only where nothing else was", () => {
  expect(of(downloads(0), orders(3)).lead).toBe("orders");
  expect(of(downloads(0), orders(0))).toEqual({ downloads: true, others: [], lead: DOWNLOADS, waiting: ["orders"] });
});

test("without downloads the first stream that was read leads", () => {
  const visits = orders(2, "visits");
  expect(of(orders(0), visits)).toEqual({ downloads: false, others: ["visits"], lead: "visits", waiting: ["orders"] });
  expect(of(orders(0)).lead).toBe("orders");
  expect(of().lead).toBeNull();
});
