import type { FunctionSpec, Room } from './shared/schema/room.ts';

const noFunctions = {} as const satisfies Room;

/**
 * Every room of this folder, in the order in which they may know each other: a room imports only from rooms above it.
 * The last three compose, and may know all. A new room is a folder with a `functions.ts`, and a line here; stacks,
 * permissions, bundles, alarms, the API's description and the import rules derive from it.
 */
export const rooms = {
  shared: noFunctions,
  mining: noFunctions,
  agents: (await import('./agents/functions.ts')).room,
  exposures: (await import('./exposures/functions.ts')).room,
  sharing: (await import('./sharing/functions.ts')).room,
  archive: (await import('./archive/functions.ts')).room,
  decisions: (await import('./decisions/functions.ts')).room,
  signals: (await import('./signals/functions.ts')).room,
  cases: noFunctions,
  patterns: (await import('./patterns/functions.ts')).room,
  memories: (await import('./memories/functions.ts')).room,
  sessions: (await import('./sessions/functions.ts')).room,
  results: (await import('./results/functions.ts')).room,
  consolidation: (await import('./consolidation/functions.ts')).room,
  analytics: (await import('./analytics/functions.ts')).room,
  context: (await import('./context/functions.ts')).room,
  relay: (await import('./relay/functions.ts')).room,
  erasures: (await import('./erasures/functions.ts')).room,
  health: (await import('./health/functions.ts')).room,
} as const satisfies Readonly<Record<string, Room>>;

export type Rooms = typeof rooms;
export type RoomName = keyof Rooms;

type FunctionsOf<Described> = Described extends { readonly functions: infer Functions }
  ? keyof Functions
  : never;
/** Every function of the service, by the name that its log lines, metrics and traces carry. */
export type FunctionName = FunctionsOf<Rooms[RoomName]>;

/** The rooms from which an erasure removes something of an agent, or of a user. */
export type RoomsErasing<Subject extends 'agent' | 'user'> = {
  [Name in RoomName]: Rooms[Name] extends { readonly erases: { readonly [S in Subject]: string } }
    ? Name
    : never;
}[RoomName];

type ArchivesOf<Described> = Described extends { readonly archives: readonly (infer Archived)[] }
  ? Archived
  : never;
/** The kinds of rows that are archived when they expire. */
export type ExpiringKind = Extract<ArchivesOf<Rooms[RoomName]>, { readonly when: 'expired' }>;

/** The functions of rooms, in their order. */
export const functionsOf = (
  described: Readonly<Record<string, Room>>,
): Readonly<Record<string, FunctionSpec>> =>
  Object.assign({}, ...Object.values(described).map(({ functions }) => functions)) as Record<
    string,
    FunctionSpec
  >;
