import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { LiveProvider } from "./api/live/LiveProvider";
import { createLive } from "./api/live/live";
import { createQueryClient } from "./api/queries/client";
import { Dashboard } from "./app/Dashboard";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no element with the id root");

const client = createQueryClient();
const live = createLive(client);

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LiveProvider live={live}>
        <Dashboard />
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
);
