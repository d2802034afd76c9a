import { describe, expect, it } from '@jest/globals';
import { Assembly } from '../support/templates.ts';

/**
 * CloudFormation replaces a resource whose logical id or given name changes, and with it what it holds. Names that no
 * property gives are made of the stack's name and the logical id.
 */
describe.each(['dev', 'prod'] as const)('the names of what %s keeps', (stage) => {
  const assembly = new Assembly(stage);
  const named = (type: string, ...properties: readonly string[]) =>
    assembly
      .ofType(type)
      .map(({ stack, id, properties: all }) => [
        `${stack}/${id}`,
        ...properties.map((property): unknown => all[property]),
      ]);

  it('are those of the tables and of their indexes', () => {
    const tables = assembly
      .ofType('AWS::DynamoDB::GlobalTable')
      .map(({ stack, id, properties: { TableName, GlobalSecondaryIndexes: indexes } }) => [
        `${stack}/${id}`,
        TableName,
        indexes.map(({ IndexName }: { readonly IndexName: string }) => IndexName),
      ]);
    expect(tables).toEqual([
      ['storage/DecisionsTable1F852C44', undefined, ['outcome', 'type', 'timeline', 'chain']],
      ['storage/MemoryTable2F605A68', undefined, ['confidence', 'shared']],
      ['storage/StateTable962DE04C', undefined, ['registry']],
      ['storage/SignalsTable89526324', undefined, ['inbox', 'sent']],
    ]);
  });

  it('are those of the archive', () => {
    expect(named('AWS::S3::Bucket', 'BucketName')).toEqual([['storage/ArchiveDA4CB258', undefined]]);
  });

  it('are those of the queues', () => {
    expect(named('AWS::SQS::Queue', 'QueueName', 'FifoQueue')).toEqual([
      ['consolidation/WorkDeadLetters429E96E8', undefined, true],
      ['consolidation/WorkBF636A8B', undefined, true],
      ['consolidation/RunDeadLetters81C51FE9', undefined, undefined],
    ]);
  });

  it('are those of the API, its stage and the bus', () => {
    expect(named('AWS::ApiGatewayV2::Api', 'Name')).toEqual([
      ['service/HttpApi4E1D4184', `agent-memory-${stage}`],
    ]);
    expect(named('AWS::ApiGatewayV2::Stage', 'StageName')).toEqual([
      ['service/HttpStageD1D6DBD6', '$default'],
    ]);
    expect(named('AWS::Events::EventBus', 'Name')).toEqual([
      ['service/SignallingBus93032FB2', `agent-memory-${stage}-signals`],
    ]);
  });
});
