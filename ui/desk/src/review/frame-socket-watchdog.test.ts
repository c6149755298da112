import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SocketScene, wish } from "./frame-socket-scene";
import { phoneClip } from "./testing";

let scene: SocketScene;

beforeEach(() => {
  scene = new SocketScene();
});

afterEach(() => scene.end());

describe("the watchdog", () => {
  it("connects again when the line is cut, and asks again for what is unanswered", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.socket.show(wish(8));
    scene.line.cut();
    scene.pass(500);
    expect(scene.lines).toHaveLength(2);
    scene.line.accept(phoneClip());
    expect(scene.line.sent.map(({ generation, frame }) => [generation, frame])).toEqual([[2, 8]]);
  });

  it("asks for nothing on a new line when everything was answered", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.line.picture({ generation: 1 });
    scene.line.cut();
    scene.pass(500);
    scene.line.accept(phoneClip());
    expect(scene.line.sent).toEqual([]);
  });

  it("hears nothing from a line it has left", () => {
    const [first] = scene.lines;
    first?.accept(phoneClip());
    scene.socket.show(wish(3));
    first?.cut();
    scene.pass(500);
    scene.line.accept(phoneClip());
    first?.picture({ generation: 1 });
    expect(scene.shown).toEqual([]);
  });

  it("lets a long exact seek take its time, but not for ever", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.pass(4750);
    expect(scene.lines).toHaveLength(1);
    scene.pass(1500);
    expect(scene.lines).toHaveLength(2);
    // The same seek gets twice the time, so that it can end at all.
    scene.line.accept(phoneClip());
    scene.pass(9000);
    expect(scene.lines).toHaveLength(2);
    scene.pass(2500);
    expect(scene.lines).toHaveLength(3);
  });

  it("does not take a silent child for dead when nothing is wanted of it", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.line.picture({ generation: 1 });
    scene.pass(120_000);
    expect(scene.lines).toHaveLength(1);
  });

  it("counts silence from the last sound, not from the last wish", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3, true));
    scene.pass(4000);
    scene.line.picture({ generation: 1, exact: false });
    scene.pass(4000);
    expect(scene.lines).toHaveLength(1);
    for (let frame = 0; frame < 8; frame++) {
      scene.socket.show(wish(frame));
      scene.pass(250);
    }
    expect(scene.lines).toHaveLength(2);
  });

  it("is not calmed by what the window shows by itself", () => {
    scene.line.accept(phoneClip());
    for (let frame = 0; frame < 8; frame++) {
      scene.socket.show(wish(frame));
      scene.pass(500);
      scene.socket.see(wish(frame));
      scene.pass(500);
    }
    expect(scene.lines).toHaveLength(2);
  });

  it("has patience anew when the hand has rested on what the window showed by itself", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.socket.see(wish(2));
    scene.pass(6000);
    scene.socket.show(wish(9));
    scene.pass(4000);
    expect(scene.lines).toHaveLength(1);
    scene.pass(2000);
    expect(scene.lines).toHaveLength(2);
  });

  it("lets a child be silent while the bytes of the newest wish are missing", () => {
    scene.line.accept(phoneClip(), false);
    scene.socket.show(wish(9));
    scene.line.waits();
    scene.pass(600_000);
    expect(scene.lines).toHaveLength(1);
    // The silence of the next wish begins with it.
    scene.socket.show(wish(1));
    scene.pass(4750);
    expect(scene.lines).toHaveLength(1);
    scene.pass(1000);
    expect(scene.lines).toHaveLength(2);
  });

  it("looks again once more of the clip is known", () => {
    scene.line.accept(phoneClip(), false);
    scene.socket.show(wish(9));
    scene.line.waits();
    scene.line.accept(phoneClip());
    scene.pass(6000);
    expect(scene.lines).toHaveLength(2);
  });

  it("asks again on a new line for what waited for bytes when the old one was cut", () => {
    scene.line.accept(phoneClip(), false);
    scene.socket.show(wish(9));
    scene.line.waits();
    scene.line.cut();
    scene.pass(500);
    scene.line.accept(phoneClip(), false);
    expect(scene.line.sent.map(({ generation, frame }) => [generation, frame])).toEqual([[1, 9]]);
    // Nobody has said on this line that its bytes are missing.
    scene.pass(6000);
    expect(scene.lines).toHaveLength(3);
  });

  it("gives up a line that stays cut, slower each time, and says so once", () => {
    scene.line.accept(phoneClip());
    const gaps: number[] = [];
    for (let ms = 0, before = 0; ms < 20_000; ms += 250) {
      if (scene.line.readyState !== 3) {
        gaps.push(ms - before);
        before = ms;
        scene.line.cut();
      }
      scene.pass(250);
    }
    expect(scene.lines).toHaveLength(5);
    expect(gaps.slice(1)).toEqual([250, 500, 1000, 2000]);
    expect(scene.lost).toBe(1);
  });

  it("says after half a second that a child may have died, once, and goes on trying", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.line.cut();
    scene.pass(500);
    expect([scene.lines.length, scene.doubts]).toEqual([2, 0]);
    scene.line.cut();
    expect([scene.doubts, scene.lost]).toEqual([1, 0]);
    for (let turn = 0; turn < 3; turn++) {
      scene.pass(1000);
      scene.line.cut();
    }
    expect([scene.lines.length, scene.doubts]).toEqual([4, 1]);
    // A line that is of use ends the doubt; the next one is another.
    scene.pass(2000);
    scene.line.accept(phoneClip());
    scene.line.picture({ generation: 1 });
    scene.line.cut();
    scene.pass(500);
    scene.line.cut();
    expect([scene.doubts, scene.lost]).toEqual([2, 0]);
  });

  it("does not hold against a child lines that were cut while nothing was wanted, or bytes were missing", () => {
    scene.line.accept(phoneClip(), false);
    const mend = () => {
      scene.line.cut();
      scene.pass(500);
      scene.line.accept(phoneClip(), false);
    };
    for (let turn = 0; turn < 8; turn++) mend();
    scene.socket.show(wish(9));
    scene.line.waits();
    for (let turn = 0; turn < 8; turn++) {
      mend();
      scene.line.waits();
    }
    expect([scene.doubts, scene.lost, scene.lines.length]).toEqual([0, 0, 17]);
  });

  it("gives up a child that is ready on every line and never answers", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    for (let ms = 0; ms < 180_000; ms += 250) {
      if (scene.line.readyState === 0) scene.line.accept(phoneClip());
      scene.pass(250);
    }
    expect([scene.lost, scene.doubts]).toEqual([1, 1]);
  });

  it("gives up a line that never opens", () => {
    scene.pass(60_000);
    expect(scene.lost).toBe(1);
    expect(scene.lines.length).toBeGreaterThan(1);
  });

  it("sleeps once the socket is closed", () => {
    scene.socket.close();
    scene.pass(60_000);
    expect(scene.lines).toHaveLength(1);
    expect(scene.lost).toBe(0);
  });
});
