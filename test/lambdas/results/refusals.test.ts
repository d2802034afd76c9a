import { beforeAll, describe, expect, it } from '@jest/globals';
import type { resultsRoutes } from '../../../lambdas/results/contract.ts';
import type { CallInput } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { createPerformance } from './support.ts';

beforeAll(() => createTables());

const params = { agentId: 'hunter' };
const calls: readonly (readonly [keyof typeof resultsRoutes, CallInput])[] = [
  ['getPerformance', { params, query: { groupBy: 'provider' } }],
  ['getProviderWeights', { params }],
  ['createSnapshot', { params, body: { period: 'day' } }],
  ['listSnapshots', { params }],
  ['findSimilar', { params, body: { situation: { a: 1 } } }],
];

describe.each(calls)('%s', (name, input) => {
  const { send } = createPerformance();

  it('refuses a caller without an identity, and unknown fields', async () => {
    expect((await send(name, { ...input, caller: null })).status).toBe(403);
    const unknown = input.body
      ? { ...input, body: { ...(input.body as object), deep: true } }
      : { ...input, query: { ...input.query, deep: 'true' } };
    expect((await send(name, unknown)).body.error.issues).toMatchObject([{ path: 'deep' }]);
  });

  it.each(faults)('answers %s without saying what went wrong inside', async (code, error) => {
    const { body } = await createPerformance({ documents: alwaysThrows(error) }).send(name, input);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  if (input.body)
    it('refuses a body that is too large', async () => {
      const { body } = await send(name, {
        ...input,
        rawBody: JSON.stringify({ text: 'x'.repeat(1_100_000) }),
      });
      expect(body.error.code).toBe('TooLarge');
    });
});

describe('performance', () => {
  const { ask } = createPerformance();
  const refused = async (query: Record<string, string>) =>
    (await ask('getPerformance', 'hunter', query)).error.issues[0].path;

  it('names what is wrong with a question', async () => {
    expect(await refused({ windowDays: '36501' })).toBe('windowDays');
    expect(await refused({ windowDays: '0' })).toBe('windowDays');
    expect(await refused({ groupBy: 'a,b,c' })).toMatch(/^groupBy/);
    expect(await refused({ groupBy: 'regime,regime' })).toMatch(/^groupBy/);
    expect(await refused({ groupBy: 'regime,' })).toMatch(/^groupBy/);
    expect(await refused({ groupBy: 'after.RISK_ASSESSMENT.success' })).toBe('groupBy');
    expect((await ask('getPerformance', 'hunter', { windowDays: '36500', groupBy: 'regime' })).items).toEqual(
      [],
    );
  });
});
