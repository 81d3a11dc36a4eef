import type { Client } from './read-client';

/** What the host name that a client used for the edge means for its request. */
export interface Site {
  /** host[:port] in lower case; empty if the request names none. */
  readonly host: string;
  /** The organization that the host name stands for; undefined if it stands for the whole edge. */
  readonly organization: string | undefined;
  /** Returns whether host[:port], in lower case, is the name of the edge itself. */
  isOwnName(host: string): boolean;
}

/** The meaning of a host name about which nothing is known. */
export const NO_SITE: Site = { host: '', organization: undefined, isOwnName: () => false };

const ITEM = /^([^=]+)=([a-z0-9]+(?:[._-][a-z0-9]+)*)$/;
const HOST = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * Parses a comma-separated list of `<host>[:<port>]=<organization>`. Returns undefined if an item
 * is invalid, or a host occurs twice.
 */
export function parseOrganizationHosts(text: string): ReadonlyMap<string, string> | undefined {
  const organizations = new Map<string, string>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, given = '', organization = ''] = ITEM.exec(part) ?? [];
    const host = given.toLowerCase();
    if (!HOST.test(host) || organizations.has(host)) return undefined;
    organizations.set(host, organization);
  }
  return organizations;
}

/**
 * Creates the look-up of the meaning of a host name. `publicUrl` is the address of the registry for
 * clients, if it is configured. `organizations` are the organizations by host name: a name without
 * a port stands for all ports, and a name with a port comes first.
 */
export function createSites(
  publicUrl: string | undefined,
  organizations: ReadonlyMap<string, string> = new Map(),
): (client: Pick<Client, 'scheme' | 'host'>) => Site {
  const configured = publicUrl === undefined ? undefined : withoutDefaultPort(new URL(publicUrl).host, publicUrl);
  return ({ scheme, host: given = '' }) => {
    const host = given.toLowerCase();
    const own = withoutDefaultPort(host, scheme);
    return {
      host,
      organization: organizations.get(host) ?? organizations.get(own) ?? organizations.get(host.replace(/:\d+$/, '')),
      isOwnName(named) {
        const name = withoutDefaultPort(named, scheme);
        return name !== '' && (name === own || name === configured);
      },
    };
  };
}

/** `url` begins with the scheme. */
function withoutDefaultPort(host: string, url: string): string {
  return host.replace(url.startsWith('https') ? /:443$/ : /:80$/, '');
}
