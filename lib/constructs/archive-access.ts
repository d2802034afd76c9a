import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { ArchiveUse } from '../../lambdas/shared/schema/room.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';

/** Prefixes of the archive's objects: the records, and which sessions were whose. */
const PREFIXES = ['records/*', 'users/*'];
/** Where Lambda puts what it gave up on. */
const GIVEN_UP = 'aws/lambda/*';

const prefixesOf = (uses: readonly ArchiveUse[]): string[] => [
  ...PREFIXES,
  ...(uses.includes('givenUp') ? [GIVEN_UP] : []),
];

/** Environment and statements of a function that uses the archive, no wider than these uses of it. */
export function archiveAccess(archive: IBucket, uses: readonly ArchiveUse[]) {
  const prefixes = prefixesOf(uses);
  const objects = prefixes.map((prefix) => archive.arnForObjects(prefix));
  const statements: PolicyStatement[] = [];
  const actions = [
    ...(uses.includes('read') ? ['s3:GetObject'] : []),
    ...(uses.includes('write') ? ['s3:PutObject'] : []),
    ...(uses.includes('remove') ? ['s3:DeleteObject'] : []),
  ];
  statements.push(new PolicyStatement({ actions, resources: objects }));
  if (uses.includes('read'))
    statements.push(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [archive.bucketArn],
        conditions: { StringLike: { 's3:prefix': prefixes } },
      }),
    );
  return { environment: { ARCHIVE_BUCKET: archive.bucketName }, statements };
}

export function acknowledgeArchiveAccess(
  scope: IConstruct,
  archive: IBucket,
  uses: readonly ArchiveUse[],
): void {
  for (const prefix of prefixesOf(uses))
    acknowledgeWildcard(
      scope,
      archive.arnForObjects(prefix),
      'Objects are named by what is in them, or by Lambda; the prefixes of the archive are as narrow as it gets.',
    );
}
