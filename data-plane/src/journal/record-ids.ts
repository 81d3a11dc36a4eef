import { v7 } from 'uuid';
import type { Clock } from '../../../common/runtime/clock';

/** The id and time that the journal gives to a record. */
export interface RecordStamp {
  /**
   * UUID version 7 (RFC 9562, section 5.7). Later ids sort after earlier ones, also within a
   * millisecond and if the clock goes back.
   */
  readonly id: string;
  /** Time of the clock, in milliseconds since the epoch. */
  readonly at: number;
}

/** Creates the stamps for the records of one journal. */
export function createRecordStamps(clock: Clock): () => RecordStamp {
  let latest = 0;
  let sequence = 0;
  return () => {
    const at = clock.now();
    if (at > latest) {
      latest = at;
      sequence = 0;
    } else {
      sequence += 1;
    }
    return { id: v7({ msecs: latest, seq: sequence }), at };
  };
}
