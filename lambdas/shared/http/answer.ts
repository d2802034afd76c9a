import { answerBytes, ENVELOPE_BYTES, MAX_ANSWER_BYTES } from '../answer-room.ts';
import { AnswerTooLargeError } from '../errors.ts';
import type { RouteContract } from './contract.ts';

type Row = Readonly<Record<string, unknown>>;

/** An item of a list that may be shortened. */
interface Candidate {
  readonly item: Row;
  readonly bytes: number;
}

const omittedEntry = ({ item, bytes }: Candidate, idField: string) => ({
  id: String(item[idField]),
  ...(typeof item['agentId'] === 'string' && { agentId: item['agentId'] }),
  bytes,
});

/** The answer with `change` applied to every object that holds the list at `path`; a `*` stands for every row. */
function withLists(
  value: unknown,
  path: readonly string[],
  change: (row: Row, list: string) => Row,
): unknown {
  const [segment, ...rest] = path;
  if (segment === '*') return (value as readonly unknown[]).map((row) => withLists(row, rest, change));
  const row = value as Row;
  if (!Array.isArray(row[segment!]) && rest.length === 0) return row;
  if (rest.length === 0) return change(row, segment!);
  return { ...row, [segment!]: withLists(row[segment!], rest, change) };
}

/** Leaves out the largest items of the lists that the contract names, and says which, until the answer fits. */
function withoutLargest(answer: unknown, omits: NonNullable<RouteContract['omits']>): unknown {
  const lists = Object.entries(omits).map(([path, idField]) => ({ path: path.split('.'), idField }));
  const candidates: (Candidate & { readonly idField: string })[] = [];
  let rest = answer;
  for (const { path, idField } of lists)
    rest = withLists(rest, path, (row, list) => {
      for (const item of row[list] as readonly Row[])
        candidates.push({ item, bytes: answerBytes(item), idField });
      return { ...row, [list]: [] };
    });
  let bytes = answerBytes(rest) + candidates.reduce((sum, candidate) => sum + candidate.bytes + 1, 0);
  if (bytes <= MAX_ANSWER_BYTES) return answer;
  const omitted = new Map<Row, Candidate>();
  // Stable: of equals, the later goes first, because lists are best first or newest first.
  for (const candidate of candidates.reverse().sort((a, b) => b.bytes - a.bytes)) {
    if (bytes <= MAX_ANSWER_BYTES - ENVELOPE_BYTES) break;
    bytes -= candidate.bytes - answerBytes(omittedEntry(candidate, candidate.idField)) - 1;
    omitted.set(candidate.item, candidate);
  }
  return lists.reduce(
    (shown, { path, idField }) =>
      withLists(shown, path, (row, list) => {
        const items = row[list] as readonly Row[];
        const gone = items.flatMap((item) => omitted.get(item) ?? []);
        if (gone.length === 0) return row;
        const entries = [
          ...((row['omitted'] as readonly unknown[] | undefined) ?? []),
          ...gone.map((candidate) => omittedEntry(candidate, idField)),
        ];
        return { ...row, [list]: items.filter((item) => !omitted.has(item)), omitted: entries };
      }),
    answer,
  );
}

/**
 * The body of an answer.
 * @throws AnswerTooLargeError when it would not fit, with all left out that the contract lets be left out
 */
export function bodyOf({ omits }: Pick<RouteContract, 'omits'>, answer: unknown): string {
  let body = JSON.stringify(answer);
  // Nearly every answer fits as it is: only one that does not is measured item by item.
  if (omits && Buffer.byteLength(body) > MAX_ANSWER_BYTES)
    body = JSON.stringify(withoutLargest(answer, omits));
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_ANSWER_BYTES) throw new AnswerTooLargeError(bytes, MAX_ANSWER_BYTES);
  return body;
}
