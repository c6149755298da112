import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { choose } from "@limpet/shared/i18n";
import { practice, signedIn } from "../../tests/demo";
import { FakeHost, failure } from "../../tests/fake-host";
import { ClientForm, PatientForm, isDate, kilograms } from "./forms.svelte";
import { InvitationLink, PAUSE, TIMES } from "./invitation.svelte";
import { Start } from "./start.svelte";

const { clients } = practice(Date.now());
let host: FakeHost;

beforeEach(() => {
  vi.useFakeTimers();
  choose("en");
  host = new FakeHost(signedIn(), [], clients);
});
afterEach(() => vi.useRealTimers());

test("a weight has either decimal sign, and is a weight", () => {
  expect([kilograms("12.4"), kilograms(" 12,4 "), kilograms("")]).toEqual([12.4, 12.4, null]);
  expect([kilograms("heavy"), kilograms("0"), kilograms("-3"), kilograms("1.2.3")]).toEqual([undefined, undefined, undefined, undefined]);
});

test("a date of birth is a year, a month or a day that exists", () => {
  expect(["", "2016", "2016-03", "2016-02-29"].map(isDate)).toEqual([true, true, true, true]);
  expect(["16", "2016-13", "2015-02-29", "2016-3-1", "March"].map(isDate)).toEqual([false, false, false, false, false]);
});

test("a patient that cannot be meant is not sent, and each field says why", async () => {
  const form = new PatientForm(host, "client", null);
  form.name = "Rex";
  form.born = "spring";
  form.weight = "much";
  expect(await form.save()).toBeNull();
  expect([form.wrongBorn !== "", form.wrongWeight !== "", host.made.length]).toEqual([true, true, 0]);
  form.born = "2016";
  form.weight = "31,5";
  const saved = await form.save();
  expect([saved?.weight_kg, saved?.born, form.wrongBorn]).toEqual([31.5, "2016", ""]);
  expect(host.last("save_patient")).toEqual(saved);
});

test("saving twice after a failure keeps the same id, so that nobody is made twice", async () => {
  const form = new ClientForm(host, null);
  form.name = "Anna";
  host.answers.save_client = () => {
    throw failure("internal", "No.");
  };
  expect(await form.save()).toBeNull();
  const first = host.last("save_client").id;
  delete host.answers.save_client;
  expect((await form.save())?.id).toBe(first);
});

test("a conversation is started with the client, the animal and the reason", async () => {
  const start = new Start(host);
  start.find("max");
  await vi.runAllTimersAsync();
  expect(start.rows?.map((row) => row.client.name)).toEqual(["Daniel Brooks"]);
  const row = start.rows![0]!;
  start.go({ at: "reason", client: row.client, patient: row.patients[0]! });
  start.subject = " Cough ";
  host.answers.start_conversation = () => "new-id";
  expect(await start.open()).toBe("new-id");
  expect(host.last("start_conversation")).toEqual({ client: row.client.id, patient: row.patients[0]!.id, subject: "Cough" });
});

test("the link of a conversation still on its way is asked for again, and not for ever", async () => {
  const link = new InvitationLink("new", host, () => true);
  const notYet = () => {
    throw failure("offline", "The server does not know this conversation yet.");
  };
  host.answers.invite = notYet;
  link.begin();
  await vi.advanceTimersByTimeAsync(2 * PAUSE);
  expect([link.failure, link.invitation, host.count("invite")]).toEqual([null, null, 3]);
  delete host.answers.invite;
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(link.invitation!.link).toContain("https://");

  const never = new InvitationLink("other", host, () => true);
  host.answers.invite = notYet;
  never.begin();
  await vi.advanceTimersByTimeAsync(2 * TIMES * PAUSE);
  expect(never.failure?.message).toContain("not know");
});

test("without the server the link says so at once", async () => {
  host.answers.invite = () => {
    throw failure("offline", "The server cannot be reached.");
  };
  const link = new InvitationLink("new", host, () => false);
  link.begin();
  await vi.advanceTimersByTimeAsync(0);
  expect([link.failure?.code, host.count("invite")]).toEqual(["offline", 1]);
});
