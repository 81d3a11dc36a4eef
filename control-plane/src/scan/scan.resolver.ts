import { Arg, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import { notImplemented } from '../errors/api-error';
import { DigestScalar } from '../graphql/scalars/digest.scalar';
import { ScanType, VulnerabilityConnection } from './scan.type';
import { Severity } from './severity';

/** Scans in GraphQL: the place for them. No manifest has one yet. */
@Resolver(() => ScanType)
export class ScanResolver {
  @FieldResolver(() => VulnerabilityConnection)
  vulnerabilities(
    @Root() _scan: ScanType,
    @Arg('minimumSeverity', () => Severity, { nullable: true }) _minimumSeverity: Severity | null | undefined,
    @Arg('fixableOnly', () => Boolean, { nullable: true, defaultValue: false }) _fixableOnly: boolean | null,
    @Arg('first', () => Int, { nullable: true, defaultValue: 100 }) _first: number | null,
    @Arg('after', () => String, { nullable: true }) _after: string | null | undefined,
  ): VulnerabilityConnection {
    throw notImplemented('Scanning');
  }

  @Mutation(() => ScanType, { description: 'Errors: NOT_IMPLEMENTED.' })
  rescanManifest(
    @Arg('organization', () => String) _organization: string,
    @Arg('repository', () => String) _repository: string,
    @Arg('digest', () => DigestScalar) _digest: string,
  ): ScanType {
    throw notImplemented('rescanManifest');
  }
}
