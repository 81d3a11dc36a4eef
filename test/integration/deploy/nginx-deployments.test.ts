import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import { readEdgeConfig } from '../../../edge-http/src/config';
import { packageRoot } from '../../../common/runtime/package-root';
import { configurationOf, documentedVariables, read, SECRETS } from '../../support/deployments';
import { fillTemplate } from '../../support/real/nginx';
import { describeWith, findProgram } from '../../support/real/programs';
import { mustRun, runProgram } from '../../support/real/run-program';
import { temporaryFolder } from '../../support/real/temporary-folder';

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly key: string } };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly ingress?: readonly { readonly from?: object; readonly ports: readonly { readonly port: number }[] }[];
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly Container[] };
    };
  };
}

const SECRET = 's'.repeat(40);
const FOLDER = 'deploy/nginx';
const template = read(`${FOLDER}/nginx.conf.template`);
const compose = parse(read(`${FOLDER}/docker-compose.yml`)) as { readonly services: Readonly<Record<string, Service>> };
const pod = (parse(read(`${FOLDER}/kubernetes/pod.yaml`)) as Resource).spec.template.spec;
const given = { LAYOVER_EDGE_OFFLOAD_SECRET: SECRET, TLS_FOLDER: '/srv/tls' };

/** Returns the environment of a service with values in place of the variables of Compose. */
function composed({ environment }: Service): Record<string, string> {
  const filled = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace(/\$\{([A-Z_]+)[^}]*\}/g, (_match, variable: string) => given[variable as keyof typeof given]),
  ]);
  return Object.fromEntries(filled) as Record<string, string>;
}
function environmentOf({ env }: Container): Record<string, string> {
  const secrets: Readonly<Record<string, string>> = { ...SECRETS, ...given, LAYOVER_PUBLIC_URL: 'https://h.example' };
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [name, value ?? secrets[valueFrom?.secretKeyRef?.key ?? name] ?? '30']),
  );
}
const container = (name: string): Container => pod.containers.find((one) => one.name === name)!;

test.each([
  ['Docker Compose', composed(compose.services['nginx']!)],
  ['Kubernetes', environmentOf(container('nginx'))],
])('nginx in %s gets a value for every variable of the template', (_name, env) => {
  expect(fillTemplate(template, env)).toContain(SECRET);
});

test('the planes in Docker Compose accept their environment', () => {
  const env = { LAYOVER_HOME: '/var/lib/layover', ...composed(compose.services['layover']!) };
  expect(readEdgeConfig(env).offload).toEqual({
    secret: SECRET,
    folders: [
      { name: 'blobs', folder: '/var/lib/layover/blobs' },
      { name: 'copies', folder: '/var/lib/layover/copies' },
    ],
  });
  for (const readConfig of [readControlPlaneConfig, readDataPlaneConfig]) expect(() => readConfig(env)).not.toThrow();
  const documented = documentedVariables();
  expect(Object.keys(compose.services['layover']!.environment).filter((name) => !documented.has(name))).toEqual([]);
});

test('the edge in Kubernetes accepts its environment and asks the data plane of its pod', () => {
  const edge = container('edge');
  const env = environmentOf(edge);
  expect(configurationOf(edge.command!, env)).toMatchObject({
    offload: { secret: SECRET },
    localDelivery: 'on',
    dataPlanes: [{ kind: 'tcp', host: '127.0.0.1', port: 8083 }],
  });
  const documented = documentedVariables();
  expect(Object.keys(env).filter((name) => !documented.has(name))).toEqual([]);
});

test('nginx and the edge see the files at the same path, and cannot write to them', () => {
  expect(compose.services['nginx']!.volumes).toContain('home:/var/lib/layover:ro');
  for (const name of ['nginx', 'edge'])
    expect(container(name).volumeMounts).toContainEqual({
      name: 'home',
      mountPath: '/var/lib/layover',
      readOnly: true,
    });
});

test('nginx runs as the user of the files, without rights', () => {
  expect(compose.services['nginx']).toMatchObject({
    user: '10001:10001',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  });
  for (const { securityContext } of pod.containers)
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
});

test('clients reach nginx only', () => {
  expect(compose.services['nginx']!.ports).toEqual(['443:8443']);
  expect(compose.services['layover']!.ports).toEqual(['127.0.0.1:8081:8081']);
});

test('nginx has the same pinned version everywhere', () => {
  const images = [compose.services['nginx']!.image, container('nginx').image];
  expect(new Set(images).size).toBe(1);
  expect(images[0]).toMatch(/^nginx:\d+\.\d+\.\d+-alpine$/);
});

describeWith(['docker-compose'], 'docker-compose with nginx', () => {
  test('accepts the file and names missing secrets', async () => {
    const config = (env: Readonly<Record<string, string>>) =>
      runProgram('docker-compose', ['-f', join(packageRoot(), FOLDER, 'docker-compose.yml'), 'config', '-q'], {
        env: { PATH: process.env.PATH!, ...env },
      });
    expect(await config(given)).toMatchObject({ code: 0 });
    const without = await config({});
    expect(without.code).not.toBe(0);
    expect(without.stderr).toMatch(/Missing mandatory value/);
  });
});

describeWith(['kustomize', 'kubernetes-check'], 'kustomize with nginx', () => {
  test('puts an edge and nginx beside each data plane, with valid types and matching ports', async () => {
    const { stdout } = await mustRun(findProgram('kustomize')!, ['build', join(packageRoot(), FOLDER)], {
      env: { PATH: process.env.PATH, HOME: packageRoot() },
    });
    const folder = await temporaryFolder('kustomize');
    try {
      await writeFile(join(folder.path, 'all.yaml'), stdout);
      await mustRun(findProgram('kubernetes-check')!, [join(folder.path, 'all.yaml')], { env: {} });
    } finally {
      await folder.remove();
    }
    const resources = parseAllDocuments(stdout.toString()).map((document) => document.toJS() as Resource);
    const named = (kind: string, name: string): Resource | undefined =>
      resources.find((one) => one.kind === kind && one.metadata.name === name);
    for (const kind of ['Deployment', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'])
      expect([kind, named(kind, 'layover-edge')]).toEqual([kind, undefined]);
    const pods = named('StatefulSet', 'layover-data-plane')!.spec.template;
    expect(pods.spec.containers.map(({ name }) => name).sort()).toEqual(['data-plane', 'edge', 'nginx']);
    const service = named('Service', 'layover')!.spec;
    expect(pods.metadata.labels).toMatchObject(service.selector!);
    expect(service.ports!.map(({ targetPort }) => targetPort)).toEqual(['https']);
    const https = pods.spec.containers
      .flatMap(({ ports }) => ports)
      .find(({ name }) => name === 'https')!.containerPort;
    const open = named('NetworkPolicy', 'data-plane')!.spec.ingress!.find(({ from }) => from === undefined);
    expect(open?.ports.map(({ port }) => port)).toEqual([https]);
  });
});
