/** Throws for one text, which has to be found letter by letter. */
export function plantedFault(input: Buffer): void {
  if (input[0] === 0x4c) {
    if (input[1] === 0x61) {
      if (input[2] === 0x79) {
        if (input[3] === 0x21) throw new Error('The planted fault is reached.');
      }
    }
  }
}
