// When everything this process started has come to rest.

import { readFileSync, readdirSync } from "node:fs";

import { until } from "../story/webdriver";

const LOOK_EVERY_MS = 2_000;
/** Share of one core that counts as rest. */
const REST = 0.05;
/** `_SC_CLK_TCK`, which is the same on every Linux. */
const TICKS_A_SECOND = 100;

/** Waits until the processes below this one have together used next to no processor for two seconds. */
export async function quiet(ms: number): Promise<void> {
  let before = used();
  await until("everything to come to rest", ms, async () => {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const [last, now] = [before, used()];
    before = now;
    return now - last < (REST * LOOK_EVERY_MS) / 1000 ? true : null;
  });
}

/** Processor time of the processes below this one, seconds. */
function used(): number {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap(stat);
  const below = new Set([process.pid]);
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  below.delete(process.pid);
  return all.reduce((sum, { pid, ticks }) => sum + (below.has(pid) ? ticks : 0), 0) / TICKS_A_SECOND;
}

function stat(name: string): { pid: number; parent: number; ticks: number }[] {
  try {
    // The second field is the program's name, which may hold anything.
    const fields = readFileSync(`/proc/${name}/stat`, "utf8").replace(/^.*\) /s, "").split(" ").map(Number);
    return [{ pid: Number(name), parent: fields[1]!, ticks: fields[11]! + fields[12]! }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
