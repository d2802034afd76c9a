/** A zone of `no-restricted-paths`: files under `target` may not import from `from`. */
export interface Zone {
  readonly target: string;
  readonly from: readonly string[];
  readonly message: string;
}

/** Files that compose: entry points, and the two that know every room's part of an erasure and of the archive. */
const COMPOSITIONS = ['*.lambda', 'erasure-steps', 'expired-records'];

/**
 * The import rules of `lambdas/` as zones of `no-restricted-paths`, one for each room: nothing from its right. Mining is
 * pure and imports no room at all.
 *
 * @param rooms names, in the order in which they may know each other
 */
export const roomZones = (rooms: readonly string[]): Zone[] =>
  rooms.flatMap((room, position) => {
    const right = room === 'mining' ? rooms.filter((other) => other !== room) : rooms.slice(position + 1);
    const others = rooms.filter((other) => other !== room);
    return [
      {
        target: `./lambdas/${room}/**/!(${COMPOSITIONS.join('|')}).ts`,
        from: right.map((other) => `./lambdas/${other}/**/*`),
        message: `${room}/ imports only from rooms to its left; see lambdas/rooms.ts`,
      },
      {
        target: `./lambdas/${room}`,
        // Tables of shared/ are everybody's; those of mining/ are rows in memory.
        from: others
          .filter((other) => other !== 'shared' && other !== 'mining')
          .map((other) => `./lambdas/${other}/**/*table.ts`),
        message: "a room uses another room's service, never its table",
      },
      {
        target: `./lambdas/${room}`,
        from: rooms.map((other) => `./lambdas/${other}/*.lambda.ts`),
        message: 'nothing imports an entry point',
      },
    ].filter(({ from }) => from.length > 0);
  });
