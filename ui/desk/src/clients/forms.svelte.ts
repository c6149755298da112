// A client or a patient being written down. Texts until saved; what cannot be meant is said beside its field.

import type { Client, ClientId, Failure, Patient, Sex } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { newId } from "@limpet/shared/host/ids";
import { clientWords } from "./words";

export const SEXES: readonly Sex[] = ["unknown", "female", "female_neutered", "male", "male_neutered"];

export class ClientForm {
  name = $state("");
  email = $state("");
  phone = $state("");
  address = $state("");
  pmsId = $state("");
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  private readonly id: ClientId;
  private readonly call;

  constructor(host: Host, now: Client | null) {
    this.call = callsOf(host);
    this.id = now?.id ?? newId();
    if (!now) return;
    this.name = now.name;
    this.email = now.email;
    this.phone = now.phone;
    this.address = now.address;
    this.pmsId = now.pms_id;
  }

  async save(): Promise<Client | null> {
    const client: Client = {
      id: this.id,
      name: this.name.trim(),
      email: this.email.trim(),
      phone: this.phone.trim(),
      address: this.address.trim(),
      pms_id: this.pmsId.trim(),
    };
    this.isBusy = true;
    this.failure = null;
    try {
      await this.call("save_client", client);
      return client;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}

export class PatientForm {
  name = $state("");
  species = $state("");
  breed = $state("");
  sex = $state<Sex>("unknown");
  born = $state("");
  colour = $state("");
  weight = $state("");
  alert = $state("");
  pmsId = $state("");
  wrongBorn = $state("");
  wrongWeight = $state("");
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  private readonly id: string;
  private readonly call;

  constructor(
    host: Host,
    private readonly client: ClientId,
    now: Patient | null,
  ) {
    this.call = callsOf(host);
    this.id = now?.id ?? newId();
    if (!now) return;
    this.name = now.name;
    this.species = now.species;
    this.breed = now.breed;
    this.sex = now.sex;
    this.born = now.born;
    this.colour = now.colour;
    this.weight = now.weight_kg === null ? "" : String(now.weight_kg);
    this.alert = now.alert;
    this.pmsId = now.pms_id;
  }

  async save(): Promise<Patient | null> {
    const weight = kilograms(this.weight);
    this.wrongBorn = isDate(this.born.trim()) ? "" : clientWords().bornWrong;
    this.wrongWeight = weight === undefined ? clientWords().weightWrong : "";
    if (this.wrongBorn || weight === undefined) return null;
    const patient: Patient = {
      id: this.id,
      client: this.client,
      name: this.name.trim(),
      species: this.species.trim(),
      breed: this.breed.trim(),
      sex: this.sex,
      born: this.born.trim(),
      colour: this.colour.trim(),
      weight_kg: weight,
      alert: this.alert.trim(),
      pms_id: this.pmsId.trim(),
    };
    this.isBusy = true;
    this.failure = null;
    try {
      await this.call("save_patient", patient);
      return patient;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}

/** Kilograms with either decimal sign; null for none, undefined for what is no weight. */
export function kilograms(text: string): number | null | undefined {
  const written = text.trim().replace(",", ".");
  if (written === "") return null;
  const value = /^\d{1,5}(\.\d{1,3})?$/.test(written) ? Number(written) : 0;
  return value > 0 ? value : undefined;
}

/** `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or nothing. */
export function isDate(text: string): boolean {
  if (text === "") return true;
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  if (!match) return false;
  const whole = `${match[1]}-${match[2] ?? "01"}-${match[3] ?? "01"}`;
  const at = Date.parse(whole);
  // A day that no month has, such as the 30th of February, is either refused or moved on to another day.
  return !Number.isNaN(at) && new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC" }).format(at) === whole;
}
