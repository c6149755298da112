// The server under the check: limpet-server on a folder of its own, which is killed and started again.

import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Staff } from "./staff.mjs";

export class Server {
  folder = mkdtempSync(join(tmpdir(), "limpet-owner-"));
  backups = mkdtempSync(join(tmpdir(), "limpet-owner-backups-"));
  listen = "127.0.0.1:0";

  constructor(program) {
    this.program = program;
  }

  run(args, input = "") {
    return execFileSync(this.program, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] }).trim();
  }

  async start() {
    const first = !this.staff;
    const data = ["--data", this.folder];
    if (first) {
      const named = ["--name", "Harbour Veterinary Practice", "--time-zone", "Europe/Madrid", "--phone", "555 0100"];
      const practice = this.run(["practice", "add", ...data, ...named]);
      const vet = ["--name", "Dr. Okafor", "--email", "vet@example.test", "--role", "veterinarian"];
      this.run(["staff", "add", ...data, "--practice", practice, ...vet], "correct horse battery\n");
    }
    const log = openSync(join(this.folder, "server.log"), "a");
    this.child = spawn(this.program, ["serve", ...data, "--listen", this.listen], { stdio: ["ignore", "pipe", log] });
    closeSync(log);
    this.gone = new Promise((done) => this.child.once("exit", done));
    this.url = await new Promise((ready, failed) => {
      let said = "";
      this.child.stdout.on("data", (part) => {
        said += part;
        const line = /listening on (\S+)/.exec(said);
        if (line) ready(line[1]);
      });
      this.child.once("exit", (code) => failed(new Error(`limpet-server ended with ${code}`)));
    });
    // The same address again after a stop: the phone knows no other.
    this.listen = new URL(this.url).host;
    if (first) this.staff = await Staff.signIn(this.url, "vet@example.test", "correct horse battery");
  }

  /** Takes a backup while it runs. */
  backUp() {
    this.run(["backup", "--data", this.folder, "--to", this.backups]);
  }

  /** Puts the backup in the place of what a stopped server had. */
  restore() {
    rmSync(this.folder, { recursive: true });
    this.run(["restore", "--from", this.backups, "--data", this.folder]);
  }

  /** The end of what it logged. */
  log() {
    return readFileSync(join(this.folder, "server.log"), "utf8").split("\n").slice(-30).join("\n");
  }

  async stop() {
    this.child.kill("SIGKILL");
    await this.gone;
  }

  async close() {
    await this.stop();
    for (const folder of [this.folder, this.backups]) rmSync(folder, { recursive: true, force: true });
  }
}
