import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPeers } from '../../../../bench/src/peers/find-peers';
import { type TemporaryFolder, temporaryFolder } from '../../../support/real/temporary-folder';

let folder: TemporaryFolder;
const path = process.env.PATH;
beforeEach(async () => {
  folder = await temporaryFolder('peers');
});
afterEach(async () => {
  process.env.PATH = path;
  await folder.remove();
});

/** Makes the PATH a folder with programs that print these texts. */
async function programs(outputs: Readonly<Record<string, string>>): Promise<void> {
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  for (const [name, text] of Object.entries(outputs)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho '${text}'\n`);
    await chmod(join(bin, name), 0o755);
  }
  process.env.PATH = bin;
}

test('peers have the names and versions that they print, in the order of the columns', async () => {
  await programs({
    zot: '{"commit":"v2.1.8-0-g6d19b445","go version":"go1.26"}',
    registry3: 'registry3 github.com/distribution/distribution/v3 v3.1.2+unknown',
    'docker-registry': 'docker-registry github.com/docker/distribution 2.8.2+ds1',
  });
  const { peers, missing } = findPeers('requests');
  expect(peers.map(({ id, name }) => [id, name])).toEqual([
    ['distribution-2', 'distribution 2.8.2'],
    ['distribution-3', 'distribution 3.1.2'],
    ['zot', 'zot 2.1.8'],
  ]);
  expect(missing).toEqual([]);
});

test('the version decides which peer a program is, not its name', async () => {
  await programs({ 'docker-registry': 'docker-registry v3.0.0' });
  expect(findPeers('requests').peers[0]).toMatchObject({ id: 'distribution-3', name: 'distribution 3.0.0' });
});

test('missing peers are named with what to do', async () => {
  await programs({ 'docker-registry': 'not a registry' });
  const { missing } = findPeers('requests');
  expect(missing[0]).toMatch(/^distribution 2 is not measured: install docker-registry/);
  expect(missing.at(-1)).toMatch(/^zot is not measured/);
});
