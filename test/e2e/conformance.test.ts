import { PASSED_CONFORMANCE, SKIPPED_CONFORMANCE } from '../support/compatibility/conformance';
import { CONFORMANCE_PROGRAM, type ConformanceRun, runConformance } from '../support/real/conformance';
import { type MethodSplit, startMethodSplit } from '../support/real/method-split';
import { describeWith } from '../support/real/programs';
import { type ReferrersRegistry, startReferrersApi } from '../support/real/referrers-api';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

/** What differs from the defaults of version 1.1. */
const SETTINGS = {
  // Required in the next version.
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  // Content that was deleted at the upstream may stay in the cache.
  OCI_API_BLOBS_DELETE: 'false',
  OCI_API_MANIFESTS_DELETE: 'false',
  OCI_API_TAGS_DELETE: 'false',
  // distribution 2.8 has no content with SHA-512.
  OCI_DATA_SHA512: 'false',
};

/** Pushes that fail because of the upstream, which answers them. */
const FAILING_PUSHES = [
  'invalid-digest-format/manifest-put',
  'sha256 blobs/chunked out-of-order and put chunk/blob-patch-chunked',
  'sha256 blobs/chunked out-of-order/blob-patch-chunked',
];

/**
 * The suite pushes content of its own. Its GET and HEAD requests go to Layover, and its pushes to
 * the upstream of Layover, so that it checks every pull as with a registry of its own.
 */
describeWith([...STAGE_PROGRAMS, CONFORMANCE_PROGRAM], 'the OCI conformance suite', () => {
  let stage: Stage;
  let upstream: ReferrersRegistry;
  let split: MethodSplit;
  let run: ConformanceRun;

  beforeAll(async () => {
    stage = await startStage();
    upstream = await startReferrersApi(stage.upstream.url);
    // Without an age of tags and lists, which change while the suite pushes.
    const choice = { upstream: `${upstream.host}/conformance`, revalidateAfterSeconds: 0 };
    await stage.createOrganization('conformance', choice);
    split = await startMethodSplit(stage.layover.url, upstream.url);
    run = await runConformance(split.host, SETTINGS);
  }, 120_000);

  afterAll(async () => {
    await split?.close();
    await upstream?.close();
    await stage?.stop();
  }, 60_000);

  const named = (...statuses: readonly string[]): readonly string[] =>
    run.results.filter(({ status }) => statuses.includes(status)).map(({ name }) => name);
  const lastPart = (name: string): string => name.split('/').at(-1)!;

  test('fails nowhere in the workflows pull and content discovery', () => {
    expect([...named('FAIL', 'Error')].sort()).toEqual(FAILING_PUSHES);
  });

  test('skips only what Layover does not do', () => {
    expect([...new Set(named('Skip', 'Disabled').map(lastPart))].sort()).toEqual(
      Object.keys(SKIPPED_CONFORMANCE).sort(),
    );
  });

  test('passes with every request of these workflows and every kind of content', () => {
    const counts: Record<string, number> = {};
    for (const name of named('Pass')) {
      if (!/\/push\/|\/blob-(post|patch|mount)/.test(name)) counts[lastPart(name)] = (counts[lastPart(name)] ?? 0) + 1;
    }
    expect(counts).toEqual(PASSED_CONFORMANCE);
  });
});
