/** Lists begin with these shared arrays, because a context whose keys are ids makes a million lists of one item. */
const NO_UINT32 = new Uint32Array(0);
const NO_UINT16 = new Uint16Array(0);
const NO_FLOAT64 = new Float64Array(0);

const grown = (length: number): number => Math.max(4, length * 2);

/** A growing list of unsigned 32-bit integers. It takes half the memory of an array and leaves no garbage. */
export class Uint32List {
  #items = NO_UINT32;
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Uint32Array(grown(this.length));
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  /** The items. The view is valid until the next push. */
  view(): Uint32Array {
    return this.#items.subarray(0, this.length);
  }
}

/** The same list for integers up to 65,535. */
export class Uint16List {
  #items = NO_UINT16;
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Uint16Array(grown(this.length));
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  view(): Uint16Array {
    return this.#items.subarray(0, this.length);
  }
}

/** The same list for any numbers. */
export class Float64List {
  #items = NO_FLOAT64;
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Float64Array(grown(this.length));
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  view(): Float64Array {
    return this.#items.subarray(0, this.length);
  }
}

/** Ascending row numbers. Only their count is stored while no row is missing, as for a field that every decision has. */
export class RowList {
  #listed: Uint32List | undefined;
  #length = 0;

  get length(): number {
    return this.#listed?.length ?? this.#length;
  }

  push(row: number): void {
    if (!this.#listed) {
      if (row === this.#length) {
        this.#length++;
        return;
      }
      this.#listed = new Uint32List();
      for (let earlier = 0; earlier < this.#length; earlier++) this.#listed.push(earlier);
    }
    this.#listed.push(row);
  }

  /** The rows, or undefined when they are `0, 1, … length - 1`. */
  view(): Uint32Array | undefined {
    return this.#listed?.view();
  }
}
