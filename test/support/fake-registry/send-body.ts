import type { ServerResponse } from 'node:http';
import type { Misbehaviour } from './quirks';

/** The source of a body: returns `length` bytes from `offset` of the whole. */
export interface BodySource {
  readonly offset: number;
  readonly length: number;
  readonly read: (offset: number, length: number) => Buffer;
}

const CHUNK = 128 * 1024;

/**
 * Writes a body in chunks with backpressure, and misbehaves at exact byte counts. Returns true if
 * the answer was sent as intended; after a cut or a stall, the response is left destroyed or open.
 */
export async function sendBody(
  response: ServerResponse,
  source: BodySource,
  quirk: Misbehaviour,
  onSent: (bytes: number) => void,
): Promise<boolean> {
  const cutAt = Math.min(
    quirk.cutAfterBytes ?? Infinity,
    quirk.cutAtOffset === undefined ? Infinity : Math.max(0, quirk.cutAtOffset - source.offset),
  );
  const stallAt = quirk.stallAfterBytes ?? Infinity;
  const gateAt = quirk.gate === undefined ? Infinity : (quirk.gateAtBytes ?? 0);
  const stops = [cutAt, stallAt, gateAt, source.length];
  response.flushHeaders();
  const began = performance.now();
  let sent = 0;
  for (;;) {
    if (sent === gateAt) await quirk.gate?.pass();
    if (sent >= cutAt) {
      response.destroy();
      return false;
    }
    if (sent >= stallAt) return false;
    if (sent >= source.length) break;
    if (response.destroyed) return false;
    const next = Math.min(sent + chunkFor(quirk), ...stops.filter((stop) => stop > sent));
    const bytes = source.read(source.offset + sent, next - sent);
    onSent(bytes.length);
    if (!(await write(response, bytes))) return false;
    sent = next;
    if (quirk.bytesPerSecond !== undefined) {
      await pause((sent / quirk.bytesPerSecond) * 1000 - (performance.now() - began), response);
    }
  }
  return end(response);
}

/**
 * Resolves when the socket has accepted the bytes, so that a later cut does not drop them; false =
 * the reader has gone.
 */
function write(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    response.once('close', onClose);
    response.write(bytes, (error) => {
      response.off('close', onClose);
      resolve(error === null || error === undefined);
    });
  });
}

function end(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    response.once('close', () => resolve(response.writableFinished));
    response.end(() => resolve(true));
  });
}

/** Limits the speed by small chunks, about twenty per second. */
function chunkFor(quirk: Misbehaviour): number {
  return quirk.bytesPerSecond === undefined
    ? CHUNK
    : Math.max(1, Math.min(CHUNK, Math.ceil(quirk.bytesPerSecond / 20)));
}

function pause(ms: number, response: ServerResponse): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    response.once('close', done);
  });
}
