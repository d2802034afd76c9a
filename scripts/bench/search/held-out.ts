import { MemoryCollection } from '../../../lambdas/memories/search/memory-collection.ts';
import { defaultRankingRules, rank, type RankingRules } from '../../../lambdas/memories/search/ranking.ts';
import { searchTermsOf } from '../../../lambdas/shared/text/terms.ts';
import type { LabelledSet, Question } from '../../../test/support/labelled-memories.ts';
import { mean, scoreOf } from './scores.ts';

type Neighbours = RankingRules['neighbours'];

const PREVIOUS = [0, 0.2, 0.4, 0.6, 0.8, 1];
const NEXT = [0, 0.2, 0.4, 0.6];
const NOW = new Date('2026-03-02T00:00:00.000Z');
const noBoosts = { recency: false, importance: false, outcome: false };

/** Every other topic of the conversations, every other question of the records. */
const isTuned = ({ topic }: Question, place: number): boolean => (topic ?? place) % 2 === 0;

interface Half {
  readonly collection: MemoryCollection;
  readonly questions: readonly Question[];
}

function halvesOf(sets: readonly LabelledSet[]): [tuned: Half[], heldOut: Half[]] {
  const parts = sets.map(({ memories, questions }) => {
    const collection = new MemoryCollection();
    for (const memory of memories) collection.put(memory);
    return {
      tuned: { collection, questions: questions.filter(isTuned) },
      heldOut: { collection, questions: questions.filter((question, i) => !isTuned(question, i)) },
    };
  });
  return [parts.map(({ tuned }) => tuned), parts.map(({ heldOut }) => heldOut)];
}

const scoresOf = (halves: readonly Half[], neighbours: Neighbours) =>
  halves.flatMap(({ collection, questions }) =>
    questions.map(({ text, evidence }) => {
      const request = { query: text, topK: 10, boosts: noBoosts, isWanted: () => true, now: NOW };
      const hits = rank([collection], request, { neighbours });
      return scoreOf(
        hits.map(({ memory }) => memory.memoryId),
        evidence,
      );
    }),
  );

const recallOf = (halves: readonly Half[], neighbours: Neighbours): number =>
  mean(scoresOf(halves, neighbours), 'recall');

/** The weights that find most of some questions; of several as good the smallest. */
function tunedOn(halves: readonly Half[]): Neighbours {
  const grid = PREVIOUS.flatMap((previous) => NEXT.map((next) => ({ previous, next })));
  const recalls = grid.map((neighbours) => recallOf(halves, neighbours));
  return grid[recalls.indexOf(Math.max(...recalls))]!;
}

/**
 * What neighbouring turns lend each other, chosen on one half of the questions and measured on the other, both ways,
 * beside what the service uses.
 */
export function measureHeldOut(sets: readonly LabelledSet[], print: (line: string) => void): void {
  const [even, odd] = halvesOf(sets);
  const said = ({ previous, next }: Neighbours): string => `previous ${previous}, next ${next}`;
  const { neighbours: used } = defaultRankingRules;
  print('\nrecall@10, weights of neighbouring turns chosen on one half, measured on the other');
  for (const [name, tuned, heldOut] of [
    ['first half', even, odd],
    ['second half', odd, even],
  ] as const) {
    const chosen = tunedOn(tuned);
    print(
      `chosen on the ${name}: ${said(chosen)}: ${recallOf(tuned, chosen).toFixed(2)} there, ` +
        `${recallOf(heldOut, chosen).toFixed(2)} held out; as used (${said(used)}) ` +
        `${recallOf(heldOut, used).toFixed(2)}`,
    );
  }
}

/** Of conversations: questions that share no word but a name with their evidence or the turn before it. */
export function countBeyondWords({ memories, questions }: LabelledSet): number {
  const places = new Map(memories.map(({ memoryId }, place) => [memoryId, place]));
  return questions.filter(({ text, evidence }) => {
    const asked = new Set(searchTermsOf(text));
    const place = places.get(evidence[0]!)!;
    const said = [memories[place]!, memories[place - 1]].flatMap((memory) =>
      searchTermsOf(memory?.text ?? ''),
    );
    const speaker = searchTermsOf(String(memories[place]!.metadata?.['speaker']));
    return !said.some((term) => asked.has(term) && !speaker.includes(term));
  }).length;
}
