import { FairQueue } from '../../../../../common/async/fair-queue';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { type Digest, digestOf, hexOf } from '../../../../../common/oci/digest';
import { MediaType } from '../../../../../common/oci/media-types';
import { fetchArtifacts } from '../../../../../data-plane/src/manifests/fetch-artifacts';
import { ArtifactCompletion } from '../../../../../data-plane/src/manifests/images/artifacts';
import { Completion } from '../../../../../data-plane/src/manifests/images/completion';
import { ReferrersList } from '../../../../../data-plane/src/manifests/list-referrers';
import { ManifestKeeper } from '../../../../../data-plane/src/manifests/manifest-keeper';
import { PageTokens } from '../../../../../data-plane/src/manifests/page-tokens';
import { DigestResolver } from '../../../../../data-plane/src/manifests/resolve-digest';
import { TagManifestResolver } from '../../../../../data-plane/src/manifests/resolve-tag';
import { TagChecker } from '../../../../../data-plane/src/manifests/tag-checker';
import { TagHints } from '../../../../../data-plane/src/manifests/tag-hints';
import { organization, type OrganizationSpec, snapshotOf } from '../../../../support/data-plane/fakes/organizations';
import { pullRig, silentLogger } from '../../../../support/data-plane/fakes/pull-rig';
import { imageNamed, indexOf } from '../../../../support/data-plane/fakes/sample-manifests';
import { TestClock } from '../../../../support/test-clock';

const DELAY_MS = 600_000;
const DAY_MS = 86_400_000;
const subject = (name: string): Digest => digestOf(Buffer.from(name));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function targetFor(repository: string, spec: Partial<OrganizationSpec> = {}) {
  const { access } = pullRig({ name: 'acme', ...spec });
  return access.authorize(access.locate({ kind: 'organization', name: 'acme' }, repository), '');
}

