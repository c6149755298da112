// Where the picture lies on the glass: fit, zoom, pan, turn, mirror. Pure functions.
//
// Units: the glass is measured in device pixels. A point of the picture is a pair from 0 to 1, of the upright
// picture unless it says "stored". Zoom 1 shows the whole picture as large as the glass allows.

import type { ClipIndex } from "@limpet/shared/gen/wire";
import type { Rotation } from "./picture";

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Rect extends Point, Size {}

/** What is looked at: the magnification and the point of the picture in the middle of the glass. */
export interface View extends Point {
  zoom: number;
}

export const WHOLE: View = { zoom: 1, x: 0.5, y: 0.5 };

/** From this many device pixels for one pixel of the clip, pixels are shown as squares, not smoothed. */
export const SQUARES_FROM = 4;

/** The picture as a person sees it, in square pixels: pixel shape and turn applied. */
export function uprightSize(clip: Pick<ClipIndex, "width" | "height" | "sar_num" | "sar_den" | "rotation">): Size {
  const shape = clip.sar_num > 0 && clip.sar_den > 0 ? clip.sar_num / clip.sar_den : 1;
  const wide = clip.width * shape;
  return isTurned(clip.rotation) ? { width: clip.height, height: wide } : { width: wide, height: clip.height };
}

const isTurned = (rotation: number) => rotation === 90 || rotation === 270;

/** Device pixels for one pixel of the upright picture at zoom 1. */
export function fitScale(picture: Size, glass: Size): number {
  if (picture.width <= 0 || picture.height <= 0) return 0;
  return Math.min(glass.width / picture.width, glass.height / picture.height);
}

/** The largest zoom: eightfold, and never less than it takes to make a pixel 16 device pixels large. */
export const zoomLimit = (picture: Size, glass: Size): number => Math.max(8, 16 / (fitScale(picture, glass) || 1));

/** The rectangle that the whole picture covers, in device pixels of the glass; may be larger than the glass. */
export function placeOf(picture: Size, glass: Size, view: View): Rect {
  const scale = fitScale(picture, glass) * view.zoom;
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { x: glass.width / 2 - view.x * width, y: glass.height / 2 - view.y * height, width, height };
}

/** The nearest view that shows no empty glass where there could be picture. */
export function settle(picture: Size, glass: Size, view: View): View {
  const zoom = clamp(view.zoom, 1, zoomLimit(picture, glass));
  const covers = placeOf(picture, glass, { ...WHOLE, zoom });
  return { zoom, x: settleAxis(view.x, covers.width, glass.width), y: settleAxis(view.y, covers.height, glass.height) };
}

function settleAxis(at: number, covered: number, glass: number): number {
  if (covered <= glass || covered === 0) return 0.5;
  const margin = glass / 2 / covered;
  return clamp(at, margin, 1 - margin);
}

/** Zooms by a factor and keeps the point of the picture under `at` where it is, as far as the edges allow. */
export function zoomAt(picture: Size, glass: Size, view: View, factor: number, at: Point): View {
  const under = pointUnder(picture, glass, view, at);
  const zoom = clamp(view.zoom * factor, 1, zoomLimit(picture, glass));
  const place = placeOf(picture, glass, { ...WHOLE, zoom });
  if (place.width === 0 || place.height === 0) return view;
  return settle(picture, glass, {
    zoom,
    x: under.x + (glass.width / 2 - at.x) / place.width,
    y: under.y + (glass.height / 2 - at.y) / place.height,
  });
}

/** The point of the picture that lies under a point of the glass. */
export function pointUnder(picture: Size, glass: Size, view: View, at: Point): Point {
  const place = placeOf(picture, glass, view);
  return { x: (at.x - place.x) / (place.width || 1), y: (at.y - place.y) / (place.height || 1) };
}

/** Moves the picture by device pixels, as a hand would drag it. */
export function panBy(picture: Size, glass: Size, view: View, dx: number, dy: number): View {
  const place = placeOf(picture, glass, view);
  return settle(picture, glass, {
    zoom: view.zoom,
    x: view.x - dx / (place.width || 1),
    y: view.y - dy / (place.height || 1),
  });
}

/**
 * The point of the stored picture that is seen at a point of the upright one. The stored picture is mirrored left
 * to right first and turned clockwise then, so the way back turns first and mirrors then.
 */
export function storedPoint(upright: Point, rotation: Rotation, reflected: boolean): Point {
  const turned = turnBack(upright, rotation);
  return reflected ? { x: 1 - turned.x, y: turned.y } : turned;
}

function turnBack({ x, y }: Point, rotation: Rotation): Point {
  switch (rotation) {
    case 0:
      return { x, y };
    case 90:
      return { x: y, y: 1 - x };
    case 180:
      return { x: 1 - x, y: 1 - y };
    case 270:
      return { x: 1 - y, y: x };
  }
}

/**
 * The size to ask the decoder for, along the stored axes, so that every device pixel of the whole picture at `zoom`
 * gets a pixel of its own; zeroes, which mean full resolution, when the clip has no more than that.
 */
export function usefulSize(
  clip: Pick<ClipIndex, "width" | "height" | "sar_num" | "sar_den" | "rotation">,
  glass: Size,
  zoom: number,
): Size {
  const place = placeOf(uprightSize(clip), glass, { ...WHOLE, zoom });
  const along = isTurned(clip.rotation) ? { width: place.height, height: place.width } : place;
  const scale = Math.max(along.width / clip.width, along.height / clip.height);
  if (!(scale > 0) || scale >= 1) return { width: 0, height: 0 };
  return { width: Math.ceil(clip.width * scale), height: Math.ceil(clip.height * scale) };
}

export const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
