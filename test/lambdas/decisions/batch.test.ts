import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { tokenPart, typedId } from '../../../lambdas/shared/platform/ids.ts';
import { createTables } from '../../support/tables.ts';
import { createApi, type DecisionsApi, hoursAgo } from './support.ts';

beforeAll(() => createTables());

const row = { decisionType: 'QUERY_EXECUTION', context: {} };
const logAll = async (api: DecisionsApi, agentId: string, decisions: unknown) =>
  (await api.call('logDecisions', { params: { agentId }, body: { decisions } })).body;

describe('a batch of decisions', () => {
  const api = createApi();

  it('logs a hundred, in their order', async () => {
    const decisions = Array.from({ length: 100 }, (_, i) => ({
      ...row,
      timestamp: hoursAgo(i / 60),
      action: `a${i}`,
    }));
    const { items, failed } = await logAll(api, 'hundred', decisions);
    expect(failed).toEqual([]);
    expect(items.map(({ action }: { action: string }) => action)).toEqual(
      decisions.map(({ action }) => action),
    );
    const { body } = await api.list('hundred', { maxResults: '100' });
    expect(body.items).toHaveLength(100);
    expect(body.nextToken).toBeNull();
  });

  it('answers for the rows that are stored, whatever is wrong with another one', async () => {
    const scores = Object.fromEntries(
      Array.from({ length: 40_000 }, (_, i) => [`${'y'.repeat(10)}${i}`, 'no']),
    );
    const { items, failed } = await logAll(api, 'verbose', [row, { ...row, reasoning: { scores } }]);
    expect(items).toHaveLength(1);
    expect(failed).toMatchObject([{ index: 1, code: 'ValidationFailed' }]);
    expect(failed[0].message.length).toBeLessThanOrEqual(2000);
  });

  it.each([
    ['more than a hundred rows', { decisions: Array.from({ length: 101 }, () => row) }],
    ['no rows', { decisions: [] }],
    ['no envelope', { rows: [row] }],
    ['an unknown field beside the rows', { decisions: [row], more: true }],
    ['rows that are no list', { decisions: row }],
  ])('with %s is refused whole', async (_, body) => {
    const answer = await api.call('logDecisions', { params: { agentId: 'refused' }, body });
    expect(answer.body.error.code).toBe('ValidationFailed');
    expect((await api.list('refused')).body.items).toEqual([]);
  });

  it('lets a bad row fail alone, saying which field', async () => {
    const { items, failed } = await logAll(api, 'mixed', [
      { ...row, action: 'first' },
      { ...row, context: 'text' },
      { ...row, timestamp: hoursAgo(-1) },
      { ...row, context: { text: 'x'.repeat(420_000) } },
      null,
      { ...row, parent: { decisionId: 'A-01KJMDZV20R6BZ1E7J5C4D8QXT' } },
      { ...row, action: 'last' },
    ]);
    expect(items.map(({ action }: { action: string }) => action)).toEqual(['first', 'last']);
    expect(failed).toEqual([
      { index: 1, code: 'ValidationFailed', message: expect.stringMatching(/^context: /) },
      { index: 2, code: 'ValidationFailed', message: 'timestamp: must not lie more than 5 minutes ahead' },
      { index: 3, code: 'TooLarge', message: expect.stringContaining('409600') },
      { index: 4, code: 'ValidationFailed', message: expect.any(String) },
      { index: 5, code: 'ValidationFailed', message: 'parent.decisionId: is no decision of that agent' },
    ]);
  });

  it('answers rows with the same token alike', async () => {
    const sent = { ...row, timestamp: hoursAgo(1), clientToken: 'twice' };
    const { items, failed } = await logAll(api, 'doubled', [sent, sent, { ...sent, action: 'other' }]);
    expect(items[0]).toEqual(items[1]);
    expect(items).toHaveLength(2);
    expect(failed).toMatchObject([{ index: 2, code: 'IdempotencyMismatch' }]);
    expect((await api.log('doubled', sent)).body).toEqual(items[0]);
  });

  it('holds rows with the same token against the first of them, however slow its write is', async () => {
    const slowFirst = createApi({
      documents: (real) =>
        new Proxy(real, {
          get: (target, name, receiver) =>
            name !== 'send'
              ? Reflect.get(target, name, receiver)
              : async (command: PutCommand) => {
                  if (command.input.Item?.['action'] === 'first') await sleep(100);
                  return target.send(command);
                },
        }),
    });
    const sent = { ...row, timestamp: hoursAgo(1), clientToken: 'slow' };
    const { items, failed } = await logAll(slowFirst, 'slow-first', [
      { ...sent, action: 'first' },
      { ...sent, action: 'other' },
    ]);
    expect(items).toMatchObject([{ action: 'first' }]);
    expect(failed).toMatchObject([{ index: 1, code: 'IdempotencyMismatch' }]);
  });

  it('takes a parent that stands earlier in it, not one that stands later', async () => {
    const timestamp = hoursAgo(1);
    const idOf = (token: string) =>
      typedId('QUERY_EXECUTION', new Date(timestamp), tokenPart('linked', 'decisions', token));
    const link = (clientToken: string, parent?: string) => ({
      ...row,
      timestamp,
      clientToken,
      ...(parent && { parent: { decisionId: idOf(parent) } }),
    });
    const { items, failed } = await logAll(api, 'linked', [
      link('a'),
      link('b', 'a'),
      link('c', 'b'),
      link('d', 'e'),
      link('e', 'c'),
      link('f', 'f'),
    ]);
    expect(items.map(({ depth }: { depth: number }) => depth)).toEqual([1, 2, 3, 4]);
    expect(failed.map(({ index }: { index: number }) => index)).toEqual([3, 5]);
  });

  it('names the rows that were throttled, and is refused whole when all were', async () => {
    const throttling = (throttled: (index: number) => boolean) => {
      return (real: DynamoDBDocumentClient): DynamoDBDocumentClient =>
        new Proxy(real, {
          get: (target, name, receiver) =>
            name !== 'send'
              ? Reflect.get(target, name, receiver)
              : (command: PutCommand) => {
                  const index = (command.input.Item?.['context'] as { i?: number } | undefined)?.i;
                  if (index !== undefined && throttled(index))
                    throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
                  return target.send(command);
                },
        });
    };
    const rows = Array.from({ length: 12 }, (_, i) => ({ ...row, context: { i } }));
    const some = createApi({ documents: throttling((i) => i % 5 === 0) });
    const { items, failed } = await logAll(some, 'throttled', rows);
    expect(items).toHaveLength(9);
    expect(failed.map(({ index, code }: { index: number; code: string }) => [index, code])).toEqual(
      [0, 5, 10].map((index) => [index, 'Throttled']),
    );
    const every = createApi({ documents: throttling(() => true) });
    expect((await logAll(every, 'throttled', rows)).error.code).toBe('Throttled');
  });
});
