import type { Room } from '../shared/schema/room.ts';

export const room = {
  erases: { agent: 'what it shared and what was shared with it' },
} as const satisfies Room;
