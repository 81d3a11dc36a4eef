// Original file: proto/layover/v1/catalog.proto


export interface ReportUseReply {
}

export interface ReportUseReply__Output {
}
