import { createHash } from 'node:crypto';
import { searchTermsOf } from '../../shared/text/terms.ts';

/** Turns a text into a vector whose cosine with another says how much the two mean the same. */
export interface Embedder {
  readonly dimensions: number;
  /** Of unit length. @throws when the model does not answer */
  embed(text: string): Promise<Float32Array>;
}

export function toUnitLength(values: Iterable<number>): Float32Array {
  const vector = Float32Array.from(values);
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/**
 * A stand-in for a model on one machine: each term adds or takes away 1 at a place given by its hash (Weinberger et
 * al. 2009, "Feature Hashing"). Deterministic; it knows no synonyms, so it finds what the words find.
 */
export class HashingEmbedder implements Embedder {
  readonly dimensions: number;

  constructor(dimensions = 256) {
    this.dimensions = dimensions;
  }

  embed(text: string): Promise<Float32Array> {
    const values = new Float32Array(this.dimensions);
    for (const term of searchTermsOf(text)) {
      const hash = createHash('sha256').update(term).digest();
      values[hash.readUInt32LE(0) % this.dimensions]! += hash[4]! % 2 === 0 ? 1 : -1;
    }
    return Promise.resolve(toUnitLength(values));
  }
}
