import type * as z from 'zod';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import type { Archive } from './archive.ts';
import type { archiveQuerySchema } from './contract.ts';

export type ArchiveRequest = z.output<typeof archiveQuerySchema>;

const DEFAULT_PAGE = 20;

/** Reads an agent's own records back. */
export class ArchiveReader {
  readonly #archive: Archive;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /** @throws ValidationFailedError at `from`, `to` or `nextToken` */
  async list(agentId: string, request: ArchiveRequest) {
    const { table, id, maxResults = DEFAULT_PAGE, nextToken } = request;
    // The id of a decision or a signal says when it was made: a read by it looks at one day. A session's says when it
    // began.
    const time = id === undefined ? undefined : parseTypedId(id)?.timestamp;
    const { from = time, to = table === 'state' ? undefined : time } = request;
    if (id !== undefined && from === undefined)
      throw ValidationFailedError.at('from', 'is needed: the id does not say when the record was made');
    if (from !== undefined && to !== undefined && from > to)
      throw ValidationFailedError.at('to', 'must not be before from');
    const query = ['archive', agentId, table, id, from, to];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const { records, last } = await this.#archive.read({ table, agentId, id, from, to }, maxResults, after);
    return {
      items: records.map(({ agentId: _, key: __, ...shown }) => shown),
      nextToken: last === undefined ? null : encodePageToken(query, last),
    };
  }
}
