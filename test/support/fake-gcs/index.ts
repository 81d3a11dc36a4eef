export { type FakeGcs, startFakeGcs } from './fake-gcs';
export type { ActiveFault, Fault } from './faults';
export type { LoggedRequest, RequestKind } from './request-log';
