// The real programs the story starts, and their end.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

import { until } from "./webdriver";

export const root = join(import.meta.dirname, "../..");
/** Where the programs are: what `cargo build` made, or the folder that somebody names. */
const programs = process.env["LIMPET_BIN_DIR"] ?? join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "debug");

/** Path of one of our programs. */
export const program = (name: string): string => join(programs, name);

/** A port nobody listens on. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      listener.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });

/** A process of its own group, so that nothing it starts is left running. */
export class Running {
  private said = "";

  private constructor(readonly child: ChildProcess, private readonly name: string) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.said = (this.said + chunk.toString()).slice(-100_000);
        if (process.env["LIMPET_STORY_LOG"]) process.stderr.write(`[${name}] ${chunk.toString()}`);
      });
    }
  }

  static start(name: string, path: string, args: string[], env: Record<string, string> = {}): Running {
    return new Running(spawn(path, args, { detached: true, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] }), name);
  }

  /** Waits until it has printed something. */
  async says(words: RegExp, ms = 30_000): Promise<RegExpMatchArray> {
    return until(`${this.name} to say ${words}; it said: ${this.said.slice(-500)}`, ms, async () => {
      if (this.child.exitCode !== null) throw new Error(`${this.name} ended: ${this.said.slice(-2000)}`);
      return this.said.match(words);
    });
  }

  /** The last characters it printed. */
  last(characters: number): string {
    return `[${this.name}]\n${this.said.slice(-characters)}`;
  }

  /** Ends it and waits. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.pid === undefined) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid, signal);
    const hard = setTimeout(() => child.pid && process.kill(-child.pid, "SIGKILL"), 10_000);
    await ended;
    clearTimeout(hard);
  }
}

/** Runs a program to its end and answers what it printed. */
export const print = (path: string, args: string[], input = ""): string =>
  execFileSync(path, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"], maxBuffer: 64 << 20 });
