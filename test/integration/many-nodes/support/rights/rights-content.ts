import { buildImage, type BuiltImage, patternBytes, type RegistryContent } from '../../../../support/fake-registry';
import { IMAGES, REPOSITORIES, TAGS } from './rights-actions';

/** Images of each repository, below a namespace of one history. Their bytes are its own. */
export class RightsContent {
  /** The images by repository. */
  readonly images: readonly (readonly BuiltImage[])[];
  /** The images to which the tags point, by repository and tag. */
  private readonly tags = new Map<string, BuiltImage>();

  constructor(
    private readonly content: RegistryContent,
    readonly namespace: string,
  ) {
    const layer = (name: string, size: number): Buffer => patternBytes(`${namespace} ${name}`, 0, size);
    // The organizations share a layer, and one layer is long enough to be proven by samples.
    const shared = layer('shared', 20_000);
    this.images = REPOSITORIES.map((repository) =>
      Array.from({ length: IMAGES }, (_, index) =>
        buildImage({
          seed: `${namespace} ${repository} ${index}`,
          layers: [layer(`${repository} ${index}`, index === 0 ? 120_000 : 8_000), shared],
        }),
      ),
    );
    for (const [repository, name] of REPOSITORIES.entries()) {
      for (const image of this.images[repository]!) content.addImage(`${namespace}/${name}`, undefined, image);
      for (const tag of TAGS.keys()) this.push(repository, tag, 0);
    }
  }

  push(repository: number, tag: number, image: number): void {
    const built = this.images[repository]![image]!;
    this.content.setTag(`${this.namespace}/${REPOSITORIES[repository]!}`, TAGS[tag]!, built.digest);
    this.tags.set(`${repository} ${tag}`, built);
  }

  /** Returns the image to which the tag points at the upstream. */
  current(repository: number, tag: number): BuiltImage {
    return this.tags.get(`${repository} ${tag}`)!;
  }
}
