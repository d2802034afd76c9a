import type { Room } from '../shared/schema/room.ts';

export const room = {
  erases: { agent: 'what it was shown' },
} as const satisfies Room;
