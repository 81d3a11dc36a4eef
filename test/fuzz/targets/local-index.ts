import * as fc from 'fast-check';
import { mkdtempSync, rmSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest } from '../../../common/oci/digest';
import { IndexFile } from '../../../data-plane/src/known/index/index-file';
import {
  allOperations,
  applyOperation,
  type IndexContent,
  type IndexOperation,
  operationKey,
} from '../../../data-plane/src/known/index/index-operation';
import { ProofTable } from '../../../data-plane/src/known/index/proof-table';
import { Shelves } from '../../../data-plane/src/known/index/shelves';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, ensureSame } from './support';

const MAX_OPERATIONS = 40;
const MAX_COST = 1024 * 1024;
const REPOSITORIES = [0, 1, 2].map((number) => ({
  organizationUid: `organization-${number % 2}`,
  originVersion: '1',
  repository: `library/${number}`,
}));

/**
 * Creates the target for the index of a data plane. The input is operations of three bytes, then,
 * after a byte 255 that has them written to a file, how the file is damaged. Operations that are
 * replaced by later ones can be left out, and a damaged file gives only operations that were
 * written, from the first one on.
 */
export function localIndexTarget(): FuzzTarget {
  let folder: string | undefined;
  return {
    name: 'local-index',
    sources: ['data-plane/src/known/index', 'common/files/frames'],
    maxBytes: 256,
    words: ['\xff', '\x00\x00\x00', '\x01\x01\x01', '\x02\x00\x05', '\xff\x01', '\xff\x02\x10\x20'],
    inputs: fc.uint8Array({ maxLength: 90 }),
    async run(input) {
      const end = input.indexOf(0xff);
      const operations = operationsOf(end === -1 ? input : input.subarray(0, end));
      const content = contentOf(operations);
      const latest = new Map<string, IndexOperation>();
      operations.forEach((operation, serial) => {
        const key = operationKey(operation, serial);
        latest.delete(key);
        latest.set(key, operation);
      });
      ensureSame(stateOf(contentOf([...latest.values()])), stateOf(content), 'Without replaced operations');
      if (end === -1) return;
      folder ??= mkdtempSync(join(tmpdir(), 'layover-fuzz-'));
      await writeAndLoad(folder, operations, input.subarray(end + 1));
    },
    close() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      folder = undefined;
    },
  };
}

/** Writes operations to a file in a folder, damages it, and checks what is loaded. */
async function writeAndLoad(folder: string, operations: readonly IndexOperation[], damage: Buffer): Promise<void> {
  const path = join(folder, 'index.log');
  const file = new IndexFile(folder);
  await file.rewrite(operations);
  await file.close();
  const bytes = readFileSync(path);
  const [kind = 0, high = 0, low = 0, ...rest] = damage;
  const at = (high * 256 + low) % bytes.length;
  const parts = [bytes.subarray(0, at), Buffer.from(rest), bytes.subarray(at)];
  if (kind % 3 === 1) parts.pop();
  if (kind % 3 === 2) parts[2] = bytes.subarray(Math.min(bytes.length, at + rest.length));
  if (damage.length > 0) writeFileSync(path, Buffer.concat(parts));
  const loaded: IndexOperation[] = [];
  const isIntact = await new IndexFile(folder).load((operation) => loaded.push(operation));
  ensureSame(loaded, plain(operations.slice(0, loaded.length)), 'The loaded operations differ');
  if (damage.length === 0) ensure(isIntact && loaded.length === operations.length, 'An intact file is not read');
}

function operationsOf(bytes: Buffer): IndexOperation[] {
  const operations: IndexOperation[] = [];
  for (let at = 0; at + 3 <= bytes.length && operations.length < MAX_OPERATIONS; at += 3)
    operations.push(operationOf(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!));
  return operations;
}

function operationOf(kind: number, place: number, value: number): IndexOperation {
  const key = REPOSITORIES[place % REPOSITORIES.length]!;
  const digest = digestOfNumber(value % 4);
  // A digest has one size and, here, one media type.
  const descriptor = { mediaType: 'application/x', digest, size: 3 };
  switch (kind % 8) {
    case 0:
      return ['tag', key, `tag-${place % 5}`, { manifest: descriptor, checkedAt: value, expiresAt: value * 2 }];
    case 1:
      return ['tag', key, `tag-${place % 5}`, null];
    case 2: {
      // A digest has one content.
      const layer = { mediaType: 'application/x', digest: digestOfNumber((value + 1) % 4), size: 3 };
      return ['manifest', key, { manifest: descriptor, references: [{ role: 'LAYER', descriptor: layer }] }];
    }
    case 3:
      return ['blob', key, descriptor];
    case 4: {
      const content = Buffer.alloc(value % 7, value).toString('base64');
      const common = ['referrers', key, `${digest} x`, content, value % 2 === 0, value] as const;
      return value < 128 ? common : [...common, { query: `page=${value}`, after: String(place) }];
    }
    case 5:
      return [
        'forget',
        key.organizationUid,
        place % 2 === 0 ? key.repository : '',
        value % 3 === 0 ? `tag-${place % 5}` : '',
        value % 3 === 1 ? digest : '',
      ];
    case 6:
      return ['proof', `identity-${place % 2}`, digest, `docker.io/library/${value}`];
    default:
      return ['forget-proofs', place % 3 === 0 ? '' : `identity-${place % 2}`, value % 2 === 0 ? '' : digest];
  }
}

function digestOfNumber(number: number): Digest {
  return `sha256:${String(number).repeat(64)}` as Digest;
}

function contentOf(operations: readonly IndexOperation[]): IndexContent {
  const content = { shelves: new Shelves(MAX_COST), proofs: new ProofTable(MAX_COST) };
  for (const operation of operations) applyOperation(content, operation);
  return content;
}

/** Returns all of the content, in an order that does not depend on its history. */
function stateOf(content: IndexContent): unknown {
  const { shelves, proofs } = content;
  const operations = [...allOperations(content)].map((operation) => JSON.stringify(operation)).sort();
  return { operations, cost: shelves.cost + proofs.cost };
}

/** Returns operations as they are after being written as JSON. */
function plain(operations: readonly IndexOperation[]): unknown {
  return JSON.parse(JSON.stringify(operations));
}
