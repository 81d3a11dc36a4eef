export { type ClairCall, FakeClair, type SentLayer } from './fake-clair';
export type { ClairFault, ClairRoute } from './faults';
export type { FakeVulnerability } from './report';
