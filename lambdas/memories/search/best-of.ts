/**
 * The best of many, kept in a heap whose root is the worst of them: what is no better than that is not even looked at.
 */
export class BestOf<Item> {
  readonly #size: number;
  readonly #compare: (a: Item, b: Item) => number;
  readonly #values: number[] = [];
  readonly #items: Item[] = [];

  /** @param compare orders items of the same value, the better one first */
  constructor(size: number, compare: (a: Item, b: Item) => number) {
    this.#size = size;
    this.#compare = compare;
  }

  /** Below it nothing gets in. */
  get least(): number {
    return this.#items.length < this.#size ? -Infinity : this.#values[0]!;
  }

  /** What goes next, once there are as many as there may be. */
  get worst(): Item | undefined {
    return this.#items.length < this.#size ? undefined : this.#items[0];
  }

  add(value: number, item: Item): void {
    if (this.#items.length < this.#size) {
      this.#values.push(value);
      this.#items.push(item);
      this.#up(this.#items.length - 1);
    } else if (this.#isWorse(this.#values[0]!, this.#items[0]!, value, item)) {
      this.#values[0] = value;
      this.#items[0] = item;
      this.#down();
    }
  }

  /** Best first. */
  inOrder(): Item[] {
    return this.#items
      .map((item, i) => ({ item, value: this.#values[i]! }))
      .sort((a, b) => b.value - a.value || this.#compare(a.item, b.item))
      .map(({ item }) => item);
  }

  #isWorse(value: number, item: Item, thanValue: number, than: Item): boolean {
    return value < thanValue || (value === thanValue && this.#compare(item, than) > 0);
  }

  #swap(i: number, j: number): void {
    [this.#values[i], this.#values[j]] = [this.#values[j]!, this.#values[i]!];
    [this.#items[i], this.#items[j]] = [this.#items[j]!, this.#items[i]!];
  }

  #worse(i: number, j: number): boolean {
    return this.#isWorse(this.#values[i]!, this.#items[i]!, this.#values[j]!, this.#items[j]!);
  }

  #up(from: number): void {
    for (let i = from, parent = (i - 1) >> 1; i > 0 && this.#worse(i, parent); parent = (i - 1) >> 1) {
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(): void {
    const { length } = this.#items;
    for (let i = 0, child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && this.#worse(child + 1, child)) child++;
      if (!this.#worse(child, i)) return;
      this.#swap(i, child);
      i = child;
    }
  }
}
