import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import { toItem } from '../../../lambdas/decisions/table.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, hoursAgo, NOW } from './support.ts';

beforeAll(() => createTables());

interface Node {
  readonly agentId: string;
  readonly decisionId: string;
  readonly depth: number;
}

describe('a chain of decisions', () => {
  const api = createApi();

  it("runs across agents and shows of others' decisions only who, what, when and status", async () => {
    const log = async (agentId: string, hours: number, parent?: { agentId?: string; decisionId: string }) =>
      (
        await api.log(agentId, {
          timestamp: hoursAgo(hours),
          action: `${agentId}-${hours}`,
          ...(parent && { parent }),
        })
      ).body;
    const root = await log('hunter', 9);
    const risk = await log('risk', 8, { agentId: 'hunter', decisionId: root.decisionId });
    const other = await log('hunter', 7, { decisionId: root.decisionId });
    const trade = await log('trader', 6, { agentId: 'risk', decisionId: risk.decisionId });
    expect(root).not.toHaveProperty('root');
    expect(trade).toMatchObject({
      depth: 3,
      root: { agentId: 'hunter', decisionId: root.decisionId },
      parent: { agentId: 'risk', decisionId: risk.decisionId },
    });
    expect(other.parent).toEqual({ agentId: 'hunter', decisionId: root.decisionId });

    for (const [agentId, { decisionId }] of [
      ['hunter', root],
      ['risk', risk],
      ['trader', trade],
    ] as const) {
      const { body } = await api.chain(agentId, decisionId);
      expect(body).toMatchObject({
        decisionId,
        root: { agentId: 'hunter', decisionId: root.decisionId },
        truncated: false,
      });
      expect(body.items.map((node: Node) => [node.decisionId, node.depth])).toEqual([
        [root.decisionId, 1],
        [risk.decisionId, 2],
        [trade.decisionId, 3],
        [other.decisionId, 2],
      ]);
      for (const node of body.items as Node[]) {
        const names = Object.keys(node).sort();
        if (node.agentId === agentId) expect(names).toContain('action');
        else expect(names).toEqual(['agentId', 'decisionId', 'decisionType', 'depth', 'status', 'timestamp']);
      }
    }
    expect((await api.chain('trader', root.decisionId)).body.error.code).toBe('NotFound');
  });

  it('is a single decision when nothing followed', async () => {
    const { decisionId } = (await api.log('alone')).body;
    expect((await api.chain('alone', decisionId)).body.items).toMatchObject([{ decisionId, depth: 1 }]);
  });

  it('is at most 20 deep', async () => {
    let parent = (await api.log('deep')).body;
    for (let depth = 2; depth <= 20; depth++) {
      parent = (await api.log('deep', { parent: { decisionId: parent.decisionId } })).body;
      expect(parent.depth).toBe(depth);
    }
    const { body } = await api.log('deep', { parent: { decisionId: parent.decisionId } });
    expect(body.error.issues).toMatchObject([{ path: 'parent.decisionId' }]);
    const chain = (await api.chain('deep', parent.decisionId)).body;
    expect(chain.items.map(({ depth }: Node) => depth)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('is at most 200 decisions: the next is refused, and what slipped past the check is cut off and said', async () => {
    const root = (await api.log('wide')).body;
    const parent = { agentId: 'wide', decisionId: root.decisionId };
    const follower = (n: number) => ({
      ...root,
      decisionId: typedId('RISK_ASSESSMENT', new Date(NOW), new Uint8Array(10).fill(n)),
      parent,
      root: parent,
      depth: 2,
    });
    // Written past the service, as many writers at the same moment would be.
    const write = async (decisions: Decision[]) => {
      for (let start = 0; start < decisions.length; start += 25)
        await api.runtime.unrecorded.send(
          new BatchWriteCommand({
            RequestItems: {
              [tableName('decisions')]: decisions
                .slice(start, start + 25)
                .map((decision) => ({ PutRequest: { Item: toItem(decision) } })),
            },
          }),
        );
    };
    await write(Array.from({ length: 198 }, (_, n) => follower(n)));
    expect((await api.log('wide', { parent: { decisionId: root.decisionId } })).status).toBe(201);
    const chain = (await api.chain('wide', root.decisionId)).body;
    expect([chain.items.length, chain.truncated]).toEqual([200, false]);
    const { body } = await api.log('wide', { parent: { decisionId: root.decisionId } });
    expect(body.error.issues).toMatchObject([{ path: 'parent.decisionId' }]);

    const late = follower(255).decisionId;
    await write([follower(255)]);
    const seen = (await api.chain('wide', late)).body;
    expect([seen.items.length, seen.truncated]).toEqual([200, true]);
    expect(seen.items.map(({ decisionId }: Node) => decisionId)).toContain(late);
  });

  it('outlives its root', async () => {
    const clock = createApi();
    const root = (await clock.log('mortal')).body;
    clock.runtime.advance(80 * 86_400_000);
    const child = (await clock.log('mortal', { parent: { decisionId: root.decisionId } })).body;
    const grandchild = (await clock.log('mortal', { parent: { decisionId: child.decisionId } })).body;
    clock.runtime.advance(20 * 86_400_000);
    const { body } = await clock.chain('mortal', grandchild.decisionId);
    expect(body.items.map(({ decisionId }: Node) => decisionId)).toEqual([
      child.decisionId,
      grandchild.decisionId,
    ]);
    expect((await clock.log('mortal', { parent: { decisionId: root.decisionId } })).body.error.code).toBe(
      'ValidationFailed',
    );
  });
});
