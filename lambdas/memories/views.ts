import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { expiryOf } from './categories.ts';
import type { Memory } from './memory.ts';
import type { SearchResult } from './search/memory-search.ts';

/** A memory as its reader sees it, without the embedding, which no reader can use. */
export const toView =
  (categories: MemoryCategories) =>
  ({ vector: _vector, ...memory }: Memory) => ({ ...memory, expiresAt: expiryOf(categories, memory) });

export const toHits =
  (categories: MemoryCategories) =>
  ({ hits, unsearched }: SearchResult) => ({
    items: hits.map(({ memory, score, why }) => ({ ...toView(categories)(memory), score, why })),
    unsearched,
  });
