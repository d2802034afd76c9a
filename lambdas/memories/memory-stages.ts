/** By age: under 24 h, under 7 d, under 30 d, older. The nightly run moves memories down. */
export const memoryTiers = ['hot', 'warm', 'cold', 'archive'] as const;
export type MemoryTier = (typeof memoryTiers)[number];

/** Forms of a memory, the whole one first: it gets smaller as it ages. */
export const memoryForms = ['full', 'essential', 'summary', 'pattern'] as const;
export type MemoryForm = (typeof memoryForms)[number];
