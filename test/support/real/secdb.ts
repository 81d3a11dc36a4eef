import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a release of Alpine has fixed: by package, by version that has the fixes, the names of vulnerabilities. */
export type SecurityFixes = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Alpine's security database as far as Clair reads it, on a port of 127.0.0.1. */
export interface SecurityDatabase {
  /** `http://127.0.0.1:<port>/`. */
  readonly url: string;
  /** Replaces what it says. */
  publish(fixes: SecurityFixes): void;
  stop(): Promise<void>;
}

const RELEASE = 'v3.18';
/** Clair looks for releases one after the other, from 3.3 on, and stops at the first that is missing. */
const KNOWN = Array.from({ length: 16 }, (_, i) => `v3.${i + 3}`);

/** Starts it; nothing is vulnerable until something is published. */
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
