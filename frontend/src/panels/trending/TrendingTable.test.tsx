import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { TrendingTable } from "./TrendingTable";

afterEach(() => { vi.unstubAllGlobals(); });

test("content is listed in the API's order, by its id where it has no title", async () => {
  const api = new FakeApi(snapshot(1, 10));
  renderLive(<TrendingTable minutes={30} />);
  const rows = await screen.findAllByTestId("trending-row");
  expect(rows.map((row) => [...row.children].map((cell) => cell.textContent))).toEqual([
    ["The Long Night", "1,234", "30", "97.2%"],
    ["c-2", "7", "7", "0.0%"],
  ]);
  expect(api.requests).toEqual(["/api/stats/trending?minutes=30&limit=5"]);
});
