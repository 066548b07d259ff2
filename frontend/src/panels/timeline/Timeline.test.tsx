import { screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { Timeline } from "./Timeline";

afterEach(() => { vi.unstubAllGlobals(); });

test("the numbers are there without the drawing, newest first", async () => {
  new FakeApi(snapshot(1, 10));
  renderLive(<Timeline />);
  const rows = await screen.findAllByTestId("minute-row");
  const read = rows.map((row) => [
    within(row).getByTestId("minute-downloads").textContent,
    within(row).getByTestId("minute-rate").textContent,
    within(row).getByTestId("minute-state").textContent,
  ]);
  expect(read).toEqual([
    ["3", "100.0%", "still filling"],
    ["0", "no data", "final"],
    ["no data", "no data", "no data"],
    ["10", "90.0%", "final"],
  ]);
});

test("an hour nobody knows anything of is empty, an hour of zeros is not", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { timeseries } = snapshot(1, 10);
  const all = (total: number | null) =>
    timeseries.data.map((point) => ({ ...point, total_downloads: total, success_rate: null }));
  api.snapshot = { ...api.snapshot, timeseries: { ...timeseries, data: all(null) } };
  const { stream } = renderLive(<Timeline />);
  expect(await screen.findByText("Nothing is known of the last 60 minutes.")).toBeVisible();
  stream((events) => { events.snapshot({ ...snapshot(2, 10), timeseries: { ...timeseries, data: all(0) } }); });
  expect(await screen.findAllByTestId("minute-row")).toHaveLength(4);
});
