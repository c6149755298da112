// A stand-in for the decoder child, for work on the room: frames decoded by the ffmpeg program, served over the
// frame socket's protocol (crates/wire/src/frames.rs). Plain Node, no packages. Slow to open, exact, not for people.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { tableOf, toScreen } from "./tonemap.mjs";

const KEEP = 1 << 30;
const run = (program, args) => execFileSync(program, args, { maxBuffer: KEEP, stdio: ["ignore", "pipe", "ignore"] });

/** What the `ready` message says, and what headers need, from ffprobe. */
export function describe(file) {
  const fields =
    "stream=width,height,sample_aspect_ratio,pix_fmt,color_range,color_space,color_transfer,color_primaries,time_base:stream_side_data=rotation:frame=pts,key_frame,duration:format=duration";
  const said = JSON.parse(
    run("ffprobe", ["-v", "error", "-select_streams", "v:0", "-show_frames", "-show_entries", fields, "-of", "json", file]),
  );
  const [stream] = said.streams;
  const [num, den] = stream.time_base.split("/").map(Number);
  const first = Number(said.frames[0].pts);
  const times = said.frames.map((frame) => Math.round(((Number(frame.pts) - first) * num * 1e6) / den));
  const [sarNum, sarDen] = (stream.sample_aspect_ratio ?? "1:1").split(":").map(Number);
  // ffprobe counts against the clock.
  const turn = stream.side_data_list?.map((data) => data.rotation).find((rotation) => rotation !== undefined) ?? 0;
  const gaps = times.slice(1).map((time, at) => time - times[at]);
  const full = stream.color_range === "pc" || /yuvj/.test(stream.pix_fmt);
  const matrices = { bt2020nc: 9, bt709: 1, smpte170m: 6, bt470bg: 6 };
  return {
    clip: {
      width: stream.width,
      height: stream.height,
      sar_num: sarNum || 1,
      sar_den: sarDen || 1,
      rotation: (360 - turn) % 360,
      reflected: false,
      timebase: { num, den },
      times,
      keys: said.frames.flatMap((frame, at) => (frame.key_frame ? [at] : [])),
      duration: times.at(-1) + (gaps.at(-1) ?? 33_333),
      missing: 0,
      vfr: gaps.some((gap) => Math.abs(gap - gaps[0]) > 1000),
    },
    pts: said.frames.map((frame) => frame.pts),
    colour: {
      matrix: matrices[stream.color_space] ?? (stream.width >= 1280 ? 1 : 6),
      full,
      transfer: { "arib-std-b67": 18, smpte2084: 16 }[stream.color_transfer] ?? 1,
      primaries: { bt2020: 9, smpte432: 12 }[stream.color_primaries] ?? 1,
    },
  };
}

/** Every frame as packed I420 of one size, stored orientation. */
function decode(file, width, height, full) {
  const format = full ? "yuvj420p" : "yuv420p";
  const filter = `scale=${width}:${height}:flags=area+accurate_rnd,format=${format}`;
  return run("ffmpeg", [
    ...["-v", "error", "-noautorotate", "-i", file, "-map", "0:v:0", "-vsync", "passthrough"],
    ...["-vf", filter, "-f", "rawvideo", "-"],
  ]);
}

/**
 * Serves a clip; answers its address and a way to stop. `delay` holds every picture back by so many milliseconds,
 * `padding` adds bytes to every row, as a real decoder may. `first`: a first picture comes so many milliseconds before
 * the clip is known. `here`: runs of frames that have arrived, null for all; `arrive` says so of more. `hurt`: frames
 * that are said to be damaged. `refusal`: why the clip cannot be opened.
 */
