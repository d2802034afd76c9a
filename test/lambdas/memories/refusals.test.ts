import { beforeAll, describe, expect, it } from '@jest/globals';
import { memoryRoutes } from '../../../lambdas/memories/contract.ts';
import type { RouteContract } from '../../../lambdas/shared/http/contract.ts';
import { call, type CallInput } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { aMemory, createMemoriesFixture } from './fixture.ts';

const agent = { agentId: 'hunter' };
const memory = { agentId: 'hunter', memoryId: 'OBSERVATION-0123456789abcdef0123456789abcdef' };

/** A good request of each route, and bad ones with the path that is at fault. */
const cases: readonly {
  readonly route: RouteContract;
  readonly good: CallInput;
  readonly bad: readonly (readonly [path: string, input: CallInput])[];
  /** What it answers for a memory that is not there. */
  readonly absent?: true;
}[] = [
  {
    route: memoryRoutes.saveMemory,
    good: { params: agent, body: aMemory },
    bad: [
      ['memoryType', { params: agent, body: { ...aMemory, memoryType: 'NOTE' } }],
      ['memoryType', { params: agent, body: { ...aMemory, memoryType: 'PATTERN' } }],
      ['content', { params: agent, body: { memoryType: 'TRADE' } }],
      ['content', { params: agent, body: { ...aMemory, content: '  ' } }],
      ['content', { params: agent, body: { ...aMemory, content: {} } }],
      ['content', { params: agent, body: { ...aMemory, content: ['a'] } }],
      ['importance', { params: agent, body: { ...aMemory, importance: 2 } }],
      ['tags.0', { params: agent, body: { ...aMemory, tags: [''] } }],
      ['category', { params: agent, body: { ...aMemory, category: 'constructor' } }],
      ['provenance.author', { params: agent, body: { ...aMemory, provenance: { author: 'x' } } }],
      ['outcome.status', { params: agent, body: { ...aMemory, outcome: { status: 'won' } } }],
      ['agentId', { params: agent, body: { ...aMemory, agentId: 'risk' } }],
    ],
  },
  {
    route: memoryRoutes.listMemories,
    good: { params: agent },
    bad: [
      ['memoryType', { params: agent, query: { memoryType: 'NOTE' } }],
      ['tier', { params: agent, query: { tier: 'lukewarm' } }],
      ['scope', { params: agent, query: { scope: 'theirs' } }],
      ['nextToken', { params: agent, query: { nextToken: 'garbage' } }],
    ],
  },
  {
    route: memoryRoutes.getMemoryStatistics,
    good: { params: agent },
    bad: [
      ['agentId', { params: { agentId: 'a#b' } }],
      ['tier', { params: agent, query: { tier: 'hot' } }],
    ],
  },
  {
    route: memoryRoutes.getMemory,
    good: { params: memory },
    bad: [['owner', { params: memory, query: { owner: 'a#b' } }]],
    absent: true,
  },
  {
    route: memoryRoutes.updateMemory,
    good: { params: memory, body: { expectedVersion: 1, pinned: true } },
    bad: [
      ['expectedVersion', { params: memory, body: { pinned: true } }],
      ['body', { params: memory, body: { expectedVersion: 1 } }],
      ['memoryType', { params: memory, body: { expectedVersion: 1, memoryType: 'TRADE' } }],
      ['memoryId', { params: { ...memory, memoryId: 'a:b' }, body: { expectedVersion: 1, pinned: true } }],
    ],
    absent: true,
  },
  {
    route: memoryRoutes.removeMemory,
    good: { params: memory },
    bad: [['body', { params: memory, body: { expectedVersion: 1 } }]],
    absent: true,
  },
  {
    route: memoryRoutes.listRevisions,
    good: { params: memory },
    bad: [['maxResults', { params: memory, query: { maxResults: '0' } }]],
    absent: true,
  },
  {
    route: memoryRoutes.getMemorySharing,
    good: { params: memory },
    bad: [['memoryId', { params: { ...memory, memoryId: '-' } }]],
    absent: true,
  },
  {
    route: memoryRoutes.putMemorySharing,
    good: { params: memory, body: { with: [] } },
    bad: [
      ['with', { params: memory, body: {} }],
      ['expectedVersion', { params: memory, body: { with: 'all', expectedVersion: -1 } }],
    ],
    absent: true,
  },
  {
    route: memoryRoutes.searchMemories,
    good: { params: agent, body: { query: 'x' } },
    bad: [
      ['query', { params: agent, body: {} }],
      ['query', { params: agent, body: { query: ' ' } }],
      ['topK', { params: agent, body: { query: 'x', topK: 101 } }],
      ['filters.tags', { params: agent, body: { query: 'x', filters: { tags: [] } } }],
      ['filters.kind', { params: agent, body: { query: 'x', filters: { kind: 'TRADE' } } }],
      ['boosts.recency', { params: agent, body: { query: 'x', boosts: { recency: 2 } } }],
    ],
  },
  {
    route: memoryRoutes.searchMemoriesBatch,
    good: { params: agent, body: { queries: [{ query: 'x' }] } },
    bad: [
      ['queries', { params: agent, body: { queries: [] } }],
      ['queries', { params: agent, body: { queries: Array(11).fill({ query: 'x' }) } }],
      ['queries.0.query', { params: agent, body: { queries: [{}] } }],
    ],
  },
  {
    route: memoryRoutes.preloadMemories,
    good: { params: agent, body: { situation: { coin: 'BTC' } } },
    bad: [['situation', { params: agent, body: { situation: {} } }]],
  },
];

beforeAll(() => createTables());

describe.each(cases.map((one) => [`${one.route.method} ${one.route.path}`, one] as const))(
  '%s',
  (_, { route, good, bad, absent }) => {
    const { handler } = createMemoriesFixture();

    it.each(bad)('names %s when it is at fault', async (path, input) => {
      const { status, body } = await call(handler, route, input);
      expect(status).toBe(400);
      expect(body.error.issues.map((issue: { path: string }) => issue.path)).toContain(path);
    });

    it('refuses a request nobody signed', async () => {
      expect((await call(handler, route, { ...good, caller: null })).body.error.code).toBe('Forbidden');
    });

    it.each(faults)('answers %s for what DynamoDB could not do, without its words', async (code, error) => {
      const failing = createMemoriesFixture({ documents: alwaysThrows(error) }).handler;
      const answer = await call(failing, route, good);
      expect(answer.body.error.code).toBe(code);
      expect(JSON.stringify(answer.body)).not.toContain('secret');
    });

    if (absent)
      it('knows nothing of a memory that is not there', async () => {
        expect((await call(handler, route, good)).body.error.code).toBe('NotFound');
        const odd = { ...good, params: { ...memory, memoryId: 'PATTERN-1' } };
        expect((await call(handler, route, odd)).body.error.code).toBe('NotFound');
      });

    if (route.body)
      it('refuses a body over 1 MB', async () => {
        const rawBody = JSON.stringify({ note: 'x'.repeat(1024 * 1024) });
        expect((await call(handler, route, { ...good, body: undefined, rawBody })).status).toBe(413);
      });
  },
);
