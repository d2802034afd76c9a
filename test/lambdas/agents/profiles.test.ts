import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { healthAt } from '../../../lambdas/agents/health.ts';
import type { Clock } from '../../../lambdas/shared/platform/clock.ts';
import { call } from '../../support/api.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents, startMeasured } from './agents-handler.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const { putAgent, getAgent, heartbeat, listAgents, deregisterAgent, putState } = agentRoutes;

beforeAll(() => createTables());

/** The registry as another function has it, in an instance of its own. */
const registryOf = ({ clock }: { clock: Clock }) =>
  new AgentRegistry(new Table(ownDocuments, tableName('state'), clock));

const NOW = '2026-03-01T09:30:00.000Z';
const hunter = {
  type: 'analyst',
  capabilities: ['btc', 'eth'],
  agentVersion: '2.1.0',
  metadata: { team: 'a' },
};

describe('a profile', () => {
  it('registers an agent that was never heard of as unknown', async () => {
    const { handler } = startAgents({ now: NOW });
    const params = { agentId: 'hunter' };
    const put = await call(handler, putAgent, { params, body: hunter });
    expect(put.body).toEqual({
      agentId: 'hunter',
      ...hunter,
      registeredAt: NOW,
      version: 1,
      health: 'unknown',
      decisionTypes: [],
    });
    expect((await call(handler, getAgent, { params })).body).toEqual(put.body);
  });

  it('is replaced as a whole, and its heartbeat and decision types stay', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId: 'replaced' };
    await call(handler, putAgent, { params, body: hunter });
    await call(handler, heartbeat, { params });
    await registryOf(runtime).noteActivity('replaced', ['TRADE_EXECUTION', 'RISK_ASSESSMENT']);
    runtime.advance(60_000);
    const { body } = await call(handler, putAgent, { params, body: { type: 'trader' } });
    expect(body).toEqual({
      agentId: 'replaced',
      type: 'trader',
      capabilities: [],
      registeredAt: NOW,
      lastHeartbeatAt: NOW,
      version: 2,
      health: 'active',
      decisionTypes: ['RISK_ASSESSMENT', 'TRADE_EXECUTION'],
    });
  });

  it('is not replaced when another version is there than expected', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'versioned' };
    const put = (expectedVersion: number, type = 'analyst') =>
      call(handler, putAgent, { params, body: { type, expectedVersion } });
    expect((await put(3)).body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 0 });
    expect((await call(handler, getAgent, { params })).status).toBe(404);
    expect((await put(0)).body.version).toBe(1);
    expect((await put(0)).body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 1 });
    expect((await put(1, 'trader')).body).toMatchObject({ version: 2, type: 'trader' });
    expect((await put(1, 'lost')).body.error).toMatchObject({ currentVersion: 2 });
    expect((await call(handler, getAgent, { params })).body).toMatchObject({ version: 2, type: 'trader' });
  });

  it('put by twenty at once on one expected version is won by one', async () => {
    const { handler } = startAgents();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        call(handler, putAgent, {
          params: { agentId: 'contended' },
          body: { type: `t${i}`, expectedVersion: 0 },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
  });

  it('counts from 0 for an agent that a write registered', async () => {
    const { handler } = startAgents({ now: NOW });
    const params = { agentId: 'walked-in' };
    await call(handler, putState, { params, body: { status: 'active' } });
    expect((await call(handler, getAgent, { params })).body).toEqual({
      agentId: 'walked-in',
      type: 'unknown',
      capabilities: [],
      registeredAt: NOW,
      version: 0,
      health: 'unknown',
      decisionTypes: [],
    });
    const named = await call(handler, putAgent, { params, body: { type: 'analyst', expectedVersion: 0 } });
    expect(named.body).toMatchObject({ type: 'analyst', version: 1 });
  });

  it('over 32 KB is refused, naming the size, and registers nobody', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'verbose' };
    const body = { type: 'analyst', metadata: { text: 'x'.repeat(33_000) } };
    const { body: answer } = await call(handler, putAgent, { params, body });
    expect(answer.error).toMatchObject({ code: 'TooLarge', message: expect.stringMatching(/33\d{3} bytes/) });
    expect((await call(handler, getAgent, { params })).status).toBe(404);
  });
});

