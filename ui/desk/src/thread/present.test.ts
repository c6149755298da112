import type { Audience, DeskEvent } from "@limpet/shared/gen/wire";
import { choose } from "@limpet/shared/i18n";
import { beforeEach, expect, test, vi } from "vitest";
import { practice, signedIn } from "../../tests/demo";
import { FakeHost } from "../../tests/fake-host";
import { App } from "../shell/app.svelte";
import { presentLine } from "./present";

const person = (name: string, typing: Audience | null, is_client = false) => ({ name, is_client, typing });
const rest = () => new Promise((soon) => setTimeout(soon, 0));

beforeEach(() => choose("en"));

test("whoever answers stands first and warns; whoever only looks stands last", () => {
  expect(presentLine([])).toBeNull();
  const line = presentLine([person("Marta", null, true), person("Ana", "everyone"), person("Bo", "staff")]);
  expect(line).toEqual({ text: "Ana is answering · Bo is writing a note · Marta is here", warns: true });
  expect(presentLine([person("Marta", "everyone", true)])).toEqual({ text: "Marta is writing…", warns: false });
  expect(presentLine([person("Ana", "everyone"), person("Bo", "everyone")])?.text).toBe("Ana, Bo are answering");
  choose("es");
  expect(presentLine([person("Ana", "everyone"), person("Bo", null)])?.text).toBe("Ana está respondiendo · Bo está aquí");
});

test("the open conversation asks who is there when it is told so, and says what one does there", async () => {
  const { threads } = practice(Date.now());
  const host = new FakeHost(signedIn(), threads);
  const app = new App(host);
  await app.start();
  const [one, two] = threads.map(({ conversation }) => conversation.id);
  await app.show(one!);
  const open = app.open!;
  const present = (conversation: string): DeskEvent => ({ kind: "presence", conversation });
  host.answers.who_is_here = () => [person("Ana", "everyone")];
  host.tell(present(two!));
  await rest();
  expect(open.presence.people).toEqual([]);
  host.tell(present(one!));
  await rest();
  expect(open.presence.people).toEqual([person("Ana", "everyone")]);
  // Events were missed: nobody knows.
  host.answers.who_is_here = () => [];
  host.tell({ kind: "lists" });
  await rest();
  expect(open.presence.people).toEqual([]);

  open.look(true);
  await rest();
  expect(host.last("be_here")).toEqual({ conversation: one, here: true, typing: null });
  open.composer.turnTo("staff");
  open.composer.write("compare with March");
  await rest();
  expect(host.last("be_here")).toEqual({ conversation: one, here: true, typing: "staff" });
  open.composer.turnTo("everyone");
  await rest();
  expect(host.last("be_here").typing).toBeNull();
  open.composer.write("Rest for a week");
  await rest();
  expect(host.last("be_here").typing).toBe("everyone");
  await open.send();
  await rest();
  expect(host.last("be_here").typing).toBeNull();
  await app.show(two!);
  await vi.waitFor(() => expect(host.last("be_here")).toEqual({ conversation: one, here: false, typing: null }));
});
