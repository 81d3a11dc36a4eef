/** Places for the files and connections from which blobs are read faster than over gRPC. */
export interface DeliveryPlaces {
  /**
   * Takes a place for a local file, or for a connection of the byte channel. Returns how to give it
   * back, which is idempotent; undefined = there is none.
   */
  tryTake(): (() => void) | undefined;
}