describe('health', () => {
  it('falls from active to idle to inactive with the age of the last heartbeat, and recovers with the next', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId: 'beating' };
    const health = async () => (await call(handler, getAgent, { params })).body.health;
    const beat = await call(handler, heartbeat, { params, body: {} });
    expect(beat.body).toEqual({ agentId: 'beating', health: 'active', lastHeartbeatAt: NOW });
    runtime.advance(299_999);
    expect(await health()).toBe('active');
    runtime.advance(1);
    expect(await health()).toBe('idle');
    runtime.advance(3_299_999);
    expect(await health()).toBe('idle');
    runtime.advance(1);
    expect(await health()).toBe('inactive');
    await call(handler, heartbeat, { params });
    expect(await health()).toBe('active');
  });

  it('never improves by waiting', () => {
    const rank = { active: 0, idle: 1, inactive: 2, unknown: 3 };
    fc.assert(
      fc.property(fc.nat(1e7), fc.nat(1e7), fc.nat(1e5), fc.nat(1e5), (age, more, idle, extra) => {
        const ages = { idleAfterSeconds: idle, inactiveAfterSeconds: idle + extra };
        const at = (ms: number) => rank[healthAt(new Date(Date.parse(NOW) + ms), NOW, ages)];
        expect(at(age + more)).toBeGreaterThanOrEqual(at(age));
      }),
    );
  });

  it('costs 2 write units a heartbeat', async () => {
    const { handler, spent } = startMeasured({ now: NOW });
    const params = { agentId: 'frugal' };
    await call(handler, putAgent, { params, body: hunter });
    await call(handler, heartbeat, { params });
    expect(spent.at(-1)).toBe(2);
  });
});

describe('the list of agents', () => {
  it('is in the order of the ids, whole, page by page', async () => {
    const { handler } = startAgents({ now: NOW });
    const ids = Array.from({ length: 30 }, (_, i) => `listed-${String(i).padStart(2, '0')}`);
    for (const agentId of [...ids].reverse())
      await call(handler, putAgent, { params: { agentId }, body: { type: 'analyst' } });
    const seen: string[] = [];
    const pages: number[] = [];
    let nextToken: string | null = null;
    do {
      const { body } = await call(handler, listAgents, {
        query: { maxResults: '7', ...(nextToken && { nextToken }) },
      });
      expect(body.consistency).toBe('eventual');
      seen.push(...body.items.map(({ agentId }: { agentId: string }) => agentId));
      pages.push(body.items.length);
      nextToken = body.nextToken;
    } while (nextToken);
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(ids));
    expect(pages.slice(0, -1).every((count) => count === 7)).toBe(true);
  });

  it('shows what an agent is and how it is, without its metadata', async () => {
    const { handler } = startAgents({ now: NOW });
    const params = { agentId: '0-first' };
    await call(handler, putAgent, { params, body: hunter });
    await call(handler, heartbeat, { params });
    const { metadata: _, ...shown } = hunter;
    const { body } = await call(handler, listAgents, { query: { maxResults: '1' } });
    expect(body.items).toEqual([
      { agentId: '0-first', ...shown, registeredAt: NOW, lastHeartbeatAt: NOW, health: 'active' },
    ]);
  });

  it('refuses a token that is none', async () => {
    const { handler } = startAgents();
    const { body } = await call(handler, listAgents, { query: { nextToken: 'bogus' } });
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'nextToken' }] });
  });
});

