import { vi } from "vitest";

import type { RollupRows, Snapshot, Stream } from "../api/model";
import { downloads, rows } from "./streams";

type Part = "realtime" | "trending" | "regions" | "devices" | "timeseries" | "alerts";

/** Answers `/api/stats/*` from a snapshot, or with the problem a path was given, and `/api/streams` from a list. */
export class FakeApi {
  readonly requests: string[] = [];
  /** By the last part of a path. */
  readonly problems = new Map<string, { status: number; detail: string }>();
  snapshot: Snapshot;
  streams: Stream[] = [downloads(1)];
  /** What a question about a rollup is answered. */
  rollup: (parameters: URLSearchParams, rollup: string) => RollupRows = () => rows([], 1);
  /** Answers wait for this. */
  gate: Promise<unknown> = Promise.resolve();

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    vi.stubGlobal("fetch", vi.fn((url: string) => this.#answer(url)));
  }

  asked(part: Part): string[] {
    return this.requests.filter((request) => request.startsWith(`/api/stats/${part}`));
  }

  askedOf(stream: string): string[] {
    return this.requests.filter((request) => request.startsWith(`/api/streams/${stream}/`));
  }

  async #answer(url: string): Promise<Response> {
    this.requests.push(url);
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const last = pathname.split("/").at(-1) ?? "";
    const problem = this.problems.get(last);
    if (last !== "streams") await this.gate;
    if (problem !== undefined) {
      return Response.json({ ...problem, request_id: "r-1" }, { status: problem.status });
    }
    if (last === "streams") return Response.json({ data: this.streams, count: this.streams.length });
    if (pathname.startsWith("/api/streams/")) return Response.json(this.rollup(searchParams, last));
    const { stats, meta, ...others } = this.snapshot;
    if (last === "dashboard") return Response.json(this.snapshot);
    return Response.json({ ...(last === "realtime" ? stats : others[last as Exclude<Part, "realtime">]), meta });
  }
}
