import { readdirSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../../common/runtime/package-root';
import { describeWith, findProgram } from '../../support/real/programs';
import { mustRun } from '../../support/real/run-program';
import { configurationOf, documentedVariables, read, SECRETS } from '../../support/deployments';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly configMapKeyRef?: { readonly name: string; readonly key: string };
      readonly secretKeyRef?: { readonly name: string; readonly key: string };
      readonly fieldRef?: object;
    };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly securityContext: object;
}

interface Labels {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly serviceName?: string;
    readonly selector?: Labels & Readonly<Record<string, unknown>>;
    readonly podSelector?: Labels;
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
    readonly ingress?: readonly { readonly ports?: readonly { readonly port: number }[] }[];
    readonly terminationGracePeriodSeconds?: number;
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly securityContext: object;
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly Container[];
      };
    };
  };
}

const FOLDER = 'deploy/kubernetes';
const files = readdirSync(`${packageRoot()}/${FOLDER}`).filter((name) => name.endsWith('.yaml'));
const manifests = files.filter((name) => name !== 'kustomization.yaml').map((name) => `${FOLDER}/${name}`);
const resources = manifests.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => document.toJS() as Resource),
);
const workloads = resources.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
const planes = workloads
  .flatMap(({ spec }) => spec.template.spec.containers.map((container) => ({ container, pod: spec.template })))
  .filter(({ container }) => container.image.startsWith('layover:'))
  .map((plane) => [plane.container.name, plane] as const);
const shared = resources.find(({ kind }) => kind === 'ConfigMap')!.data;
const { version } = JSON.parse(read('package.json')) as { readonly version: string };

function environmentOf({ env }: Container): Readonly<Record<string, string>> {
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      if (valueFrom?.configMapKeyRef !== undefined) return [name, shared[valueFrom.configMapKeyRef.key]!];
      if (valueFrom?.secretKeyRef !== undefined) return [name, SECRETS[valueFrom.secretKeyRef.key]!];
      return [name, value ?? 'layover-data-plane-0'];
    }),
  );
}

function podsWith(labels: Readonly<Record<string, unknown>>): readonly Resource[] {
  return workloads.filter(({ spec }) =>
    Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value),
  );
}

test('all three planes exist with the current version', () => {
  expect(planes.map(([name]) => name).sort()).toEqual(['control-plane', 'data-plane', 'edge']);
  for (const [, { container }] of planes) expect(container.image).toBe(`layover:${version}`);
});

test.each(planes)(
  '%s accepts its environment, and docs/configuration.md lists every variable in it',
  (_name, { container }) => {
    const env = environmentOf(container);
    expect(() => configurationOf(container.command, env)).not.toThrow();
    const documented = documentedVariables();
    expect(Object.keys(env).filter((name) => !documented.has(name))).toEqual([]);
  },
);

test.each(planes)(
  '%s meets the restricted pod security standard and only writes to its volumes',
  (_name, { container, pod }) => {
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  },
);

test.each(planes)(
  '%s has a probe on a port that exists and a grace period longer than its drain time',
  (name, { container, pod }) => {
    const ports = container.ports.map(({ name }) => name);
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    expect(container.livenessProbe.httpGet.path).toBe('/healthz');
    for (const probe of [container.readinessProbe, container.livenessProbe])
      expect(ports).toContain(probe.httpGet.port);
    const drain = name === 'edge' ? shared.LAYOVER_EDGE_DRAIN_SECONDS : shared.LAYOVER_DRAIN_SECONDS;
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(drain));
  },
);

test('selectors, ports and references between resources match', () => {
  for (const { kind, spec } of resources) {
    if (kind === 'Service') {
      const pods = podsWith(spec.selector!);
      expect(pods).toHaveLength(1);
      const ports = pods[0]!.spec.template.spec.containers.flatMap((container) =>
        container.ports.map(({ name }) => name),
      );
      for (const { targetPort } of spec.ports!) expect(ports).toContain(targetPort);
    }
    if (kind === 'StatefulSet')
      expect(resources.some((other) => other.kind === 'Service' && other.metadata.name === spec.serviceName)).toBe(
        true,
      );
    if (kind === 'HorizontalPodAutoscaler')
      expect(
        workloads.some(
          (one) => one.kind === spec.scaleTargetRef!.kind && one.metadata.name === spec.scaleTargetRef!.name,
        ),
      ).toBe(true);
    if (kind === 'PodDisruptionBudget') expect(podsWith(spec.selector!.matchLabels!)).toHaveLength(1);
  }
});

test('network policies allow all ports of the pods and no others', () => {
  const policies = resources.filter(
    ({ kind, spec }) => kind === 'NetworkPolicy' && Object.keys(spec.podSelector!).length > 0,
  );
  for (const { spec } of workloads) {
    const { labels } = spec.template.metadata;
    const open = policies
      .filter((policy) =>
        Object.entries(policy.spec.podSelector!.matchLabels!).every(([name, value]) => labels[name] === value),
      )
      .flatMap((policy) => policy.spec.ingress ?? [])
      .flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    const own = spec.template.spec.containers.flatMap(({ ports }) => ports.map(({ containerPort }) => containerPort));
    for (const port of own) expect(open).toContain(port);
  }
});

test('the kustomization lists all files', () => {
  const { resources: listed } = parseAllDocuments(read(`${FOLDER}/kustomization.yaml`))[0]!.toJS() as {
    readonly resources: readonly string[];
  };
  expect([...listed].sort()).toEqual(manifests.map((file) => file.slice(FOLDER.length + 1)).sort());
});

describeWith(['kubernetes-check'], 'the types of the Kubernetes API', () => {
  test('kubeconform accepts every manifest in strict mode', async () => {
    await mustRun(
      findProgram('kubernetes-check')!,
      manifests.map((file) => `${packageRoot()}/${file}`),
      { env: {} },
    );
  });
});

test('servers listen on IPv6 and IPv4, and policies that allow the internet allow both', () => {
  for (const file of [...manifests, 'docker-compose.yml']) {
    const addresses = [...read(file).matchAll(/_LISTEN(?:: |, value: )'?([^'\s]+)/g)].map(([, address]) => address!);
    expect(addresses.filter((address) => !address.startsWith('[::]:'))).toEqual([]);
    const text = read(file);
    expect(text.includes("'::/0'")).toBe(text.includes('cidr: 0.0.0.0/0'));
  }
});
