// Original file: proto/layover/v1/node.proto


export interface KeepReferrersReply {
}

export interface KeepReferrersReply__Output {
}
