// The stopwatch: scripts that run in the window's page beside the product, which knows nothing of them. Times are
// milliseconds of the page's clock, which WebKit rounds to one.

/** What the page saw of one step. */
export type Step = {
  key: string;
  /** The frame it should bring. */
  frame: number;
  /** When the window got the key: the event's own time. */
  pressed: number;
  /** When the page's first listener heard of it. */
  heard: number;
  /** When the room said that it had drawn the exact frame: all drawing commands are given, and perhaps not carried out. */
  drawn: number | null;
  /** When the animation frame after the one that shows it began, late if WebKit was still busy with that. */
  shown: number | null;
};

/**
 * Sets it up. To be run before the room opens, which lets nobody hear a key after it. Whether something is drawn within an
 * animation frame is noted: what is drawn between two is shown with the later one.
 */
export const LISTEN = `
  const by = { ArrowLeft: -1, ArrowRight: 1 };
  const frame = requestAnimationFrame.bind(window);
  const watch = (window.limpetWatch = { running: false, wanted: 0, steps: [], held: null, within: false });
  window.requestAnimationFrame = (call) =>
    frame((at) => {
      watch.within = true;
      try {
        call(at);
      } finally {
        // After whoever watches what the call has changed.
        queueMicrotask(() => (watch.within = false));
      }
    });
  watch.onGlass = (seen) => {
    const after = () => frame(() => seen(performance.now()));
    if (watch.within) after();
    else frame(after);
  };
  addEventListener("keydown", ({ key, timeStamp }) => {
    if (!watch.running || !(key in by)) return;
    watch.wanted += by[key];
    watch.steps.push({ key, frame: watch.wanted, pressed: timeStamp, heard: performance.now(), drawn: null, shown: null });
  }, true);
`;

/**
 * Starts it, at the frame on the glass. Nothing of it runs between steps: a loop of animation frames would keep the
 * page awake and make steps quicker than they are.
 */
export const START = `
  const watch = window.limpetWatch;
  const glass = document.querySelector("[data-testid=glass]");
  watch.wanted = Number(glass.dataset.frame);
  watch.running = true;
  new MutationObserver(() => {
    const step = watch.steps.at(-1);
    if (!step || step.drawn !== null || glass.dataset.exact !== "true" || Number(glass.dataset.frame) !== step.frame) return;
    step.drawn = performance.now();
    watch.onGlass((at) => (step.shown = at));
  }).observe(glass, { attributes: true, attributeFilter: ["data-frame", "data-exact"] });
`;

/** What it saw. */
export const READ = "return window.limpetWatch.steps";

/** Holds a key down until so many frames have been on the glass: the page hears of it again with every beat. */
export const HOLD = `
  const [key, frames, beatMs] = arguments;
  const watch = window.limpetWatch;
  watch.running = false;
  const held = (watch.held = { shown: [], done: false });
  const glass = document.querySelector("[data-testid=glass]");
  const press = (repeat) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, repeat, bubbles: true, cancelable: true }));
  let left = frames;
  const drawn = new MutationObserver(() => {
    if (left === 0) return drawn.disconnect();
    if (glass.dataset.exact !== "true") return;
    left -= 1;
    const [frame, last] = [Number(glass.dataset.frame), left === 0];
    if (last) clearInterval(beat);
    watch.onGlass((at) => {
      held.shown.push({ frame, at });
      held.done = last;
    });
  });
  drawn.observe(glass, { attributes: true, attributeFilter: ["data-frame"] });
  press(false);
  const beat = setInterval(() => press(true), beatMs);
`;

/** When each frame was on the glass; null as long as the key is held. */
export const READ_HELD = "return window.limpetWatch.held.done ? window.limpetWatch.held.shown : null";

/** A frame, and when the animation frame after the one that shows it began. */
export type Shown = { frame: number; at: number };

/** Begins to note when animation frames begin, of a page in which nothing else happens. */
export const COUNT_FRAMES = `
  const [count] = arguments;
  const began = (window.limpetFrames = []);
  const next = () => began.push(performance.now()) <= count && requestAnimationFrame(next);
  requestAnimationFrame(next);
`;

/** What was noted. */
export const READ_FRAMES = "return window.limpetFrames";

/** In what it was measured. */
export type View = {
  window: string;
  glass: string;
  /** Size of the picture that the decoder sent. */
  picture: string;
  scale: number;
  painter: string;
};

export const VIEW = `
  const glass = document.querySelector("[data-testid=glass]");
  return {
    window: innerWidth + "x" + innerHeight,
    glass: glass.width + "x" + glass.height,
    picture: glass.dataset.size,
    scale: devicePixelRatio,
    painter: glass.getContext("webgl2") ? "WebGL2" : "canvas 2D",
  };
`;
