import { screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { RegionsTable } from "./RegionsTable";

afterEach(() => { vi.unstubAllGlobals(); });

test("each region has its numbers and its health in words", async () => {
  new FakeApi(snapshot(1, 10));
  renderLive(<RegionsTable minutes={5} />);
  const table = await screen.findByRole("table", { name: "Downloads and health of each region" });
  const rows = within(table).getAllByTestId("region-row");
  expect(rows.map((row) => [...row.children].map((cell) => cell.textContent))).toEqual([
    ["eu-west", "900", "98.0%", "84.2", "healthy"],
    ["af-south", "4", "0.0%", "no data", "critical"],
  ]);
  expect(rows.map((row) => [...row.children].map((cell) => cell.getAttribute("data-value")))).toEqual([
    ["eu-west", "900", "0.98", "84.2", "healthy"],
    ["af-south", "4", "0", "null", "critical"],
  ]);
  expect(within(table).getByText("critical")).toHaveClass("badge-bad");
  expect(within(table).getByRole("rowheader", { name: "eu-west" })).toBeVisible();
});

test("no region is said in words", async () => {
  new FakeApi({ ...snapshot(1, 10), regions: { data: [], count: 0, window_minutes: 15 } });
  renderLive(<RegionsTable minutes={15} />);
  expect(await screen.findByText("No region had downloads in the last 15 minutes.")).toBeVisible();
});
