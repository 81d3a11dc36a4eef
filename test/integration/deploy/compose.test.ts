import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { packageRoot } from '../../../common/runtime/package-root';
import { describeWith } from '../../support/real/programs';
import { runProgram } from '../../support/real/run-program';
import { configurationOf, documentedVariables, read, SECRETS } from '../../support/deployments';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
  readonly networks: object;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const planes = services.filter(([, { image }]) => image.startsWith('layover:'));

/** Returns the environment with values in place of the variables of Compose. */
function environmentOf({ environment = {} }: Service): Readonly<Record<string, string>> {
  const filled = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace(/\$\{([A-Z_]+)[^}]*\}/g, (_match, variable: string) => SECRETS[variable] ?? ''),
  ]);
  return Object.fromEntries(filled) as Record<string, string>;
}

test('contains the planes, the databases and the monitoring', () => {
  expect(services.map(([name]) => name).sort()).toEqual(
    [
      'bucket',
      'clair',
      'clair-database',
      'control-plane',
      'data-plane-1',
      'data-plane-2',
      'edge-1',
      'edge-2',
      'grafana',
      'mysql',
      'prometheus',
    ].sort(),
  );
});

test.each(planes)(
  '%s accepts its environment, and docs/configuration.md lists every variable in it',
  (_name, service) => {
    const env = environmentOf(service);
    expect(() => configurationOf(service.command!, env)).not.toThrow();
    const documented = documentedVariables();
    expect(Object.keys(env).filter((name) => !documented.has(name))).toEqual([]);
  },
);

test('every password, token and key must be given: none has a default', () => {
  const secrets = services.flatMap(([name, { environment = {} }]) =>
    Object.entries(environment)
      .filter(([variable]) => /PASSWORD|SECRET|TOKEN|_KEY$/.test(variable) && !/RANDOM/.test(variable))
      .map(([variable, value]) => ({ name: `${name} ${variable}`, value })),
  );
  expect(secrets.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'clair-database POSTGRES_PASSWORD',
      'grafana GF_SECURITY_ADMIN_PASSWORD',
      'clair PGPASSWORD',
    ]),
  );
  const given = new Set([...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+):\?[^}]+\}/g)].map(([, name]) => name));
  for (const { name, value } of secrets) {
    const variable = /^\$\{([A-Z_]+)(?::\?[^}]+)?\}$/.exec(value)?.[1];
    expect([name, variable !== undefined && given.has(variable)]).toEqual([name, true]);
  }
  expect(read('deploy/clair/config.yaml')).not.toMatch(/password/);
});

test.each(planes)('%s can only write to its home and has no capabilities', (_name, service) => {
  expect(service).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  });
  expect(service.healthcheck?.test.slice(0, 3)).toEqual(['CMD', 'node', 'bin/healthcheck.mjs']);
});

test.each(services)(
  '%s has a pinned version, and its volumes, networks, files and services exist',
  (_name, service) => {
    expect(service.image).toMatch(/:(\d+\.\d+|v\d+\.\d+|local$)/);
    for (const volume of service.volumes ?? []) {
      const source = volume.split(':')[0]!;
      if (source.startsWith('./')) expect([source, existsSync(`${packageRoot()}/${source}`)]).toEqual([source, true]);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const network of service.networks ?? []) expect(Object.keys(compose.networks)).toContain(network);
    const needed = service.depends_on ?? [];
    for (const other of Array.isArray(needed) ? needed : Object.keys(needed))
      expect(compose.services).toHaveProperty(other);
  },
);

describeWith(['docker-compose'], 'docker-compose', () => {
  test('docker compose accepts the file and names missing secrets', async () => {
    const file = `${packageRoot()}/docker-compose.yml`;
    const config = (env: Readonly<Record<string, string>>) =>
      runProgram('docker-compose', ['-f', file, 'config', '-q'], { env: { PATH: process.env.PATH!, ...env } });
    expect(await config(SECRETS)).toMatchObject({ code: 0 });
    const without = await config({});
    expect(without.code).not.toBe(0);
    expect(without.stderr).toMatch(/Missing mandatory value/);
  });
});
