import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../common/runtime/logger';
import type { RawEnvironment } from '../../../common/runtime/env';
import { createControlPlane, type ControlPlane } from '../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import { TestCatalog } from './catalog-client';
import type { TestRepository } from './builders';
import { TestClock } from '../test-clock';
import { testName } from '../test-name';
import { createTestDatabase, type TestDatabase } from './test-database';
import { PLANE_SECRET } from '../plane-secret';

/** The admin token of tests. */
export const ADMIN_TOKEN = 'test-admin-token-0123456789-0123456789';

/** The parts of a GraphQL response that tests use. */
export interface GraphqlAnswer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: { readonly code: string; readonly field?: string };
  }[];
}

/** A control plane with real HTTP and gRPC, in its own folder. */
export class TestControlPlane {
  readonly home = mkdtempSync(join(tmpdir(), `layover-control-${testName()}-`));
  readonly announced: string[] = [];
  /** All log output as text. */
  log = '';
  url = '';
  catalog!: TestCatalog;
  private plane: ControlPlane | undefined;
  private database: TestDatabase | undefined;
  /** Identities by the uid of the organization; undefined after a change. */
  private known: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(
    readonly clock: TestClock,
    private readonly environment: RawEnvironment,
  ) {}

  /** Where data planes reach the Catalog; the plane has been started. */
  get catalogAddress(): string {
    if (this.plane === undefined) throw new Error('the control plane was not started');
    return this.plane.catalogAddress;
  }

  /**
   * LAYOVER_DATABASE_URL of this plane, for another plane beside it. Empty for the SQLite file in
   * the home.
   */
  get databaseUrl(): string {
    const shared = this.environment['LAYOVER_DATABASE_URL'];
    return shared?.startsWith('mysql:') ? shared : (this.database?.url ?? '');
  }

  async start(environment: RawEnvironment = {}): Promise<void> {
    this.known = undefined;
    this.database ??= await createTestDatabase();
    const config = readControlPlaneConfig({
      LAYOVER_HOME: this.home,
      LAYOVER_CONTROL_LISTEN: '127.0.0.1:0',
      LAYOVER_BOOTSTRAP: '0',
      LAYOVER_ADMIN_TOKEN: ADMIN_TOKEN,
      LAYOVER_DRAIN_SECONDS: '1',
      LAYOVER_PLANE_SECRET: PLANE_SECRET,
      LAYOVER_DATABASE_URL: this.database.url,
      ...this.environment,
      ...environment,
    });
    this.plane = createControlPlane(config, {
      clock: this.clock,
      announce: (line) => this.announced.push(line),
      log: createLogger('control-plane', 'trace', { write: (line: string) => (this.log += line) }),
    });
    this.url = (await this.plane.start()).address;
    this.catalog = new TestCatalog(this.plane.catalogAddress);
  }

  /** Stops the plane and keeps its data. */
  async stop(): Promise<void> {
    this.catalog?.close();
    await this.plane?.stop();
  }

  async restart(environment: RawEnvironment = {}): Promise<void> {
    await this.stop();
    await this.start(environment);
  }

  /** Stops the plane and deletes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    await this.database?.drop();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Sends a GraphQL request. `token` '' = without a token. */
  async graphql<Data = Record<string, unknown>>(
    query: string,
    variables: object = {},
    token = ADMIN_TOKEN,
  ): Promise<GraphqlAnswer<Data>> {
    if (/^\s*mutation/.test(query)) this.known = undefined;
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      ...(JSON.parse(text) as Pick<GraphqlAnswer<Data>, 'data' | 'errors'>),
    };
  }

  /** Sends a GraphQL request and throws if the response has errors. */
  async ask<Data = Record<string, unknown>>(query: string, variables: object = {}, token = ADMIN_TOKEN): Promise<Data> {
    const answer = await this.graphql<Data>(query, variables, token);
    if (answer.errors !== undefined || !answer.data) throw new Error(answer.text);
    return answer.data;
  }

  /** Creates an organization and returns the key of one of its repositories. */
  async organization(name: string, proxyCache: object = {}, more: object = {}): Promise<TestRepository> {
    const input = { name, proxyCache: { upstream: 'registry.example', ...proxyCache }, ...more };
    await this.ask('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }', { input });
    return this.repository(name, 'library/app');
  }

  /**
   * Returns the key of a repository under the organization's present upstream, as data planes see
   * it.
   */
  async repository(organization: string, repository: string): Promise<TestRepository> {
    const found = (await this.organizations()).find(({ name }) => name === organization)!;
    return { organizationUid: found.uid, originVersion: found.proxyCache?.originVersion ?? '', repository };
  }

  /** Returns the identities of an organization as data planes see them; none if it is unknown. */
  async identities(organizationUid: string): Promise<readonly string[]> {
    this.known ??= new Map(
      (await this.organizations()).map(({ uid, proxyCache }) => [uid, proxyCache?.upstreamIdentities ?? []]),
    );
    return this.known.get(organizationUid) ?? [];
  }

  private async organizations(): Promise<readonly Organization__Output[]> {
    const client = new TestCatalog(this.plane!.catalogAddress);
    try {
      return (await client.watch().snapshot()).organizations;
    } finally {
      client.close();
    }
  }
}

/**
 * Starts a control plane with GraphQL on a free port and the Catalog on a unix socket. Call
 * `remove` at the end.
 */
export async function startControlPlane(
  environment: RawEnvironment = {},
  clock = new TestClock(),
): Promise<TestControlPlane> {
  const plane = new TestControlPlane(clock, environment);
  await plane.start();
  return plane;
}
