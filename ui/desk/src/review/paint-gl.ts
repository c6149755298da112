// The glass in WebGL2: three planes as textures, one quad, one shader. Nothing beyond what every WebGL2 has.
//
// Pictures of ordinary colours have a shader of their own: one that asks for each pixel whether there is a table reads
// it for each, where no graphics card helps.
//
// Chroma is taken to sit left, level with every second luma column, which is where H.264 and HEVC put it when they
// say nothing; so it is read half a stored pixel to the right of where plain stretching would read it.

import { EDGE, LOOK_UP, mixing } from "./colour";
import { storedPoint, type Rect } from "./geometry";
import { chromaSize, type Picture } from "./picture";
import type { Painter } from "./painter";

const CORNERS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

const VERTEX = `#version 300 es
layout(location = 0) in vec2 corner;
layout(location = 1) in vec2 stored;
uniform vec4 place;
out vec2 at;
void main() {
  at = stored;
  gl_Position = vec4(place.xy + corner * place.zw, 0.0, 1.0);
}`;

const fragment = (toned: boolean) => `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D luma;
uniform sampler2D blue;
uniform sampler2D red;
uniform mat3 rows;
uniform vec3 offset;
uniform vec4 chroma;
in vec2 at;
out vec4 ink;${toned ? `
precision highp sampler3D;
uniform sampler3D tones;${LOOK_UP}` : ""}
void main() {
  vec2 between = at * chroma.xy + chroma.zw;
  vec3 yuv = vec3(texture(luma, at).r, texture(blue, between).r, texture(red, between).r) - offset;
  vec3 rgb = clamp(yuv * rows, 0.0, 1.0);
  ink = vec4(${toned ? "lookUp(rgb)" : "rgb"}, 1.0);
}`;

const SAMPLERS = ["luma", "blue", "red", "tones"] as const;
const UNIFORMS = ["place", "rows", "offset", "chroma"] as const;

export function paintGl(canvas: HTMLCanvasElement): Painter | null {
  const gl = canvas.getContext("webgl2", {
    alpha: false,
    antialias: false,
    depth: false,
    stencil: false,
    // So that a picture of the page at any moment shows what the person sees.
    preserveDrawingBuffer: true,
  });
  if (!gl) return null;
  let kit = equip(gl);
  if (!kit) return null;
  let taken: Taken | null = null;
  let lastDrawn: [Rect, boolean] | null = null;

  const onLost = (event: Event) => {
    event.preventDefault();
    kit = null;
  };
  const onRestored = () => {
    kit = equip(gl);
    if (kit && taken) upload(gl, kit, taken);
    if (lastDrawn) painter.draw(...lastDrawn);
  };
  canvas.addEventListener("webglcontextlost", onLost);
  canvas.addEventListener("webglcontextrestored", onRestored);

  const painter: Painter = {
    take(picture, tones) {
      taken = { picture, tones };
      if (kit) upload(gl, kit, taken);
    },
    draw(place, squares) {
      lastDrawn = [place, squares];
      if (kit && taken) paint(gl, kit, taken, place, squares);
    },
    dispose() {
      canvas.removeEventListener("webglcontextlost", onLost);
      canvas.removeEventListener("webglcontextrestored", onRestored);
      if (kit) strip(gl, kit);
      taken = null;
    },
  };
  return painter;
}

interface Taken {
  picture: Picture;
  tones: Uint8Array | null;
}

interface Plane {
  texture: WebGLTexture;
  width: number;
  height: number;
}

interface Shader {
  program: WebGLProgram;
  uniform: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
}

interface Kit {
  /** For ordinary colours. */
  plain: Shader;
  /** For colours that a table is for. */
  toned: Shader;
  planes: [Plane, Plane, Plane];
  tones: WebGLTexture;
  /** The table that was uploaded last. */
  table: Uint8Array | null;
  corners: WebGLBuffer | null;
  stored: WebGLBuffer | null;
}

function equip(gl: WebGL2RenderingContext): Kit | null {
  const [plain, toned] = [shade(gl, fragment(false)), shade(gl, fragment(true))];
  if (!plain || !toned) return null;
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);

  const corners = attribute(gl, 0, new Float32Array(CORNERS.flat()));
  const stored = attribute(gl, 1, new Float32Array(8));
  const plane = (unit: number): Plane => ({ texture: texture(gl, unit, gl.TEXTURE_2D, gl.LINEAR), width: 0, height: 0 });
  const planes: Kit["planes"] = [plane(0), plane(1), plane(2)];
  // Its nodes are fetched one by one: what lies between them is the shader's own business.
  const tones = texture(gl, 3, gl.TEXTURE_3D, gl.NEAREST);
  return { plain, toned, planes, tones, table: null, corners, stored };
}

