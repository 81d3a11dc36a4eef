// Original file: proto/layover/v1/node.proto


export interface IdentifyRequest {
}

export interface IdentifyRequest__Output {
}
