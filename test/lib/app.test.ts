import { beforeAll, describe, expect, it } from '@jest/globals';
import { stageConfig, stages } from '../../lib/config.ts';
import { SPECIMEN_TIMEOUT_MS, specimen } from '../support/specimens.ts';

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
  }, SPECIMEN_TIMEOUT_MS);

  it('knows its stages', () => {
    expect(() => stageConfig('staging')).toThrow("unknown stage 'staging': one of dev, prod");
    expect(stageConfig('prod')).toBe(stages.prod);
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
    // Every function but health and archive, which have no table.
    expect(policies).toHaveLength(13);
    for (const { Properties } of policies) expect(JSON.stringify(Properties)).toContain('kms:Decrypt');
  });

  it('mails alarms where the stage says', () => {
    expect(app.configured.filter(({ Type }) => Type === 'AWS::SNS::Subscription')).toEqual([
      expect.objectContaining({
        Properties: expect.objectContaining({ Protocol: 'email', Endpoint: 'ops@example.com' }),
      }),
    ]);
  });
});
