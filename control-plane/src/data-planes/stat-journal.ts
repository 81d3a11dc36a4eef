import type { Clock } from '../../../common/runtime/clock';
import type { StatJournalReply__Output } from '../../../proto/gen/layover/v1/StatJournalReply';
import { callDataPlane, type DataPlaneClient } from './data-plane-clients';

/** Deadline of the call, in milliseconds. */
const CALL_MS = 30_000;

/** The state of the journal of a data plane; see storage.proto. */
export type JournalState = StatJournalReply__Output;

/**
 * Asks a data plane for the state of its journal. Rejects with the gRPC error; UNIMPLEMENTED is the
 * answer of an earlier version.
 */
export function statJournal(plane: DataPlaneClient, clock: Clock): Promise<JournalState> {
  return callDataPlane(plane, clock, (done) => plane.client.statJournal({}, { deadline: Date.now() + CALL_MS }, done));
}
