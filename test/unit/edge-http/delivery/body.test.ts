import { EventEmitter } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { LayoverError } from '../../../../common/errors/layover-error';
import { BodyWriter } from '../../../../edge-http/src/delivery/body-writer';
import { BufferPool } from '../../../../common/files/buffer-pool';
import { sendInline } from '../../../../edge-http/src/delivery/send-inline';
import { sendLocalFile } from '../../../../edge-http/src/delivery/send-local-file';
import type { BlobMessage, BlobRead } from '../../../../edge-http/src/registry/registry-reader';
import { temporaryFolder } from '../../../support/real/temporary-folder';

/** Response that accepts bytes when the test says so. */
class FakeResponse extends EventEmitter {
  destroyed = false;
  ended = false;
  readonly taken: Buffer[] = [];
  flush: ((error?: Error) => void) | undefined;
  idle: (() => void) | undefined;
  constructor(private readonly eager: boolean) {
    super();
  }
  setTimeout(_ms: number, idle: () => void): void {
    this.idle = idle;
  }
  write(chunk: Buffer, done: (error?: Error) => void): void {
    this.taken.push(Buffer.from(chunk));
    if (this.eager) done();
    else this.flush = done;
  }
  end(): void {
    this.ended = true;
  }
}

function setUp(length: number, eager = true): { response: FakeResponse; out: BodyWriter } {
  const response = new FakeResponse(eager);
  return { response, out: new BodyWriter(response as unknown as ServerResponse, length, 1000) };
}

function inline(...messages: (BlobMessage | undefined)[]): BlobRead {
  const left = [...messages];
  return {
    header: undefined as never,
    node: 'node',
    next: () => Promise.resolve(left.shift()),
    cancel: () => undefined,
  };
}

describe('BodyWriter', () => {
  test('ends only after all bytes were sent', async () => {
    const { response, out } = setUp(5);
    await out.write(Buffer.from('1234'));
    expect(() => out.end()).toThrow(/ended after 4/);
    expect(response.ended).toBe(false);
    await out.write(Buffer.from('5'));
    out.end();
    expect(response.ended).toBe(true);
  });

  test('refuses more bytes than were announced', async () => {
    const { response, out } = setUp(3);
    await expect(out.write(Buffer.from('1234'))).rejects.toThrow(/must not get 4/);
    expect(response.taken).toEqual([]);
  });

  test('gives up if the client leaves during a write or has already left', async () => {
    const { response, out } = setUp(10, false);
    const write = out.write(Buffer.alloc(5));
    response.emit('close');
    await expect(write).rejects.toMatchObject({ key: 'CANCELLED' });
    response.destroyed = true;
    await expect(out.write(Buffer.alloc(5))).rejects.toMatchObject({ key: 'CANCELLED' });
  });

  test('gives up if the client reads nothing, but not while there is nothing to send', async () => {
    const { response, out } = setUp(10, false);
    response.idle!();
    const write = out.write(Buffer.alloc(5));
    response.idle!();
    await expect(write).rejects.toMatchObject({ key: 'TIMEOUT' });
  });

  test('treats a refused write as a client that left', async () => {
    const { response, out } = setUp(10, false);
    const write = out.write(Buffer.alloc(5));
    response.flush!(new Error('EPIPE'));
    await expect(write).rejects.toMatchObject({ key: 'CANCELLED' });
  });
});

describe('sendInline', () => {
  test('rejects if the bytes end early', async () => {
    const { out } = setUp(10);
    const read = inline({ kind: 'chunk', bytes: Buffer.alloc(4) }, undefined);
    await expect(sendInline(read, 10, out)).rejects.toThrow(/6 bytes before the end/);
  });

  test('reads no further than needed', async () => {
    const { response, out } = setUp(4);
    await sendInline(inline({ kind: 'progress', available: 4 }, { kind: 'chunk', bytes: Buffer.from('abcd') }), 4, out);
    expect(Buffer.concat(response.taken).toString()).toBe('abcd');
  });
});

describe('sendLocalFile', () => {
  test('reports a failed fill only after the bytes read so far were sent, because the rest may then come from elsewhere', async () => {
    const folder = await temporaryFolder('growing');
    const path = join(folder.path, 'file');
    await writeFile(path, 'abcdef');
    const file = await open(path);
    try {
      const { response, out } = setUp(10, false);
      const growth = { available: 6, beyond: () => Promise.reject(new LayoverError('DATA_PLANE_UNAVAILABLE')) };
      let over = false;
      const sending = sendLocalFile(file, growth, 0, 10, out, new BufferPool().lease(10)).finally(() => (over = true));
      sending.catch(() => undefined);
      while (response.flush === undefined) await new Promise((resolve) => setImmediate(resolve));
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(over).toBe(false);
      response.flush();
      await expect(sending).rejects.toMatchObject({ key: 'DATA_PLANE_UNAVAILABLE' });
      expect([Buffer.concat(response.taken).toString(), out.sent]).toEqual(['abcdef', 6]);
    } finally {
      await file.close();
      await folder.remove();
    }
  });
});
