import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  server: { port: 3000, proxy: { "/api": process.env.API_URL ?? "http://localhost:8000" } },
  // Inlined files would be data: URLs, which the API's content security policy allows for images only.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    env: { TZ: "UTC" },
    restoreMocks: true,
  },
});
