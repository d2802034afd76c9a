import { Arn, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { StageConfig } from '../config.ts';

/** What a function needs that embeds: the one model of the stage, in the stack's own region; nothing without one. */
export const embeddingStatements = (
  stack: Stack,
  { embeddingModel }: Pick<StageConfig, 'embeddingModel'>,
): PolicyStatement[] =>
  embeddingModel === 'none'
    ? []
    : [
        new PolicyStatement({
          actions: ['bedrock:InvokeModel'],
          resources: [
            Arn.format(
              { service: 'bedrock', account: '', resource: 'foundation-model', resourceName: embeddingModel },
              stack,
            ),
          ],
        }),
      ];
