// Original file: proto/layover/v1/catalog.proto


export interface RecordPullsReply {
  'recorded'?: (number);
}

export interface RecordPullsReply__Output {
  'recorded': (number);
}