describe('ArtifactCompletion', () => {
  /** `has` decides whether a repository has artifacts; it may throw. */
  async function rig(has: (repository: string) => boolean, spec: Partial<OrganizationSpec> = { completeImages: true }) {
    const clock = new TestClock();
    const asked: string[] = [];
    const completion = new ArtifactCompletion(
      async (target, digest) => {
        asked.push(`${target.key.repository}@${digest}`);
        return has(target.key.repository);
      },
      DELAY_MS,
      clock,
      silentLogger,
    );
    const pull = async (repository: string, name: string): Promise<void> => {
      completion.consider(await targetFor(repository, spec), subject(name));
      clock.advance(DELAY_MS);
      await settle();
    };
    return { clock, asked, completion, pull };
  }

  test('fetches the artifacts of a manifest once, after a delay', async () => {
    const { clock, asked, completion } = await rig(() => true);
    const target = await targetFor('team/app', { completeImages: true });
    completion.consider(target, subject('a'));
    completion.consider(target, subject('a'));
    clock.advance(DELAY_MS - 1);
    await settle();
    expect(asked).toEqual([]);
    clock.advance(1);
    await settle();
    expect(asked).toEqual([`team/app@${subject('a')}`]);
  });

  test('fetches nothing if the organization does not complete its images, or after it was stopped', async () => {
    const off = await rig(() => true, { completeImages: false });
    await off.pull('team/app', 'a');
    const stopped = await rig(() => true);
    stopped.completion.stop();
    await stopped.pull('team/app', 'a');
    expect([...off.asked, ...stopped.asked]).toEqual([]);
  });

  test('leaves a repository without artifacts alone for a day', async () => {
    const { clock, asked, pull } = await rig((repository) => repository === 'team/signed');
    for (const name of ['a', 'b', 'c', 'd']) {
      await pull('team/signed', name);
      await pull('team/plain', name);
    }
    expect(asked.filter((one) => one.startsWith('team/signed'))).toHaveLength(4);
    expect(asked.filter((one) => one.startsWith('team/plain'))).toHaveLength(2);
    clock.advance(DAY_MS);
    await pull('team/plain', 'e');
    expect(asked.at(-1)).toBe(`team/plain@${subject('e')}`);
  });

  test('leaves an upstream without artifacts alone after ten manifests', async () => {
    const { asked, pull } = await rig(() => false);
    for (let number = 0; number < 15; number++) await pull(`team/app${number}`, 'a');
    expect(asked).toHaveLength(10);
  });

  test('counts refusals like missing artifacts, but not outages', async () => {
    for (const [key, count] of [
      ['UPSTREAM_DENIED', 2],
      ['UPSTREAM_REFUSED_REQUEST', 2],
      ['UPSTREAM_TIMEOUT', 5],
    ] as const) {
      const { asked, pull } = await rig(() => {
        throw new LayoverError(key);
      });
      for (const name of ['a', 'b', 'c', 'd', 'e']) await pull('team/app', name);
      expect([key, asked.length]).toEqual([key, count]);
    }
  });

  test('follows every manifest that was just fetched', async () => {
    const { clock, asked, completion } = await rig(() => true);
    const considered: string[] = [];
    const both = completion.following({ consider: (_target, { digest }) => void considered.push(digest) });
    const target = await targetFor('team/app', { completeImages: true });
    const [image, index] = [imageNamed('first'), indexOf(imageNamed('first'))];
    for (const { digest, mediaType, content } of [image, index])
      both.consider(target, { digest, mediaType, size: content.length }, content, digest === index.digest);
    clock.advance(DELAY_MS);
    await settle();
    expect(considered).toEqual([image.digest, index.digest]);
    expect(asked).toEqual([`team/app@${index.digest}`]);
  });

  test('does not look for artifacts of artifacts', async () => {
    const { clock, asked, completion } = await rig(() => true);
    const both = completion.following({ consider: () => undefined });
    const target = await targetFor('team/app', { completeImages: true });
    for (const document of [
      { subject: { digest: subject('a') }, layers: [] },
      { layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' }] },
      { layers: [{ mediaType: 'text/spdx+json' }] },
    ]) {
      const content = Buffer.from(JSON.stringify(document));
      both.consider(target, { digest: digestOf(content), mediaType: 'x', size: 1 }, content, true);
    }
    clock.advance(DELAY_MS);
    await settle();
    expect(asked).toEqual([]);
  });
});

describe('fetchArtifacts', () => {
  const NAME = 'team/app';
  const image = imageNamed('first');
  const tagFor = (suffix: string): string => `sha256-${hexOf(image.digest)}${suffix}`;

  async function rig() {
    const parts = pullRig({ name: 'acme', completeImages: true });
    const { access, knowledge, contents, clock, upstream } = parts;
    const keeper = new ManifestKeeper(upstream, contents, knowledge, clock);
    const checker = new TagChecker(upstream, clock);
    const hints = new TagHints(clock);
    const completed: string[] = [];
    const limits = { maxWaiting: 100, concurrency: 2, delayMs: 0 };
    const all = {
      access,
      referrers: new ReferrersList({
        ...parts,
        pageTokens: new PageTokens(parts.configuration),
        turns: new FairQueue(1),
      }),
      tags: new TagManifestResolver({ knowledge, contents, keeper, checker, hints, clock }),
      digests: new DigestResolver({ knowledge, contents, keeper, hints, upstream }),
      completion: new Completion(
        async (_target, { digest }) => void completed.push(digest),
        limits,
        clock,
        silentLogger,
      ),
      knowledge,
    };
    const target = await access.authorize(access.locate({ kind: 'organization', name: 'acme' }, NAME), '');
    return { ...parts, target, completed, fetch: () => fetchArtifacts(all, target, image.digest) };
  }

  test.each<[string, Partial<OrganizationSpec>, 'resolves' | 'rejects']>([
    ['was switched off', { enabled: false }, 'rejects'],
    ['denies the repository', { denyRepositories: ['team/*'] }, 'rejects'],
    ['does not complete images any more', { completeImages: false }, 'resolves'],
  ])('asks for nothing more once the organization %s', async (_name, change, how) => {
    const { configuration, upstream, fetch } = await rig();
    const { referrers } = upstream;
    Object.defineProperty(upstream, 'referrers', {
      get: () => {
        configuration.snapshot = snapshotOf([organization({ name: 'acme', completeImages: true, ...change })]);
        return referrers;
      },
    });
    const outcome = await fetch().then(
      () => 'resolves',
      () => 'rejects',
    );
    expect([outcome, upstream.take()]).toEqual([how, [`REFERRERS ${NAME}@${image.digest}`]]);
  });

  test('asks for four things if there is nothing', async () => {
    const { upstream, fetch } = await rig();
    expect(await fetch()).toBe(false);
    expect(upstream.take()).toEqual([
      `REFERRERS ${NAME}@${image.digest}`,
      ...['.sig', '.att', '.sbom'].map((suffix) => `GET ${NAME}:${tagFor(suffix)}`),
    ]);
  });

  test('keeps the list of referrers, their manifests, and those under the tags, with their blobs', async () => {
    const { upstream, knowledge, clock, target, completed, fetch } = await rig();
    const [attached, signature] = [imageNamed('attached'), imageNamed('signature')];
    upstream.put(NAME, attached);
    upstream.put(NAME, signature, tagFor('.sig'));
    const entry = { mediaType: attached.mediaType, digest: attached.digest, size: attached.content.length };
    const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [entry, null, { digest: 'x' }] };
    upstream.referrers = { content: Buffer.from(JSON.stringify(index)), filtered: false, nextQuery: undefined };
    expect(await fetch()).toBe(true);
    clock.advance(0);
    await settle();
    expect(knowledge.referrers(target.key, image.digest, '')?.content).toEqual(upstream.referrers.content);
    expect(await knowledge.manifest(target.key, attached.digest)).toBeDefined();
    expect((await knowledge.tag(target.key, tagFor('.sig')))?.manifest.digest).toBe(signature.digest);
    expect(completed.length).toBeGreaterThan(0);
    upstream.take();
    expect(await fetch()).toBe(true);
    // Missing tags are remembered for some seconds.
    expect(upstream.take()).toEqual([`REFERRERS ${NAME}@${image.digest}`]);
  });

  test('asks nobody if the upstream of the organization has changed since the pull', async () => {
    const { configuration, upstream, fetch } = await rig();
    configuration.snapshot = snapshotOf([organization({ name: 'acme', originVersion: 'other' })]);
    expect(await fetch()).toBe(false);
    expect(upstream.take()).toEqual([]);
  });

  test('throws an outage, which says nothing about artifacts', async () => {
    const { upstream, fetch } = await rig();
    upstream.behaviour.fail = {
      when: /sbom/,
      error: () => new LayoverError('UPSTREAM_FAILED', { upstreamStatus: 503 }),
    };
    await expect(fetch()).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  });
});
