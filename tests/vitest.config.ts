import { defineConfig } from "vitest/config";

// One story, told in order; a failed station ends it.
export default defineConfig({
  test: { include: ["**/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000, bail: 1, fileParallelism: false },
});
