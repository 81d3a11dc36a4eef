import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../../common/runtime/package-root';
import { read } from '../../support/deployments';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly steps?: readonly Step[];
  readonly 'timeout-minutes'?: number;
}
interface Workflow {
  readonly on: object;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}
interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly value?: string; readonly options?: readonly string[] };
  }[];
}
interface Updates {
  readonly version: number;
  readonly updates: readonly {
    readonly 'package-ecosystem': string;
    readonly directory?: string;
    readonly directories?: readonly string[];
    readonly schedule: { readonly interval: string };
  }[];
}

const root = packageRoot();
const workflowFiles = readdirSync(join(root, '.github/workflows'));
const forms = readdirSync(join(root, '.github/ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml');
const workflow = (file: string): Workflow => parse(read(`.github/workflows/${file}`)) as Workflow;
const stepsOf = (file: string): readonly Step[] =>
  Object.values(workflow(file).jobs).flatMap(({ steps = [] }) => steps);

test.each(workflowFiles)('%s has limited permissions, time limits and pinned actions', (file) => {
  const { permissions, jobs } = workflow(file);
  expect(permissions).toEqual({ contents: 'read' });
  for (const [name, job] of Object.entries(jobs)) {
    if (job.uses === undefined) expect([name, job['timeout-minutes']]).toEqual([name, expect.any(Number)]);
    else expect(existsSync(join(root, job.uses))).toBe(true);
    for (const needed of [job.needs ?? []].flat()) expect(Object.keys(jobs)).toContain(needed);
  }
  for (const { uses } of stepsOf(file)) if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@v\d+(\.\d+)*$/);
});

test.each(workflowFiles)('the commands of %s run scripts that exist', (file) => {
  const scripts = stepsOf(file).flatMap(({ run = '' }) => [...run.matchAll(/(?:^|\s)((?:\.ci|bin)\/[\w.-]+)/g)]);
  expect(scripts.length).toBeGreaterThan(0);
  for (const [, script] of scripts) expect([script, existsSync(join(root, script!))]).toEqual([script, true]);
});

test('CI runs .ci/run, which is executable', () => {
  expect(stepsOf('ci.yml').map(({ run }) => run)).toContain('.ci/run');
  expect(() => accessSync(join(root, '.ci/run'), constants.X_OK)).not.toThrow();
});

test('a release is tested first and has an image with SBOM, an archive and checksums', () => {
  const text = read('.github/workflows/release.yml');
  const { jobs } = workflow('release.yml');
  expect(jobs['test']?.uses).toBe('./.github/workflows/ci.yml');
  expect(Object.keys(workflow('ci.yml').on)).toContain('workflow_call');
  expect([jobs['image']?.needs, jobs['archive']?.needs]).toEqual(['test', 'image']);
  for (const part of [
    'sbom: true',
    'provenance: mode=max',
    'LAYOVER_COMMIT=${{ github.sha }}',
    'npm sbom',
    'sha256sum',
  ])
    expect(text).toContain(part);
});

test.each(forms)('the issue form %s has labelled fields with distinct ids', (file) => {
  const { name, description, body } = parse(read(`.github/ISSUE_TEMPLATE/${file}`)) as Form;
  expect([name, description]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
  const ids = body.map(({ id }) => id).filter((id) => id !== undefined);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { type, attributes } of body) {
    expect(['markdown', 'input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
    expect(type === 'markdown' ? attributes.value : attributes.label).toMatch(/./);
    if (type === 'dropdown') expect(attributes.options!.length).toBeGreaterThan(1);
  }
});

test('Dependabot checks every place where this repository names a version', () => {
  const { version, updates } = parse(read('.github/dependabot.yml')) as Updates;
  expect(version).toBe(2);
  const manifests: Readonly<Record<string, string>> = {
    npm: 'package.json',
    'github-actions': '.github/workflows/ci.yml',
    docker: 'Dockerfile',
    'docker-compose': 'docker-compose.yml',
    gomod: 'go.mod',
  };
  expect(updates.map((one) => one['package-ecosystem']).sort()).toEqual(Object.keys(manifests).sort());
  for (const { 'package-ecosystem': ecosystem, directory, directories = [directory!], schedule } of updates) {
    for (const one of directories) expect(existsSync(join(root, one, manifests[ecosystem]!))).toBe(true);
    expect(['daily', 'weekly', 'monthly']).toContain(schedule.interval);
  }
});
