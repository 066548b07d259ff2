import { QueryClientProvider } from "@tanstack/react-query";
import { act, render } from "@testing-library/react";
import type { ReactElement } from "react";

import { LiveProvider } from "../api/live/LiveProvider";
import { createLive } from "../api/live/live";
import { createQueryClient } from "../api/queries/client";
import { FakeStream } from "./FakeStream";

/** Renders with a query cache and an event stream made by hand. */
export function renderLive(element: ReactElement) {
  const client = createQueryClient();
  const streams: FakeStream[] = [];
  const live = createLive(client, () => {
    const stream = new FakeStream();
    streams.push(stream);
    return stream;
  });
  render(
    <QueryClientProvider client={client}>
      <LiveProvider live={live}>{element}</LiveProvider>
    </QueryClientProvider>,
  );
  /** Makes the newest stream do something. */
  const stream = (event: (stream: FakeStream) => void) => {
    act(() => { event(streams.at(-1) ?? new FakeStream()); });
  };
  return { client, live, streams, stream };
}
