import type { Memory } from '../memory.ts';
import { type Facts, factsOf, setCosine } from './facts.ts';
import { NearVectors } from './near-vectors.ts';

/** Share of neighbouring word pairs two texts must have in common: the same words in another order say another thing. */
const SAME_ORDER = 0.5;

interface Leader {
  /** Place in the ranking: of several, the first stands for a duplicate. */
  readonly rank: number;
  readonly memoryId: string;
  readonly says: Statement;
}

/** A text to compare: its stems as numbers, rising from the rarest, and its pairs of neighbours. */
interface Statement {
  readonly stems: readonly number[];
  readonly pairs: Facts['pairs'];
}

/** Two rising lists have at least `needed` numbers in common. */
function haveInCommon(a: readonly number[], b: readonly number[], needed: number): boolean {
  let [i, j, common] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    if (common + Math.min(a.length - i, b.length - j) < needed) return false;
    if (a[i] === b[j]) {
      common++;
      i++;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return common >= needed;
}

/** Rounding must not ask for one more than the threshold does. */
const wholeNumberFrom = (value: number): number => Math.ceil(value - 1e-9);

/**
 * Leaders of one block by the rarest stems of each. Two sets with cosine ≥ t share at least t²·|A| stems. So each pair
 * has one in common among the |A| − ⌈t²·|A|⌉ + 1 rarest of both, and what follows that one must suffice. Nothing is missed.
 *
 * @see Bayardo, Ma, Srikant (2007), "Scaling up all pairs similarity search", for prefix filtering
 * @see Xiao, Wang, Lin, Yu (2008), "Efficient similarity joins for near duplicate detection", for positional filtering
 */
class WordIndex {
  readonly #leaders = new Map<number, { readonly leader: Leader; readonly place: number }[]>();
  readonly #threshold: number;
  /** Whose texts have no stems at all: the block has compared their numbers. */
  #wordless: Leader | undefined;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  add(leader: Leader): void {
    if (leader.says.stems.length === 0) this.#wordless ??= leader;
    for (const [place, stem] of this.#prefix(leader.says).entries()) {
      const known = this.#leaders.get(stem);
      if (known) known.push({ leader, place });
      else this.#leaders.set(stem, [{ leader, place }]);
    }
  }

  /** @returns the first-ranked leader that says the same */
  find(says: Statement): Leader | undefined {
    if (says.stems.length === 0) return this.#wordless;
    let best: Leader | undefined;
    const compared = new Set<Leader>();
    for (const [at, stem] of this.#prefix(says).entries())
      for (const { leader, place } of this.#leaders.get(stem) ?? []) {
        if (best && leader.rank >= best.rank) break; // in the order of their ranks
        const [own, other] = [says.stems.length, leader.says.stems.length];
        const needed = wholeNumberFrom(this.#threshold * Math.sqrt(own * other));
        if (Math.min(own - at, other - place) < needed || compared.has(leader)) continue;
        compared.add(leader);
        if (!haveInCommon(says.stems, leader.says.stems, needed)) continue;
        if (setCosine(says.pairs, leader.says.pairs) >= SAME_ORDER) best = leader;
      }
    return best;
  }

  #prefix({ stems }: Statement): readonly number[] {
    return stems.slice(0, stems.length - wholeNumberFrom(this.#threshold ** 2 * stems.length) + 1);
  }
}

/** Only what was not shortened is compared: what a summary leaves out may be where two memories differ. */
const isWhole = ({ form }: Memory): boolean => form === 'full' || form === 'essential';

/** Stems as numbers, the rarest first. */
function numbered(facts: Iterable<Facts>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { stems } of facts) for (const stem of stems) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  const rarest = [...counts].sort(([a, n], [b, m]) => n - m || (a < b ? -1 : 1));
  return new Map(rarest.map(([stem], number) => [stem, number]));
}

/**
 * Which memories another one stands for. Each, from the most valuable down, is a duplicate of the first leader that says
 * the same, or becomes a leader itself; so no two that stay are duplicates, and doing it again finds nothing. Only
 * within one block (see `Facts`): a number, a date, an outcome that differs is another fact.
 * @param ranked the most valuable first
 * @param mayGo whether a memory may be given up for another
 * @returns by the id of the one that stays, those it stands for
 */
export function nearDuplicates(
  ranked: readonly Memory[],
  threshold: number,
  mayGo: (memory: Memory) => boolean,
): Map<string, Memory[]> {
  const whole = ranked.filter(isWhole);
  const facts = new Map(whole.map((memory) => [memory.memoryId, factsOf(memory)]));
  const numbers = numbered(facts.values());
  const words = new Map<string, WordIndex>();
  const vectors = new Map<string, NearVectors>();
  const found = new Map<string, Memory[]>();
  for (const [rank, memory] of whole.entries()) {
    const { memoryId } = memory;
    const { block, stems, pairs } = facts.get(memoryId)!;
    const says = { stems: [...stems].map((stem) => numbers.get(stem)!).sort((a, b) => a - b), pairs };
    const index = words.get(block) ?? new WordIndex(threshold);
    words.set(block, index);
    const near = memory.vector && (vectors.get(block) ?? new NearVectors(threshold));
    if (near) vectors.set(block, near);
    const place = memory.vector && near?.place(memory.vector);
    const leader = mayGo(memory) ? firstOf(index.find(says), place && near?.find(place)) : undefined;
    if (leader) {
      const group = found.get(leader.memoryId);
      if (group) group.push(memory);
      else found.set(leader.memoryId, [memory]);
      continue;
    }
    index.add({ rank, memoryId, says });
    if (place) near?.add({ rank, memoryId, ...place });
  }
  return found;
}

type Found = Pick<Leader, 'rank' | 'memoryId'> | undefined;

const firstOf = (a: Found, b: Found): Found => (a && b ? (a.rank < b.rank ? a : b) : (a ?? b));
