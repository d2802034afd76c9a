import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { TablePermission } from '../../lambdas/shared/schema/room.ts';

/** What a caller needs of a customer-managed key to have DynamoDB use it; spelled out, because `kms:ReEncrypt*` is wild. */
const KEY_ACTIONS = ['Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo', 'DescribeKey'];

/**
 * Allows exactly these actions on exactly this table, and `Query` on exactly these indexes. CDK's own `grantReadData`
 * and its kin include Scan and every index.
 */
export function grantTable(
  grantee: IGrantable,
  table: ITableV2,
  { actions, indexes = [] }: TablePermission,
): void {
  const allow = (names: readonly string[], resources: string[]) => {
    if (names.length > 0 && resources.length > 0)
      grantee.grantPrincipal.addToPrincipalPolicy(
        new PolicyStatement({ actions: names.map((name) => `dynamodb:${name}`), resources }),
      );
  };
  allow(actions, [table.tableArn]);
  allow(
    ['Query'],
    indexes.map((index) => `${table.tableArn}/index/${index}`),
  );
  if (table.encryptionKey)
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: KEY_ACTIONS.map((name) => `kms:${name}`),
        resources: [table.encryptionKey.keyArn],
      }),
    );
}
