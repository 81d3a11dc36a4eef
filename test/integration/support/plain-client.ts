import { basicAuthorization, type HttpAnswer, send } from '../../support/real/http-client';

/** A client that pulls as the specifications say, and remembers one token. */
export interface PlainClient {
  /** Requests a path. Answers one challenge of any host, and follows redirects. */
  get(path: string): Promise<HttpAnswer>;
  /** Requests a path with the last token, without answering a challenge. */
  getWithKeptToken(path: string): Promise<HttpAnswer>;
  /** Sends one request to a URL. */
  plain(method: string, url: string, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  /** Returns the URLs to which it was redirected. */
  redirects(): readonly string[];
}

const MAX_STEPS = 8;

/** Returns a client of the registry at a host. */
export function plainClient(
  host: string,
  account?: { readonly username: string; readonly password: string },
): PlainClient {
  const redirected: string[] = [];
  let kept: Readonly<Record<string, string>> = {};
  const plain: PlainClient['plain'] = (method, url, headers) => send({ method, url, headers });

  async function authorize(challenge: string): Promise<Readonly<Record<string, string>>> {
    const own: Record<string, string> = account === undefined ? {} : { authorization: basicAuthorization(account) };
    if (/^basic /i.test(challenge)) return own;
    const parameter = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    const url = new URL(parameter('realm')!);
    for (const name of ['service', 'scope']) {
      const value = parameter(name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const answer = await send({ url: url.href, headers: own });
    if (answer.status !== 200) return {};
    const { token, access_token: other } = JSON.parse(answer.body.toString()) as Record<string, string>;
    return { authorization: `Bearer ${token ?? other}` };
  }

  return {
    async get(path) {
      let url = `http://${host}${path}`;
      let headers: Readonly<Record<string, string>> = {};
      let challenged = false;
      for (let step = 0; step < MAX_STEPS; step++) {
        const answer = await plain('GET', url, headers);
        const { location, 'www-authenticate': challenge } = answer.headers;
        if (answer.status === 401 && challenge !== undefined && !challenged) {
          challenged = true;
          headers = await authorize(challenge);
          kept = headers;
        } else if (location !== undefined) {
          const next = new URL(location, url);
          redirected.push(next.href);
          if (next.host !== new URL(url).host) headers = {};
          url = next.href;
        } else return answer;
      }
      throw new Error(`The pull of ${path} needs more than ${MAX_STEPS} requests`);
    },
    getWithKeptToken: (path) => plain('GET', `http://${host}${path}`, kept),
    plain,
    redirects: () => redirected,
  };
}
