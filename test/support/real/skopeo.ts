import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainersHome } from './containers-home';
import { mustRun } from './run-program';

/** The result of `skopeo copy` to a folder. */
export interface CopiedImage {
  /** The bytes of manifest.json, exactly as received. */
  readonly manifest: Buffer;
  /**
   * Sorted digests of the blobs (and of the children of an index) in the folder, computed from
   * their bytes.
   */
  readonly digests: readonly string[];
}

/** What is copied, and how. */
export interface CopyOptions {
  /** Copies every image of an index. */
  readonly all?: boolean;
  /** The image of an index. Default: that of this machine. */
  readonly architecture?: string;
  readonly credentials?: { readonly username: string; readonly secret: string };
}

/** skopeo with its own settings and caches. References are `host:port/path[:tag|@digest]`. */
export interface Skopeo {
  /** Copies an image to a folder, reads it and deletes the folder. */
  copy(reference: string, options?: CopyOptions): Promise<CopiedImage>;
  /** Copies an image to a folder and deletes the folder, for measurements. */
  copyOnly(reference: string): Promise<void>;
  /** Runs `skopeo inspect`, which also requests the config and the tags. */
  inspect(
    reference: string,
  ): Promise<{ readonly Digest: string; readonly Layers: string[]; readonly RepoTags: string[] }>;
  /** Resolves to the bytes of the manifest. */
  inspectRaw(reference: string): Promise<Buffer>;
}

/** Returns skopeo in the given home. */
export function skopeoIn(home: ContainersHome): Skopeo {
  // Makes skopeo keep its cache of blob locations in this home instead of the system's.
  const env = { ...home.env, _CONTAINERS_ROOTLESS_UID: '1000' };
  const skopeo = (...args: string[]) => mustRun('skopeo', ['--policy', home.policy, ...args], { env });
  let copies = 0;
  const copyTo = async (
    reference: string,
    { all = false, architecture, credentials }: CopyOptions = {},
  ): Promise<string> => {
    const folder = join(home.path, `copy-${(copies += 1)}`);
    const choice = architecture === undefined ? [] : ['--override-arch', architecture];
    const creds = credentials === undefined ? [] : ['--src-creds', `${credentials.username}:${credentials.secret}`];
    const copy = ['copy', '--quiet', '--src-tls-verify=false', ...(all ? ['--all'] : []), ...creds];
    await skopeo(...choice, ...copy, `docker://${reference}`, `dir:${folder}`);
    return folder;
  };
  return {
    async copy(reference, options) {
      const folder = await copyTo(reference, options);
      try {
        return await readCopy(folder);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    async copyOnly(reference) {
      await rm(await copyTo(reference), { recursive: true });
    },
    async inspect(reference) {
      const { stdout } = await skopeo('inspect', '--tls-verify=false', `docker://${reference}`);
      return JSON.parse(stdout.toString()) as Awaited<ReturnType<Skopeo['inspect']>>;
    },
    async inspectRaw(reference) {
      return (await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${reference}`)).stdout;
    },
  };
}

async function readCopy(folder: string): Promise<CopiedImage> {
  const names = (await readdir(folder)).filter((name) => name !== 'version' && name !== 'manifest.json');
  const digests = await Promise.all(names.map((name) => digestOfFile(join(folder, name))));
  return { manifest: await readFile(join(folder, 'manifest.json')), digests: digests.sort() };
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}