describe('a deregistered agent', () => {
  const listed = async (handler: ReturnType<typeof startAgents>['handler']): Promise<string[]> =>
    (await call(handler, listAgents, { query: { maxResults: '100' } })).body.items.map(
      (agent: { agentId: string }) => agent.agentId,
    );

  it('is not found, not listed and no target, and keeps its decision types', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId: 'leaver' };
    const registry = registryOf(runtime);
    await call(handler, putAgent, { params, body: hunter });
    await registry.noteActivity('leaver', ['TRADE_EXECUTION']);
    expect(await registry.registered(['leaver'])).toEqual(new Set(['leaver']));
    const { body } = await call(handler, deregisterAgent, { params });
    expect(body).toEqual({ agentId: 'leaver', deregisteredAt: NOW });
    expect((await call(handler, getAgent, { params })).status).toBe(404);
    expect((await call(handler, deregisterAgent, { params })).status).toBe(404);
    expect(await listed(handler)).not.toContain('leaver');
    expect(await registry.registered(['leaver'])).toEqual(new Set());
    expect(await registry.decisionTypes('leaver')).toEqual(['TRADE_EXECUTION']);
  });

  it('comes back with its next write, as what it was but for the heartbeat', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId: 'returner' };
    await call(handler, putAgent, { params, body: hunter });
    await call(handler, heartbeat, { params });
    await call(handler, putState, { params, body: { status: 'active' } });
    await call(handler, deregisterAgent, { params });
    runtime.advance(1000);
    // The instance that deregistered it forgets that it knew it.
    await call(handler, putState, { params, body: { status: 'paused' } });
    const { body } = await call(handler, getAgent, { params });
    expect(body).toMatchObject({ ...hunter, version: 1, health: 'unknown' });
    expect(body.registeredAt).toBe('2026-03-01T09:30:01.000Z');
    expect(await listed(handler)).toContain('returner');
  });

  it('comes back with a heartbeat, and with a new first profile', async () => {
    const { handler } = startAgents({ now: NOW });
    for (const agentId of ['beats', 'puts']) {
      await call(handler, putAgent, { params: { agentId }, body: hunter });
      await call(handler, deregisterAgent, { params: { agentId } });
    }
    await call(handler, heartbeat, { params: { agentId: 'beats' } });
    const put = (expectedVersion: number) =>
      call(handler, putAgent, { params: { agentId: 'puts' }, body: { type: 'new', expectedVersion } });
    expect((await put(1)).body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 0 });
    // The counter goes on: a version read before the agent left never fits again.
    expect((await put(0)).body).toMatchObject({ type: 'new', version: 2 });
    expect(await listed(handler)).toEqual(expect.arrayContaining(['beats', 'puts']));
  });

  it('is listed again five minutes after its last noted write, by an instance that took it for registered', async () => {
    const { handler } = startAgents({ now: NOW });
    const { runtime: elsewhere } = startAgents({ now: NOW });
    const registry = registryOf(elsewhere);
    await registry.noteActivity('busy', ['TRADE_EXECUTION']);
    await call(handler, deregisterAgent, { params: { agentId: 'busy' } });
    elsewhere.advance(299_999);
    await registry.noteActivity('busy', ['TRADE_EXECUTION']);
    expect(await registry.registered(['busy'])).toEqual(new Set());
    elsewhere.advance(1);
    await registry.noteActivity('busy', ['TRADE_EXECUTION']);
    expect(await registry.registered(['busy'])).toEqual(new Set(['busy']));
  });
});

describe('the registry', () => {
  it('collects the decision types instances note, and pages through everyone', async () => {
    const a = registryOf(startAgents({ now: NOW }).runtime);
    const b = registryOf(startAgents({ now: NOW }).runtime);
    await a.noteActivity('typed', ['B_TYPE']);
    await b.noteActivity('typed', ['A_TYPE']);
    await a.noteActivity('typed', ['C_TYPE']);
    expect(await a.decisionTypes('typed')).toEqual(['A_TYPE', 'B_TYPE', 'C_TYPE']);
    const all = [];
    for await (const agent of a.all()) all.push(agent);
    expect(all).toContainEqual({ agentId: 'typed', agentType: 'unknown', activeHour: '2026-03-01T09' });
  });

  it('knows the registered among more than one read can ask for', async () => {
    const registry = registryOf(startAgents().runtime);
    const ids = Array.from({ length: 120 }, (_, i) => `many-${i}`);
    for (const id of ['many-0', 'many-119']) await registry.noteActivity(id);
    expect(await registry.registered([...ids, 'many-0'])).toEqual(new Set(['many-0', 'many-119']));
  });
});
