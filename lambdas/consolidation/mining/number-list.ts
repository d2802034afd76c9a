/** A growing list of unsigned 32-bit integers: half the memory of an array, nothing to collect. */
export class Uint32List {
  #items = new Uint32Array(16);
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  /** The items; valid until the next push. */
  view(): Uint32Array {
    return this.#items.subarray(0, this.length);
  }
}

/** The same for integers up to 65,535. */
export class Uint16List {
  #items = new Uint16Array(16);
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Uint16Array(this.length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  view(): Uint16Array {
    return this.#items.subarray(0, this.length);
  }
}

/** The same for numbers. */
export class Float64List {
  #items = new Float64Array(16);
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  view(): Float64Array {
    return this.#items.subarray(0, this.length);
  }
}
