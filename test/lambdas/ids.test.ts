import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { timestampSchema } from '../../lambdas/shared/schema/fields.ts';
import { createTables } from '../support/tables.ts';
import { createApi } from './decisions/support.ts';
import { createMemoriesFixture } from './memories/fixture.ts';
import { createSessionsFixture } from './sessions/fixture.ts';
import { createSignalsFixture } from './signals/fixture.ts';

type Fields<Name extends string> = Readonly<Record<Name, string>>;

interface Vectors {
  readonly decisions: readonly Fields<
    'agentId' | 'decisionType' | 'timestamp' | 'clientToken' | 'decisionId'
  >[];
  readonly signals: readonly Fields<'agentId' | 'signalType' | 'timestamp' | 'clientToken' | 'signalId'>[];
  readonly sessions: readonly Fields<'agentId' | 'clientToken' | 'sessionId'>[];
  readonly memories: readonly (Fields<'agentId' | 'memoryType' | 'category' | 'memoryId'> & {
    readonly content: unknown;
  })[];
}

const text = readFileSync('docs/id-vectors.json', 'utf8');
const vectors = JSON.parse(text) as Vectors;
const NOW = '2026-03-01T12:00:00.000Z';

/** Whether timestamps may carry an offset here. Once they may, every vector must be taken. */
const takesOffsets = timestampSchema.safeParse('2026-03-01T11:30:00+02:00').success;
const isTaken = ({ timestamp }: { readonly timestamp: string }): boolean =>
  takesOffsets || timestamp.endsWith('Z');

beforeAll(() => createTables());

describe('the service gives the ids of docs/id-vectors.json', () => {
  it.each(vectors.decisions.filter(isTaken))('$decisionId', async ({ agentId, decisionId, ...sent }) => {
    const api = createApi({ now: NOW });
    const { body } = await api.log(agentId, { ...sent, context: {} });
    expect(body.decisionId).toBe(decisionId);
    expect((await api.outcome(agentId, decisionId, { status: 'success' })).status).toBe(200);
  });

  it.each(vectors.signals.filter(isTaken))('$signalId', async ({ agentId, signalId, ...sent }) => {
    const api = createSignalsFixture({ now: NOW });
    await api.register('target');
    const { body } = await api.publish(agentId, { ...sent, targetAgents: ['target'] });
    expect(body.signalId).toBe(signalId);
  });

  it.each(vectors.sessions)('$sessionId', async ({ agentId, sessionId, ...sent }) => {
    expect((await createSessionsFixture({ now: NOW }).create(agentId, sent)).body.sessionId).toBe(sessionId);
  });

  it.each(vectors.memories)('$memoryId', async ({ agentId, memoryId, ...sent }) => {
    expect((await createMemoriesFixture({ now: NOW }).save(agentId, sent)).body.memoryId).toBe(memoryId);
  });
});

/** Reads the vectors, prints the ids in their order. */
const PYTHON_MAIN = `
import sys
v = json.load(sys.stdin)
ids = [typed_id(d["agentId"], "decisions", d["decisionType"], d["timestamp"], d["clientToken"]) for d in v["decisions"]]
ids += [typed_id(s["agentId"], "signals", s["signalType"], s["timestamp"], s["clientToken"]) for s in v["signals"]]
ids += [session_id(s["agentId"], s["clientToken"]) for s in v["sessions"]]
ids += [memory_id(m["agentId"], m["memoryType"], m["category"], m["content"]) for m in v["memories"]]
print(json.dumps(ids))
`;

const hasPython =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0;
if (!hasPython)
  process.stdout.write('SKIPPED: the reference of docs/ids.md needs python3 of 3.11 or later\n');

describe('the reference in docs/ids.md', () => {
  const [, reference = ''] = /```python\n([^]*?)```/.exec(readFileSync('docs/ids.md', 'utf8')) ?? [];

  it('is short enough to be copied', () => {
    const lines = reference.split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  (hasPython ? it : it.skip)('gives the same ids in Python', () => {
    const { stdout, stderr } = spawnSync('python3', ['-c', reference + PYTHON_MAIN], {
      input: text,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], PYTHONIOENCODING: 'utf-8' },
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      ...vectors.decisions.map(({ decisionId }) => decisionId),
      ...vectors.signals.map(({ signalId }) => signalId),
      ...vectors.sessions.map(({ sessionId }) => sessionId),
      ...vectors.memories.map(({ memoryId }) => memoryId),
    ]);
  });
});
