import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

// limpet-server serves these files under /owner/ and the page itself at /o/<invitation>.
export default defineConfig({
  base: "/owner/",
  plugins: [svelte(), serviceWorker()],
  build: { target: ["safari15", "chrome100"], sourcemap: false, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});

/** Writes the service worker with the names of the files it keeps; its version follows from their content. */
function serviceWorker(): Plugin {
  return {
    name: "limpet-service-worker",
    apply: "build",
    generateBundle(_, bundle) {
      const hash = createHash("sha256");
      for (const [name, file] of Object.entries(bundle)) {
        hash.update(name).update(file.type === "chunk" ? file.code : file.source);
      }
      const own = readdirSync("public").filter((name) => name !== "manifest.webmanifest");
      for (const name of own) hash.update(readFileSync(`public/${name}`));
      // Browsers that know service workers know woff2.
      const made = Object.keys(bundle).filter((name) => name !== "index.html" && !name.endsWith(".woff"));
      const names = [...made, ...own];
      const source = readFileSync("src/sw.js", "utf8")
        .replace("__VERSION__", hash.digest("hex").slice(0, 16))
        .replace("__FILES__", JSON.stringify(names.map((name) => `/owner/${name}`)));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}
