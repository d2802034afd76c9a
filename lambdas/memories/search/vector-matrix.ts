/** Rows there is room for at first; doubled when they are taken. */
const FIRST_ROWS = 64;

/**
 * Unit vectors of one length under slot numbers, one behind the other. A product with all of them reads straight
 * through memory; separate arrays would each cost a look-up.
 */
export class VectorMatrix {
  readonly #dimensions: number;
  #values: Float32Array;
  /** By row, without holes. */
  readonly #slots: number[] = [];
  readonly #rows = new Map<number, number>();

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#values = new Float32Array(FIRST_ROWS * dimensions);
  }

  set(slot: number, vector: Float32Array): void {
    const row = this.#slots.length;
    if ((row + 1) * this.#dimensions > this.#values.length) {
      const larger = new Float32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.set(vector, row * this.#dimensions);
    this.#slots.push(slot);
    this.#rows.set(slot, row);
  }

  get(slot: number): Float32Array | undefined {
    const row = this.#rows.get(slot);
    if (row === undefined) return undefined;
    return this.#values.slice(row * this.#dimensions, (row + 1) * this.#dimensions);
  }

  /** The last row takes its place. @returns whether there was one */
  remove(slot: number): boolean {
    const row = this.#rows.get(slot);
    if (row === undefined) return false;
    const last = this.#slots.length - 1;
    const moved = this.#slots[last]!;
    this.#values.copyWithin(row * this.#dimensions, last * this.#dimensions, (last + 1) * this.#dimensions);
    this.#slots[row] = moved;
    this.#rows.set(moved, row);
    this.#slots.pop();
    this.#rows.delete(slot);
    return true;
  }

  /** Writes the cosine of each with a unit vector under its slot. */
  cosines(vector: Float32Array, into: Float64Array): void {
    const products = productsOf(this.#values, this.#slots.length, vector);
    // Lengths are rounded to 32 bits: a cosine must not be more than 1 for that.
    for (let row = 0; row < products.length; row++) into[this.#slots[row]!] = Math.min(1, products[row]!);
  }
}

/** Four rows at a time: a component of the vector is read once for them, and no sum waits for another. */
function productsOf(values: Float32Array, rows: number, vector: Float32Array): Float64Array {
  const products = new Float64Array(rows);
  const { length } = vector;
  const whole = rows - (rows % 4);
  for (let row = 0; row < whole; row += 4) {
    const first = row * length;
    const second = first + length;
    const third = second + length;
    const fourth = third + length;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < length; i++) {
      const component = vector[i]!;
      a += values[first + i]! * component;
      b += values[second + i]! * component;
      c += values[third + i]! * component;
      d += values[fourth + i]! * component;
    }
    products[row] = a;
    products[row + 1] = b;
    products[row + 2] = c;
    products[row + 3] = d;
  }
  for (let row = whole; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += values[row * length + i]! * vector[i]!;
    products[row] = sum;
  }
  return products;
}
