import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: { target: ["safari16", "chrome105"], sourcemap: false, assetsInlineLimit: 0 },
  server: { port: 5180, strictPort: true },
});
