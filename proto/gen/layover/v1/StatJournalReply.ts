// Original file: proto/layover/v1/storage.proto

import type { Long } from '@grpc/proto-loader';

export interface StatJournalReply {
  'records'?: (number | string | Long);
  'failure'?: (string);
  'damagedFiles'?: (number);
  'damagedBytes'?: (number | string | Long);
  'lostRecords'?: (number | string | Long);
  'droppedRecords'?: (number | string | Long);
}

export interface StatJournalReply__Output {
  'records': (number);
  'failure': (string);
  'damagedFiles': (number);
  'damagedBytes': (number);
  'lostRecords': (number);
  'droppedRecords': (number);
}
