import { beforeAll, describe, expect, it } from '@jest/globals';
import { intercept, isWrite } from '../../support/faults.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { createTables } from '../../support/tables.ts';
import { createErasurePipeline, everything, kindsOf } from './erasure-pipeline.ts';
import { populate } from './population.ts';

/** What agents keep, by table and the beginnings of its keys. */
const KINDS = [
  'archive records/table=decisions',
  'archive records/table=signals',
  'archive records/table=state',
  'archive users/user=user-42/table=state',
  'decisions agent time',
  'memory access time',
  'memory agent OBSERVATION',
  'memory agent P',
  'memory agent PATTERN',
  'memory agent by',
  'memory agent leaver',
  'memory agent stayer',
  'memory agent type:scout',
  'memory feed TOKEN',
  'memory feed time',
  'memory grant leaver',
  'memory grant stayer',
  'memory history EVIDENCE',
  'memory history STATED',
  'memory history v00000001',
  'memory performance time',
  'memory sharing OBSERVATION',
  'memory sharing PATTERN',
  'memory stats MEMORIES',
  'signals signal time',
  'state agent BACKUP',
  'state agent BACKUP_DATA',
  'state agent CHECKPOINT',
  'state agent CHECKPOINT_DATA',
  'state agent COUNTER',
  'state agent CURRENT',
  'state agent LASTRUN',
  'state agent PROFILE',
  'state agent SESSION',
  'state agent STATE_VERSION',
  'state agent SUBSCRIPTIONS',
  'state agent TOKEN',
  'state agent TOUCHED',
  'state agent WAITINGRUN',
  'state agent WORKING',
  'state broadcasts POPULAR',
  'state exposures time',
  'state open-sessions leaver',
  'state run AGENT',
  'state run RUN',
  'state seen time',
  'state session MSG',
  'state session TOP',
  'state subscribers leaver',
  'state traces time',
  'state unheard UNHEARD_OF',
  'state user leaver',
];

/** A worker that is killed after every eleventh write. */
const mortal = () => {
  let writes = 0;
  return intercept(async (command, pass) => {
    const answer = await pass(command);
    if (isWrite(command) && ++writes % 11 === 0) throw new Error('killed');
    return answer;
  });
};

describe('the erasure of an agent', () => {
  const bucket = new MemoryBucket();
  let before: string[];
  beforeAll(async () => {
    await createTables();
    await populate(bucket, 'leaver', 'stayer');
    before = await everything(bucket);
  });

  it('removes what is its own from wherever it is, and nothing of others; killed all the time, it counts exactly', async () => {
    const named = before.filter((row) => row.includes('leaver'));
    expect(kindsOf(named)).toEqual(KINDS);

    const erasures = createErasurePipeline({ bucket, documents: mortal() });
    const { body: asked } = await erasures.start({ body: { agentId: 'leaver' } });
    let deaths = 0;
    for (let dead = true; dead;)
      dead = await erasures.work({ erasureId: asked.erasureId }).then(
        () => false,
        () => ++deaths < 200,
      );
    expect(deaths).toBeGreaterThan(5);
    const { body: erasure } = await erasures.get(asked.erasureId);
    expect(erasure).toMatchObject({
      agentId: 'leaver',
      status: 'SUCCEEDED',
      left: { decisions: 0, memory: 0, state: 0, signals: 0, archive: 0 },
    });

    const after = await everything(bucket);
    // Decisions of others that name one of its decisions as their parent, and the erasure itself.
    const rest = after.filter((row) => row.includes('leaver'));
    expect(kindsOf(rest)).toEqual([
      'decisions agent time',
      'memory feed STATE',
      'state erased ERASED',
      'state erasure ERASURE',
    ]);
    expect(rest.filter((row) => row.startsWith('decisions') && !row.includes('agent:stayer#'))).toEqual([]);

    const present = new Set(after);
    const touched = before.filter((row) => !row.includes('leaver') && !present.has(row));
    // A delivery that took over what the first one carried, and where a run that was about the agent alone was listed.
    expect(kindsOf(touched)).toEqual(['signals signal time', 'state runs time']);
    expect(touched).toHaveLength(2);

    for (const table of ['decisions', 'memory', 'signals', 'archive'] as const) {
      const rows = (all: readonly string[]) =>
        all.filter((row) => row.startsWith(`${table} `) && !row.includes('"STATE"')).length;
      expect([table, erasure.removed[table]]).toEqual([table, rows(before) - rows(after)]);
    }
    const state = (all: readonly string[]) => all.filter((row) => /^state (?!.*"PK":"eras)/.test(row)).length;
    expect(erasure.removed.state).toBe(state(before) - state(after));
  });

  it('finds nothing when it is asked for again, also of an agent that nobody knows', async () => {
    const erasures = createErasurePipeline({ bucket });
    const nothing = { decisions: 0, memory: 0, state: 0, signals: 0, archive: 0 };
    for (const agentId of ['leaver', 'nobody']) {
      const erasure = await erasures.erase({ agentId });
      expect(erasure).toMatchObject({ status: 'SUCCEEDED', removed: nothing, rewritten: 0 });
    }
  });
});
