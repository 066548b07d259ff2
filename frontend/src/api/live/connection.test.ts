import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { FakeStream } from "../../testing/FakeStream";
import { answer, snapshot } from "../../testing/answers";
import type { Snapshot } from "../model";
import { CONNECT_WITHIN_MS, LiveConnection, REOPEN_AFTER_MS, SILENT_AFTER_MS } from "./connection";

let streams: FakeStream[];
let applied: Snapshot[];
let connection: LiveConnection;

const newest = (): FakeStream => streams.at(-1) ?? new FakeStream();

beforeEach(() => {
  vi.useFakeTimers();
  streams = [];
  applied = [];
  const open = () => {
    const stream = new FakeStream();
    streams.push(stream);
    return stream;
  };
  connection = new LiveConnection(open, (event) => applied.push(event));
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

test("the first snapshot makes it live", () => {
  expect(connection.state().mode).toBe("connecting");
  newest().snapshot(snapshot(1, 10));
  expect(connection.state()).toEqual({ mode: "push", problem: null });
  expect(applied.map((event) => event.meta.data_version)).toEqual([1]);
});

test("a stream that opens and stays silent, as behind a buffering proxy, is not waited for", () => {
  vi.advanceTimersByTime(CONNECT_WITHIN_MS);
  expect(connection.state().mode).toBe("polling");
  newest().snapshot(snapshot(1, 10));
  expect(connection.state().mode).toBe("push");
});

test("a cut is polled over until the browser is connected again", () => {
  newest().snapshot(snapshot(1, 10));
  newest().cut();
  expect(connection.state().mode).toBe("polling");
  vi.advanceTimersByTime(10 * REOPEN_AFTER_MS);
  expect(streams).toHaveLength(1);
  newest().snapshot(snapshot(2, 20));
  expect(connection.state().mode).toBe("push");
});

test("who comes back to nothing new is live again at once", () => {
  newest().snapshot(snapshot(1, 10));
  newest().cut();
  expect(connection.state().mode).toBe("polling");
  newest().current();
  expect(connection.state()).toEqual({ mode: "push", problem: null });
  expect(applied).toHaveLength(1);
});

test("a refusal is tried again, as the browser does not", () => {
  newest().refuse();
  expect(connection.state().mode).toBe("polling");
  vi.advanceTimersByTime(REOPEN_AFTER_MS - 1);
  expect(streams).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(streams).toHaveLength(2);
  newest().snapshot(snapshot(1, 10));
  expect(connection.state().mode).toBe("push");
});

test("a problem is told until the next snapshot", () => {
  newest().snapshot(snapshot(1, 10));
  newest().problem("the database is away");
  expect(connection.state()).toEqual({ mode: "push", problem: "the database is away" });
  newest().snapshot(snapshot(2, 20));
  expect(connection.state()).toEqual({ mode: "push", problem: null });
});

test.each(["not json", "null", "{}", '{"meta":{}}'])("%j is not applied, panels ask instead", (data) => {
  newest().text(data);
  expect(applied).toEqual([]);
  expect(connection.state().mode).toBe("polling");
});

test("a newer answer after a long silence proves the push dead", () => {
  newest().snapshot(snapshot(5, 10));
  vi.advanceTimersByTime(SILENT_AFTER_MS);
  connection.answered(answer(6, "2026-01-01T12:00:20Z").meta);
  expect(connection.state().mode).toBe("push");
  vi.advanceTimersByTime(1);
  connection.answered(answer(5, "2026-01-01T12:00:20Z").meta);
  expect(connection.state().mode).toBe("push");
  connection.answered(answer(6, "2026-01-01T12:00:21Z").meta);
  expect(connection.state().mode).toBe("polling");
  expect(streams).toHaveLength(2);
  expect(streams[0]?.readyState).toBe(2);
});

test("what a stopped stream still sends is ignored", () => {
  const [first] = streams;
  connection.stop();
  first?.snapshot(snapshot(1, 10));
  vi.advanceTimersByTime(CONNECT_WITHIN_MS);
  expect(applied).toEqual([]);
  expect(connection.state().mode).toBe("connecting");
});
