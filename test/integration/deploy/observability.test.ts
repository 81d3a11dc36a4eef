import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { packageRoot } from '../../../common/runtime/package-root';
import { buildImage, startFakeRegistry } from '../../support/fake-registry';
import { send } from '../../support/real/http-client';
import { startLayoverInProcess } from '../../support/real/layover-in-process';
import { describeWith, findProgram } from '../../support/real/programs';
import { runProgram } from '../../support/real/run-program';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { metricsUrls, scrapeText } from '../observe/support/scrape';
import { read } from '../../support/deployments';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string; readonly runbook: string };
}
interface Panel {
  readonly title: string;
  readonly type: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Scraped {
  readonly job_name: string;
  readonly static_configs: readonly { readonly targets: readonly string[] }[];
}

const alerts = parse(read('deploy/prometheus/alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('deploy/grafana/layover.json')) as { readonly panels: readonly Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const provisioning = 'deploy/grafana/provisioning';

/**
 * Returns the names of the Layover and process series that an expression reads: the words before a
 * selector or a range.
 */
function seriesIn(expression: string): string[] {
  return [...expression.matchAll(/\b((?:layover|process|nodejs)_[a-z0-9_]+)\b/g)].map(([, name]) => name!);
}

/** Returns the anchors of headings, as GitHub creates them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text!);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replace(/ /g, '-'),
    ),
  );
}

test('a running plane exports every series of the dashboard and the alerts', async () => {
  const upstream = await startFakeRegistry();
  const layover = await startLayoverInProcess({
    env: { LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:0', LAYOVER_EDGE_METRICS_LISTEN: '127.0.0.1:0' },
  });
  const exported = new Set<string>();
  try {
    await layover.graphql.createOrganization('acme', { upstream: upstream.host });
    upstream.content.addImage('app', 'latest', buildImage({ seed: 'exported' }));
    expect((await send({ url: `${layover.url}/v2/acme/app/manifests/latest` })).status).toBe(200);
    for (const url of Object.values(metricsUrls(layover)))
      for (const [, name, type] of (await scrapeText(url)).matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        exported.add(name!);
        if (type === 'histogram') for (const part of ['bucket', 'count', 'sum']) exported.add(`${name}_${part}`);
      }
  } finally {
    await layover.stop();
    await upstream.close();
  }
  const used = [...panels.flatMap(({ targets = [] }) => targets), ...rules].flatMap(({ expr }) => seriesIn(expr));
  expect(new Set(used).size).toBeGreaterThan(30);
  expect([...new Set(used)].filter((name) => !exported.has(name))).toEqual([]);
});

test.each(rules.map((rule) => [rule.alert, rule] as const))(
  '%s describes the problem, the remedy and a link to the documentation',
  (_name, { labels, annotations }) => {
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(20);
    expect(annotations.action.length).toBeGreaterThan(20);
    const [path, anchor] = annotations.runbook.split('#');
    expect(anchorsOf(path!)).toContain(anchor);
  },
);

test('every panel of the dashboard uses the provisioned data source', () => {
  const [file] = readdirSync(`${packageRoot()}/${provisioning}/datasources`);
  const { datasources } = parse(read(`${provisioning}/datasources/${file}`)) as {
    readonly datasources: readonly { readonly uid: string; readonly url: string }[];
  };
  expect(datasources.map(({ uid, url }) => [uid, url])).toEqual([['prometheus', 'http://prometheus:9090']]);
  for (const panel of panels) {
    expect([panel.title, panel.datasource?.uid]).toEqual([panel.title, 'prometheus']);
    expect([panel.title, panel.targets?.length ?? 0]).not.toEqual([panel.title, 0]);
  }
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});

test('Compose mounts the dashboard where it is provisioned', () => {
  const [file] = readdirSync(`${packageRoot()}/${provisioning}/dashboards`);
  const { providers } = parse(read(`${provisioning}/dashboards/${file}`)) as {
    readonly providers: readonly { readonly options: { readonly path: string } }[];
  };
  const compose = parse(read('docker-compose.yml'), { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly volumes?: readonly string[] }>>;
  };
  expect(compose.services['grafana']?.volumes).toContain(
    `./deploy/grafana/layover.json:${providers[0]!.options.path}/layover.json:ro`,
  );
});

test('Prometheus scrapes every plane of docker-compose.yml on its metrics port', () => {
  const { scrape_configs: jobs } = parse(read('deploy/prometheus/prometheus.yml')) as {
    readonly scrape_configs: readonly Scraped[];
  };
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    readonly services: Readonly<
      Record<string, { readonly image: string; readonly environment?: Record<string, string> }>
    >;
  };
  const given = Object.entries(services)
    .filter(([, { image }]) => image.startsWith('layover:'))
    .map(([name, { environment = {} }]) => {
      const listen =
        environment['LAYOVER_DATA_HTTP_LISTEN'] ??
        environment['LAYOVER_EDGE_METRICS_LISTEN'] ??
        environment['LAYOVER_CONTROL_LISTEN'];
      return `${name}:${listen?.split(':').at(-1)}`;
    });
  const targets = jobs.flatMap(({ static_configs: configs }) => configs.flatMap((config) => config.targets));
  expect(targets.sort()).toEqual(given.sort());
});

describeWith(['promtool'], 'promtool', () => {
  const promtool = findProgram('promtool')!;
  const folder = `${packageRoot()}/deploy/prometheus`;

  test('promtool accepts the configuration and the rules', async () => {
    const outcome = await runProgram(promtool, ['check', 'config', `${folder}/prometheus.yml`], { env: {} });
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.stdout.toString()).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test('promtool finds that alerts fire when they should and not before', async () => {
    const cases = `${packageRoot()}/test/unit/deploy/alerts.promtool.yml`;
    const { code, stdout, stderr } = await runProgram(promtool, ['test', 'rules', cases], { env: {} });
    expect(`${stdout.toString()}${stderr}`).toMatch(/SUCCESS/);
    expect(code).toBe(0);
  });

  test('promtool accepts the queries of the dashboard', async () => {
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const recorded = queries.map((expr, i) => ({
      record: `query:${i}`,
      expr: expr.replaceAll('$__rate_interval', '1m'),
    }));
    const temporary = await temporaryFolder('queries');
    try {
      const file = join(temporary.path, 'queries.yml');
      await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
      const outcome = await runProgram(promtool, ['check', 'rules', file], { env: {} });
      expect([outcome.code, outcome.stderr]).toEqual([0, '']);
      expect(outcome.stdout.toString()).toContain(`SUCCESS: ${queries.length} rules found`);
    } finally {
      await temporary.remove();
    }
  });
});
