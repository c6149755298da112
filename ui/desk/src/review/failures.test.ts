import type { Failure } from "@limpet/shared/gen/wire";
import { choose } from "@limpet/shared/i18n";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sentence, type Deed } from "./failures";
import { SoundScene, clip, clockAt } from "./sound-scene";

const DEEDS: Deed[] = ["open", "show", "capture", "save"];
const OFFLINE: Failure = { code: "offline", message: "The server cannot be reached." };
const NO_CLIP: Failure = { code: "bad_clip", message: "This file is a PDF document, not a video." };
const OURS: Failure = { code: "internal", message: "Tell support the number 00c0ffee." };

afterEach(() => choose("en"));

describe("a failure", () => {
  it("is told in English as Rust says it", () => {
    choose("en");
    for (const failure of [OFFLINE, NO_CLIP, OURS]) {
      for (const deed of DEEDS) expect(sentence(failure, deed)).toBe(failure.message);
    }
  });

  it("is told in Spanish by its code where that says enough", () => {
    choose("es");
    for (const code of ["offline", "signed_out", "too_large", "no_room"] as const) {
      const [said, ...others] = new Set(DEEDS.map((deed) => sentence({ code, message: "In English." }, deed)));
      expect(others, code).toEqual([]);
      expect(said, code).not.toContain("English");
    }
    expect(sentence(OFFLINE, "open")).toContain("no se puede conectar con el servidor");
  });

  it("keeps in Spanish what only Rust knows, after the code or after what was being done", () => {
    choose("es");
    expect(sentence(NO_CLIP, "open")).toBe(
      "El archivo está dañado o no es un vídeo que Limpet pueda leer. Detalle: This file is a PDF document, not a video.",
    );
    expect(DEEDS.map((deed) => sentence(OURS, deed))).toEqual([
      "No se ha podido abrir el vídeo. Detalle: Tell support the number 00c0ffee.",
      "No se ha podido mostrar esta parte del vídeo. Detalle: Tell support the number 00c0ffee.",
      "No se ha podido capturar la imagen. Detalle: Tell support the number 00c0ffee.",
      "No se ha podido guardar el original. Detalle: Tell support the number 00c0ffee.",
    ]);
  });

  it("that is none is told all the same", () => {
    choose("es");
    expect(sentence(new TypeError("x is undefined"), "save")).toMatch(/^No se ha podido guardar el original\. Detalle: Algo ha fallado/);
  });
});

describe("the room in Spanish", () => {
  let scene: SoundScene;
  const fail = (failure: Failure) => () => {
    throw failure;
  };
  const message = () => {
    const { phase } = scene.room.session;
    return phase.kind === "failed" ? phase.message : null;
  };

  beforeEach(() => {
    choose("es");
    scene = new SoundScene();
  });

  afterEach(() => scene.end());

  it("says why a clip cannot be opened, whether the desk says so or the decoder", async () => {
    scene.answers.open_review = fail(OFFLINE);
    scene.room.enter();
    await scene.beat();
    expect(message()).toBe(sentence(OFFLINE, "open"));
    scene.answers.open_review = () => ({ clip: null, socket: scene.address });
    await scene.room.session.again();
    scene.line.opens();
    scene.line.tells({ kind: "failed", generation: 0, failure: OURS });
    expect(message()).toBe(sentence(OURS, "open"));
  });

  it("says that a frame cannot be shown", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "step", by: 1 });
    scene.line.tells({ kind: "failed", generation: scene.line.last!.generation, failure: OURS });
    expect(scene.room.session.trouble).toBe(sentence(OURS, "show"));
  });

  it("says that a still was not captured and the original not saved", async () => {
    await scene.enter(clip);
    scene.answers.capture_still = fail(OURS);
    await scene.room.capture();
    expect(scene.room.notices.current).toEqual({ kind: "trouble", text: sentence(OURS, "capture") });
    await scene.room.keeping.save(fail(OURS));
    expect(scene.room.notices.current).toEqual({ kind: "trouble", text: sentence(OURS, "save") });
  });

  it("says that the sound device is gone, and that the decoder died twice", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    scene.sounds(clockAt(60_000, { silent: "device_lost" }));
    expect(scene.room.notices.current?.text).toBe("El dispositivo de sonido ya no está; se reproduce sin sonido.");
    await scene.die();
    scene.line.accept(clip);
    await scene.die();
    expect(message()).toMatch(/^El decodificador del vídeo se detuvo dos veces\./);
  });
});
