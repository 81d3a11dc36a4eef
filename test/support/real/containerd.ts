import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './programs';
import { mustRun } from './run-program';
import { startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** A release of containerd: its daemon, its debugging client, and the plugins that are left out. */
export interface ContainerdRelease {
  readonly name: string;
  readonly programs: readonly [daemon: string, client: string];
  /** Plugins that a store of content does not need, and that write outside the folder. */
  readonly withoutPlugins: readonly string[];
  /** Options of the client that leave out the manifests of platforms that are not fetched. */
  readonly onePlatform: readonly string[];
}

/** The releases: Debian's, and one that `.ci/run` builds. */
export const CONTAINERD_RELEASES = {
  debian: {
    name: 'containerd 1.6',
    programs: ['containerd', 'ctr'],
    withoutPlugins: ['io.containerd.grpc.v1.cri', 'io.containerd.internal.v1.opt'],
    onePlatform: [],
  },
  current: {
    name: 'containerd 2',
    programs: ['containerd2', 'ctr2'],
    withoutPlugins: [
      'io.containerd.cri.v1.images',
      'io.containerd.cri.v1.runtime',
      'io.containerd.grpc.v1.cri',
      'io.containerd.internal.v1.opt',
      'io.containerd.nri.v1.nri',
      'io.containerd.podsandbox.controller.v1.podsandbox',
    ],
    onePlatform: ['--skip-metadata'],
  },
} as const satisfies Readonly<Record<string, ContainerdRelease>>;

/** What is fetched, and how. */
export interface FetchOptions {
  /** Default: all platforms. */
  readonly architecture?: string;
  readonly credentials?: { readonly username: string; readonly secret: string };
}

/** Options of a containerd. */
export interface ContainerdOptions {
  /**
   * The size of the parts of a layer that {@link Containerd.pullInParts} fetches side by side, in
   * bytes (`concurrent_layer_fetch_buffer`, since containerd 2.1).
   */
  readonly partBytes?: number;
}

/** A separate containerd that only stores content. */
export interface Containerd {
  /** The path of its socket. */
  readonly socket: string;
  /** Writes the `hosts.toml` of an upstream, as in `/etc/containerd/certs.d/<upstream>/`. */
  configure(upstream: string, hostsToml: string): Promise<void>;
  /**
   * Fetches an image by its name at the upstream. Resolves to the digests of all stored content.
   */
  fetch(reference: string, options?: FetchOptions): Promise<readonly string[]>;
  /**
   * Pulls and unpacks an image of a registry without TLS through the transfer service, six parts at
   * a time. Resolves to the digests of all stored content.
   */
  pullInParts(reference: string): Promise<readonly string[]>;
  /** Deletes all stored content. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts containerd in a temporary folder. Throws an Error with the output if the start fails. */
export async function startContainerd(
  release: ContainerdRelease,
  { partBytes }: ContainerdOptions = {},
): Promise<Containerd> {
  const [daemon, client] = release.programs;
  const folder = await temporaryFolder('containerd');
  const at = (name: string): string => join(folder.path, name);
  const env = { PATH: process.env.PATH, HOME: folder.path, TMPDIR: folder.path };
  try {
    const configuration = [
      'version = 2',
      `root = "${at('root')}"`,
      `state = "${at('state')}"`,
      `disabled_plugins = ${JSON.stringify(release.withoutPlugins)}`,
      `[grpc]\naddress = "${at('c.sock')}"`,
      `[ttrpc]\naddress = "${at('t.sock')}"`,
      ...(partBytes === undefined ? [] : transferInParts(partBytes)),
    ];
    await writeFile(at('config.toml'), configuration.join('\n'));
    const server = await startServerProgram(findProgram(daemon)!, ['--config', at('config.toml')], {
      env,
      ready: /containerd successfully booted/,
    });
    const ctr = (...args: string[]) => mustRun(findProgram(client)!, ['--address', at('c.sock'), ...args], { env });
    const stored = async (): Promise<readonly string[]> => linesOf((await ctr('content', 'ls', '--quiet')).stdout);
    return {
      socket: at('c.sock'),
      async configure(upstream, hostsToml) {
        await mkdir(join(at('hosts'), upstream), { recursive: true });
        await writeFile(join(at('hosts'), upstream, 'hosts.toml'), hostsToml);
      },
      async fetch(reference, { architecture, credentials } = {}) {
        const one = [...release.onePlatform, '--platform', `linux/${architecture}`];
        const choice = architecture === undefined ? ['--all-platforms'] : one;
        const user = credentials === undefined ? [] : ['--user', `${credentials.username}:${credentials.secret}`];
        await ctr('content', 'fetch', '--hosts-dir', at('hosts'), ...choice, ...user, reference);
        return stored();
      },
      async pullInParts(reference) {
        const options = ['--plain-http', '--snapshotter', 'native', '--platform', 'linux/amd64'];
        await ctr('images', 'pull', ...options, ...release.onePlatform, reference);
        return stored();
      },
      async clear() {
        const images = linesOf((await ctr('images', 'ls', '--quiet')).stdout);
        if (images.length > 0) await ctr('images', 'rm', '--sync', ...images);
        const content = await stored();
        if (content.length > 0) await ctr('content', 'rm', ...content);
      },
      async stop() {
        await server.stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/** Returns the configuration of the transfer service, which is what `ctr images pull` uses. */
function transferInParts(partBytes: number): readonly string[] {
  const transfer = 'plugins."io.containerd.transfer.v1.local"';
  return [
    `[${transfer}]`,
    'max_concurrent_downloads = 6',
    `concurrent_layer_fetch_buffer = ${partBytes}`,
    `[[${transfer}.unpack_config]]`,
    'platform = "linux/amd64"',
    'snapshotter = "native"',
  ];
}

function linesOf(output: Buffer): readonly string[] {
  return output
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}
