import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { DevicesTable } from "./DevicesTable";

afterEach(() => { vi.unstubAllGlobals(); });

test("each device has its numbers", async () => {
  new FakeApi(snapshot(1, 10));
  renderLive(<DevicesTable minutes={5} />);
  const row = await screen.findByTestId("device-row");
  expect([...row.children].map((cell) => cell.textContent)).toEqual(["android", "500", "96.0%", "40.0"]);
});
