// Original file: proto/layover/v1/storage.proto


export interface StatJournalRequest {
}

export interface StatJournalRequest__Output {
}
