import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { FunctionSpec } from '../../lambdas/shared/schema/room.ts';
import type { StageConfig } from '../config.ts';

/** Permission to call the stage's model of Amazon Bedrock; none where the stage names none. */
export function modelStatements(
  scope: Construct,
  model: FunctionSpec['model'],
  { embeddingModel, sessions: { summaryModel } }: StageConfig,
): PolicyStatement[] {
  const foundationModel = (modelId: string) =>
    Stack.of(scope).formatArn({
      service: 'bedrock',
      account: '',
      resource: 'foundation-model',
      resourceName: modelId,
    });
  const allow = (resources: readonly string[]) => [
    new PolicyStatement({ actions: ['bedrock:InvokeModel'], resources: [...resources] }),
  ];
  if (model === 'embedding' && embeddingModel !== 'none') return allow([foundationModel(embeddingModel)]);
  if (model === 'summary' && summaryModel)
    return allow(summaryModel.resources ?? [foundationModel(summaryModel.modelId)]);
  return [];
}
