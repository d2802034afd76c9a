/**
 * The trades of language models and the tool calls of one at an airline's desk, remembered day by day. They are asked
 * for in a person's words and aged night by night on DynamoDB Local, until the archive has them.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NewMemory } from '../../../lambdas/memories/memory-change.ts';
import { tables } from '../../../lambdas/shared/schema/tables.ts';
import { inventLogs } from '../../shared/invented-logs.ts';
import { readLogs } from '../../shared/published-logs.ts';
import { withServiceTables } from '../../shared/service-tables.ts';
import { airline, type DayOfRecords, FIRST_DAY, traders } from './records.ts';

const DAY_MS = 86_400_000;
/** Memories stored at the same time. */
const AT_A_TIME = 20;
const print = (text = ''): void => void process.stdout.write(`${text}\n`);
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

const questions: Readonly<Record<string, readonly string[]>> = {
  'crypto-desk': [
    'Who bought bitcoin on the second of November?',
    'Which trades in Solana lost money?',
    'When did GPT-5 sell Ethereum?',
  ],
  'airline-desk': [
    'Which bookings were refused?',
    'What was the customer told about compensation?',
    'How was baggage added to a reservation?',
  ],
};

/** What somebody tells each desk on its first day, for good. */
const standing: readonly NewMemory[] = [
  { memoryType: 'PREFERENCE', content: 'Answers should name amounts and dates.' },
  { memoryType: 'RULE', content: 'Whoever is not sure asks a person first.', pinned: true },
];

const tierNames = ['hot', 'warm', 'cold', 'archive'] as const;

function folderSize(folder: string): { objects: number; bytes: number } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return { objects: files.length, bytes };
}

async function live(days: readonly DayOfRecords[], nights: number, archiveFolder: string): Promise<void> {
  const { createMemoryDesk } = await import('./desk.ts');
  let now = new Date(FIRST_DAY);
  const desk = createMemoryDesk(tables.memory.name, archiveFolder, () => now);
  const agents = [...new Set(days.map(({ agentId }) => agentId))];

  /** Every morning the same questions: what they find was read. */
  const ask = async (aloud: boolean): Promise<void> => {
    for (const agentId of agents)
      for (const question of questions[agentId] ?? []) {
        const [best] = await desk.search(agentId, question);
        if (!aloud) continue;
        const said = best ? best.memory.text.replaceAll(/\s+/g, ' ').slice(0, 110) : '(nothing)';
        print(
          `  ${agentId}  ${question}\n      ${best ? `${best.memory.tier}, ${best.memory.form}: ` : ''}${said}`,
        );
      }
  };
  /** Memories and bytes of each tier, summed over the nights. */
  const sizes = tierNames.map((name) => ({ name, memories: 0, bytes: 0 }));
  let pruned: { agentId: string; memoryId: string; relevance: number; night: number } | undefined;

  let stored = 0;
  const rememberAll = async (agentId: string, memories: readonly NewMemory[]): Promise<void> => {
    for (let start = 0; start < memories.length; start += AT_A_TIME)
      await Promise.all(
        memories.slice(start, start + AT_A_TIME).map((memory) => desk.remember(agentId, memory)),
      );
    stored += memories.length;
  };

  const header =
    'night     hot        warm       cold       archive    | pruned: expired irrelevant redundant | S3';
  for (let night = 1; night <= nights; night++) {
    now = new Date(Date.parse(FIRST_DAY) + (night - 1) * DAY_MS + DAY_MS / 2);
    for (const { agentId, memories } of days.filter(({ day }) => day === night - 1))
      await rememberAll(agentId, memories);
    if (night === 1) for (const agentId of agents) await rememberAll(agentId, standing);
    const aloud = night === 11 || night === nights;
    if (aloud) print(`\nAsked on day ${night}:`);
    await ask(aloud);
    if (aloud) print();
    now = new Date(Date.parse(FIRST_DAY) + night * DAY_MS + 2 * 3_600_000);
    for (const agentId of agents) {
      const { prunedMemories } = await desk.night(agentId, night);
      const found = prunedMemories.find(
        ({ reason, memoryId }) => reason === 'irrelevant' && !/^OBS/.test(memoryId),
      );
      if (found) pruned = { agentId, night, ...found };
    }
    const figures = await desk.figures(agents);
    for (const size of sizes) {
      size.memories += figures.tiers[size.name];
      size.bytes += figures.bytes[size.name];
    }
    if (night === 1 || night === 11) print(header);
    if (night <= 2 || night % 3 === 0 || night === nights) {
      const tier = (name: (typeof tierNames)[number]) =>
        `${String(figures.tiers[name]).padStart(4)} ${kilobytes(figures.bytes[name]).padStart(8)}`.padEnd(14);
      const { objects, bytes } = folderSize(archiveFolder);
      const { expired, irrelevant, redundant } = figures.pruned;
      print(
        `${String(night).padStart(5)}  ${tier('hot')}${tier('warm')}${tier('cold')}${tier('archive')}|` +
          `${String(expired).padStart(16)} ${String(irrelevant).padStart(10)} ${String(redundant).padStart(9)} | ` +
          `${objects} objects, ${kilobytes(bytes)}`,
      );
    }
  }
  const { compression, memories } = await desk.figures(agents);
  const archived = await desk.archived(agents);
  print(`\n${stored} records were told, ${memories} memories are left.`);
  print(
    `${compression.memories} times one was shortened: ${kilobytes(compression.bytesBefore)} became ` +
      `${kilobytes(compression.bytesAfter)}.`,
  );
  for (const { name, memories: count, bytes } of sizes)
    if (count > 0) print(`  in ${name}, ${(bytes / count).toFixed(0)} bytes each, over all nights`);
  print(`The archive gives back ${archived.records} records of ${archived.memories} memories.`);
  if (pruned) {
    const { agentId, memoryId, relevance, night } = pruned;
    print(
      `\nPruned in night ${night}, at a relevance of ${relevance.toFixed(2)}; what the archive has of it ` +
        `(GET /agents/${agentId}/archive?table=memory&id=${memoryId}&from=${FIRST_DAY}T00:00:00Z):`,
    );
    for (const { reason, archivedAt, version, record } of await desk.readBack(
      agentId,
      memoryId,
      `${FIRST_DAY}T00:00:00.000Z`,
    ))
      print(
        `  ${archivedAt.slice(0, 10)} ${reason}, version ${version}, ${String(record['form'])}: ` +
          JSON.stringify(record['content']).slice(0, 160),
      );
  }
  print(`Stored and neither here nor there: ${await desk.lost()}.`);
}

export interface AgeingOptions {
  readonly data: string | undefined;
  readonly nights: number;
}

export async function run({ data, nights }: AgeingOptions): Promise<void> {
  const logs = data === undefined ? inventLogs() : readLogs(data);
  const days = [...traders(logs), ...airline(logs)];
  await withServiceTables(async ({ directory }) => {
    const archiveFolder = join(directory, 'archive');
    mkdirSync(archiveFolder);
    await live(days, nights, archiveFolder);
  });
}
