/**
 * A fake upstream registry for all suites: `startFakeRegistry()`, then `content.addImage(...)`,
 * `quirk(...)`, `requests`. It serves the read side of the OCI distribution API and the token
 * endpoint over real sockets.
 */
export { type AuthOptions, FakeAuth, type FakeUser } from './auth';
export { makeCertificates, type TestCertificates } from './certificates';
export { answer, answerError, type Exchange, type Route } from './exchange';
export { type BlobSource, RegistryContent, type StoredManifest } from './content';
export { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from './fake-registry';
export { createGate, type Gate } from './gate';
export {
  buildImage,
  buildIndex,
  buildManifestOfSize,
  type BuiltBlob,
  type BuiltImage,
  type BuiltIndex,
  type ImageSpec,
  type Platform,
} from './images';
export { patternBytes } from './pattern';
export type { ActiveQuirk, CannedResponse, Misbehaviour, Quirk } from './quirks';
export { serveBlob, serveManifest, serveReferrers } from './handlers';
export { type LoggedRequest, RequestLog } from './request-log';
export { REPOSITORY_PATH } from './respond';
