import type { Query, QueryClient } from "@tanstack/react-query";

import { streamKeys } from "../keys";
import type { Answer, StreamList } from "../model";
import { CATCH_UP_MS } from "./windows";

/**
 * Brings the panels of all other streams up to date. A push says that something was committed; which stream it was is
 * in the list of streams, and only panels of that one are read again.
 */
export class Followers {
  readonly #client: QueryClient;
  #behind = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  pushed(): void {
    this.#behind = true;
    if (this.#timer === undefined) this.#catchUp();
  }

  /** The list of streams was read. */
  listed({ data }: StreamList): void {
    for (const { stream, meta } of data) {
      const predicate = ({ state }: Query) => {
        const held = state.data as Answer | undefined;
        return state.status === "success" && held !== undefined && held.meta.data_version !== meta.data_version;
      };
      const filters = { queryKey: streamKeys.followed(stream), type: "active", predicate } as const;
      void this.#client.refetchQueries(filters, { cancelRefetch: false });
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #catchUp(): void {
    this.#timer = undefined;
    if (!this.#behind || !this.#isFollowed()) return;
    this.#behind = false;
    void this.#client.refetchQueries({ queryKey: streamKeys.list, exact: true, type: "active" }, { cancelRefetch: false });
    this.#timer = setTimeout(() => { this.#catchUp(); }, CATCH_UP_MS);
  }

  /** The list alone is polled, as nothing on the page depends on its being new. */
  #isFollowed(): boolean {
    return this.#client
      .getQueryCache()
      .findAll({ queryKey: streamKeys.all, type: "active" })
      .some(({ queryKey }) => queryKey[2] === "followed");
  }
}