export async function serveFrames(file, { delay = 0, padding = 0, first = 0, here = null, hurt = [], refusal = "" } = {}) {
  const { clip, pts, colour } = describe(file);
  const decoded = new Map();
  const sockets = new Set();
  const rooms = new Set();
  let runs = here;
  const isHere = (frame) => runs === null || runs.some(([from, to]) => from <= frame && frame <= to);

  function picture({ generation, frame, max_width: maxWidth, max_height: maxHeight }, exact) {
    const scale = maxWidth && maxHeight ? Math.min(1, maxWidth / clip.width, maxHeight / clip.height) : 1;
    const width = Math.max(1, Math.round(clip.width * scale));
    const height = Math.max(1, Math.round(clip.height * scale));
    const key = `${width}x${height}`;
    if (!decoded.has(key)) decoded.set(key, decode(file, width, height, colour.full));
    const [chromaWidth, chromaHeight] = [(width + 1) >> 1, (height + 1) >> 1];
    const bytes = width * height + 2 * chromaWidth * chromaHeight;
    const all = decoded.get(key).subarray(frame * bytes, (frame + 1) * bytes);
    const head = Buffer.alloc(40);
    [generation, frame].forEach((word, at) => head.writeUInt32LE(word, at * 4));
    head.writeBigInt64LE(BigInt(pts[frame]), 8);
    [width, height, width + padding, chromaWidth + padding].forEach((word, at) => head.writeUInt32LE(word, 16 + at * 4));
    head.set([(exact ? 1 : 0) | (hurt.includes(frame) ? 2 : 0), colour.matrix, colour.full ? 1 : 0, colour.transfer], 32);
    head.writeUInt16LE(clip.rotation, 36);
    head.set([clip.reflected ? 1 : 0, colour.primaries], 38);
    const planes = [];
    let at = 0;
    for (const [w, h] of [
      [width, height],
      [chromaWidth, chromaHeight],
      [chromaWidth, chromaHeight],
    ]) {
      const plane = Buffer.alloc((w + padding) * h, 255);
      for (let row = 0; row < h; row++, at += w) all.copy(plane, row * (w + padding), at, at + w);
      planes.push(plane);
    }
    return Buffer.concat([head, ...planes]);
  }

  const server = createServer();
  server.on("upgrade", (request, socket) => {
    const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const say = (event) => socket.write(frameOf(1, Buffer.from(JSON.stringify(event))));
    const { transfer, primaries } = colour;
    if (transfer !== 1 || primaries !== 1) {
      say({ kind: "tones", transfer, primaries, table: tableOf((signal) => toScreen(transfer, primaries, signal)) });
    }
    let newest = null;
    const introduce = () => {
      say({ kind: "ready", clip, whole: runs === null });
      if (runs) say({ kind: "arrived", runs });
      if (newest) answer(newest);
    };
    rooms.add(introduce);
    socket.on("close", () => rooms.delete(introduce));
    const answer = (wish) => {
      if (!isHere(wish.frame)) return say({ kind: "waiting", generation: wish.generation });
      const show = () => wish === newest && ((newest = null), socket.write(frameOf(2, picture(wish, true))));
      if (delay > 0) setTimeout(show, delay);
      else setImmediate(show);
    };
    if (refusal) say({ kind: "failed", generation: 0, failure: { code: "bad_clip", message: refusal } });
    else if (first > 0) {
      socket.write(frameOf(2, picture({ generation: 0, frame: 0, max_width: 1280, max_height: 720 }, false)));
      setTimeout(introduce, first);
    } else introduce();
    readFrames(socket, (text) => {
      const wish = JSON.parse(text);
      newest = wish;
      const nearKey = clip.keys.findLast((frame) => frame <= wish.frame) ?? 0;
      if (wish.near_first && nearKey !== wish.frame) {
        socket.write(frameOf(2, picture({ ...wish, frame: nearKey }, false)));
      }
      answer(wish);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    clip,
    colour,
    address: `ws://127.0.0.1:${server.address().port}/?token=look`,
    arrive(more) {
      runs = more;
      rooms.forEach((introduce) => introduce());
    },
    cut: () => sockets.forEach((socket) => socket.destroy()),
    stop() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

function frameOf(opcode, payload) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** Reads the short, masked text messages that a browser sends. */
function readFrames(socket, heard) {
  let kept = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    kept = Buffer.concat([kept, chunk]);
    for (;;) {
      if (kept.length < 6) return;
      const opcode = kept[0] & 15;
      const short = kept[1] & 127;
      const extra = short === 126 ? 2 : 0;
      const length = extra ? kept.readUInt16BE(2) : short;
      const start = 6 + extra;
      if (kept.length < start + length) return;
      const mask = kept.subarray(start - 4, start);
      const payload = Buffer.from(kept.subarray(start, start + length)).map((byte, at) => byte ^ mask[at % 4]);
      kept = kept.subarray(start + length);
      if (opcode === 8) return socket.end();
      if (opcode === 1) heard(payload.toString());
    }
  });
}
