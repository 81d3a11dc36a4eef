// Original file: proto/layover/v1/registry.proto


export interface RecordAnswersReply {
}

export interface RecordAnswersReply__Output {
}
