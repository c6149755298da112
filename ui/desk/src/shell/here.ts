// The app for the components below it.

import { getContext, setContext } from "svelte";
import type { App } from "./app.svelte";

const KEY = Symbol("app");

export const giveApp = (app: App): App => setContext(KEY, app);
export const theApp = (): App => getContext<App>(KEY);
