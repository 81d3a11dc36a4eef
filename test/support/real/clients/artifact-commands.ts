import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactCommands } from '../client-kind';
import type { ClientHome } from './client-home';

const TYPE = 'application/vnd.example.note';
const FILE = 'note.txt';
const DIGESTS = /sha256:[0-9a-f]{64}/g;

/** Returns the commands of oras. */
export function orasArtifacts(home: ClientHome): ArtifactCommands {
  const send = async (command: string, reference: string, text: string): Promise<void> => {
    await writeFile(join(home.path, FILE), text);
    await home.run(command, '--plain-http', '--no-tty', '--artifact-type', TYPE, reference, `${FILE}:text/plain`);
  };
  return {
    push: (reference, text) => send('push', reference, text),
    attach: (reference, text) => send('attach', reference, text),
    async pull(reference) {
      const folder = home.newFolder();
      try {
        await home.run('pull', '--plain-http', '--no-tty', '--output', folder, reference);
        return await readFile(join(folder, FILE), 'utf8');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async referrers(reference) {
      const { stdout } = await home.run('discover', '--plain-http', '--format', 'json', reference);
      return stdout.toString().match(DIGESTS) ?? [];
    },
  };
}

/** Returns the commands of regctl. */
export function regctlArtifacts(home: ClientHome): ArtifactCommands {
  const send = async (text: string, reference: string, ...options: string[]): Promise<void> => {
    await writeFile(join(home.path, FILE), text);
    // The upstream has plain HTTP too.
    const host = `reg=${reference.split('/')[0]},tls=disabled`;
    const file = ['--file', FILE, '--file-media-type', 'text/plain', '--artifact-type', TYPE];
    await home.run('artifact', 'put', '--host', host, ...file, ...options);
  };
  return {
    push: (reference, text) => send(text, reference, reference),
    attach: (reference, text) => send(text, reference, '--subject', reference),
    pull: async (reference) => (await home.run('artifact', 'get', reference)).stdout.toString(),
    async referrers(reference) {
      const { stdout } = await home.run('artifact', 'list', '--format', '{{jsonPretty .}}', reference);
      return stdout.toString().match(DIGESTS) ?? [];
    },
  };
}
