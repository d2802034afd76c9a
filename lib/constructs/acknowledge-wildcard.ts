import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';

/**
 * Acknowledges that policies below a scope allow this resource, given as the statement has it, with its wildcard.
 *
 * cdk-nag names a finding by the resource as the template spells it. A reference to another stack gets its spelling,
 * an import or a stack output, only while the app is prepared. Validation comes after that and before the rules.
 */
export function acknowledgeWildcard(scope: IConstruct, resource: string, reason: string): void {
  scope.node.addValidation({
    validate: () => {
      const spelled = flattenCfnReference(Stack.of(scope).resolve(resource));
      Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${spelled}]`, reason });
      return [];
    },
  });
}
