import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';

/** Layover as `npm start` runs it, on free ports and with its own home. */
export interface Product {
  /** `http://127.0.0.1:port` of the registry. */
  readonly registry: string;
  readonly graphql: <T>(query: string, variables?: Record<string, unknown>) => Promise<T>;
  /** Stops Layover with SIGTERM and removes its home. */
  stop(): Promise<void>;
}

/**
 * Starts Layover and resolves when it is ready. Rejects with an Error that contains its output if
 * it does not start.
 */
export async function startProduct(): Promise<Product> {
  const home = mkdtempSync(join(tmpdir(), 'layover-demo-'));
  const adminToken = randomBytes(24).toString('base64url');
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'standalone', 'src', 'main.js')], {
    env: {
      ...process.env,
      LAYOVER_HOME: home,
      LAYOVER_EDGE_LISTEN: '127.0.0.1:0',
      LAYOVER_CONTROL_LISTEN: '127.0.0.1:0',
      LAYOVER_ADMIN_TOKEN: adminToken,
      LAYOVER_BOOTSTRAP: '0',
      LAYOVER_LOG_LEVEL: 'error',
      LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '127.0.0.0/8',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { registry, control } = await ready(child);
  return {
    registry,
    graphql: (query, variables) => ask(`${control}`, adminToken, query, variables),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<{ registry: string; control: string }> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const match = /Layover is ready: registry (\S+), GraphQL (\S+),/.exec(output);
      if (match !== null) resolve({ registry: match[1]!, control: match[2]! });
    });
    child.once('exit', (code) => reject(new Error(`Layover ended with exit code ${code}\n${output}`)));
  });
}

async function ask<T>(url: string, token: string, query: string, variables?: Record<string, unknown>): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const answer = (await response.json()) as { data?: T; errors?: { message: string }[] };
  if (answer.errors !== undefined) throw new Error(answer.errors.map((error) => error.message).join('; '));
  return answer.data!;
}
