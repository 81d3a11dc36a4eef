// Original file: proto/layover/v1/node.proto


export interface FillBlobReply {
}

export interface FillBlobReply__Output {
}
