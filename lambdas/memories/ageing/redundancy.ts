import type { Ageable } from './ageable.ts';
import { type Facts, factsOf, setCosine } from './facts.ts';
import { NearVectors } from './near-vectors.ts';

/** Share of neighbouring word pairs two texts must have in common: the same words in another order say another thing. */
const SAME_ORDER = 0.5;

interface Leader {
  /** Place in the ranking: of several, the first stands for a duplicate. */
  readonly rank: number;
  readonly memoryId: string;
  readonly facts: Facts;
}

/**
 * Leaders of one block by the rarest words of each. Two sets with cosine ≥ t share at least t²·|A| words, so each pair
 * has a word in common among the |A| − ⌈t²·|A|⌉ + 1 rarest of both (prefix filtering: Bayardo, Ma, Srikant, "Scaling up
 * all pairs similarity search", WWW 2007). Nothing is missed, and only texts that share a rare word are compared.
 */
class WordIndex {
  readonly #leaders = new Map<string, Leader[]>();
  readonly #threshold: number;
  readonly #rarity: ReadonlyMap<string, number>;

  constructor(threshold: number, rarity: ReadonlyMap<string, number>) {
    this.#threshold = threshold;
    this.#rarity = rarity;
  }

  add(leader: Leader): void {
    for (const word of this.#prefix(leader.facts)) {
      const known = this.#leaders.get(word);
      if (known) known.push(leader);
      else this.#leaders.set(word, [leader]);
    }
  }

  /** @returns the first-ranked leader that says the same */
  find(facts: Facts): Leader | undefined {
    let best: Leader | undefined;
    for (const word of this.#prefix(facts))
      for (const leader of this.#leaders.get(word) ?? []) {
        if (best && leader.rank >= best.rank) break; // in the order of their ranks
        if (this.#same(facts, leader.facts)) best = leader;
      }
    return best;
  }

  #same(a: Facts, b: Facts): boolean {
    return setCosine(a.stems, b.stems) >= this.#threshold && setCosine(a.pairs, b.pairs) >= SAME_ORDER;
  }

  #prefix({ stems }: Facts): string[] {
    // Numbers and negations alone: the block has compared them.
    if (stems.size === 0) return [''];
    const needed = Math.ceil(this.#threshold ** 2 * stems.size - 1e-9);
    return [...stems]
      .sort((a, b) => this.#rarity.get(a)! - this.#rarity.get(b)! || (a < b ? -1 : 1))
      .slice(0, stems.size - needed + 1);
  }
}

/** Only what was not shortened is compared: what a summary leaves out may be where two memories differ. */
const isWhole = ({ form }: Ageable): boolean => form === 'full' || form === 'essential';

function rarityOf(facts: Iterable<Facts>): Map<string, number> {
  const rarity = new Map<string, number>();
  for (const { stems } of facts) for (const stem of stems) rarity.set(stem, (rarity.get(stem) ?? 0) + 1);
  return rarity;
}

/**
 * Which memories another one stands for. Each, from the most valuable down, is a duplicate of the first leader that says
 * the same, or becomes a leader itself; so no two that stay are duplicates, and doing it again finds nothing. Only
 * within one block (see `Facts`): a number, a date, an outcome that differs is another fact.
 * @param ranked the most valuable first
 * @param mayGo whether a memory may be given up for another
 * @returns by the id of the one that stays, those it stands for
 */
export function nearDuplicates<M extends Ageable>(
  ranked: readonly M[],
  threshold: number,
  mayGo: (memory: M) => boolean,
): Map<string, M[]> {
  const facts = new Map(ranked.map((memory) => [memory.memoryId, factsOf(memory)]));
  const rarity = rarityOf(facts.values());
  const words = new Map<string, WordIndex>();
  const vectors = new Map<string, NearVectors>();
  const found = new Map<string, M[]>();
  for (const [rank, memory] of ranked.entries()) {
    if (!isWhole(memory)) continue;
    const own = facts.get(memory.memoryId)!;
    let index = words.get(own.block);
    if (!index) words.set(own.block, (index = new WordIndex(threshold, rarity)));
    const near = vectors.get(own.block);
    const leader = mayGo(memory)
      ? firstOf(index.find(own), memory.vector && near?.find(memory.vector))
      : undefined;
    if (leader) {
      const group = found.get(leader.memoryId);
      if (group) group.push(memory);
      else found.set(leader.memoryId, [memory]);
      continue;
    }
    index.add({ rank, memoryId: memory.memoryId, facts: own });
    if (!memory.vector) continue;
    if (!near) vectors.set(own.block, new NearVectors(threshold));
    vectors.get(own.block)!.add(rank, memory.memoryId, memory.vector);
  }
  return found;
}

type Found = Pick<Leader, 'rank' | 'memoryId'> | undefined;

const firstOf = (a: Found, b: Found): Found => (a && b ? (a.rank < b.rank ? a : b) : (a ?? b));
