import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mount, unmount, type Component } from "svelte";
import { expect, test, vi } from "vitest";
import { practice, signedIn } from "../../tests/demo";
import { FakeHost } from "../../tests/fake-host";
import ClientFields from "./ClientFields.svelte";
import { ClientForm, PatientForm } from "./forms.svelte";
import { CLIENT_LIMITS, PATIENT_LIMITS, REASON_LIMIT } from "./limits";
import PatientFields from "./PatientFields.svelte";

// Its icon is a component that only the build reads; no field is in it.
vi.mock("@limpet/shared/parts/Callout.svelte", () => ({ default: () => undefined }));

// The document that the server serves of itself, as its own test keeps it.
const kept = "../../../../crates/server/tests/http/snapshots/http__openapi__the_document_is_the_one_that_was_reviewed.snap";
const text = readFileSync(join(import.meta.dirname, kept), "utf8");
type Schema = { properties: Record<string, { maxLength?: number }> };
const { schemas } = (JSON.parse(text.slice(text.indexOf("{"))) as { components: { schemas: Record<string, Schema> } }).components;
const of = (what: string) =>
  Object.fromEntries(
    Object.entries(schemas[what]?.properties ?? {}).flatMap(([field, { maxLength }]) => (maxLength === undefined ? [] : [[field, maxLength]])),
  );

test("the limits are the server's", () => {
  expect(CLIENT_LIMITS).toEqual(of("Client"));
  expect(PATIENT_LIMITS).toEqual(of("Patient"));
  expect(REASON_LIMIT).toBe(of("NewConversation")["subject"]);
});

test("every field holds what its limit says, and no more", () => {
  const host = new FakeHost(signedIn());
  const [{ client, patients }] = practice(0).clients as [ReturnType<typeof practice>["clients"][number]];
  const limits = <Form extends object>(fields: Component<{ form: Form }>, form: Form) => {
    const shown = mount(fields, { target: document.body, props: { form } });
    const inputs = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")];
    const found = Object.fromEntries(inputs.map((input) => [input.value, input.maxLength]));
    void unmount(shown);
    document.body.replaceChildren();
    return found;
  };
  const patient = { ...patients[0]!, alert: "Penicillin" };
  expect(limits(ClientFields, new ClientForm(host, client))).toEqual(
    Object.fromEntries(Object.entries(CLIENT_LIMITS).map(([field, most]) => [client[field as keyof typeof CLIENT_LIMITS], most])),
  );
  // A date and a weight are checked as they are written.
  expect(limits(PatientFields, new PatientForm(host, client.id, patient))).toEqual({
    ...Object.fromEntries(Object.entries(PATIENT_LIMITS).map(([field, most]) => [patient[field as keyof typeof PATIENT_LIMITS], most])),
    [patient.born]: -1,
    [String(patient.weight_kg)]: -1,
  });
});
