// The UI over the fake desk, for looking at it: `npm run dev -w desk`, then /tests/look.html?as=signed-out|crowd|offline.

import "@limpet/shared/tokens.css";
import "@limpet/shared/base.css";
import { mount } from "svelte";
import Window from "../src/shell/Window.svelte";
import { App } from "../src/shell/app.svelte";
import { crowd, practice, signedIn, signedOut } from "./demo";
import { FakeHost } from "./fake-host";

const as = new URLSearchParams(location.search).get("as");
const now = Date.now();
const { threads, clients } = practice(now);
const host = new FakeHost(as === "signed-out" ? signedOut() : signedIn(), as === "crowd" ? crowd(500, now) : as === "empty" ? [] : threads, clients);
if (as === "offline") host.state = { ...host.state, connection: "offline", unsent: 2 };
host.answers.sign_in = () => (host.state = signedIn());
host.mediaUrl = (attachment) => picture(attachment);
const app = new App(host);
void app.start();
mount(Window, { target: document.body, props: { app } });
Object.assign(window, { fake: host, app });

function picture(seed: string): string {
  const hue = (Number.parseInt(seed.slice(-4), 16) * 67) % 360;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="hsl(${hue} 25% 62%)"/><rect y="210" width="400" height="90" fill="hsl(${hue} 22% 42%)"/><ellipse cx="190" cy="170" rx="86" ry="46" fill="hsl(30 40% 35%)"/><circle cx="285" cy="128" r="34" fill="hsl(30 40% 38%)"/><path d="M130 200v62M165 205v58M220 205v58M250 198v60" stroke="hsl(30 40% 30%)" stroke-width="16"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
