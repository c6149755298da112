import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// limpet-server serves these files under /owner/ and the page itself at /o/<invitation>.
export default defineConfig({
  base: "/owner/",
  plugins: [svelte()],
  build: { target: ["safari15", "chrome100"], sourcemap: false, assetsInlineLimit: 0 },
});
