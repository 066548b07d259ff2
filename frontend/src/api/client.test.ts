import { afterEach, expect, test, vi } from "vitest";

import { ask } from "./client";

afterEach(() => { vi.unstubAllGlobals(); });

function respond(answer: () => Promise<Response>) {
  const fetch = vi.fn(answer);
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

const realtime = () => ask("/api/stats/realtime", { minutes: 15 }, new AbortController().signal);

test("parameters are in the query", async () => {
  const fetch = respond(() => Promise.resolve(Response.json({})));
  await ask("/api/stats/trending", { minutes: 15, limit: 5 }, new AbortController().signal);
  expect(fetch).toHaveBeenCalledWith("/api/stats/trending?minutes=15&limit=5", expect.anything());
});

test("a refusal carries the API's reason and the request's id", async () => {
  const problem = { status: 503, title: "Service Unavailable", detail: "the database is away", request_id: "r-9" };
  respond(() => Promise.resolve(Response.json(problem, { status: 503 })));
  await expect(realtime()).rejects.toMatchObject({ message: "503 the database is away", requestId: "r-9" });
});

test("an error page of a proxy still gives a reason", async () => {
  respond(() => Promise.resolve(new Response("<html>", { status: 502, statusText: "Bad Gateway" })));
  await expect(realtime()).rejects.toMatchObject({ message: "502 Bad Gateway", requestId: null });
});

test("no network and no JSON are told in words", async () => {
  respond(() => Promise.reject(new TypeError("Failed to fetch")));
  await expect(realtime()).rejects.toThrow("the server cannot be reached");
  respond(() => Promise.resolve(new Response("<html>")));
  await expect(realtime()).rejects.toThrow("the answer is not JSON");
});
