import type { Query, QueryClient } from "@tanstack/react-query";

import { keys } from "../keys";
import type { Answer } from "../model";

/** Least time between two readings of the same panel. */
export const CATCH_UP_MS = 1_000;

/** Brings panels up to the pushed version whose window the push does not carry. */
export class OtherWindows {
  readonly #client: QueryClient;
  #version = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  pushed(version: number): void {
    this.#version = version;
    if (this.#timer === undefined) this.#catchUp();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #catchUp(): void {
    this.#timer = undefined;
    const behind = this.#client
      .getQueryCache()
      .findAll({ queryKey: keys.all, type: "active", predicate: (query) => this.#isBehind(query) });
    if (behind.length === 0) return;
    for (const { queryKey } of behind) {
      void this.#client.refetchQueries({ queryKey, exact: true }, { cancelRefetch: false });
    }
    this.#timer = setTimeout(() => { this.#catchUp(); }, CATCH_UP_MS);
  }

  #isBehind({ state }: Query): boolean {
    const data = state.data as Answer | undefined;
    return state.status === "success" && data !== undefined && data.meta.data_version !== this.#version;
  }
}
