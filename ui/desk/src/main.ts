// The desktop UI starts here: choose the host, ask the desk, show what it says.

import "@limpet/shared/tokens.css";
import "@limpet/shared/base.css";
import { host } from "@limpet/shared/host";
import { failureOf } from "@limpet/shared/host/failure";
import { mount } from "svelte";
import Window from "./shell/Window.svelte";
import { App } from "./shell/app.svelte";

// A file dropped beside its place would replace the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());

async function open(): Promise<void> {
  const app = new App(await host());
  void app.start();
  mount(Window, { target: document.body, props: { app } });
}

// Without a desk there is nothing to draw; a blank window would not say so.
open().catch((thrown: unknown) => {
  document.body.textContent = failureOf(thrown).message;
});
