import { describe, expect, it } from '@jest/globals';
import { objectKey, toLine } from '../../lambdas/shared/archive-record.ts';
import { type TableName, tables, type TableSchema } from '../../lambdas/shared/schema/tables.ts';
import { Assembly } from '../support/templates.ts';

const ids: Record<TableName, string> = {
  decisions: 'DecisionsTable1F852C44',
  memory: 'MemoryTable2F605A68',
  state: 'StateTable962DE04C',
  signals: 'SignalsTable89526324',
};

describe.each(['dev', 'prod'] as const)('storage of %s', (stage) => {
  const assembly = new Assembly(stage);
  const synthesized = assembly.ofType('AWS::DynamoDB::GlobalTable');
  const retained = stage === 'prod';

  it('has the four tables and no other', () => {
    expect(synthesized.map(({ id }) => id).sort()).toEqual(Object.values(ids).sort());
    expect(assembly.resources.filter(({ type }) => type === 'AWS::DynamoDB::Table')).toEqual([]);
  });

  describe.each(Object.keys(tables) as TableName[])('%s', (name) => {
    const schema: TableSchema = tables[name];
    // Logical ids as deployed: a renamed table is a new, empty table, and the old one orphaned.
    const table = synthesized.find(({ id }) => id === ids[name])!;
    const { properties } = table;
    const replica = properties.Replicas[0];

    it('keeps its id, keys and their types', () => {
      expect(properties.KeySchema).toEqual([
        { AttributeName: 'PK', KeyType: 'HASH' },
        { AttributeName: 'SK', KeyType: 'RANGE' },
      ]);
      const types = Object.fromEntries(
        properties.AttributeDefinitions.map((a: Record<string, string>) => [
          a['AttributeName'],
          a['AttributeType'],
        ]),
      );
      expect(types).toMatchObject({ PK: 'S', SK: 'S' });
      for (const { partitionKey, sortKey } of Object.values(schema.indexes)) {
        expect(types[partitionKey]).toBe('S');
        expect(types[sortKey.name]).toBe(sortKey.type);
      }
    });

    it('has exactly the indexes of its schema, each with its keys and projection', () => {
      expect(properties.GlobalSecondaryIndexes).toHaveLength(Object.keys(schema.indexes).length);
      for (const index of Object.values(schema.indexes)) {
        const { projection } = index;
        expect(properties.GlobalSecondaryIndexes).toContainEqual({
          IndexName: index.name,
          KeySchema: [
            { AttributeName: index.partitionKey, KeyType: 'HASH' },
            { AttributeName: index.sortKey.name, KeyType: 'RANGE' },
          ],
          Projection:
            typeof projection === 'string'
              ? { ProjectionType: projection }
              : { ProjectionType: 'INCLUDE', NonKeyAttributes: [...projection] },
        });
      }
    });

    it('is on demand, encrypted, and can be restored to any second of the last weeks', () => {
      expect(properties.BillingMode).toBe('PAY_PER_REQUEST');
      // false is a key AWS owns: encrypted all the same, and free.
      expect(properties.SSESpecification).toEqual({ SSEEnabled: false });
      expect(properties.Replicas).toHaveLength(1);
      expect(replica.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    });

    it(retained ? 'refuses deletion and outlives its stack' : 'goes with its stack', () => {
      expect(replica.DeletionProtectionEnabled).toBe(retained);
      expect(table.deletionPolicy).toBe(retained ? 'Retain' : 'Delete');
      expect(table.updateReplacePolicy).toBe(retained ? 'Retain' : 'Delete');
    });

    it('expires by the attribute its schema says, and streams what its schema says', () => {
      expect(properties.TimeToLiveSpecification).toEqual(
        schema.ttl && { AttributeName: schema.ttl, Enabled: true },
      );
      expect(properties.StreamSpecification?.StreamViewType).toBe(schema.stream);
    });
  });

  it('lets Athena read the archive as one table, its partitions computed from the query', () => {
    const [table] = assembly.ofType('AWS::Glue::Table');
    const { parameters, ...input } = Object.fromEntries(
      Object.entries(table!.properties.TableInput).map(([name, value]) => [
        `${name[0]!.toLowerCase()}${name.slice(1)}`,
        value,
      ]),
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- read field by field
    ) as any;
    expect(parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.source.values': Object.keys(tables).join(','),
      'projection.agent.type': 'injected',
      'projection.day.format': 'yyyy-MM-dd',
    });
    const partition = assembly
      .text(parameters['storage.location.template'])
      .replace(/^s3:\/\/\{.*?\}\//, '')
      .replace('${source}', 'decisions')
      .replace('${agent}', 'hunter')
      .replace('${day}', '2026-03-01');
    expect(objectKey('decisions', 'hunter', '2026-03-01', 'x')).toBe(`${partition}x.jsonl.gz`);
    const time = '2026-03-01T00:00:00.000Z';
    const record = {
      agentId: 'hunter',
      id: 'x',
      kind: 'k',
      timestamp: time,
      key: 'x',
      version: 1,
      record: {},
    };
    expect(input.storageDescriptor.Columns.map(({ Name }: { Name: string }) => Name)).toEqual(
      Object.keys(toLine(record, 'expired', time)),
    );
  });

  it('archives into one bucket: private, encrypted, TLS only, and not for ever', () => {
    const [bucket, ...others] = assembly.ofType('AWS::S3::Bucket');
    expect(others).toEqual([]);
    expect(bucket!.properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      LifecycleConfiguration: {
        Rules: expect.arrayContaining([
          expect.objectContaining({ Prefix: 'aws/lambda/', ExpirationInDays: 90, Status: 'Enabled' }),
        ]),
      },
    });
    expect(bucket!.deletionPolicy).toBe(retained ? 'Retain' : 'Delete');
    const [policy] = assembly.ofType('AWS::S3::BucketPolicy');
    expect(policy!.properties.PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });
});
