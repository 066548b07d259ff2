import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { Summary } from "./Summary";

afterEach(() => { vi.unstubAllGlobals(); });

const read = (id: string) => {
  const element = screen.getByTestId(id);
  return [element.textContent, element.dataset.value, element.parentElement?.textContent];
};

test("each card has its number, its unit and the API's own value", async () => {
  new FakeApi(snapshot(1, 12_345));
  renderLive(<Summary minutes={5} />);
  await screen.findByTestId("total-downloads");
  expect(read("total-downloads")).toEqual(["12,345", "12345", "12,345 downloads"]);
  expect(read("unique-content")).toEqual(["40", "40", "40 titles"]);
  expect(read("success-rate")).toEqual(["97.3%", "0.973", "97.3% of downloads"]);
  expect(read("download-time")).toEqual(["12.3", "12.345", "12.3 seconds"]);
});

function emptySnapshot(completeThrough: string | null) {
  const base = snapshot(1, 0);
  return {
    ...base,
    stats: { total_downloads: 0, unique_content: 0, avg_success_rate: null, avg_download_time: null },
    meta: { ...base.meta, complete_through: completeThrough },
  };
}

test("a quiet time is zero downloads, of which no rate is known", async () => {
  new FakeApi(emptySnapshot("2026-01-01T12:00:00Z"));
  renderLive(<Summary minutes={5} />);
  await screen.findByTestId("total-downloads");
  expect(read("total-downloads")).toEqual(["0", "0", "0 downloads"]);
  expect(read("success-rate")).toEqual(["no data", "null", "no data"]);
  expect(read("download-time")).toEqual(["no data", "null", "no data"]);
});

test("before the first event nothing is known, not even zero", async () => {
  new FakeApi(emptySnapshot(null));
  renderLive(<Summary minutes={5} />);
  await screen.findByTestId("total-downloads");
  expect(read("total-downloads")).toEqual(["no data", "0", "no data"]);
});
