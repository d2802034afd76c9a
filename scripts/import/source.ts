import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Info, parse, type CsvError } from 'csv-parse';

/** One record of a file, or why it is none. */
export interface SourceRow {
  /** 1 is the file's first line; of a record over several lines, its last. */
  readonly line: number;
  readonly row?: Readonly<Record<string, unknown>>;
  readonly problem?: string;
}

export interface Source {
  readonly bytes: number;
  /** Bytes read so far. */
  position(): number;
  rows(): AsyncGenerator<SourceRow>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function readJson(text: string, line: number): SourceRow {
  try {
    const row: unknown = JSON.parse(text);
    return isObject(row) ? { line, row } : { line, problem: 'is not a JSON object' };
  } catch (error) {
    return { line, problem: `is not JSON: ${(error as Error).message}` };
  }
}

/** A JSON Lines file, or a CSV file (by its name) whose first line names the columns. */
export function openSource(file: string): Source {
  const stream = createReadStream(file);
  const { size: bytes } = statSync(file);
  async function* jsonRows(): AsyncGenerator<SourceRow> {
    let line = 0;
    for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
      line++;
      if (text.trim() !== '') yield readJson(line === 1 ? text.replace(/^\uFEFF/, '') : text, line);
    }
  }
  async function* csvRows(): AsyncGenerator<SourceRow> {
    const problems: SourceRow[] = [];
    const parser = parse({
      columns: true,
      bom: true,
      info: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_skip: (error: CsvError | undefined) =>
        void problems.push({
          line: Number(error?.['lines'] ?? 0),
          problem: error?.message ?? 'is no record',
        }),
    });
    stream.on('error', (error) => parser.destroy(error));
    for await (const { record, info } of stream.pipe(parser) as AsyncIterable<{
      record: Record<string, unknown>;
      info: Info;
    }>) {
      yield* problems.splice(0);
      yield { line: info.lines, row: record };
    }
    yield* problems;
  }
  return { bytes, position: () => stream.bytesRead, rows: /\.csv$/i.test(file) ? csvRows : jsonRows };
}

/** All objects of a JSON Lines file. @throws Error naming the first line that is none */
export const readObjects = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, i) => {
      if (text.trim() === '') return [];
      const { row, problem } = readJson(text, i + 1);
      if (!row) throw new Error(`${file}, line ${i + 1} ${problem}`);
      return [row];
    });
