// Lint rules of the UI. The import boundaries here are the same that `cargo xtask check` enforces.
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import tseslint from "typescript-eslint";

const onlyHost = {
  patterns: [{ group: ["@tauri-apps/*"], message: "Only shared/host/tauri.ts may name Tauri." }],
};

export default tseslint.config(
  { ignores: ["**/dist/**", "**/gen/**", "**/node_modules/**"] },
  ...tseslint.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      "no-restricted-imports": ["error", onlyHost],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  { files: ["shared/host/tauri.ts"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["shared/parts/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [...onlyHost.patterns, { group: ["**/desk/**", "**/owner/**"], message: "A part knows no feature." }] },
      ],
    },
  },
);
