import type { Form, Tier } from './settings.ts';

/** What ageing looks at and changes of a memory; everything else of it is carried along untouched. */
export interface Ageable {
  readonly memoryId: string;
  readonly memoryType: string;
  readonly category: string;
  readonly content: unknown;
  /** The searchable rendering. */
  readonly text: string;
  readonly importance: number;
  readonly metadata?: unknown;
  readonly pinned: boolean;
  readonly provenance?: { readonly userId?: string };
  readonly outcome?: { readonly status?: 'success' | 'failure'; readonly gain?: number };
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastSeenAt: string;
  readonly timesSeen: number;
  readonly version: number;
  readonly tier: Tier;
  readonly form: Form;
  /** Near-duplicates it stands for. */
  readonly merged?: readonly string[];
  readonly vector?: Float32Array;
}

/** How often a memory was found or read, and when last. */
export interface Accesses {
  readonly count: number;
  readonly lastAt?: string;
}

export const noAccesses: Accesses = { count: 0 };

/** When it was last written or seen: what its age counts from. Milliseconds since the epoch. */
export const touchedAt = ({ createdAt, updatedAt, lastSeenAt }: Ageable): number =>
  Math.max(Date.parse(createdAt), Date.parse(updatedAt), Date.parse(lastSeenAt));

export const ageOf = (memory: Ageable, now: Date): number => now.getTime() - touchedAt(memory);
