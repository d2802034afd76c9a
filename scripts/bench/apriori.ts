/**
 * A plain Apriori over transactions, for comparison: level by level, candidates joined from the frequent itemsets one
 * shorter and pruned by their parts, then one pass over all transactions that counts every candidate each contains.
 * @see Agrawal & Srikant (1994), Fast Algorithms for Mining Association Rules, VLDB 487–499
 */
export interface Itemset {
  /** Ascending. */
  readonly items: readonly number[];
  n: number;
  successes: number;
}

export interface AprioriResult {
  /** All frequent itemsets of up to `maxItems` items; undefined when the time was up. */
  readonly frequent: readonly Itemset[] | undefined;
  /** Processor time, which other work on the machine does not change. */
  readonly cpuSeconds: number;
}

export interface Transactions {
  /** Items of each, ascending. */
  readonly items: readonly (readonly number[])[];
  readonly succeeded: Uint8Array;
}

/** Transactions between two looks at the clock. */
const STRIDE = 256;

/** Candidates by their first item, then by their second, …: only those a transaction may contain are looked at. */
interface Node {
  readonly children: Map<number, Node>;
  itemset?: Itemset;
}

const emptyNode = (): Node => ({ children: new Map() });

export function apriori(
  { items, succeeded }: Transactions,
  minOccurrences: number,
  maxItems: number,
  limitSeconds: number,
): AprioriResult {
  const began = process.cpuUsage();
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  };
  const frequent: Itemset[] = [];
  const single = new Set<number>();
  for (const transaction of items) for (const item of transaction) single.add(item);
  let candidates = [...single]
    .sort((a, b) => a - b)
    .map((item): Itemset => ({ items: [item], n: 0, successes: 0 }));
  for (let size = 1; size <= maxItems && candidates.length > 0; size++) {
    const root = treeOf(candidates);
    for (let row = 0; row < items.length; row++) {
      if (row % STRIDE === 0 && cpuSeconds() > limitSeconds)
        return { frequent: undefined, cpuSeconds: cpuSeconds() };
      countIn(root, items[row]!, 0, succeeded[row]!);
    }
    const kept = candidates.filter(({ n }) => n >= minOccurrences);
    frequent.push(...kept);
    candidates = joined(kept);
  }
  return { frequent, cpuSeconds: cpuSeconds() };
}

function treeOf(candidates: readonly Itemset[]): Node {
  const root = emptyNode();
  for (const itemset of candidates) {
    let node = root;
    for (const item of itemset.items) {
      let child = node.children.get(item);
      if (!child) node.children.set(item, (child = emptyNode()));
      node = child;
    }
    node.itemset = itemset;
  }
  return root;
}

function countIn(node: Node, items: readonly number[], from: number, success: number): void {
  for (let i = from; i < items.length; i++) {
    const child = node.children.get(items[i]!);
    if (!child) continue;
    if (child.itemset) {
      child.itemset.n++;
      child.itemset.successes += success;
    } else countIn(child, items, i + 1, success);
  }
}

/** Pairs of frequent itemsets that differ in their last item, when all their parts are frequent. */
function joined(frequent: readonly Itemset[]): Itemset[] {
  const known = new Set(frequent.map(({ items }) => items.join()));
  const byPrefix = new Map<string, Itemset[]>();
  for (const itemset of frequent) {
    const prefix = itemset.items.slice(0, -1).join();
    const group = byPrefix.get(prefix);
    if (group) group.push(itemset);
    else byPrefix.set(prefix, [itemset]);
  }
  const candidates: Itemset[] = [];
  for (const group of byPrefix.values())
    for (let a = 0; a < group.length; a++)
      for (let b = a + 1; b < group.length; b++) {
        const items = [...group[a]!.items, group[b]!.items.at(-1)!];
        const parts = items.map((_, left) => items.filter((_item, i) => i !== left).join());
        if (parts.every((part) => known.has(part))) candidates.push({ items, n: 0, successes: 0 });
      }
  return candidates;
}
