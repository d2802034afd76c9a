import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FunctionSpec } from './assembly.ts';
import { nameOfArn } from './identities.ts';

/** A function threw, timed out or crashed; what Lambda would answer as a function error. */
export class FunctionError extends Error {
  readonly errorType: string;
  readonly trace: readonly string[];

  constructor(errorType: string, message: string, trace: readonly string[] = []) {
    super(message);
    this.errorType = errorType;
    this.trace = trace;
  }

  toPayload(): string {
    return JSON.stringify({ errorType: this.errorType, errorMessage: this.message, trace: this.trace });
  }
}

interface WorkerAnswer {
  readonly payload?: string;
  readonly error?: { readonly errorType: string; readonly errorMessage: string; readonly trace: string[] };
  /** The code could not be loaded: the next event gets a fresh environment. */
  readonly fatal?: boolean;
  /** No answer yet: the code is loaded, and the function's own time begins. */
  readonly started?: boolean;
}

export interface FunctionsOptions {
  /** On top of what the template says, for every function. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where functions log. */
  readonly log: (text: string) => void;
}

const workerFile = new URL('./function-worker.mjs', import.meta.url);

/** How many environments a function may have: each holds one event at a time, as on Lambda. */
const MAX_ENVIRONMENTS = Math.max(2, Math.min(4, availableParallelism()));

/** How long a function's code may take to load. Lambda gives it 10 s; a busy machine needs more. */
const LOADING_MS = 60_000;

/** Past this many waiting events Lambda would throttle. */
const MAX_WAITING = 1_000;

/** The environments of one function. They start with the first event, and a crashed one is replaced by the next. */
class FunctionPool {
  readonly #spec: FunctionSpec;
  readonly #options: FunctionsOptions;
  readonly #limit: number;
  readonly #workers = new Set<Worker>();
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker | undefined) => void)[] = [];

  constructor(spec: FunctionSpec, options: FunctionsOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#limit = Math.min(spec.reservedConcurrency ?? MAX_ENVIRONMENTS, MAX_ENVIRONMENTS);
  }

  async invoke(event: string, requestId: string): Promise<string> {
    if (this.#spec.directory === undefined)
      throw new FunctionError('Unsupported', `${this.#spec.name} has no bundled code`);
    const worker = await this.#acquire();
    let reusable = false;
    try {
      const answer = await this.#run(worker, event, requestId);
      reusable = !answer.fatal;
      if (!answer.error) return answer.payload ?? 'null';
      const { errorType, errorMessage, trace } = answer.error;
      throw new FunctionError(errorType, errorMessage, trace);
    } finally {
      this.#release(worker, reusable);
    }
  }

  async stop(): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake(undefined);
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  async #acquire(): Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#workers.size < this.#limit) return this.#start();
    if (this.#waiting.length >= MAX_WAITING)
      throw new FunctionError('TooManyRequestsException', 'Rate Exceeded.');
    const worker = await new Promise<Worker | undefined>((resolve) => this.#waiting.push(resolve));
    if (!worker) throw new FunctionError('ServiceStopped', 'the local service is stopping');
    return worker;
  }

  #release(worker: Worker, reusable: boolean): void {
    if (!reusable) {
      this.#workers.delete(worker);
      void worker.terminate();
    }
    const wake = this.#waiting.shift();
    if (wake) wake(reusable ? worker : this.#start());
    else if (reusable) this.#idle.push(worker);
  }

  #start(): Worker {
    const { name, arn, directory, handler, memoryMegabytes } = this.#spec;
    const worker = new Worker(workerFile, {
      name,
      workerData: { name, arn, directory, handler, memoryMegabytes },
      env: {
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
        ...this.#spec.environment,
        ...this.#options.environment,
      },
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    worker.stdout.on('data', (chunk) => this.#options.log(String(chunk)));
    worker.stderr.on('data', (chunk) => this.#options.log(String(chunk)));
    // An idle environment can die too, of a promise nobody awaited: it must not be handed out again.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      this.#workers.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#workers.add(worker);
    return worker;
  }

  #run(worker: Worker, event: string, requestId: string): Promise<WorkerAnswer> {
    const { timeoutSeconds } = this.#spec;
    return new Promise((resolve) => {
      const settle = (answer: WorkerAnswer) => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        resolve(answer);
      };
      const fail = (errorType: string, errorMessage: string, trace: string[] = []) =>
        settle({ fatal: true, error: { errorType, errorMessage, trace } });
      const within = (milliseconds: number, message: string) =>
        setTimeout(() => fail('Sandbox.Timedout', message), milliseconds);
      let timer = within(LOADING_MS, `loading took longer than ${LOADING_MS / 1000} seconds`);
      const onMessage = (answer: WorkerAnswer) => {
        if (!answer.started) return settle(answer);
        clearTimeout(timer);
        timer = within(timeoutSeconds * 1000, `Task timed out after ${timeoutSeconds}.00 seconds`);
      };
      const onError = (error: Error) => fail(error.name, error.message, String(error.stack).split('\n'));
      const onExit = (code: number) => fail('Runtime.ExitError', `the environment exited with code ${code}`);
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage({ event, requestId, timeoutMs: timeoutSeconds * 1000 });
    });
  }
}

/** Runs the deployed functions on this machine. */
export class Functions {
  readonly #pools: ReadonlyMap<string, FunctionPool>;
  readonly #specs: ReadonlyMap<string, FunctionSpec>;
  readonly #log: (text: string) => void;
  readonly #stopping = new AbortController();

  constructor(specs: readonly FunctionSpec[], options: FunctionsOptions) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#pools = new Map(specs.map((spec) => [spec.name, new FunctionPool(spec, options)]));
    this.#log = options.log;
  }

  /** @param target name or ARN */
  spec(target: string): FunctionSpec | undefined {
    return this.#specs.get(target.startsWith('arn:') ? nameOfArn(target) : target);
  }

  /** @returns the handler's result as JSON; @throws FunctionError */
  async invoke(target: string, event: unknown, requestId: string = randomUUID()): Promise<string> {
    const spec = this.spec(target);
    if (!spec) throw new Error(`there is no function ${target}`);
    if (this.#stopping.signal.aborted)
      throw new FunctionError('ServiceStopped', 'the local service is stopping');
    return this.#pools.get(spec.name)!.invoke(JSON.stringify(event ?? {}), requestId);
  }

  /**
   * An asynchronous invocation: tried again on a function error (after seconds, not minutes as on Lambda), then handed
   * to `giveUp`.
   */
  async invokeLater(
    target: string,
    event: unknown,
    giveUp: (spec: FunctionSpec, error: FunctionError) => Promise<void>,
  ): Promise<void> {
    const spec = this.spec(target);
    if (!spec) throw new Error(`there is no function ${target}`);
    const requestId = randomUUID();
    for (let attempt = 0; ; attempt++) {
      try {
        await this.invoke(spec.name, event, requestId);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted || !(error instanceof FunctionError)) return;
        this.#log(`${spec.name} failed (try ${attempt + 1}): ${error.message}\n`);
        if (attempt >= spec.asyncRetries) return giveUp(spec, error);
        await sleep(1000 * (attempt + 1), undefined, { signal: this.#stopping.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()));
  }
}
