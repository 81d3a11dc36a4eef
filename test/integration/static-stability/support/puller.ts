import { digestOf } from '../../../../common/oci/digest';
import { MANIFEST_ACCEPT } from '../../../../common/oci/media-types';
import { basicAuthorization, type HttpAnswer, send } from '../../../support/real/http-client';

/** Robot credentials. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A manifest request as it must stand in the audit log. */
export interface Answered {
  readonly requestId: string;
  readonly httpStatus: number;
  readonly actor: string;
}

/** What a pull gave. */
export interface Pulled {
  readonly status: number;
  /** X-Layover-Cache; empty where there is none. */
  readonly cache: string;
  readonly requestId: string;
}

/** A client that pulls whole images as podman does: manifest, config and layers, each checked against its digest. */
export class Puller {
  /** Every manifest request that was answered, by organization, in order. */
  readonly answers = new Map<string, Answered[]>();

  constructor(private readonly url: () => string) {}

  /** Pulls `organization/repository:reference`; with credentials it logs in first. Throws where content is not what it should be. */
  async pull(organization: string, repository: string, reference: string, credentials?: Credentials): Promise<Pulled> {
    const name = `${organization}/${repository}`;
    const authorization: Record<string, string> =
      credentials === undefined ? {} : { Authorization: `Bearer ${await this.token(name, credentials)}` };
    const base = `${this.url()}/v2/${name}`;
    const answer = await send({
      url: `${base}/manifests/${reference}`,
      headers: { ...authorization, Accept: MANIFEST_ACCEPT.join(', ') },
    });
    const requestId = this.note(
      name,
      answer,
      credentials === undefined ? 'anonymous' : `robot:${credentials.username}`,
    );
    if (answer.status === 200) await this.blobs(base, answer, authorization);
    return { status: answer.status, cache: String(answer.headers['x-layover-cache'] ?? ''), requestId };
  }

  /** A token for pulling, as the challenge says it is got. Throws an Error with the status where it is refused. */
  async token(name: string, credentials: Credentials): Promise<string> {
    const challenge = await send({ url: `${this.url()}/v2/${name}/manifests/any` });
    this.note(name, challenge, 'anonymous');
    const header = String(challenge.headers['www-authenticate'] ?? '');
    const [, realm, service] = /realm="([^"]+)",\s*service="([^"]+)"/.exec(header) ?? [];
    if (realm === undefined) throw new Error(`no challenge but ${challenge.status} ${header}`);
    const query = new URLSearchParams({ service: service!, scope: `repository:${name}:pull` });
    const answer = await send({
      url: `${realm}?${query.toString()}`,
      headers: { Authorization: basicAuthorization(credentials) },
    });
    if (answer.status !== 200) throw new Error(`no token: ${answer.status}`);
    return (JSON.parse(answer.body.toString()) as { token: string }).token;
  }

  private note(name: string, answer: HttpAnswer, actor: string): string {
    const organization = name.split('/', 1)[0]!;
    const requestId = String(answer.headers['x-request-id'] ?? '');
    const answered = { requestId, httpStatus: answer.status, actor };
    this.answers.set(organization, [...(this.answers.get(organization) ?? []), answered]);
    return requestId;
  }

  private async blobs(base: string, answer: HttpAnswer, headers: Record<string, string>): Promise<void> {
    const manifest = JSON.parse(answer.body.toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const blob = await send({ url: `${base}/blobs/${digest}`, headers });
      if (blob.status !== 200 || digestOf(blob.body) !== digest)
        throw new Error(`${base}/blobs/${digest}: ${blob.status}, ${blob.body.length} bytes`);
    }
  }
}
