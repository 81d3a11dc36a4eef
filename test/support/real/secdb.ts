import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The fixes in a release of Alpine: package, version with the fix, names of vulnerabilities. */
export type SecurityFixes = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** The security database of Alpine as far as Clair reads it, on a port of 127.0.0.1. */
export interface SecurityDatabase {
  /** `http://127.0.0.1:<port>/`. */
  readonly url: string;
  /** Replaces the fixes. */
  publish(fixes: SecurityFixes): void;
  stop(): Promise<void>;
}

const RELEASE = 'v3.18';
/**
 * Clair requests one release after the other, starting with 3.3, and stops at the first missing
 * one.
 */
const KNOWN = Array.from({ length: 16 }, (_, i) => `v3.${i + 3}`);

/** Starts the server. Nothing is vulnerable until fixes are published. */
export async function startSecurityDatabase(): Promise<SecurityDatabase> {
  let edition = 0;
  let main = document({});
  const server: Server = createServer((request, response) => {
    const path = request.url!.slice(1);
    const body =
      path === 'last-update'
        ? `edition ${edition}`
        : path === `${RELEASE}/main.json`
          ? main
          : KNOWN.includes(path.replace(/\/$/, ''))
            ? ''
            : undefined;
    if (body === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'content-type': 'application/json', etag: `"${edition}"` })
        .end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    publish(fixes) {
      edition += 1;
      main = document(fixes);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function document(fixes: SecurityFixes): string {
  return JSON.stringify({
    distroversion: RELEASE,
    reponame: 'main',
    urlprefix: 'https://dl-cdn.alpinelinux.org/alpine',
    apkurl: '{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk',
    packages: Object.entries(fixes).map(([name, secfixes]) => ({ pkg: { name, secfixes } })),
  });
}
