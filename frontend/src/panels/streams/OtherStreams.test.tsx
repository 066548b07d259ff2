import { screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { renderLive } from "../../testing/renderLive";
import { OtherStreams } from "./OtherStreams";

afterEach(() => { vi.unstubAllGlobals(); });

const meta = (data_version: number) => ({
  data_version,
  as_of: "2026-01-01T12:00:00Z",
  complete_through: "2026-01-01T11:58:00Z",
  lag_seconds: 2,
});

const stream = (name: string, data_version: number) => ({
  stream: name,
  topic: name,
  window_seconds: 60,
  grace_seconds: 30,
  meta: meta(data_version),
  rollups: [
    {
      rollup: `${name}_stats`,
      dimensions: ["path"],
      labels: [],
      measures: [
        { name: "requests", kind: "count", asked_as: ["requests"] },
        { name: "bytes", kind: "sum", asked_as: ["bytes"] },
        { name: "sizes", kind: "quantiles", asked_as: ["sizes_p50", "sizes_p99"] },
      ],
      derived: ["success_rate"],
    },
  ],
});

const row = (path: string, measures: Record<string, number | null>) => ({
  dimensions: { path },
  labels: {},
  window: { start: "2025-12-31T12:01:00Z", end: "2026-01-01T12:01:00Z", state: "open" },
  measures,
});

function serve(rows: object[]) {
  const streams = [stream("content-downloads", 5), stream("web-requests", 3), stream("never-read", 0)];
  vi.stubGlobal(
    "fetch",
    vi.fn((url: string) =>
      Promise.resolve(
        url === "/api/streams"
          ? Response.json({ data: streams, count: streams.length })
          : Response.json({ data: rows, count: rows.length, next: null, meta: meta(3) }),
      ),
    ),
  );
}

test("a stream that was read has a table per rollup, with zero and unknown told apart", async () => {
  serve([
    row("/a", { requests: 1200, bytes: 0, sizes_p50: 40, sizes_p99: 5000, success_rate: 0.5 }),
    row("/b", { requests: 7, bytes: null, sizes_p50: null, sizes_p99: null, success_rate: null }),
  ]);
  renderLive(<OtherStreams />);
  const rows = await screen.findAllByTestId("rollup-web-requests_stats-row");
  const texts = rows.map((row) => [...row.children].map((cell) => cell.textContent));
  expect(texts).toEqual([
    ["/a", "1,200", "0", "40", "5,000", "50.0%"],
    ["/b", "7", "no data", "no data", "no data", "no data"],
  ]);
  expect(screen.queryByTestId("stream-content-downloads")).not.toBeInTheDocument();
  expect(screen.queryByTestId("stream-never-read")).not.toBeInTheDocument();
});

test("a rollup without rows says so", async () => {
  serve([]);
  renderLive(<OtherStreams />);
  const table = await screen.findByTestId("panel-rollup-web-requests_stats");
  expect(await within(table).findByText("Nothing was counted in the last 24 hours.")).toBeInTheDocument();
});
