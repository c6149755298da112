// The desktop's real window, driven through tauri-driver. A small W3C WebDriver client: what the story needs.

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** An element of the window. */
export type Element = { readonly id: string };

/** A session with one window. */
export class Window {
  private constructor(private readonly base: string) {}

  /** Starts the program in a new session. */
  static async open(driver: string, application: string, args: string[]): Promise<Window> {
    const { sessionId } = (await send(driver, "POST", "/session", {
      capabilities: { alwaysMatch: { "tauri:options": { application, args } } },
    })) as { sessionId: string };
    return new Window(`${driver}/session/${sessionId}`);
  }

  /** Ends the session and with it the program. */
  async close(): Promise<void> {
    await send(this.base, "DELETE", "");
  }

  /** The first element that matches, or null. */
  async find(selector: string): Promise<Element | null> {
    const found = (await send(this.base, "POST", "/elements", { using: "css selector", value: selector })) as Record<string, string>[];
    const id = found[0]?.[ELEMENT];
    return id === undefined ? null : { id };
  }

  /** Waits for an element that can be seen. */
  async see(selector: string, ms = 30_000): Promise<Element> {
    return until(`${selector} to be seen`, ms, async () => {
      const element = await this.find(selector);
      if (!element) return null;
      return (await this.element("GET", element, "/displayed")) ? element : null;
    });
  }

  /** Waits until the element that matches holds the text. */
  async read(selector: string, text: string | RegExp, ms = 30_000): Promise<Element> {
    const matches = (have: string) => (typeof text === "string" ? have.includes(text) : text.test(have));
    return until(`"${text}" in ${selector}`, ms, async () => {
      const have = await this.run<string[]>(
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent ?? '')",
        selector,
      );
      const at = have.findIndex(matches);
      if (at < 0) return null;
      const found = (await send(this.base, "POST", "/elements", { using: "css selector", value: selector })) as Record<string, string>[];
      const id = found[at]?.[ELEMENT];
      return id === undefined ? null : { id };
    });
  }

  /**
   * Opens a conversation from the list. While the list is still filling, rows move under the pointer: whoever meets
   * another one clicks again.
   */
  async openConversation(patient: string): Promise<void> {
    await until(`the conversation about ${patient}`, 30_000, async () => {
      await this.click(await this.read("[role=option]", patient));
      return this.read("section.thread h2", patient, 1_000);
    });
  }

  /** Clicks with the pointer. */
  async click(target: string | Element): Promise<void> {
    const element = typeof target === "string" ? await this.see(target) : target;
    await this.element("POST", element, "/click", {});
  }

  /** Types into an element, after emptying it. */
  async type(selector: string, text: string): Promise<void> {
    const element = await this.see(selector);
    await this.element("POST", element, "/clear", {});
    await this.element("POST", element, "/value", { text });
  }

  /** Presses keys on whatever has the focus. */
  async press(...keys: string[]): Promise<void> {
    const actions = keys.flatMap((key) => [
      { type: "keyDown", value: key },
      { type: "keyUp", value: key },
    ]);
    await send(this.base, "POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  /** Moves the pointer over points of an element, pressed, from its centre: offsets in CSS pixels. */
  async drag(target: Element, path: { x: number; y: number }[]): Promise<void> {
    const origin = { [ELEMENT]: target.id };
    const [first, ...rest] = path;
    if (!first) return;
    const actions = [
      { type: "pointerMove", duration: 0, origin, ...first },
      { type: "pointerDown", button: 0 },
      ...rest.map((point) => ({ type: "pointerMove", duration: 60, origin, ...point })),
      { type: "pointerUp", button: 0 },
    ];
    await send(this.base, "POST", "/actions", { actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }] });
  }

  /** Turns the wheel over an element; negative is away from the person. */
  async wheel(target: Element, at: { x: number; y: number }, deltaY: number): Promise<void> {
    const origin = { [ELEMENT]: target.id };
    const actions = [{ type: "scroll", origin, ...at, deltaX: 0, deltaY, duration: 0 }];
    await send(this.base, "POST", "/actions", { actions: [{ type: "wheel", id: "wheel", actions }] });
  }

  /** Runs a script in the page. */
  async run<T>(script: string, ...args: unknown[]): Promise<T> {
    return (await send(this.base, "POST", "/execute/sync", { script, args })) as T;
  }

  /** The value of an attribute, or null. */
  async attribute(selector: string, name: string): Promise<string | null> {
    return this.run("return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null", selector, name);
  }

  /** A PNG of the window, or of one element. */
  async picture(target?: Element): Promise<Buffer> {
    const path = target ? `/element/${target.id}/screenshot` : "/screenshot";
    return Buffer.from((await send(this.base, "GET", path)) as string, "base64");
  }

  private element(method: string, element: Element, path: string, body?: unknown): Promise<unknown> {
    return send(this.base, method, `/element/${element.id}${path}`, body);
  }
}

/** Asks again until there is an answer that is not null. */
export async function until<T>(what: string, ms: number, ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (thrown) {
      last = thrown;
    }
    if (Date.now() > end) throw new Error(`Waited ${ms} ms for ${what}${last ? `; last: ${last}` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function send(base: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const { value } = (await answer.json()) as { value: unknown };
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value).slice(0, 400)}`);
  return value;
}
