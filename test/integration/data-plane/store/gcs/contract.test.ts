import { describeBlobKeeping } from '../../../../contract/blob-keeping.contract';
import { describeBlobStore } from '../../../../contract/blob-store.contract';
import { gcsOnFake } from '../../../../support/data-plane/gcs-store';

describeBlobStore('the bucket store on the fake', () => gcsOnFake());
describeBlobKeeping('the bucket store on the fake', () => gcsOnFake());
