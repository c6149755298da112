// The stage of the story: a server with the demo practice, the desktop's window, a phone-sized browser.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

import { Running, freePort, print, program, root } from "./processes";
import { Window, until } from "./webdriver";

/** What `limpet-testkit clinic` prints. */
export type Clinic = {
  practice: string;
  staff: { id: string; name: string; email: string; password: string }[];
  conversations: { id: string; client: string; patient: string; subject: string }[];
};

/** A rectangle on the display, pixels. */
export type Box = { x: number; y: number; width: number; height: number };

/** The server's disk, when it is a small one. */
export type SmallDisk = {
  /** Takes the last free bytes. */
  fill(): void;
  /** Makes room: so many megabytes more than the data took at first. */
  grow(megabytes: number): void;
};

export const outcome = process.env["LIMPET_DEMO_OUT"] ?? join(root, "demo-out");

/** A folder of the story's own. One that is to be kept lies where the session's files are not swept away. */
function scratch(): string {
  const place = process.env["LIMPET_STORY_KEEP"] ? outcome : tmpdir();
  mkdirSync(place, { recursive: true });
  return mkdtempSync(join(place, "limpet-story-"));
}

export class Stage {
  readonly folder = scratch();
  readonly data = join(this.folder, "server");
  readonly profile = join(this.folder, "profile");
  readonly filing = join(this.folder, "filing");
  url = "";
  private port = 0;
  private server: Running | undefined;
  private driver: Running | undefined;
  private browser: Browser | undefined;
  private pictures = 0;

  constructor() {
    for (const folder of [this.filing, outcome]) mkdirSync(folder, { recursive: true });
  }

  /**
   * Makes the demo practice in the data folder; its clients have been waiting for hours.
   * While working on the story, `LIMPET_STORY_CLINIC=DIR` makes it once and uses a copy after that.
   */
  clinic(): Clinic {
    const made = process.env["LIMPET_STORY_CLINIC"];
    if (made && existsSync(join(made, "clinic.json"))) {
      cpSync(join(made, "server"), this.data, { recursive: true });
      return JSON.parse(readFileSync(join(made, "clinic.json"), "utf8")) as Clinic;
    }
    mkdirSync(this.data, { recursive: true });
    const clinic = print(program("limpet-testkit"), ["clinic", "--data", this.data]);
    if (made) {
      cpSync(this.data, join(made, "server"), { recursive: true });
      writeFileSync(join(made, "clinic.json"), clinic);
    }
    return JSON.parse(clinic) as Clinic;
  }

  /** Starts the server, on the same port each time. */
  async startServer(): Promise<void> {
    this.port ||= await freePort();
    this.server = Running.start("server", program("limpet-server"), ["serve", "--data", this.data, "--listen", `127.0.0.1:${this.port}`]);
    this.url = (await this.server.says(/listening on (http:\/\/\S+)/))[1]!;
  }

  /**
   * Starts the server on a copy of its data, on a disk that has room for so many megabytes more. Null where this
   * account may not mount one: it needs user namespaces.
   */
  async startServerOnSmallDisk(megabytes: number): Promise<SmallDisk | null> {
    const disk = join(this.folder, "small-disk");
    mkdirSync(disk);
    const mount = 'mount -t tmpfs -o size="$1" tmpfs "$2"';
    try {
      execFileSync("unshare", ["-rm", "sh", "-c", mount, "sh", "1m", disk], { stdio: "ignore" });
    } catch {
      return null;
    }
    const used = Number(print("du", ["-sk", this.data]).split("\t")[0]);
    const size = (more: number) => `${used + more * 1024}k`;
    const [server, listen] = [program("limpet-server"), `127.0.0.1:${this.port}`];
    const script = `${mount} && cp -a "$3"/. "$2" && exec "$4" serve --data "$2" --listen "$5"`;
    this.server = Running.start("server", "unshare", ["-rm", "sh", "-c", script, "sh", size(megabytes), disk, this.data, server, listen]);
    await this.server.says(/listening on (http:\/\/\S+)/);
    const inside = ["-t", `${this.server.child.pid}`, "-U", "-m", "--preserve-credentials"];
    return {
      fill: () => void spawnSync("nsenter", [...inside, "dd", "if=/dev/zero", `of=${join(disk, "filler")}`, "bs=4k"], { stdio: "ignore" }),
      grow: (more) => {
        execFileSync("nsenter", [...inside, "mount", "-o", `remount,size=${size(more)}`, disk]);
      },
    };
  }

  async stopServer(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.server?.stop(signal);
    this.server = undefined;
  }

  /** Opens the desktop's window on the profile. */
  async openDesktop(): Promise<Window> {
    const [port, native] = [await freePort(), await freePort()];
    const driver = process.env["TAURI_DRIVER"] ?? "tauri-driver";
    this.driver = Running.start("tauri-driver", driver, ["--port", `${port}`, "--native-port", `${native}`]);
    const base = `http://127.0.0.1:${port}`;
    await until("tauri-driver", 15_000, async () => ((await fetch(`${base}/status`)).ok ? true : null));
    return Window.open(base, program("limpet"), ["--profile", this.profile]);
  }

  /** A browser of a phone's size. */
  async openPhone(): Promise<{ context: BrowserContext; page: Page }> {
    this.browser ??= await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      ],
    });
    const context = await this.browser.newContext({
      viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: "en-GB",
    });
    return { context, page: await context.newPage() };
  }

  /** Keeps a picture of a station. */
  keep(name: string, png: Buffer): string {
    this.pictures += 1;
    const path = join(outcome, `${String(this.pictures).padStart(2, "0")}-${name}.png`);
    writeFileSync(path, png);
    return path;
  }

  /** What is on the display: the real window as a person sees it, or a part of it. The window fills the display. */
  display(part?: Box): Buffer {
    const crop = part ? ["-crop", `${part.width}x${part.height}+${part.x}+${part.y}`, "+repage"] : [];
    return execFileSync("import", ["-window", "root", ...crop, "png:-"], { maxBuffer: 64 << 20 });
  }

  /** Keeps a picture of the display, once what the page says has been painted. */
  async keepDisplay(name: string): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return this.keep(name, this.display());
  }

  /** Says at once which station begins: the test runner speaks only at the end. */
  announce(station: string): void {
    writeSync(2, `  ${station} ...\n`);
  }

  /** Prints what the programs said last, for whoever looks for a failure. */
  tell(): void {
    for (const running of [this.server, this.driver]) console.log(running?.last(6_000) ?? "not running");
  }

  /** Ends everything, whatever state it is in. */
  async clear(): Promise<void> {
    await this.browser?.close().catch(() => undefined);
    await this.driver?.stop().catch(() => undefined);
    await this.stopServer().catch(() => undefined);
    if (!process.env["LIMPET_STORY_KEEP"]) rmSync(this.folder, { recursive: true, force: true });
  }
}
