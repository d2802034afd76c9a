import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { sessionSettings } from '../../lambdas/sessions/settings.ts';
import { stageConfig, stages } from '../../lib/config.ts';
import { functionsOf, rooms } from '../../lambdas/rooms.ts';
import { specimen } from '../support/specimens.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- templates are asserted on, field by field
type Json = any;

interface Specimen {
  readonly careless: string;
  readonly keyWithoutRegion: string;
  readonly acknowledgements: readonly (readonly [rule: string, reason: string])[];
  readonly configured: readonly {
    readonly stackName: string;
    readonly Type: string;
    readonly Properties: Json;
  }[];
}

describe('the app', () => {
  let app: Specimen;
  beforeAll(async () => {
    app = await specimen('app');
  });

  it('knows its stages', () => {
    expect(() => stageConfig('staging')).toThrow("unknown stage 'staging': one of dev, prod");
    expect(stageConfig('prod')).toBe(stages.prod);
  });

  it('decides on each flag the installed CDK recommends, and against four', () => {
    const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
    const recommended = createRequire(import.meta.url)(
      'aws-cdk-lib/recommended-feature-flags.json',
    ) as Record<string, unknown>;
    expect(context).toEqual({
      stage: 'dev',
      ...recommended,
      '@aws-cdk/aws-iam:minimizePolicies': false,
      '@aws-cdk/core:enablePartitionLiterals': false,
      '@aws-cdk/core:enableAdditionalMetadataCollection': false,
      '@aws-cdk/core:explicitStackTags': false,
    });
  });

  it('does not synthesize with a finding nobody acknowledged', () => {
    expect(app.careless).toContain('AwsSolutions-S10');
    expect(app.careless).toContain('agent-memory-dev-storage/Careless');
  });

  it('gives a reason with each acknowledgement', () => {
    expect(app.acknowledgements.length).toBeGreaterThan(3);
    for (const [rule, reason] of app.acknowledgements)
      expect([rule, reason.length > 40]).toEqual([rule, true]);
  });

  it('encrypts the tables with a key of the customer when the stage says so, and lets the functions use it', () => {
    expect(app.keyWithoutRegion).toContain('customerManagedKey needs region');
    const tables = app.configured.filter(({ Type }) => Type === 'AWS::DynamoDB::GlobalTable');
    expect(tables).toHaveLength(4);
    for (const { Properties } of tables)
      expect(Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS' });
    const policies = app.configured.filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes('dynamodb:'),
    );
    // Of every function that has a table.
    expect(policies).toHaveLength(
      Object.values(functionsOf(rooms)).filter(({ tables }) => Object.keys(tables).length > 0).length,
    );
    for (const { Properties } of policies) expect(JSON.stringify(Properties)).toContain('kms:Decrypt');
  });

  it('lets what makes summaries ask the model the stage names, and no other', () => {
    const asking = app.configured.filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes('bedrock:'),
    );
    expect(asking).toHaveLength(3);
    for (const { Properties } of asking)
      expect(Properties.PolicyDocument.Statement).toContainEqual({
        Action: 'bedrock:InvokeModel',
        Effect: 'Allow',
        Resource: {
          'Fn::Join': [
            '',
            ['arn:', { Ref: 'AWS::Partition' }, ':bedrock:eu-central-1::foundation-model/some.model-v1:0'],
          ],
        },
      });
    const settings = app.configured.flatMap(
      ({ Type, Properties }) =>
        (Type === 'AWS::Lambda::Function' && Properties.Environment.Variables.SESSION_SETTINGS) || [],
    );
    expect(settings).toHaveLength(4);
    for (const text of settings) expect(sessionSettings.parse(text).summaryModel?.timeoutSeconds).toBe(8);
  });

  it('mails alarms where the stage says', () => {
    expect(app.configured.filter(({ Type }) => Type === 'AWS::SNS::Subscription')).toEqual([
      expect.objectContaining({
        Properties: expect.objectContaining({ Protocol: 'email', Endpoint: 'ops@example.com' }),
      }),
    ]);
  });
});
