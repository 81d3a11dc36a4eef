import { checkHeld } from './checks/check-held';
import { checkHolders } from './checks/check-holders';
import { checkHoldings, countHeldRows } from './checks/check-holdings';
import { checkManifests } from './checks/check-manifests';
import { checkProofs, countProvenDigests } from './checks/check-proofs';
import { checkReferences, checkTags } from './checks/check-tags';
import { checkStore } from './checks/check-store';
import { checkSums } from './checks/check-sums';
import type { FsckParts } from './parts/fsck-parts';
import { everyOrigin } from './parts/origins';
import { Unrepaired } from './parts/unrepaired';
import { countRows } from './parts/checked';

/**
 * Runs all checks once, while Layover keeps running. The tables are compared with each other first,
 * because the later checks rely on their sums. Then the tables are compared with the stores, and
 * used content and proofs with both.
 */
export async function runChecks(parts: FsckParts): Promise<void> {
  const { database, stores, copies, progress, checked } = parts;
  await copies.reach();

  progress.begin('tags and manifests', 'rows', {
    items: (await countRows(database.reader, 'tags')) + (await countRows(database.reader, 'manifests')),
    bytes: 0,
  });
  await checkReferences(parts);
  await checkTags(parts);
  await checkManifests(parts);
  checked.rows += progress.end().items;

  progress.begin('holdings of organizations', 'rows', { items: await countHeldRows(parts), bytes: 0 });
  const unrepaired = new Unrepaired();
  for await (const origin of everyOrigin(database.reader)) {
    await checkHoldings(parts, origin, unrepaired);
    await checkSums(parts, origin, unrepaired);
    checked.origins += 1;
  }
  checked.rows += progress.end().items;

  progress.begin('holders of blobs', 'blobs', { items: await countRows(database.reader, 'blobs'), bytes: 0 });
  await checkHolders(parts, unrepaired);
  progress.end();

  const { blobs, bytes } = await stores.blobs.count(database.reader);
  progress.begin('stored content', 'blobs', { items: blobs, bytes });
  try {
    await checkStore(parts);
  } finally {
    checked.blobs += progress.end().items;
  }

  progress.begin('used content', 'rows', {
    items: await countRows(database.reader, 'origin_holdings'),
    bytes: 0,
  });
  await checkHeld(parts);
  progress.end();

  progress.begin('proofs', 'blobs', { items: await countProvenDigests(database.reader), bytes: 0 });
  await checkProofs(parts);
  progress.end();
}
