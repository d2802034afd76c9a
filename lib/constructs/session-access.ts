import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';

/** Environment and statements of a function that makes summaries of sessions. */
export function sessionAccess(scope: Construct, { sessions }: StageConfig) {
  const { summaryModel, ...settings } = sessions;
  if (!summaryModel) return { environment: { SESSION_SETTINGS: JSON.stringify(settings) }, statements: [] };
  const { resources, ...model } = summaryModel;
  const foundationModel = Stack.of(scope).formatArn({
    service: 'bedrock',
    account: '',
    resource: 'foundation-model',
    resourceName: model.modelId,
  });
  return {
    environment: { SESSION_SETTINGS: JSON.stringify({ ...settings, summaryModel: model }) },
    statements: [
      new PolicyStatement({
        actions: ['bedrock:InvokeModel'],
        resources: [...(resources ?? [foundationModel])],
      }),
    ],
  };
}
