// What can put a picture on the glass: WebGL2 in paint-gl.ts, or a 2D canvas, paint-2d.ts, where that is absent.

import type { Rect } from "./geometry";
import type { Picture } from "./picture";

export interface Painter {
  /** Takes a picture, and the table for its colours if it needs one; drawn from now on. */
  take(picture: Picture, tones: Uint8Array | null): void;
  /** Draws the picture taken last. `squares`: show pixels, do not smooth them. */
  draw(place: Rect, squares: boolean): void;
  dispose(): void;
}
