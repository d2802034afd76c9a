import { beforeAll, expect, it } from '@jest/globals';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { nameOf, simulateLog } from '../mining/case-generator.ts';
import {
  createPipeline,
  type DecisionSketch,
  decisionsOf,
  logDecisions,
  storeDecisions,
} from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const NOW = '2026-04-05T02:00:00.000Z';
const LATER = '2026-04-06T02:00:00.000Z';

beforeAll(() => createTables());

const sketchOf = ({ features, time, success }: ResolvedCase): DecisionSketch => ({
  context: Object.fromEntries(
    [...features].map(([path, feature]) => [path, feature.kind === 'value' ? feature.value : null]),
  ),
  status: success ? 'success' : 'failure',
  timestamp: new Date(time).toISOString(),
});

it('a pattern learned too broadly is retired when the narrower rule is learned, though others miss by less', async () => {
  const runtime = createUnrecordedRuntime({ now: NOW });
  const store = new PatternStore(new Table(runtime.documents, tableName('memory')));
  const pipeline = createPipeline({ now: NOW });
  const statuses = async () =>
    Object.fromEntries(
      (await store.ofAgent('learner'))
        .filter(({ status }) => status !== 'candidate')
        .map((pattern) => [nameOf(pattern), `${pattern.status} ${pattern.reason}`]),
    );
  const log = { decisions: 1200, fields: 6, effect: 0.4, seed: 3 };
  // the same decisions twice: one seed, and the outcomes depend on what is planted
  await logDecisions(runtime, 'learner', simulateLog({ ...log, planted: 1 }).map(sketchOf));
  await pipeline.run({ agentId: 'learner' });
  expect(await statuses()).toEqual({ 'success: f0=a': 'promoted significant' });

  const corrected = simulateLog({ ...log, planted: 2 }).map(sketchOf);
  await storeDecisions(runtime.documents, decisionsOf('learner', corrected, NOW));
  pipeline.setTime(LATER);
  const run = await pipeline.run({ agentId: 'learner' });
  expect(run.report.totals).toMatchObject({ promoted: 1, demoted: 1 });
  expect(await statuses()).toEqual({
    'success: f0=a': 'retired explained_by_conjunction',
    'success: f0=a & f1=a': 'promoted significant',
  });
});
