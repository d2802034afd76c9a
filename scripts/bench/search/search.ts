/**
 * How well questions find their evidence, ingredient by ingredient and held out, on labelled sets; then how fast a
 * search is over 10,000 memories, in the process and with its reads, and what many agents take.
 */
import MiniSearch from 'minisearch';
import { HashingEmbedder } from '../../../lambdas/memories/search/embedder.ts';
import { MemoryCollection } from '../../../lambdas/memories/search/memory-collection.ts';
import { rank, type RankingRules } from '../../../lambdas/memories/search/ranking.ts';
import type { WordRules } from '../../../lambdas/shared/text/terms.ts';
import { readLogs } from '../../shared/published-logs.ts';
import { randomSource } from '../../shared/random.ts';
import { conversations } from './conversations.ts';
import { countBeyondWords, measureHeldOut } from './held-out.ts';
import type { LabelledSet } from '../../../test/support/labelled-memories.ts';
import { airline, traders } from './records.ts';
import { K, mean, type Score, scoreOf } from './scores.ts';
import { measureSpeed, quickSizes, sizes } from './speed.ts';

export interface SearchOptions {
  /** Folder of the published logs. @default - generated conversations alone */
  readonly data: string | undefined;
  readonly seed: number;
  readonly only: readonly ('quality' | 'speed')[];
  /** A fortieth of the memories, and fewer conversations. */
  readonly quick: boolean;
}

const NOW = new Date('2026-03-02T00:00:00.000Z');
const noBoosts = { recency: false, importance: false, outcome: false };

interface Rung {
  readonly name: string;
  readonly words: WordRules;
  readonly attributes: boolean;
  readonly neighbours: RankingRules['neighbours'];
  readonly vectors?: true;
}

const plain: Rung = {
  name: 'plain BM25',
  words: { stemming: false, stopWords: false },
  attributes: false,
  neighbours: { previous: 0, next: 0 },
};
const stemming: Rung = { ...plain, name: '+ stemming', words: { stemming: true, stopWords: false } };
const stopWords: Rung = { ...stemming, name: '+ stop words', words: { stemming: true, stopWords: true } };
const attributes: Rung = { ...stopWords, name: '+ speaker, date', attributes: true };
const previous: Rung = { ...attributes, name: '+ previous turn', neighbours: { previous: 0.8, next: 0 } };
const next: Rung = { ...previous, name: '+ next turn', neighbours: { previous: 0.8, next: 0.2 } };
const fusion: Rung = { ...next, name: '+ fusion (hashing)', vectors: true };

async function scoresOf(set: LabelledSet, rung: Rung): Promise<Score[]> {
  const embedder = rung.vectors && new HashingEmbedder();
  const collection = new MemoryCollection({ words: rung.words, attributes: rung.attributes });
  for (const memory of set.memories)
    collection.put(embedder ? { ...memory, vector: await embedder.embed(memory.text) } : memory);
  const scores: Score[] = [];
  for (const { text, evidence } of set.questions) {
    const vector = await embedder?.embed(text);
    const request = { query: text, topK: K, boosts: noBoosts, isWanted: () => true, now: NOW };
    const rules = { words: rung.words, neighbours: rung.neighbours };
    const hits = rank([collection], vector ? { ...request, vector } : request, rules);
    scores.push(
      scoreOf(
        hits.map(({ memory }) => memory.memoryId),
        evidence,
      ),
    );
  }
  return scores;
}

/** The library's BM25 (BM25+) as it comes, for comparison. */
function scoresOfLibrary(set: LabelledSet): Score[] {
  const index = new MiniSearch({ fields: ['text'], idField: 'memoryId' });
  index.addAll(set.memories.map(({ memoryId, text }) => ({ memoryId, text })));
  return set.questions.map(({ text, evidence }) =>
    scoreOf(
      index.search(text).map(({ id }) => String(id)),
      evidence,
    ),
  );
}

const cell = (scores: readonly Score[]): string =>
  `${mean(scores, 'recall').toFixed(2)} / ${mean(scores, 'reciprocal').toFixed(2)}`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function measureQuality({ data, seed, quick }: SearchOptions): Promise<void> {
  const sets = [conversations(randomSource(seed), ...(quick ? [2] : []))];
  if (data === undefined) print('without --data the records of traders and of an airline are left out');
  else {
    const logs = readLogs(data);
    sets.push(traders(logs), airline(logs));
  }

  const total = sets.reduce((sum, { questions }) => sum + questions.length, 0);
  print(`${total} questions; recall@${K} / mean reciprocal rank`);
  const header = sets.map(
    ({ name, memories, questions }) => `${name} (${questions.length} of ${memories.length})`,
  );
  const row = (name: string, cells: readonly string[]) =>
    print([name.padEnd(20), ...cells.map((text, i) => text.padEnd(header[i]?.length ?? 0))].join('  '));
  row('', [...header, 'all']);
  const rows = (name: string, parts: readonly Score[][]) =>
    row(name, [...parts.map(cell), cell(parts.flat())]);
  rows('minisearch', sets.map(scoresOfLibrary));
  for (const rung of [plain, stemming, stopWords, attributes, previous, next, fusion])
    rows(rung.name, await Promise.all(sets.map((set) => scoresOf(set, rung))));
  measureHeldOut(sets, print);
  const beyond = countBeyondWords(sets[0]!);
  print(
    `${beyond} of the ${sets[0]!.questions.length} questions to conversations share no word but a name with the ` +
      'answer or the turn before it: only a model that knows meanings finds those.',
  );
}

export async function run(options: SearchOptions): Promise<void> {
  if (options.only.includes('quality')) await measureQuality(options);
  if (options.only.includes('speed')) await measureSpeed(options.quick ? quickSizes : sizes);
}
