import { digestOf } from '../../../../common/oci/digest';
import { MANIFEST_ACCEPT } from '../../../../common/oci/media-types';
import { basicAuthorization, type HttpAnswer, send } from '../../../support/real/http-client';

/** Credentials of a robot. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A manifest request as expected in the audit log. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly httpStatus: number;
  readonly actor: string;
}

/** The result of a pull. */
export interface PullResult {
  readonly status: number;
  /** Value of X-Layover-Cache, or an empty string. */
  readonly cache: string;
  readonly requestId: string;
}

/**
 * A client that pulls complete images as podman does: manifest, config and layers. Checks each
 * digest.
 */
export class Puller {
  /** The answered manifest requests of each organization, in order. */
  readonly answers = new Map<string, AnsweredRequest[]>();

  constructor(private readonly url: () => string) {}

  /**
   * Pulls `organization/repository:reference`, with a login if there are credentials. Throws an
   * Error if content is wrong.
   */
  async pull(
    organization: string,
    repository: string,
    reference: string,
    credentials?: Credentials,
  ): Promise<PullResult> {
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

  /**
   * Requests a pull token as the challenge says. Throws an Error with the status if it is refused.
   */
  async token(name: string, credentials: Credentials): Promise<string> {
    const challenge = await send({ url: `${this.url()}/v2/${name}/manifests/any` });
    this.note(name, challenge, 'anonymous');
    const header = String(challenge.headers['www-authenticate'] ?? '');
    const [, realm, service] = /realm="([^"]+)",\s*service="([^"]+)"/.exec(header) ?? [];
    if (realm === undefined) throw new Error(`Expected a challenge, got ${challenge.status} ${header}`);
    const query = new URLSearchParams({ service: service!, scope: `repository:${name}:pull` });
    const answer = await send({
      url: `${realm}?${query.toString()}`,
      headers: { Authorization: basicAuthorization(credentials) },
    });
    if (answer.status !== 200) throw new Error(`The token request was refused: ${answer.status}`);
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
