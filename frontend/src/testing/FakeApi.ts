import { vi } from "vitest";

import type { Snapshot } from "../api/model";

type Part = "realtime" | "trending" | "regions" | "devices" | "timeseries" | "alerts";

/** Answers `/api/stats/*` from a snapshot, or with the problem a path was given. */
export class FakeApi {
  readonly requests: string[] = [];
  readonly problems = new Map<string, { status: number; detail: string }>();
  snapshot: Required<Snapshot>;
  /** Answers wait for this. */
  gate: Promise<unknown> = Promise.resolve();

  constructor(snapshot: Required<Snapshot>) {
    this.snapshot = snapshot;
    vi.stubGlobal("fetch", vi.fn((url: string) => this.#answer(url)));
  }

  asked(part: Part): string[] {
    return this.requests.filter((request) => request.startsWith(`/api/stats/${part}`));
  }

  async #answer(url: string): Promise<Response> {
    this.requests.push(url);
    if (url === "/api/streams") return Response.json({ data: [], count: 0 });
    const part = /^\/api\/stats\/(\w+)/.exec(url)?.[1] as Part;
    const problem = this.problems.get(part);
    const { stats, meta, ...others } = this.snapshot;
    await this.gate;
    if (problem !== undefined) {
      return Response.json({ ...problem, request_id: "r-1" }, { status: problem.status });
    }
    return Response.json({ ...(part === "realtime" ? stats : others[part]), meta });
  }
}
