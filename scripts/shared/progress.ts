/** One line on stderr that is written over, or, where that is not a terminal, a line now and then. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #everyMs: number;
  #last = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#everyMs = stream.isTTY ? 100 : 15_000;
  }

  show(line: string): void {
    const now = Date.now();
    if (now - this.#last < this.#everyMs) return;
    this.#last = now;
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
  }
}
