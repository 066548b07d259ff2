import { createContext } from "react";

import type { LiveConnection } from "./connection";

export const LiveContext = createContext<LiveConnection | null>(null);
