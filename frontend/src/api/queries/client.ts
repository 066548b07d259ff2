import { QueryClient } from "@tanstack/react-query";

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Each panel asks again by itself soon enough, and shows the reason meanwhile.
        retry: false,
        // A browser that believes to be offline may still reach an API on the same machine.
        networkMode: "always",
      },
    },
  });
}
