import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Where an answer is cut: after so many bytes of it, or of its body. */
export interface CutPoint {
  readonly part: 'head' | 'body';
  readonly bytes: number;
}

/** A relay in front of an upstream that cuts answers at a byte. */
export interface CuttingRelay {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The requests that passed, in the order of their arrival: `GET /v2/app/tags/list`. */
  readonly lines: readonly string[];
  /** Cuts the next `times` answers to requests whose line matches. */
  cut(line: RegExp, at: CutPoint, times?: number): void;
  close(): Promise<void>;
}

interface Cut {
  readonly line: RegExp;
  readonly at: CutPoint;
  left: number;
}

const HEAD_END = '\r\n\r\n';

/** Starts a relay to a port of 127.0.0.1 on a free port. */
export async function startCuttingRelay(target: number): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  let planned: Cut | undefined;

  const server = createServer((caller) => {
    const behind = connect(target, '127.0.0.1');
    for (const socket of [caller, behind]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        caller.destroy();
        behind.destroy();
      });
    }
    // Without pipelining, the bytes of a request are followed by those of its answer.
    let at: CutPoint | undefined;
    let answer = Buffer.alloc(0);
    caller.on('data', (bytes: Buffer) => {
      const line = /^((?:GET|HEAD) \S+) HTTP\/1\.1/.exec(bytes.toString('latin1'))?.[1];
      if (line !== undefined) {
        lines.push(line.split('?', 1)[0]!);
        answer = Buffer.alloc(0);
        at = planned?.line.test(line) === true && planned.left > 0 ? planned.at : undefined;
        if (at !== undefined) planned!.left -= 1;
      }
      behind.write(bytes);
    });
    behind.on('data', (bytes: Buffer) => {
      if (at === undefined) return void caller.write(bytes);
      const before = answer.length;
      answer = Buffer.concat([answer, bytes]);
      const body = answer.indexOf(HEAD_END) + HEAD_END.length;
      const isHead = body < HEAD_END.length;
      const end = at.part === 'head' ? at.bytes : isHead ? Infinity : body + at.bytes;
      if (answer.length < end) return void caller.write(bytes);
      // `end` also waits until the bytes were sent; the caller then sees the end of the connection.
      caller.end(answer.subarray(before, end));
      behind.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines,
    cut(line, at, times = 1) {
      planned = { line, at, left: times };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
