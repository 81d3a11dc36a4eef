import { writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CONTAINERD_RELEASES, startContainerd } from './containerd';
import { ownMountsPrograms, startOwnMounts } from './own-mounts';
import { temporaryFolder } from './temporary-folder';

/** Programs of the Docker Engine. It brings runc, and stores images without its containerd. */
export const DOCKER_PROGRAMS = ['dockerd', ...ownMountsPrograms(), ...CONTAINERD_RELEASES.debian.programs] as const;

/** A login that the client of a user sends along. */
export interface DockerLogin {
  readonly username: string;
  readonly secret: string;
}

/** A separate Docker Engine. References are `[host/]path[:tag|@digest]`. */
export interface Docker {
  /** Pulls an image. Throws an Error with the message of the engine if the pull fails. */
  pull(reference: string, options?: { readonly architecture?: string; readonly login?: DockerLogin }): Promise<void>;
  /** Resolves to the digests by which an image was pulled. */
  digestsOf(reference: string): Promise<readonly string[]>;
  /**
   * Builds an image with BuildKit from a tar with a Dockerfile. Throws an Error with the output if
   * the build fails.
   */
  build(context: Buffer): Promise<void>;
  /** Removes all images, so that the next pull is complete. */
  removeImages(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an engine in a temporary folder and in a mount namespace of its own, which has its mounts
 * and its part of /run. `mirrors` are `registry-mirrors`, URLs. Throws an Error with the output if
 * the start fails.
 */
export async function startDocker(mirrors: readonly string[]): Promise<Docker> {
  const folder = await temporaryFolder('docker');
  const at = (name: string): string => join(folder.path, name);
  const ends: (() => Promise<unknown>)[] = [() => folder.remove()];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const containerd = await startContainerd(CONTAINERD_RELEASES.debian);
    ends.push(() => containerd.stop());
    const configuration = {
      hosts: [`unix://${at('d.sock')}`],
      'data-root': at('root'),
      'exec-root': at('exec'),
      pidfile: at('d.pid'),
      'deprecated-key-path': at('key.json'),
      containerd: containerd.socket,
      'storage-driver': 'vfs',
      'registry-mirrors': mirrors,
      bridge: 'none',
      iptables: false,
      ip6tables: false,
    };
    await writeFile(at('daemon.json'), JSON.stringify(configuration));
    const server = await startOwnMounts('dockerd', ['--config-file', at('daemon.json')], {
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: folder.path, TMPDIR: folder.path },
      ready: /API listen on/,
    });
    ends.push(() => server.stop());
    return { ...engineAt(at('d.sock')), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function engineAt(socketPath: string): Omit<Docker, 'stop'> {
  const call = (method: string, path: string, options?: EngineRequest) => callEngine(socketPath, method, path, options);
  return {
    async pull(reference, { architecture, login } = {}) {
      const { name, version } = partsOf(reference);
      const query = new URLSearchParams({ fromImage: name, tag: version });
      if (architecture !== undefined) query.set('platform', `linux/${architecture}`);
      const headers = login === undefined ? undefined : { 'X-Registry-Auth': authorization(login) };
      await call('POST', `/images/create?${query.toString()}`, { headers });
    },
    async digestsOf(reference) {
      const { RepoDigests } = JSON.parse(await call('GET', `/images/${reference}/json`)) as { RepoDigests: string[] };
      return RepoDigests.map((digest) => digest.replace(/^.*@/, ''));
    },
    async build(context) {
      const headers = { 'Content-Type': 'application/x-tar' };
      await call('POST', '/build?version=2&t=built', { headers, body: context });
    },
    async removeImages() {
      const images = JSON.parse(await call('GET', '/images/json?all=true')) as { Id: string }[];
      for (const { Id } of images) await call('DELETE', `/images/${Id}?force=true`);
    },
  };
}

/** The parts of a reference, as the engine wants them. */
function partsOf(reference: string): { readonly name: string; readonly version: string } {
  const [, name, byDigest, byTag] = /^(.+?)(?:@(.+)|:([^:/]+))$/.exec(reference)!;
  return { name: name!, version: byDigest ?? byTag! };
}

/** Returns the value of X-Registry-Auth: base64url with padding, without which it is ignored. */
function authorization({ username, secret }: DockerLogin): string {
  const login = Buffer.from(JSON.stringify({ username, password: secret }));
  return login.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

interface EngineRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** An error of the engine. */
export class EngineFailure extends Error {
  constructor(
    request: string,
    /** What the engine says, which `docker` prints after "Error response from daemon: ". */
    readonly reason: string,
    output: string,
  ) {
    super(`${request} failed: ${reason}\n${output}`);
  }
}

/**
 * Calls the API of the engine. Resolves to the body of the answer. Throws an EngineFailure for a
 * status of an error, and for an error in a stream of progress.
 */
async function callEngine(
  socketPath: string,
  method: string,
  path: string,
  { headers, body }: EngineRequest = {},
): Promise<string> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ socketPath, method, path: `/v1.41${path}`, headers, agent: false }, resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
  const output = await text(answer);
  const error = answer.statusCode! >= 400 ? output : /^\{.*"errorDetail":.*$/m.exec(output)?.[0];
  if (error === undefined) return output;
  const { message, errorDetail } = JSON.parse(error) as { message?: string; errorDetail?: { message: string } };
  throw new EngineFailure(`${method} ${path}`, message ?? errorDetail?.message ?? error, output);
}
