import "fake-indexeddb/auto";
import { expect, it } from "vitest";
import type { Thing } from "../feed/things";
import { openStore } from "./disk";
import type { Store } from "./store";

const thing = (key: string, revision: number): Thing => ({ key, revision, entity: { kind: "unread" } }) as unknown as Thing;

async function keys(store: Store): Promise<string[]> {
  return (await store.load()).things.map(({ key }) => key);
}

it("keeps what one window read, in order, and nothing that another's copy does not go on from", async () => {
  const first = await openStore("ines");
  const second = await openStore("ines");
  await first.load();
  await second.load();
  await first.saveThings([thing("message 1", 10)], { revision: 20, epoch: "now.100" });
  // It began later, and was told less of what is gone.
  await second.saveThings([thing("message 2", 120)], { revision: 150, epoch: "now.150" });
  await first.saveThings([thing("message 3", 30)], { revision: 40, epoch: "now.100" });
  const third = await openStore("ines");
  expect(await third.load()).toMatchObject({ revision: 40, epoch: "now.100" });
  expect(await keys(third)).toEqual(["message 1", "message 3"]);

  // Whoever opens the page next goes on from there, and the one before it no more.
  await third.saveThings([thing("message 4", 50)], { revision: 60, epoch: "now.100" });
  await first.saveThings([thing("message 5", 70)], { revision: 80, epoch: "now.100" });
  expect(await keys(third)).toEqual(["message 1", "message 3", "message 4"]);
});

it("keeps nothing behind a page that could not be kept", async () => {
  const store = await openStore("ana");
  await store.load();
  const unfit = { ...thing("message 1", 1), entity: () => undefined } as unknown as Thing;
  await expect(store.saveThings([unfit], { revision: 1, epoch: "now.9" })).rejects.toThrow();
  await store.saveThings([thing("message 2", 2)], { revision: 2, epoch: "now.9" });
  const next = await openStore("ana");
  expect(await next.load()).toMatchObject({ things: [], revision: 0, epoch: "" });
  // From where the copy was thrown away on, it is kept again.
  await store.forgetThings();
  await store.saveThings([thing("message 3", 3)], { revision: 3, epoch: "other.3" });
  expect(await keys(await openStore("ana"))).toEqual(["message 3"]);
});
