import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { buildImage, type BuiltImage, patternBytes } from '../../support/fake-registry';
import { ORGANIZATION, type World } from '../world/world';
import { caseId } from './case-id';
import type { ChaosCase, RequestKind } from './chaos-case';

const SMALL_BYTES = 20_000;
/** Larger than what is withheld until a blob is proven, and than one message of gRPC. */
const LARGE_BYTES = 1_500_000;
const RANGE = { first: 400_000, last: 1_199_999 } as const;
const TAG = 'v1';

/** A request with the answer that is right. */
export interface Question {
  readonly method: 'GET' | 'HEAD';
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: 200 | 206;
  /** Returns true if these bytes are right. */
  readonly isRight: (body: Buffer) => boolean;
  /** Whether the answer is a pull that is recorded. */
  readonly isPull: boolean;
}

/** The content of one case, and the requests for it. Each case has content of its own. */
export interface Subject {
  readonly repository: string;
  readonly question: Question;
  /** Requests that are made before the fault. */
  readonly preparation: readonly Question[];
  /** Digests of all content. */
  readonly digests: readonly string[];
  /** Removes the content from the upstream, so that a long run does not need all of the memory. */
  forget(): void;
}

/** An image in the upstream of a world, and the right answers about it. */
export interface ImageContent {
  readonly repository: string;
  readonly questions: Readonly<Record<RequestKind, Question>>;
  /** Digests of the manifest and of all blobs. */
  readonly digests: readonly string[];
  /** Removes the layers from the upstream, so that a long run does not need all of the memory. */
  forget(): void;
}

/** Puts an image into the upstream of a world. Another `seed` gives other bytes. */
export function addImageContent(world: World, repository: string, seed: string): ImageContent {
  const { content } = world.upstream;
  const layers = [patternBytes(`${seed} small`, 0, SMALL_BYTES), patternBytes(`${seed} large`, 0, LARGE_BYTES)];
  const image = buildImage({ seed, layers });
  content.addImage(repository, TAG, image);
  return {
    repository,
    questions: questionsOf(repository, image),
    digests: [image.digest, image.config.digest, ...image.layers.map(({ digest }) => digest)],
    forget() {
      for (const { digest } of image.layers) content.deleteBlob(repository, digest);
    },
  };
}

/** Puts the content of a case into the upstream of a world. */
export function makeSubject(world: World, one: ChaosCase): Subject {
  const { name, request, temperature } = one;
  const { questions, ...content } = addImageContent(world, `case/${caseId(one)}`, name);
  const question = questions[request];
  const isBlob = request.startsWith('blob-');
  return {
    ...content,
    question,
    preparation: [
      ...(isBlob ? [questions['manifest-digest']] : []),
      ...(temperature === 'warm' ? [request === 'blob-range' ? questions['blob-large'] : question] : []),
      // A HEAD caches nothing.
      ...(temperature === 'warm' && request === 'manifest-head' ? [questions['manifest-tag']] : []),
    ],
  };
}

function questionsOf(repository: string, image: BuiltImage): Readonly<Record<RequestKind, Question>> {
  const base = `/v2/${ORGANIZATION}/${repository}`;
  const [small, large] = [image.layers[0]!, image.layers[1]!];
  const get = (path: string, right: Buffer): Question => ({
    method: 'GET',
    path,
    headers: {},
    status: 200,
    isRight: (body) => body.equals(right),
    isPull: false,
  });
  const manifest = (reference: string): Question => ({
    ...get(`${base}/manifests/${reference}`, image.manifest),
    headers: { Accept: MANIFEST_ACCEPT.join(', ') },
    isPull: true,
  });
  const scope = encodeURIComponent(`repository:${ORGANIZATION}/${repository}:pull`);
  return {
    'manifest-tag': manifest(TAG),
    'manifest-digest': manifest(image.digest),
    'manifest-head': { ...manifest(TAG), method: 'HEAD', isRight: (body) => body.length === 0 },
    'blob-small': get(`${base}/blobs/${small.digest}`, small.bytes),
    'blob-large': get(`${base}/blobs/${large.digest}`, large.bytes),
    'blob-range': {
      ...get(`${base}/blobs/${large.digest}`, large.bytes.subarray(RANGE.first, RANGE.last + 1)),
      headers: { Range: `bytes=${RANGE.first}-${RANGE.last}` },
      status: 206,
    },
    'tag-list': {
      ...get(`${base}/tags/list`, Buffer.alloc(0)),
      isRight: (body) => (JSON.parse(body.toString()) as { tags: unknown }).tags?.toString() === TAG,
    },
    token: {
      ...get(`/token?service=layover&scope=${scope}`, Buffer.alloc(0)),
      isRight: (body) => typeof (JSON.parse(body.toString()) as { token: unknown }).token === 'string',
    },
  };
}
