// What can put a picture on the glass: WebGL2, or a 2D canvas where that is absent.

import { paint2d } from "./paint-2d";
import { paintGl } from "./paint-gl";
import type { Rect } from "./geometry";
import type { Picture } from "./picture";

export interface Painter {
  /** Takes a picture; drawn from now on. */
  take(picture: Picture): void;
  /** Draws the picture taken last. `squares`: show pixels, do not smooth them. */
  draw(place: Rect, squares: boolean): void;
  dispose(): void;
}

/** The best painter this webview has, or null when a canvas cannot be drawn on at all. */
export function painterFor(canvas: HTMLCanvasElement): Painter | null {
  return paintGl(canvas) ?? paint2d(canvas);
}
