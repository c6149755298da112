// Starts the owner app: the page, and the service worker that opens it without a connection.

import "@limpet/shared/tokens.css";
import "@limpet/shared/base.css";
import { mount } from "svelte";
import { choose } from "@limpet/shared/i18n";
import App from "./App.svelte";
import { keptLanguage } from "./page/language";

choose(keptLanguage());

// The bar around the page has the colour of its head; tokens are only known here.
const ground = matchMedia("(prefers-color-scheme: dark)");
function colourBar(): void {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--surface-1").trim();
  document.querySelector("meta[name=theme-color]")?.setAttribute("content", colour);
}
ground.addEventListener("change", colourBar);
colourBar();

// An iPhone gives an installed page its own cookies. It keeps the address it was installed from, which holds the
// invitation, unless a manifest names another one: so there it is installed without.
if ("standalone" in navigator) document.querySelector("link[rel=manifest]")?.remove();

const target = document.getElementById("app");
if (target) mount(App, { target });

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // The whole site where the server allows it, so that links open without a connection too.
  navigator.serviceWorker
    .register("/owner/sw.js", { scope: "/" })
    .catch(() => navigator.serviceWorker.register("/owner/sw.js"))
    .catch(() => undefined);
}
