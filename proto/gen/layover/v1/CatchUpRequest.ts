// Original file: proto/layover/v1/catalog.proto


export interface CatchUpRequest {
}

export interface CatchUpRequest__Output {
}
