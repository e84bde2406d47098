import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// In development the API is that of a Carrel on its usual port: CARREL=http://127.0.0.1:8080 npm run dev
const server = process.env.CARREL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022", // noVNC waits at its top level
    assetsInlineLimit: 0, // the content policy allows no data: scripts or fonts
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    rollupOptions: { input: ["index.html", "docs.html", "console.html"] },
  },
  server: {
    proxy: {
      "/portal/api": { target: server },
      "/console/api": { target: server },
      "/gateway": { target: server, ws: true },
      "/openapi.json": { target: server },
      "^/v[0-9]": { target: server },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
