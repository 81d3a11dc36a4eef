// Original file: proto/layover/v1/registry.proto


export interface CheckAccessReply {
}

export interface CheckAccessReply__Output {
}