function shade(gl: WebGL2RenderingContext, source: string): Shader | null {
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, source],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  for (const [unit, name] of SAMPLERS.entries()) gl.uniform1i(gl.getUniformLocation(program, name), unit);
  const uniform = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  return { program, uniform: uniform as Shader["uniform"] };
}

function attribute(gl: WebGL2RenderingContext, location: number, values: Float32Array): WebGLBuffer | null {
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
  gl.enableVertexAttribArray(location);
  gl.vertexAttribPointer(location, 2, gl.FLOAT, false, 0, 0);
  return buffer;
}

function texture(gl: WebGL2RenderingContext, unit: number, target: GLenum, filter: GLenum): WebGLTexture {
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(target, made);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) {
    gl.texParameteri(target, side, gl.CLAMP_TO_EDGE);
  }
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter);
  return made;
}

function upload(gl: WebGL2RenderingContext, kit: Kit, { picture, tones }: Taken): void {
  const chroma = chromaSize(picture);
  const parts = [
    { data: picture.y, stride: picture.strideY, width: picture.width, height: picture.height },
    { data: picture.u, stride: picture.strideUv, ...chroma },
    { data: picture.v, stride: picture.strideUv, ...chroma },
  ] as const;
  for (const [unit, { data, stride, width, height }] of parts.entries()) {
    const plane = kit.planes[unit as 0 | 1 | 2];
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, plane.texture);
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, stride);
    if (plane.width === width && plane.height === height) {
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RED, gl.UNSIGNED_BYTE, data);
    } else {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, width, height, 0, gl.RED, gl.UNSIGNED_BYTE, data);
      Object.assign(plane, { width, height });
    }
  }
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
  if (tones && kit.table !== tones) {
    gl.activeTexture(gl.TEXTURE3);
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGB8, EDGE, EDGE, EDGE, 0, gl.RGB, gl.UNSIGNED_BYTE, tones);
    kit.table = tones;
  }
}

function paint(gl: WebGL2RenderingContext, kit: Kit, { picture, tones }: Taken, place: Rect, squares: boolean): void {
  const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
  const { program, uniform } = tones ? kit.toned : kit.plain;
  gl.useProgram(program);
  gl.viewport(0, 0, width, height);
  gl.clearColor(0, 0, 0, 1);
  gl.clear(gl.COLOR_BUFFER_BIT);

  // From device pixels counted downwards to clip space counted upwards.
  const left = (place.x / width) * 2 - 1;
  const top = 1 - (place.y / height) * 2;
  gl.uniform4f(uniform.place, left, top, (place.width / width) * 2, (-place.height / height) * 2);

  const stored = CORNERS.map(([x, y]) => storedPoint({ x, y }, picture.rotation, picture.reflected));
  gl.bindBuffer(gl.ARRAY_BUFFER, kit.stored);
  gl.bufferSubData(gl.ARRAY_BUFFER, 0, new Float32Array(stored.flatMap(({ x, y }) => [x, y])));

  const { offset, rows } = mixing(picture.matrix, picture.fullRange);
  gl.uniformMatrix3fv(uniform.rows, false, rows.flat());
  gl.uniform3fv(uniform.offset, offset);
  const chroma = chromaSize(picture);
  const stretch = [picture.width / 2 / chroma.width, picture.height / 2 / chroma.height] as const;
  gl.uniform4f(uniform.chroma, ...stretch, 0.25 / chroma.width, 0);

  gl.activeTexture(gl.TEXTURE0);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, squares ? gl.NEAREST : gl.LINEAR);
  gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  // Begins at once, and not only with the next animation frame.
  gl.flush();
}

function strip(gl: WebGL2RenderingContext, kit: Kit): void {
  for (const plane of kit.planes) gl.deleteTexture(plane.texture);
  gl.deleteTexture(kit.tones);
  gl.deleteBuffer(kit.corners);
  gl.deleteBuffer(kit.stored);
  for (const { program } of [kit.plain, kit.toned]) gl.deleteProgram(program);
}
